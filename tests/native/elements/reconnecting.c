/* SPDX-License-Identifier: Apache-2.0 */
/* nvurisrcbin and RTSP servers that go and come back. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipelines.h"

static guint free_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(socket_fd >= 0 && bind(socket_fd, (struct sockaddr *)&address, size) == 0);
  CHECK_INT(getsockname(socket_fd, (struct sockaddr *)&address, &size), 0);
  close(socket_fd);
  return ntohs(address.sin_port);
}

static GstElement *server_new(guint port) {
  return pipeline_new("videotestsrc is-live=true ! video/x-raw,format=NV12,width=64,height=48,"
                      "framerate=25/1 ! nvrtspoutsinkbin rtsp-port=%u rtsp-mount-point=/live",
                      port);
}

static GstElement *client_new(guint port, gint *frames) {
  GstElement *client = pipeline_new(
      "nvurisrcbin name=source uri=rtsp://127.0.0.1:%u/live rtsp-reconnect-interval=1 "
      "init-rtsp-reconnect-interval=1 ! fakesink name=out sync=false async=false", port);
  count_buffers(client, "out", frames);
  return client;
}

static void await_outages(GstElement *client, guint least) {
  GstElement *source = gst_bin_get_by_name(GST_BIN(client), "source");
  const gint64 until = g_get_monotonic_time() + PATIENCE;
  guint outages = 0;
  while (outages < least) {
    CHECK(g_get_monotonic_time() < until);
    g_usleep(5000);
    g_object_get(source, "rtsp-outages", &outages, NULL);
  }
  gst_object_unref(source);
}

/* Not even there at the start, then gone twice. */
static void a_server_comes_and_goes(void) {
  const guint port = free_port();
  gint frames = 0;
  GstElement *client = client_new(port, &frames);
  gst_element_set_state(client, GST_STATE_PLAYING);
  await_outages(client, 1);
  for (guint round = 1; round <= 3; round++) {
    GstElement *server = server_new(port);
    gst_element_set_state(server, GST_STATE_PLAYING);
    g_atomic_int_set(&frames, 0);
    await_count(&frames, 5);
    pipeline_free(server);
    await_outages(client, round + 1);
  }
  pipeline_free(client);
}

/* In an outage, in the middle of connecting, and soon after. */
static void it_stops_at_any_moment(void) {
  const guint port = free_port();
  gint frames = 0;
  GstElement *server = server_new(port);
  GstElement *client = client_new(port, &frames);
  gst_element_set_state(server, GST_STATE_PLAYING);
  gst_element_set_state(client, GST_STATE_PLAYING);
  await_count(&frames, 2);
  for (guint round = 0; round < 6; round++) {
    gst_element_set_state(server, round % 2 ? GST_STATE_PLAYING : GST_STATE_NULL);
    g_usleep(round * 60000);
    if (round == 2) gst_element_send_event(client, gst_event_new_eos());
    gst_element_set_state(client, round % 3 ? GST_STATE_PAUSED : GST_STATE_NULL);
    gst_element_set_state(client, GST_STATE_PLAYING);
    g_usleep(round * 40000);
  }
  pipeline_free(client);
  pipeline_free(server);
}

int main(void) {
  bench_init("nvvideoconvert", "nvv4l2decoder", "nvv4l2h264enc", "nvrtspoutsinkbin", "nvurisrcbin",
             NULL);
  if (!has_element("x264enc") || !has_element("rtspsrc") || !has_element("rtph264pay")) return 77;
  a_server_comes_and_goes();
  it_stops_at_any_moment();
  puts("sources come back");
  return 0;
}
