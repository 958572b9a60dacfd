/* SPDX-License-Identifier: Apache-2.0 */
/* nvvideoconvert: who points at something in what it makes of a frame points at the same thing in
 * the frame. */
#include <math.h>

#include "pipelines.h"

#define WIDTH 64
#define HEIGHT 48
/* A white square of SPOT pixels a side at (SPOT_X, SPOT_Y). */
#define SPOT 4
#define SPOT_X 40
#define SPOT_Y 8

typedef struct {
  gdouble x, y;
  guint count;
} Point;

static GstBuffer *frame_with_spot(void) {
  GstBuffer *frame = gst_buffer_new_allocate(NULL, WIDTH * HEIGHT, NULL);
  gst_buffer_memset(frame, 0, 0, WIDTH * HEIGHT);
  for (guint y = SPOT_Y; y < SPOT_Y + SPOT; y++)
    gst_buffer_memset(frame, y * WIDTH + SPOT_X, 255, SPOT);
  return frame;
}

/* The middle of what is white. */
static Point find_spot(GstBuffer *frame, gint width, gint height) {
  GstMapInfo map;
  Point spot = {0};
  CHECK(gst_buffer_map(frame, &map, GST_MAP_READ));
  const gsize pitch = map.size / (gsize)height;
  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++) {
      if (map.data[(gsize)y * pitch + (gsize)x] < 128) continue;
      spot.x += x;
      spot.y += y;
      spot.count++;
    }
  gst_buffer_unmap(frame, &map);
  CHECK(spot.count);
  spot.x /= spot.count;
  spot.y /= spot.count;
  return spot;
}

static GstPadProbeReturn note_pointer(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  Point *pointer = data;
  (void)pad;
  if (GST_EVENT_TYPE(event) != GST_EVENT_NAVIGATION) return GST_PAD_PROBE_OK;
  const GstStructure *told = gst_event_get_structure(event);
  CHECK(gst_structure_get_double(told, "pointer_x", &pointer->x));
  CHECK(gst_structure_get_double(told, "pointer_y", &pointer->y));
  pointer->count++;
  return GST_PAD_PROBE_OK;
}

static GstEvent *press_at(Point at) {
  return gst_event_new_navigation(gst_structure_new(
      "application/x-gst-navigation", "event", G_TYPE_STRING, "mouse-button-press", "button",
      G_TYPE_INT, 1, "pointer_x", G_TYPE_DOUBLE, at.x, "pointer_y", G_TYPE_DOUBLE, at.y, NULL));
}

static void pointing_at_the_spot_hits_it(const char *properties, gint width, gint height) {
  GstFlowReturn flow;
  GstSample *sample;
  Point pointer = {0};
  GstElement *pipeline = pipeline_new(
      "appsrc name=in num-buffers=1 caps=video/x-raw,format=GRAY8,width=%d,height=%d,"
      "framerate=25/1 ! nvvideoconvert name=convert %s ! "
      "video/x-raw,format=GRAY8,width=%d,height=%d ! appsink name=out sync=false",
      WIDTH, HEIGHT, properties, width, height);
  GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
  GstElement *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  GstElement *convert = gst_bin_get_by_name(GST_BIN(pipeline), "convert");
  GstPad *sink = gst_element_get_static_pad(convert, "sink");
  GstPad *src = gst_element_get_static_pad(convert, "src");
  gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, note_pointer, &pointer, NULL);

  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBuffer *frame = frame_with_spot();
  g_signal_emit_by_name(in, "push-buffer", frame, &flow);
  gst_buffer_unref(frame);
  CHECK_INT(flow, GST_FLOW_OK);
  g_signal_emit_by_name(out, "try-pull-sample", (guint64)(20 * GST_SECOND), &sample);
  CHECK(sample);
  const Point spot = find_spot(gst_sample_get_buffer(sample), width, height);
  gst_sample_unref(sample);
  gst_pad_send_event(src, press_at(spot));
  CHECK_INT(pointer.count, 1);
  const gdouble middle = (SPOT - 1) / 2.0;
  if (fabs(pointer.x - SPOT_X - middle) > 0.75 || fabs(pointer.y - SPOT_Y - middle) > 0.75)
    check_failed(__FILE__, __LINE__, "%s at %d x %d: (%g, %g) became (%g, %g)", properties, width,
                 height, spot.x, spot.y, pointer.x, pointer.y);

  gst_object_unref(sink);
  gst_object_unref(src);
  gst_object_unref(convert);
  gst_object_unref(out);
  gst_object_unref(in);
  pipeline_free(pipeline);
}

static void every_turn_is_turned_back(void) {
  for (guint method = 0; method < 8; method++) {
    const gboolean swaps = method % 2;
    char *property = g_strdup_printf("flip-method=%u", method);
    pointing_at_the_spot_hits_it(property, swaps ? HEIGHT : WIDTH, swaps ? WIDTH : HEIGHT);
    pointing_at_the_spot_hits_it(property, 160, 120);
    g_free(property);
  }
}

int main(void) {
  bench_init("nvvideoconvert", NULL);
  pointing_at_the_spot_hits_it("disable-passthrough=false", WIDTH, HEIGHT);
  pointing_at_the_spot_hits_it("disable-passthrough=false", 2 * WIDTH, 3 * HEIGHT);
  pointing_at_the_spot_hits_it("src-crop=32:4:24:16", WIDTH, HEIGHT);
  pointing_at_the_spot_hits_it("dest-crop=10:20:32:24", WIDTH, HEIGHT);
  pointing_at_the_spot_hits_it("src-crop=30:0:30:20 dest-crop=8:6:40:30 flip-method=2", 80, 60);
  every_turn_is_turned_back();
  puts("pointers are moved");
  return 0;
}
