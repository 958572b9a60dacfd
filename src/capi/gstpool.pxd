# SPDX-License-Identifier: Apache-2.0
# gst/gstbufferpool.h, and what ties data to an object: what the modules here use of them.
from dsbind.capi.gst cimport *

cdef extern from "gst/gst.h" nogil:
    ctypedef struct GstBufferPool:
        pass
    # The same struct as GstBuffer of gst.pxd, with the field that only this is about.
    ctypedef struct PooledBuffer "GstBuffer":
        GstBufferPool *pool
    GstStructure *gst_buffer_pool_get_config(GstBufferPool *pool)
    gboolean gst_buffer_pool_config_get_params(GstStructure *config, GstCaps **caps, guint *size,
                                               guint *min_buffers, guint *max_buffers)
    void gst_structure_free(GstStructure *structure)

    GQuark g_quark_from_static_string(const gchar *string)
    gpointer g_object_get_qdata(GObject *object, GQuark quark)
    void g_object_set_qdata_full(GObject *object, GQuark quark, gpointer data,
                                 GDestroyNotify destroy)
