/* SPDX-License-Identifier: Apache-2.0 */
#include "rtsp.h"
#include "server.h"

#define MOUNT "/ds-test"

struct _DsbindRtspRepublish {
  GstElement *pipeline;
  DsbindRtspFeed *feed;
};

static GstBusSyncReply drop(GstBus *bus, GstMessage *message, gpointer data) {
  (void)bus, (void)message, (void)data;
  return GST_BUS_DROP;
}

static GstElement *receiver_new(guint port, guint buffer_size, GError **error) {
  /* Without reuse, a second reader of a port is told so instead of sharing its packets. */
  char *text = g_strdup_printf(
      "udpsrc address=" DSBIND_RTSP_LOCAL " port=%u buffer-size=%u reuse=false "
      "caps=\"application/x-rtp, media=(string)video, clock-rate=(int)90000, "
      "encoding-name=(string)H264\" ! rtph264depay ! h264parse config-interval=-1 "
      "! video/x-h264, stream-format=byte-stream, alignment=au "
      "! appsink name=out sync=false async=false enable-last-sample=false", port,
      MIN(buffer_size, (guint)G_MAXINT));
  GError *reason = NULL;
  GstElement *pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &reason);
  g_free(text);
  if (!pipeline) {
    g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                "The RTSP server lacks an element: %s. On Debian or Ubuntu: apt-get install "
                "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad", reason->message);
    g_error_free(reason);
  }
  return pipeline;
}

/* Why the pipeline did not start, from its bus. */
static void take_error(GstElement *pipeline, guint port, GError **error) {
  GError *reason = NULL;
  GstBus *bus = gst_element_get_bus(pipeline);
  GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  if (message) gst_message_parse_error(message, &reason, NULL);
  g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY,
              "UDP port %u of " DSBIND_RTSP_LOCAL " cannot be read: %s. Choose another udp_port, or "
              "end the program that has it", port, reason ? reason->message : "it is in use");
  g_clear_error(&reason);
  if (message) gst_message_unref(message);
  gst_object_unref(bus);
}

DsbindRtspRepublish *dsbind_rtsp_republish_start(guint rtsp_port, guint udp_port, guint buffer_size,
                                                 GError **error) {
  if (udp_port < 1 || udp_port > 65535) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                "A udp_port of %u is not possible: give 1 to 65535, such as 5400", udp_port);
    return NULL;
  }
  GstElement *pipeline = receiver_new(udp_port, buffer_size, error);
  if (!pipeline) return NULL;
  DsbindRtspFeed *feed =
      dsbind_rtsp_feed_new(DSBIND_RTSP_LOCAL, rtsp_port, MOUNT, DSBIND_RTSP_H264, error);
  if (feed) {
    GstElement *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    dsbind_rtsp_feed_tap(feed, out);
    gst_object_unref(out);
    if (gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
      take_error(pipeline, udp_port, error);
      gst_element_set_state(pipeline, GST_STATE_NULL);
      dsbind_rtsp_feed_free(feed);
      feed = NULL;
    }
  }
  if (!feed) {
    gst_object_unref(pipeline);
    return NULL;
  }
  GstBus *bus = gst_element_get_bus(pipeline);
  gst_bus_set_sync_handler(bus, drop, NULL, NULL); /* nobody reads it from now on */
  gst_object_unref(bus);
  DsbindRtspRepublish *self = g_new0(DsbindRtspRepublish, 1);
  self->pipeline = pipeline;
  self->feed = feed;
  return self;
}

void dsbind_rtsp_republish_stop(DsbindRtspRepublish *self) {
  if (!self) return;
  gst_element_set_state(self->pipeline, GST_STATE_NULL);
  dsbind_rtsp_feed_free(self->feed);
  gst_object_unref(self->pipeline);
  g_free(self);
}
