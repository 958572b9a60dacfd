/* SPDX-License-Identifier: Apache-2.0 */
/* One error per run, from this element, that names the source and what to do. */
#include <string.h>

#include "nvurisrcbin.h"
#include "rtsp_failure.h"

/* Programs that start to listen after their change of state (gst-launch-1.0) miss an error that is
 * posted within it, so none is posted in the first moment. */
#define QUIET_TIME (30 * G_TIME_SPAN_MILLISECOND)
/* A remote source that has sent nothing by then is taken for dead. */
#define FIRST_DATA_TIMEOUT (2800 * GST_MSECOND)
/* A file in which no stream has been found by then is taken for broken: some errors of demuxers are
 * swallowed. A busy machine may need seconds to load the plugins. */
#define FILE_TIMEOUT (4500 * GST_MSECOND)

void dsbind_uri_fail(DsbindUriSrcBin *self, GQuark domain, gint code, char *text, char *debug) {
  if (g_atomic_pointer_get(&self->changing) == g_thread_self()) {
    dsbind_uri_fail_later(self, g_error_new_literal(domain, code, text));
  } else if (g_atomic_int_compare_and_exchange(&self->failed, 0, 1)) {
    const gint64 quiet = self->opened + QUIET_TIME - g_get_monotonic_time();
    dsbind_uri_deadline_cancel(self);
    if (quiet > 0) g_usleep((gulong)MIN(quiet, QUIET_TIME));
    gst_element_message_full_with_details(
        GST_ELEMENT(self), GST_MESSAGE_ERROR, domain, code, text, debug, __FILE__, G_STRFUNC,
        __LINE__, gst_structure_new("details", "flow-return", G_TYPE_INT, self->flow, NULL));
    return;
  }
  GST_INFO_OBJECT(self, "%s (%s)", text, debug ? debug : "");
  g_free(text);
  g_free(debug);
}

static char *early_end_text(DsbindUriSrcBin *self) {
  return g_strdup_printf("%s ends early: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                         " bytes are there, %" G_GUINT64_FORMAT " frames could be read. Copy or "
                         "download it again.", self->location.shown, self->file.size,
                         self->file.expected, self->loop.frames);
}

void dsbind_uri_fail_early_end(DsbindUriSrcBin *self) {
  dsbind_uri_fail(self, GST_STREAM_ERROR, GST_STREAM_ERROR_DEMUX, early_end_text(self), NULL);
}

/* What a user can do about an error of GStreamer's, as the end of a message. */
static const char *advice(const GError *error) {
  /* Not the source's fault; its text says what to do. */
  if (error->domain == GST_LIBRARY_ERROR) return "";
  if (error->domain == GST_RESOURCE_ERROR) {
    switch (error->code) {
      case GST_RESOURCE_ERROR_NOT_FOUND: return "Check the address.";
      case GST_RESOURCE_ERROR_NOT_AUTHORIZED: return "Check the user name and the password.";
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_READ:
      case GST_RESOURCE_ERROR_BUSY:
        return "Check the address, and that its server runs and can be reached.";
      default: return "Check the address and the settings of the source.";
    }
  }
  if ((error->domain == GST_CORE_ERROR && error->code == GST_CORE_ERROR_MISSING_PLUGIN) ||
      (error->domain == GST_STREAM_ERROR && error->code == GST_STREAM_ERROR_CODEC_NOT_FOUND))
    return "Install what decodes it; on Debian or Ubuntu: apt-get install gstreamer1.0-libav "
           "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly";
  return "Check that it plays elsewhere, or encode it again.";
}

static gint flow_of(GstMessage *message) {
  const GstStructure *details = NULL;
  gint flow = GST_FLOW_OK;
  gst_message_parse_error_details(message, &details);
  if (details) gst_structure_get(details, "flow-return", G_TYPE_INT, &flow, NULL);
  return flow;
}

/* The source gave up before it had sent anything: some do not say why. */
static gboolean never_answered(DsbindUriSrcBin *self, GstMessage *message) {
  return self->location.kind == DSBIND_LOCATION_OTHER && !g_atomic_int_get(&self->data_seen) &&
         flow_of(message) == GST_FLOW_ERROR;
}

/* Takes the reason. */
static char *broken_off(DsbindUriSrcBin *self, char *reason) {
  char *text = self->loop.frames
      ? g_strdup_printf("%s broke off after %" G_GUINT64_FORMAT " frames: %s. Set "
                        "rtsp_reconnect_interval, in seconds, to have it connected to again.",
                        self->location.shown, self->loop.frames, reason)
      : g_strdup_printf("%s cannot be played: %s before the first frame. Check the camera; set "
                        "init_rtsp_reconnect_interval, in seconds, to have it tried again.",
                        self->location.shown, reason);
  g_free(reason);
  return text;
}

/* Why a session is over, by what GStreamer said or did not say. */
static char *cut_reason(DsbindUriSrcBin *self, gboolean error) {
  char *place = dsbind_rtsp_place(&self->location);
  const gboolean cut = g_atomic_int_get(&self->cut), bye = g_atomic_int_get(&self->said_bye);
  char *reason = g_strdup_printf(cut ? "its server at %s closed the connection"
                                 : error ? "the connection to its server at %s broke"
                                 : bye ? "its server at %s ended it"
                                 : "nothing came from its server at %s any more", place);
  g_free(place);
  return reason;
}

gboolean dsbind_uri_ended(DsbindUriSrcBin *self) {
  if (dsbind_reconnect_lose(self, cut_reason(self, FALSE))) return TRUE;
  if (!g_atomic_int_get(&self->said_bye))
    dsbind_uri_fail(self, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
                    broken_off(self, cut_reason(self, FALSE)), NULL);
  return FALSE;
}

gboolean dsbind_uri_hear_of_cut(DsbindUriSrcBin *self, GstMessage *warning) {
  GError *error = NULL;
  char *debug = NULL;
  if (self->location.kind != DSBIND_LOCATION_RTSP) return FALSE;
  gst_message_parse_warning(warning, &error, &debug);
  const gboolean cut = g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ) &&
                       debug && strstr(debug, "closed the connection");
  g_error_free(error);
  g_free(debug);
  if (!cut) return FALSE;
  g_atomic_int_set(&self->cut, 1);
  /* Later the end of the stream follows, behind the last frames. */
  if (!self->loop.began && !g_atomic_int_get(&self->told_to_end)) dsbind_uri_ended(self);
  return TRUE;
}

/* Whether another session may do better. */
static gboolean may_pass(DsbindUriSrcBin *self, const GError *error, gint flow) {
  if (self->location.kind != DSBIND_LOCATION_RTSP) return FALSE;
  if (flow != GST_FLOW_OK && flow != GST_FLOW_EOS && flow != GST_FLOW_FLUSHING) return FALSE;
  if (error->domain == GST_LIBRARY_ERROR ||
      g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    return FALSE;
  /* Cameras lock out who tries a wrong password often. */
  return self->loop.frames || (error->domain == GST_RESOURCE_ERROR &&
                               error->code != GST_RESOURCE_ERROR_NOT_AUTHORIZED);
}

/* What is wrong, out of a whole text: "X cannot be played: this. Check that." */
static char *reason_of(DsbindUriSrcBin *self, const char *text) {
  static const char *const heads[] = {" cannot be played: ", " "};
  static const char *const tails[] = {". Check ", ". Write "};
  if (g_str_has_prefix(text, self->location.shown)) text += strlen(self->location.shown);
  for (guint i = 0; i < G_N_ELEMENTS(heads); i++) {
    if (!g_str_has_prefix(text, heads[i])) continue;
    text += strlen(heads[i]);
    break;
  }
  for (guint i = 0; i < G_N_ELEMENTS(tails); i++) {
    const char *tail = strstr(text, tails[i]);
    if (tail) return g_strndup(text, (gsize)(tail - text));
  }
  return g_strdup(text);
}

static char *describe(DsbindUriSrcBin *self, GstMessage *message, const GError *error,
                      const char *debug) {
  const char *shown = self->location.shown;
  const gint flow = flow_of(message);
  char *more = self->location.kind == DSBIND_LOCATION_RTSP && flow == GST_FLOW_OK
                   ? dsbind_rtsp_failure_text(&self->location, error, debug) : NULL;
  if (more) return more;
  if (self->location.kind == DSBIND_LOCATION_RTSP && self->loop.frames && flow == GST_FLOW_OK &&
      error->domain == GST_RESOURCE_ERROR)
    return broken_off(self, cut_reason(self, TRUE));
  if (error->domain == GST_STREAM_ERROR && (error->code == GST_STREAM_ERROR_TYPE_NOT_FOUND ||
                                            error->code == GST_STREAM_ERROR_WRONG_TYPE))
    return g_strdup_printf("%s is not a video: its content is %s. Check that it is the right file.",
                           shown, strstr(error->message, "text") ? "text" : "of no known format");
  if (flow == GST_FLOW_NOT_LINKED)
    return g_strdup_printf("%s stopped, because nothing takes its frames. Link the pad vsrc_0.",
                           shown);
  if (flow == GST_FLOW_NOT_NEGOTIATED)
    return g_strdup_printf("%s stopped, because the next element takes no frames of its format. "
                           "Put nvvideoconvert between.", shown);
  if (flow == GST_FLOW_ERROR)
    return g_strdup_printf("%s stopped, because an element after it failed. Look for the error of "
                           "that element.", shown);
  char *reason = dsbind_mask_passwords(error->message);
  g_strstrip(reason);
  const char *stop = g_str_has_suffix(reason, ".") ? "" : ".";
  char *text =
      g_strchomp(g_strdup_printf("%s cannot be played: %s%s %s", shown, reason, stop,
                                 advice(error)));
  g_free(reason);
  return text;
}

void dsbind_uri_translate_error(DsbindUriSrcBin *self, GstMessage *message) {
  GError *error = NULL;
  char *debug = NULL;
  /* What a session that is over says is its echo. */
  if (dsbind_reconnect_is_lost(self)) return;
  gst_message_parse_error(message, &error, &debug);
  if (dsbind_media_file_ends_early(&self->file) && flow_of(message) == GST_FLOW_OK) {
    dsbind_uri_fail_early_end(self);
  } else if (never_answered(self, message)) {
    dsbind_uri_fail(self, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
                    g_strdup_printf("%s does not answer. Check the address, and that its server "
                                    "runs and can be reached.", self->location.shown),
                    dsbind_mask_passwords(debug));
  } else {
    char *text = describe(self, message, error, debug);
    if (may_pass(self, error, flow_of(message)) &&
        dsbind_reconnect_lose(self, self->loop.began ? cut_reason(self, TRUE)
                                                     : reason_of(self, text))) {
      g_free(text);
      g_error_free(error);
      g_free(debug);
      return;
    }
    char *masked = dsbind_mask_passwords(debug);
    char *where = g_strdup_printf("%s: %s: %s", GST_MESSAGE_SRC_NAME(message), error->message,
                                  masked ? masked : "");
    if (!g_atomic_int_get(&self->failed)) self->flow = flow_of(message);
    dsbind_uri_fail(self, error->domain, error->code, text, dsbind_mask_passwords(where));
    g_free(where);
    g_free(masked);
  }
  g_error_free(error);
  g_free(debug);
}

/* Takes the error that waits for the time to pass; NULL for none. */
static void wait_for(DsbindUriSrcBin *self, GstClockTime time, GstClockCallback callback,
                     GError *late) {
  GstClock *clock = gst_system_clock_obtain();
  GstClockID id = gst_clock_new_single_shot_id(clock, gst_clock_get_time(clock) + time);
  GST_OBJECT_LOCK(self);
  self->deadline = gst_clock_id_ref(id);
  self->late = late;
  GST_OBJECT_UNLOCK(self);
  gst_clock_id_wait_async(id, callback, gst_object_ref(self), gst_object_unref);
  gst_clock_id_unref(id);
  gst_object_unref(clock);
}

static gboolean post_late(GstClock *clock, GstClockTime time, GstClockID id, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)clock, (void)time, (void)id;
  GST_OBJECT_LOCK(self);
  GError *error = g_steal_pointer(&self->late);
  GST_OBJECT_UNLOCK(self);
  if (!error) return TRUE;
  gst_element_message_full(GST_ELEMENT(self), GST_MESSAGE_ERROR, error->domain, error->code,
                           g_strdup(error->message), NULL, __FILE__, G_STRFUNC, __LINE__);
  g_error_free(error);
  return TRUE;
}

void dsbind_uri_fail_later(DsbindUriSrcBin *self, GError *error) {
  if (!g_atomic_int_compare_and_exchange(&self->failed, 0, 1)) {
    g_error_free(error);
    return;
  }
  dsbind_uri_deadline_cancel(self);
  wait_for(self, QUIET_TIME * GST_USECOND, post_late, error);
}

static GstClockTime patience_of(DsbindUriSrcBin *self) {
  return self->location.kind == DSBIND_LOCATION_FILE ? FILE_TIMEOUT : FIRST_DATA_TIMEOUT;
}

static char *nothing_came_text(DsbindUriSrcBin *self) {
  const double seconds = (double)patience_of(self) / (double)GST_SECOND;
  if (self->location.kind != DSBIND_LOCATION_FILE)
    return g_strdup_printf("%s does not answer: nothing arrived within %.1f seconds. Check the "
                           "address, and that its server runs and can be reached.",
                           self->location.shown, seconds);
  if (dsbind_media_file_ends_early(&self->file)) return early_end_text(self);
  return g_strdup_printf("%s cannot be played: no stream was found in it within %.1f seconds. Check "
                         "that it plays elsewhere, or encode it again.",
                         self->location.shown, seconds);
}

static gboolean deadline_passed(GstClock *clock, GstClockTime time, GstClockID id, gpointer data) {
  DsbindUriSrcBin *self = data;
  char *text = NULL;
  (void)clock, (void)time;
  /* Whoever cancels does not wait for this thread: what it may free next is read under the lock. */
  GST_OBJECT_LOCK(self);
  const gboolean file = self->location.kind == DSBIND_LOCATION_FILE;
  if (self->deadline == id) text = nothing_came_text(self);
  GST_OBJECT_UNLOCK(self);
  if (text)
    dsbind_uri_fail(self, file ? GST_STREAM_ERROR : GST_RESOURCE_ERROR,
                    file ? (gint)GST_STREAM_ERROR_DEMUX : (gint)GST_RESOURCE_ERROR_OPEN_READ, text,
                    NULL);
  return TRUE;
}

void dsbind_uri_deadline_start(DsbindUriSrcBin *self) {
  if (g_atomic_int_get(&self->failed)) return; /* what waits to be told must not be forgotten */
  wait_for(self, patience_of(self), deadline_passed, NULL);
}

void dsbind_uri_deadline_cancel(DsbindUriSrcBin *self) {
  GST_OBJECT_LOCK(self);
  /* Data may come while an error waits: that one is still to be told. */
  GstClockID id = self->late ? NULL : g_steal_pointer(&self->deadline);
  GST_OBJECT_UNLOCK(self);
  if (!id) return;
  gst_clock_id_unschedule(id);
  gst_clock_id_unref(id);
}

void dsbind_uri_fail_nothing(DsbindUriSrcBin *self) {
  GST_OBJECT_LOCK(self);
  GError *late = g_steal_pointer(&self->late);
  GST_OBJECT_UNLOCK(self);
  g_clear_error(&late);
  dsbind_uri_deadline_cancel(self);
}
