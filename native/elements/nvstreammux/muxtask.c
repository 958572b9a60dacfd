/* SPDX-License-Identifier: Apache-2.0 */
/* The one thread that forms batches and pushes them.
 *
 * A batch has at most one frame of each source, in pad order. It goes when every source that has
 * not ended gave one, when it is full, or when batched-push-timeout has passed since its first
 * frame was there. With more sources than batch-size the sources take turns: files in strict
 * order, so that a run gives the same batches each time; live sources as they come. */
#include "streammux.h"

#include <gst-nvevent.h>
#include <gst-nvmessage.h>

#define GST_CAT_DEFAULT mux_debug

static MuxPad *pad_at(const StreamMux *mux, guint i) { return g_ptr_array_index(mux->pads, i); }

static void survey(const StreamMux *mux, guint *active, guint *ready) {
  *active = *ready = 0;
  for (guint i = 0; i < mux->pads->len; i++) {
    *active += mux_pad_is_active(pad_at(mux, i));
    *ready += pad_at(mux, i)->frames > 0;
  }
}

/* Waking the task for each frame of a batch would cost a switch of threads each. */
void mux_wake(StreamMux *mux) {
  guint active, ready;
  if (!mux->task_waits) return;
  survey(mux, &active, &ready);
  const gboolean timer = ready == 1 && mux->settings.batched_push_timeout >= 0;
  if (timer || ready == 0 || ready >= MIN(active, mux->settings.batch_size)) {
    g_cond_signal(&mux->ready);
    return;
  }
  /* An event of a source that has no frame waiting does not wait for the others. */
  for (guint i = 0; i < mux->pads->len; i++) {
    const MuxPad *pad = pad_at(mux, i);
    if (pad->frames || !pad->items.length) continue;
    g_cond_signal(&mux->ready);
    return;
  }
}

void mux_stop_with(StreamMux *mux, GstFlowReturn flow) {
  mux->flow = flow;
  for (guint i = 0; i < mux->pads->len; i++) {
    if (flow != GST_FLOW_OK) mux_pad_clear(pad_at(mux, i));
    g_cond_broadcast(&pad_at(mux, i)->space);
  }
  g_cond_broadcast(&mux->ready);
}

/* Events at the head of a queue go before the frame behind them. */
static void take_events(StreamMux *mux, MuxPad *pad) {
  MuxItem *item;
  while ((item = g_queue_peek_head(&pad->items)) && item->event) {
    g_queue_pop_head(&pad->items);
    g_queue_push_tail(&mux->step_events, g_steal_pointer(&item->event));
    mux_item_free(item);
  }
}

static void take_frame(StreamMux *mux, MuxPad *pad) {
  take_events(mux, pad);
  g_ptr_array_add(mux->step_frames, g_queue_pop_head(&pad->items));
  pad->frames--;
  g_cond_signal(&pad->space);
}

static const MuxItem *next_frame(const MuxPad *pad) {
  for (GList *link = pad->items.head; link; link = link->next) {
    const MuxItem *item = link->data;
    if (!item->event) return item;
  }
  return NULL;
}

/* With sync-inputs a frame waits for the batch of its time: within half a frame of the earliest. */
static GstClockTime latest_allowed(const StreamMux *mux) {
  GstClockTime earliest = GST_CLOCK_TIME_NONE, half = 20 * GST_MSECOND;
  if (!mux->settings.sync_inputs) return GST_CLOCK_TIME_NONE;
  for (guint i = 0; i < mux->pads->len; i++) {
    const MuxItem *item = next_frame(pad_at(mux, i));
    if (!item || item->running_time >= earliest) continue;
    earliest = item->running_time;
    if (item->info.fps_n > 0)
      half = gst_util_uint64_scale_int(GST_SECOND / 2, item->info.fps_d, item->info.fps_n);
  }
  return GST_CLOCK_TIME_IS_VALID(earliest) ? earliest + half : earliest;
}

/* Takes the frames of the next batch; takes none when it must wait. `now`: with what there is. */
static gboolean take_batch(StreamMux *mux, gboolean now) {
  guint active, ready, start = 0, taken = 0;
  survey(mux, &active, &ready);
  const guint limit = MIN(active, mux->settings.batch_size);
  const gboolean turns = active > limit;
  if (!ready || (!now && ready < limit)) return FALSE;

  if (turns)
    while (start < mux->pads->len && pad_at(mux, start)->index < mux->cursor) start++;
  /* Files take turns strictly: the next ones must all be there. */
  for (guint i = 0, seen = 0; turns && !now && !mux->settings.live_source && seen < limit; i++) {
    const MuxPad *pad = pad_at(mux, (start + i) % mux->pads->len);
    if (!mux_pad_is_active(pad)) continue;
    if (!pad->frames) return FALSE;
    seen++;
  }
  const GstClockTime latest = latest_allowed(mux);
  for (guint i = 0; i < mux->pads->len && taken < limit; i++) {
    MuxPad *pad = pad_at(mux, (start + i) % mux->pads->len);
    const MuxItem *item = next_frame(pad);
    if (!item) continue;
    if (GST_CLOCK_TIME_IS_VALID(latest) && GST_CLOCK_TIME_IS_VALID(item->running_time) &&
        item->running_time > latest)
      continue;
    take_frame(mux, pad);
    mux->cursor = turns ? pad->index + 1 : 0;
    taken++;
  }
  return taken > 0;
}

static gboolean stream_is_over(const StreamMux *mux) {
  guint active, ready;
  if (mux->eos_pushed) return FALSE;
  survey(mux, &active, &ready);
  if (mux->ended) return ready == 0;
  return mux->pads->len && !active && !mux->settings.drop_pipeline_eos;
}

/* Waits for something to push. FALSE when the task must pause. */
static gboolean collect(StreamMux *mux, gboolean *eos) {
  gint64 deadline = 0;
  gboolean late = FALSE;

  for (;;) {
    if (mux->flow != GST_FLOW_OK || mux->flushing) return FALSE;
    for (GstEvent *event; (event = g_queue_pop_head(&mux->events));)
      g_queue_push_tail(&mux->step_events, event);
    for (guint i = 0; i < mux->pads->len; i++)
      if (!pad_at(mux, i)->frames) take_events(mux, pad_at(mux, i));
    if (take_batch(mux, late) || mux->step_events.length) return TRUE;
    if ((*eos = stream_is_over(mux))) {
      mux->eos_pushed = TRUE;
      return TRUE;
    }

    guint active, ready;
    const gint timeout = mux->settings.batched_push_timeout;
    survey(mux, &active, &ready);
    mux->task_waits = TRUE;
    if (!ready || timeout < 0) {
      deadline = 0;
      late = FALSE;
      g_cond_wait(&mux->ready, &mux->lock);
    } else {
      if (!deadline) deadline = g_get_monotonic_time() + timeout;
      late = !g_cond_wait_until(&mux->ready, &mux->lock, deadline) ||
             g_get_monotonic_time() >= deadline;
    }
    mux->task_waits = FALSE;
  }
}

static void push_start(StreamMux *mux) {
  if (mux->started) return;
  gchar *id = g_strdup_printf("%s-%08x%08x", GST_ELEMENT_NAME(mux), g_random_int(), g_random_int());
  GstEvent *event = gst_event_new_stream_start(id);
  gst_event_set_group_id(event, gst_util_group_id_next());
  gst_pad_push_event(mux->srcpad, event);
  g_free(id);
  mux->started = TRUE;
  mux->tell_caps = mux->out_settled;
  mux->tell_segment = TRUE;
}

static void push_segment(StreamMux *mux) {
  push_start(mux);
  if (mux->tell_caps) {
    GstCaps *caps = dsbind_nvmm_caps(&mux->out_info);
    dsbind_caps_tell_place(caps, mux_place(mux), mux_settings(mux).batch_size);
    gst_pad_push_event(mux->srcpad, gst_event_new_caps(caps));
    gst_caps_unref(caps);
    mux->tell_caps = FALSE;
  }
  if (mux->tell_segment) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(mux->srcpad, gst_event_new_segment(&segment));
    mux->tell_segment = FALSE;
  }
}

static void push_events(StreamMux *mux) {
  for (GstEvent *event; (event = g_queue_pop_head(&mux->step_events));) {
    push_start(mux);
    if ((guint)GST_EVENT_TYPE(event) == GST_NVEVENT_STREAM_EOS) {
      guint source;
      gst_nvevent_parse_stream_eos(event, &source);
      gst_element_post_message(GST_ELEMENT(mux),
                               gst_nvmessage_new_stream_eos(GST_OBJECT(mux), source));
    }
    gst_pad_push_event(mux->srcpad, event);
  }
}

/* Nobody else says so, and the sources would report it as their own failure. */
static void report(StreamMux *mux, GstFlowReturn flow) {
  if (flow == GST_FLOW_NOT_LINKED)
    GST_ELEMENT_ERROR(mux, STREAM, FAILED,
                      ("The output of %s is not linked. Link its pad src to the element that takes "
                       "the batches.", GST_ELEMENT_NAME(mux)), (NULL));
  else if (flow == GST_FLOW_NOT_NEGOTIATED)
    GST_ELEMENT_ERROR(mux, CORE, NEGOTIATION,
                      ("An element after %s does not take %d x %d %s frames in NVMM memory. Put "
                       "nvvideoconvert between, or set width and height.", GST_ELEMENT_NAME(mux),
                       mux->out_info.width, mux->out_info.height,
                       gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&mux->out_info))), (NULL));
}

/* `frames` are in hand, and the lock is not held. */
static GstFlowReturn push_batch(StreamMux *mux, GPtrArray *frames) {
  if (!mux->out_settled && !mux_settle_output(mux, frames)) return GST_FLOW_NOT_NEGOTIATED;
  for (guint i = 0; i < frames->len; i++)
    if (!mux_fit_frame(mux, g_ptr_array_index(frames, i))) return GST_FLOW_ERROR;
  push_segment(mux);
  push_events(mux);
  GstBuffer *batch = mux_build_batch(mux, frames);
  if (!batch) return GST_FLOW_ERROR;
  /* The batch alone holds its frames from here: elements may draw on them in place. */
  g_ptr_array_set_size(frames, 0);
  const GstFlowReturn flow = gst_pad_push(mux->srcpad, batch);
  report(mux, flow);
  return flow;
}

void mux_task(gpointer data) {
  StreamMux *mux = data;
  GstFlowReturn flow = GST_FLOW_OK;
  gboolean eos = FALSE;

  g_mutex_lock(&mux->lock);
  const gboolean go = collect(mux, &eos);
  if (go && mux->step_frames->len && mux->eos_pushed) {
    /* A source that came after the end begins a new stream. */
    mux->eos_pushed = FALSE;
    mux->started = FALSE;
  }
  g_mutex_unlock(&mux->lock);
  if (!go) {
    gst_pad_pause_task(mux->srcpad);
    return;
  }
  if (mux->step_frames->len) flow = push_batch(mux, mux->step_frames);
  g_ptr_array_set_size(mux->step_frames, 0);
  push_events(mux);
  if (eos) {
    push_segment(mux);
    gst_pad_push_event(mux->srcpad, gst_event_new_eos());
  }
  if (flow == GST_FLOW_OK) return;

  GST_DEBUG_OBJECT(mux, "downstream returned %s", gst_flow_get_name(flow));
  /* Who wants no more frames still waits for the end. */
  if (flow == GST_FLOW_EOS) gst_pad_push_event(mux->srcpad, gst_event_new_eos());
  g_mutex_lock(&mux->lock);
  /* During a flush the sources have not failed: the pad that flushes last starts the task again. */
  const gboolean stop = !(flow == GST_FLOW_FLUSHING && mux->flushing);
  if (stop) mux_stop_with(mux, flow);
  g_mutex_unlock(&mux->lock);
}
