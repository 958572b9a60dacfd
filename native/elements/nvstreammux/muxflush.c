/* SPDX-License-Identifier: Apache-2.0 */
/* Seeks and flushes. A flushing seek from downstream reaches every source, and each source sends
 * its own flush: downstream sees one, from the first start to the last stop. A flush of one source
 * alone only drops what waits on its pad. */
#include "streammux.h"

#define GST_CAT_DEFAULT mux_debug

void mux_pad_flush_start(StreamMux *mux, MuxPad *pad, GstEvent *event) {
  g_mutex_lock(&mux->lock);
  pad->flushing = TRUE;
  mux_pad_clear(pad);
  g_cond_broadcast(&pad->space);
  const gboolean forward = mux->flush_seeking && !mux->flushing;
  if (forward) {
    mux->flushing = TRUE;
    g_cond_signal(&mux->ready);
  }
  g_mutex_unlock(&mux->lock);
  if (forward) gst_pad_push_event(mux->srcpad, gst_event_ref(event));
}

/* Ends the flush downstream when no pad is left to flush. */
static void finish(StreamMux *mux, guint32 seqnum) {
  g_mutex_lock(&mux->lock);
  gboolean done = mux->flush_seeking;
  for (guint i = 0; i < mux->pads->len; i++)
    done &= !((MuxPad *)g_ptr_array_index(mux->pads, i))->pending_flush;
  const gboolean forward = done && mux->flushing;
  if (done) mux->flush_seeking = FALSE;
  g_mutex_unlock(&mux->lock);
  if (!forward) return;

  /* The push that was under way has been let go by FLUSH_START. */
  gst_pad_pause_task(mux->srcpad);
  GST_PAD_STREAM_LOCK(mux->srcpad);
  GstEvent *stop = gst_event_new_flush_stop(TRUE);
  gst_event_set_seqnum(stop, seqnum);
  gst_pad_push_event(mux->srcpad, stop);
  g_mutex_lock(&mux->lock);
  mux->flushing = mux->ended = mux->eos_pushed = FALSE;
  mux->tell_segment = TRUE;
  mux->last_pts = GST_CLOCK_TIME_NONE;
  const gboolean restart = gst_pad_is_active(mux->srcpad);
  if (restart) mux->flow = GST_FLOW_OK;
  g_mutex_unlock(&mux->lock);
  GST_PAD_STREAM_UNLOCK(mux->srcpad);
  if (restart) gst_pad_start_task(mux->srcpad, mux_task, mux, NULL);
}

void mux_pad_flush_stop(StreamMux *mux, MuxPad *pad, GstEvent *event) {
  g_mutex_lock(&mux->lock);
  mux_pad_clear(pad);
  pad->flushing = FALSE;
  pad->eos = FALSE;
  pad->pending_flush = FALSE;
  gst_segment_init(&pad->segment, GST_FORMAT_UNDEFINED);
  g_mutex_unlock(&mux->lock);
  finish(mux, gst_event_get_seqnum(event));
}

/* A source that was removed amid a flush will not end it; nobody else would. */
void mux_flush_without(StreamMux *mux, MuxPad *pad) {
  g_mutex_lock(&mux->lock);
  const gboolean awaited = pad->pending_flush;
  const guint32 seqnum = mux->seek_seqnum;
  pad->pending_flush = FALSE;
  g_mutex_unlock(&mux->lock);
  if (awaited) finish(mux, seqnum);
}

gboolean mux_seek(StreamMux *mux, GstEvent *event) {
  GstSeekFlags flags;
  gboolean ok = FALSE;
  gst_event_parse_seek(event, NULL, NULL, &flags, NULL, NULL, NULL, NULL);
  const guint32 seqnum = gst_event_get_seqnum(event);

  g_mutex_lock(&mux->lock);
  /* A pipeline sends its seek once from every sink. */
  const gboolean known = mux->seek_seqnum == seqnum;
  mux->seek_seqnum = seqnum;
  if (known) {
    g_mutex_unlock(&mux->lock);
    return TRUE;
  }
  mux->flush_seeking = (flags & GST_SEEK_FLAG_FLUSH) != 0;
  GPtrArray *pads = g_ptr_array_new_with_free_func(gst_object_unref);
  for (guint i = 0; i < mux->pads->len; i++) {
    MuxPad *pad = g_ptr_array_index(mux->pads, i);
    pad->pending_flush = mux->flush_seeking;
    g_ptr_array_add(pads, gst_object_ref(pad));
  }
  g_mutex_unlock(&mux->lock);

  for (guint i = 0; i < pads->len; i++) {
    MuxPad *pad = g_ptr_array_index(pads, i);
    if (gst_pad_push_event(GST_PAD(pad), gst_event_ref(event))) {
      ok = TRUE;
      continue;
    }
    g_mutex_lock(&mux->lock);
    pad->pending_flush = FALSE;
    g_mutex_unlock(&mux->lock);
  }
  g_ptr_array_unref(pads);
  finish(mux, seqnum);
  return ok;
}
