/* SPDX-License-Identifier: Apache-2.0 */
#include "reconnect.h"

#include "nvurisrcbin.h"
#include "rtsp_failure.h"

/* A connection takes this long at least; before that an attempt is not given up. */
#define LEAST_PATIENCE 3
/* A source that played a moment ago is most likely there. */
#define AT_ONCE (G_USEC_PER_SEC / 10)
/* For an element after the source to take the frame that it is offered. */
#define LETTING_GO G_USEC_PER_SEC

void dsbind_reconnect_init(DsbindUriSrcBin *self) {
  self->reconnect = (DsbindReconnect){.attempts = -1};
  g_mutex_init(&self->reconnect.lock);
  g_cond_init(&self->reconnect.changed);
}

void dsbind_reconnect_clear(DsbindUriSrcBin *self) {
  g_free(self->reconnect.reason);
  g_free(self->reconnect.cause);
  g_mutex_clear(&self->reconnect.lock);
  g_cond_clear(&self->reconnect.changed);
}

/* Seconds after which it is tried again, as things are; 0 is never. Under the lock. */
static guint interval_of(DsbindReconnect *it) {
  if (!g_atomic_int_get(&it->attempts)) return 0;
  return (guint)g_atomic_int_get(it->ever ? &it->interval : &it->first_interval);
}

static void tell(DsbindUriSrcBin *self, const char *state) {
  DsbindReconnect *it = &self->reconnect;
  GstStructure *details = gst_structure_new(
      "source-state", "source-id", G_TYPE_INT, self->source_id, "uri", G_TYPE_STRING,
      self->location.shown, "state", G_TYPE_STRING, state, "attempt", G_TYPE_UINT, it->attempt,
      "seconds", G_TYPE_DOUBLE,
      (double)(g_get_monotonic_time() - it->out_since) / G_USEC_PER_SEC, "reason", G_TYPE_STRING,
      it->cause ? it->cause : "", NULL);
  /* Whoever listens may ask for the state. */
  g_mutex_unlock(&it->lock);
  gst_element_post_message(GST_ELEMENT(self), gst_message_new_element(GST_OBJECT(self), details));
  g_mutex_lock(&it->lock);
}

static char *seconds_text(gint64 microseconds) {
  const double seconds = (double)microseconds / G_USEC_PER_SEC;
  return g_strdup_printf(seconds < 10 ? "%.1f s" : "%.0f s", seconds);
}

void dsbind_reconnect_heard(DsbindUriSrcBin *self) {
  const gint64 passed = g_get_monotonic_time() - self->opened;
  g_atomic_int_set(&self->reconnect.heard, (gint)(guint)(passed / G_TIME_SPAN_MILLISECOND));
}

/* Since the last packet, in microseconds. */
static gint64 silence(DsbindUriSrcBin *self) {
  const gint64 passed = (g_get_monotonic_time() - self->opened) / G_TIME_SPAN_MILLISECOND;
  const guint heard = (guint)g_atomic_int_get(&self->reconnect.heard);
  return (gint64)((guint)passed - heard) * G_TIME_SPAN_MILLISECOND;
}

/* Whether what takes the frames is what holds them up. */
static gboolean is_held_up(GstPad *peer) {
  GRecMutex *stream = GST_PAD_GET_STREAM_LOCK(peer);
  if (!g_rec_mutex_trylock(stream)) return TRUE;
  g_rec_mutex_unlock(stream);
  return FALSE;
}

static GstPad *peer_of(DsbindUriSrcBin *self) {
  GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(self), "vsrc_0");
  GstPad *peer = pad ? gst_pad_get_peer(pad) : NULL;
  gst_clear_object(&pad);
  return peer;
}

static gboolean waits_downstream(DsbindUriSrcBin *self) {
  GstPad *peer = peer_of(self);
  const gboolean held = peer && is_held_up(peer);
  gst_clear_object(&peer);
  return held;
}

/* Without the lock: waits for streaming threads. */
static void take_down(DsbindUriSrcBin *self) {
  GstPad *peer = peer_of(self);
  const gint64 until = g_get_monotonic_time() + LETTING_GO;
  gboolean held = FALSE;
  while (peer && (held = is_held_up(peer)) && g_get_monotonic_time() < until)
    g_usleep(G_USEC_PER_SEC / 100);
  /* Its own last frame would keep a session from its end. */
  if (held) gst_pad_send_event(peer, gst_event_new_flush_start());
  dsbind_uri_source_settle(self);
  dsbind_uri_source_take_down(self);
  if (held) gst_pad_send_event(peer, gst_event_new_flush_stop(FALSE));
  gst_clear_object(&peer);
}

static void begin_session(DsbindReconnect *it) {
  it->open = TRUE;
  it->lost = it->answered = it->plays = FALSE;
  it->begun = g_get_monotonic_time();
}

static void give_up(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  char *passed = seconds_text(g_get_monotonic_time() - it->out_since);
  char *text = it->ever
      ? g_strdup_printf("%s was lost: %s. Attempts to connect again: %u in %s, the last: %s. Check "
                        "the camera; rtsp_reconnect_attempts=-1 never gives up.",
                        self->location.shown, it->cause, it->attempt, passed, it->reason)
      : g_strdup_printf("%s cannot be played. Attempts to connect: %u in %s, the last: %s. Check "
                        "the address and the camera; rtsp_reconnect_attempts=-1 never gives up.",
                        self->location.shown, it->attempt + 1, passed, it->reason);
  g_free(passed);
  it->next_try = G_MAXINT64;
  g_mutex_unlock(&it->lock);
  dsbind_uri_fail(self, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, text, NULL);
  g_mutex_lock(&it->lock);
}

/* After the session was lost. */
static void end_session(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  const gboolean played = it->plays;
  if (!it->out) {
    it->out = TRUE;
    it->outages++;
    it->attempt = 0;
    it->out_since = g_get_monotonic_time();
    g_free(it->cause);
    it->cause = g_strdup(it->reason);
    tell(self, "lost");
  }
  g_mutex_unlock(&it->lock);
  take_down(self);
  g_mutex_lock(&it->lock);
  it->open = FALSE;
  const gint64 now = g_get_monotonic_time();
  const gint most = g_atomic_int_get(&it->attempts);
  it->next_try = played ? now + AT_ONCE : it->begun + (gint64)interval_of(it) * G_USEC_PER_SEC;
  if (most >= 0 && it->attempt >= (guint)most) give_up(self);
}

static void next_session(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  it->attempt++;
  tell(self, "reconnecting");
  begin_session(it);
  g_mutex_unlock(&it->lock);
  dsbind_reconnect_heard(self);
  dsbind_uri_source_build_again(self);
  g_mutex_lock(&it->lock);
}

/* When the session counts as lost if nothing comes until then; none for never. */
static gint64 deadline_of(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  const guint interval = interval_of(it);
  if (!interval) return G_MAXINT64;
  const guint patience = it->answered ? interval : MAX(interval, LEAST_PATIENCE);
  return g_get_monotonic_time() - silence(self) + (gint64)patience * G_USEC_PER_SEC;
}

static void note_silence(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  if (waits_downstream(self)) {
    dsbind_reconnect_heard(self);
    return;
  }
  char *passed = seconds_text(silence(self));
  g_free(it->reason);
  it->reason = g_strdup_printf("nothing came from it for %s", passed);
  it->lost = TRUE;
  g_free(passed);
}

static gpointer watch(gpointer data) {
  DsbindUriSrcBin *self = data;
  DsbindReconnect *it = &self->reconnect;
  g_mutex_lock(&it->lock);
  while (!it->stop) {
    gint64 until = G_MAXINT64;
    it->answered |= g_atomic_int_get(&self->data_seen);
    if (it->playing && !g_atomic_int_get(&self->failed)) {
      until = it->open ? (it->lost ? 0 : deadline_of(self)) : it->next_try;
      if (g_get_monotonic_time() >= until) {
        it->busy = TRUE;
        if (it->open && !it->lost) note_silence(self);
        else if (it->open) end_session(self);
        else next_session(self);
        it->busy = FALSE;
        g_cond_broadcast(&it->changed);
        continue;
      }
    }
    if (until == G_MAXINT64)
      g_cond_wait(&it->changed, &it->lock);
    else
      g_cond_wait_until(&it->changed, &it->lock, until);
  }
  g_mutex_unlock(&it->lock);
  return NULL;
}

void dsbind_reconnect_start(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  if (self->location.kind != DSBIND_LOCATION_RTSP) return;
  it->stop = it->playing = it->busy = it->out = it->ever = FALSE;
  it->attempt = it->outages = 0;
  it->heard = 0;
  begin_session(it);
  if (it->interval || it->first_interval) it->thread = g_thread_new("rtsp-watch", watch, self);
}

void dsbind_reconnect_stop(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  if (!it->thread) return;
  g_mutex_lock(&it->lock);
  it->stop = TRUE;
  g_cond_broadcast(&it->changed);
  g_mutex_unlock(&it->lock);
  g_thread_join(it->thread);
  it->thread = NULL;
}

void dsbind_reconnect_set_playing(DsbindUriSrcBin *self, gboolean playing) {
  DsbindReconnect *it = &self->reconnect;
  if (!it->thread) return;
  g_mutex_lock(&it->lock);
  it->playing = playing;
  if (playing) dsbind_reconnect_heard(self);
  g_cond_broadcast(&it->changed);
  while (!playing && it->busy) g_cond_wait(&it->changed, &it->lock);
  g_mutex_unlock(&it->lock);
}

gboolean dsbind_reconnect_lose(DsbindUriSrcBin *self, char *reason) {
  DsbindReconnect *it = &self->reconnect;
  g_mutex_lock(&it->lock);
  const gboolean ours = it->thread && interval_of(it);
  if (ours && !it->lost && it->open) {
    g_free(it->reason);
    it->reason = g_steal_pointer(&reason);
    it->lost = TRUE;
    g_cond_broadcast(&it->changed);
  }
  g_mutex_unlock(&it->lock);
  if (ours) g_free(reason);
  return ours;
}

gboolean dsbind_reconnect_is_lost(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  g_mutex_lock(&it->lock);
  const gboolean lost = it->thread && it->open && it->lost;
  g_mutex_unlock(&it->lock);
  return lost;
}

guint dsbind_reconnect_patience(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  g_mutex_lock(&it->lock);
  const guint interval = interval_of(it);
  g_mutex_unlock(&it->lock);
  return interval ? MAX(interval, LEAST_PATIENCE) : 0;
}

void dsbind_reconnect_played(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  g_mutex_lock(&it->lock);
  it->ever = it->plays = TRUE;
  if (it->out) {
    it->out = FALSE;
    tell(self, "playing");
    it->attempt = 0;
  }
  /* From now on another interval counts. */
  g_cond_broadcast(&it->changed);
  g_mutex_unlock(&it->lock);
}

/* Off the thread that asks, which may be anybody's. */
static void push_end(GstElement *element, gpointer data) {
  DsbindUriSrcBin *self = DSBIND_URI_SRC_BIN(element);
  (void)data;
  dsbind_reconnect_set_playing(self, FALSE);
  dsbind_uri_source_push_eos(self);
}

gboolean dsbind_reconnect_end(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  g_mutex_lock(&it->lock);
  const gboolean ours = self->location.kind == DSBIND_LOCATION_RTSP && (it->out || !it->plays);
  g_mutex_unlock(&it->lock);
  if (ours) gst_element_call_async(GST_ELEMENT(self), push_end, NULL, NULL);
  return ours;
}

const char *dsbind_reconnect_state(DsbindUriSrcBin *self) {
  DsbindReconnect *it = &self->reconnect;
  if (self->location.kind != DSBIND_LOCATION_RTSP || !self->opened) return "";
  g_mutex_lock(&it->lock);
  const char *state = it->plays && !it->lost ? "playing"
                      : !it->out && !it->lost ? "connecting"
                      : it->open && !it->lost ? "reconnecting" : "lost";
  g_mutex_unlock(&it->lock);
  return state;
}

guint dsbind_reconnect_outages(DsbindUriSrcBin *self) {
  g_mutex_lock(&self->reconnect.lock);
  const guint outages = self->reconnect.outages;
  g_mutex_unlock(&self->reconnect.lock);
  return outages;
}
