/* SPDX-License-Identifier: Apache-2.0 */
/* nvrtspoutsinkbin: clients that watch, vanish or wait while streams begin and end. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipelines.h"

/* A port that nobody has now. */
static guint free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(socket_fd >= 0 && bind(socket_fd, (struct sockaddr *)&address, size) == 0);
  CHECK_INT(getsockname(socket_fd, (struct sockaddr *)&address, &size), 0);
  close(socket_fd);
  return ntohs(address.sin_port);
}

static GstElement *stream_new(guint port, const char *mount) {
  return pipeline_new("videotestsrc is-live=true ! video/x-raw,format=NV12,width=64,height=48,"
                      "framerate=10/1 ! nvrtspoutsinkbin name=sink rtsp-port=%u "
                      "rtsp-mount-point=%s", port, mount);
}

static GstElement *client_new(guint port, const char *mount, const char *transport) {
  return pipeline_new("rtspsrc location=rtsp://127.0.0.1:%u%s protocols=%s latency=0 "
                      "! rtph264depay ! fakesink name=out sync=false", port, mount, transport);
}

static void one_port_serves_several_streams(void) {
  const guint port = free_port();
  gint frames = 0, others = 0;
  GstElement *first = stream_new(port, "/first"), *second = stream_new(port, "/second");
  gint served[2] = {0};
  /* A server waits for a first frame no longer than 20 seconds. */
  count_buffers(first, "out", &served[0]);
  count_buffers(second, "out", &served[1]);
  gst_element_set_state(first, GST_STATE_PLAYING);
  gst_element_set_state(second, GST_STATE_PLAYING);
  await_count(&served[0], 1);
  await_count(&served[1], 1);
  GstElement *client = client_new(port, "/first", "tcp"), *other = client_new(port, "/second", "udp");
  count_buffers(client, "out", &frames);
  count_buffers(other, "out", &others);
  gst_element_set_state(client, GST_STATE_PLAYING);
  gst_element_set_state(other, GST_STATE_PLAYING);
  await_count(&frames, 3);
  await_count(&others, 3);
  /* One stream ends under its client; the other goes on. */
  pipeline_free(first);
  g_atomic_int_set(&others, 0);
  await_count(&others, 3);
  pipeline_free(client);
  pipeline_free(second);
  pipeline_free(other);
}

static void what_is_taken_is_refused(void) {
  const guint port = free_port();
  GstElement *first = stream_new(port, "/same"), *second = stream_new(port, "/same");
  gst_element_set_state(first, GST_STATE_PLAYING);
  CHECK(!pipeline_run(second));
  pipeline_free(second);
  pipeline_free(first);
}

static gpointer change_bitrate(gpointer data) {
  GstElement *sink = data;
  for (guint i = 1; i <= 300; i++) {
    g_object_set(sink, "bitrate", 100000 + i * 1000, NULL);
    g_usleep(500);
  }
  return NULL;
}

/* Also with a client that asks just then, and properties that are set. */
static void it_stops_at_any_moment(void) {
  const guint port = free_port();
  GstElement *stream = stream_new(port, "/short"), *client = client_new(port, "/short", "tcp");
  GstElement *sink = gst_bin_get_by_name(GST_BIN(stream), "sink");
  GThread *thread = g_thread_new("program", change_bitrate, sink);
  for (guint round = 0; round < 4; round++) {
    gst_element_set_state(stream, GST_STATE_PLAYING);
    gst_element_set_state(client, GST_STATE_PLAYING);
    g_usleep(round * 25000);
    gst_element_set_state(stream, round % 2 ? GST_STATE_NULL : GST_STATE_READY);
    gst_element_set_state(client, GST_STATE_NULL);
  }
  g_thread_join(thread);
  gst_object_unref(sink);
  pipeline_free(client);
  pipeline_free(stream);
}

int main(void) {
  bench_init("nvvideoconvert", "nvv4l2h264enc", "nvrtspoutsinkbin", NULL);
  if (!has_element("x264enc") || !has_element("h264parse") || !has_element("rtspsrc")) return 77;
  one_port_serves_several_streams();
  what_is_taken_is_refused();
  it_stops_at_any_moment();
  puts("streams are served");
  return 0;
}
