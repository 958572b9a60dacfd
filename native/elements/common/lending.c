/* SPDX-License-Identifier: Apache-2.0 */
#include "lending.h"

/* Of one buffer of a source. */
#define MOST_SURFACES 4
#define QUESTION "dsbind-frames-to-lend"

guint dsbind_lending_ask(GstPad *sink) {
  GstQuery *query = gst_query_new_custom(GST_QUERY_CUSTOM, gst_structure_new_empty(QUESTION));
  guint frames = DSBIND_LENDING_LEAST;
  if (gst_pad_peer_query(sink, query))
    gst_structure_get_uint(gst_query_get_structure(query), "frames", &frames);
  gst_query_unref(query);
  return MAX(frames, DSBIND_LENDING_LEAST);
}

static GstPadProbeReturn answer(GstPad *pad, GstPadProbeInfo *info, gpointer frames) {
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
  (void)pad;
  const GstStructure *question = gst_query_get_structure(query);
  if (!question || !gst_structure_has_name(question, QUESTION)) return GST_PAD_PROBE_OK;
  gst_structure_set(gst_query_writable_structure(query), "frames", G_TYPE_UINT,
                    GPOINTER_TO_UINT(frames), NULL);
  return GST_PAD_PROBE_HANDLED;
}

void dsbind_lending_offer(GstPad *src, guint frames) {
  gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, answer, GUINT_TO_POINTER(frames),
                    NULL);
}

struct _DsbindLoans {
  gint lent; /* atomic */
};

DsbindLoans *dsbind_loans_new(void) { return g_atomic_rc_box_new0(DsbindLoans); }

void dsbind_loans_free(DsbindLoans *self) { g_atomic_rc_box_release(self); }

static void give_back(gpointer data) {
  DsbindLoans *self = data;
  g_atomic_int_add(&self->lent, -1);
  g_atomic_rc_box_release(self);
}

GstBuffer *dsbind_loans_take(DsbindLoans *self, GstBuffer *frame, const NvBufSurface *surface,
                             guint most) {
  static gsize quark;
  if (g_once_init_enter(&quark))
    g_once_init_leave(&quark, g_quark_from_static_string("dsbind-loan"));
  if (g_atomic_int_add(&self->lent, 1) >= (gint)most) {
    g_atomic_int_add(&self->lent, -1);
    return NULL;
  }
  GstBuffer *owners[MOST_SURFACES] = {frame};
  const guint count = MIN(surface->numFilled, MOST_SURFACES);
  GstBuffer *buffer = dsbind_buffer_new_batch(count, count, surface->surfaceList, owners,
                                              surface->memType);
  dsbind_buffer_surface(buffer)->gpuId = surface->gpuId;
  gst_mini_object_set_qdata(GST_MINI_OBJECT_CAST(buffer), (GQuark)quark,
                            g_atomic_rc_box_acquire(self), give_back);
  return buffer;
}
