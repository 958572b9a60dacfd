# SPDX-License-Identifier: Apache-2.0
# What native/probes declares.

from libc.stdint cimport int64_t, uint64_t

from dsbind.capi.glib cimport GDestroyNotify, GError, gboolean, gpointer
from dsbind.capi.gst cimport GstBuffer, GstElement
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta


cdef extern from "hook.h" nogil:
    ctypedef struct DsbindHook:
        pass
    ctypedef gboolean (*DsbindOnBuffer)(GstElement *element, GstBuffer *buffer,
                                        NvDsBatchMeta *batch, gpointer data) noexcept nogil
    ctypedef enum DsbindHookResult:
        DSBIND_HOOK_ATTACHED
        DSBIND_HOOK_NO_PAD
        DSBIND_HOOK_SINK_PAD
    ctypedef enum DsbindHookFlags:
        DSBIND_HOOK_BATCHES
        DSBIND_HOOK_SINK_PADS
        DSBIND_HOOK_READS
        DSBIND_HOOK_SAMPLED

    DsbindHook *dsbind_hook_new(DsbindOnBuffer on_buffer, DsbindHookFlags flags, gpointer data,
                                GDestroyNotify destroy)
    DsbindHookResult dsbind_hook_attach(DsbindHook *hook, GstElement *element, const char *name)
    void dsbind_hook_close(DsbindHook *hook)
    void dsbind_hook_set_enabled(DsbindHook *hook, gboolean enabled)
    gboolean dsbind_hook_is_enabled(DsbindHook *hook)
    void dsbind_hook_cost(DsbindHook *hook, uint64_t *calls, uint64_t *nanoseconds)
    uint64_t dsbind_hook_skipped(DsbindHook *hook)


cdef extern from "probe.h" nogil:
    ctypedef enum DsbindPropertyType:
        DSBIND_INTEGER
        DSBIND_BOOLEAN
        DSBIND_PATH
    ctypedef struct DsbindProperty:
        const char *name
        DsbindPropertyType type
        int64_t minimum
        int64_t maximum
        const char *brief
    ctypedef struct DsbindProbeRow:
        unsigned int source_id
        double *values
    ctypedef struct DsbindColumn:
        const char *name
        gboolean whole
    ctypedef struct DsbindProbeClass:
        const char *name
        const char *brief
        const DsbindProperty *properties
        DsbindColumn *columns
    ctypedef struct DsbindProbe:
        const DsbindProbeClass *klass

    const DsbindProbeClass *dsbind_probe_class_at(unsigned int index)
    const DsbindProbeClass *dsbind_probe_class(const char *name)
    DsbindProbe *dsbind_probe_new(const DsbindProbeClass *klass)
    void dsbind_probe_unref(DsbindProbe *probe)
    void dsbind_probe_set_number(DsbindProbe *probe, unsigned int index, int64_t value)
    void dsbind_probe_set_path(DsbindProbe *probe, unsigned int index, const char *path)
    int64_t dsbind_probe_number(DsbindProbe *probe, unsigned int index)
    char *dsbind_probe_path(DsbindProbe *probe, unsigned int index)
    bint dsbind_probe_start(DsbindProbe *probe, GError **error)
    DsbindProbeRow *dsbind_probe_rows(DsbindProbe *probe, unsigned int *count)
    DsbindHook *dsbind_probe_hook(DsbindProbe *probe)
