/* SPDX-License-Identifier: Apache-2.0 */
/* What the on-screen display draws, pixel by pixel, in every format. */
#include <math.h>
#include "frame.h"
#include "painter.h"

static const NvBufSurfaceColorFormat formats[] = {
    NVBUF_COLOR_FORMAT_NV12, NVBUF_COLOR_FORMAT_YUV420, NVBUF_COLOR_FORMAT_RGBA,
    NVBUF_COLOR_FORMAT_BGRA, NVBUF_COLOR_FORMAT_RGB,    NVBUF_COLOR_FORMAT_BGR,
    NVBUF_COLOR_FORMAT_GRAY8,
};

static const NvOSD_ColorParams red = {1, 0, 0, 1};
static const NvOSD_ColorParams white = {1, 1, 1, 1};
static const NvOSD_ColorParams half_white = {1, 1, 1, 0.5};

typedef struct {
  guint8 first, second, third; /* samples in memory order; luma, U and V for YUV */
} Samples;

static Samples samples_at(const Frame *frame, guint x, guint y) {
  const guint8 *at = frame_at(frame, 0, x, y);
  switch ((int)frame->params.colorFormat) {
    case NVBUF_COLOR_FORMAT_NV12:
      return (Samples){*at, frame_at(frame, 1, x / 2, y / 2)[0],
                       frame_at(frame, 1, x / 2, y / 2)[1]};
    case NVBUF_COLOR_FORMAT_YUV420:
      return (Samples){*at, *frame_at(frame, 1, x / 2, y / 2), *frame_at(frame, 2, x / 2, y / 2)};
    case NVBUF_COLOR_FORMAT_GRAY8:
      return (Samples){*at, *at, *at};
    default:
      return (Samples){at[0], at[1], at[2]};
  }
}

static Samples pure_red(NvBufSurfaceColorFormat format) {
  switch ((int)format) {
    case NVBUF_COLOR_FORMAT_NV12:
    case NVBUF_COLOR_FORMAT_YUV420:
      return (Samples){81, 90, 240};
    case NVBUF_COLOR_FORMAT_GRAY8:
      return (Samples){81, 81, 81};
    case NVBUF_COLOR_FORMAT_BGRA:
    case NVBUF_COLOR_FORMAT_BGR:
      return (Samples){0, 0, 255};
    default:
      return (Samples){255, 0, 0};
  }
}

static void check_samples(Samples is, Samples wanted) {
  g_assert_cmpint(abs(is.first - wanted.first), <=, 1);
  g_assert_cmpint(abs(is.second - wanted.second), <=, 1);
  g_assert_cmpint(abs(is.third - wanted.third), <=, 1);
}

static Samples untouched(const Frame *frame, guint8 gray) {
  if (frame->params.planeParams.num_planes > 1)
    return (Samples){gray, 128, 128};
  return (Samples){gray, gray, gray};
}

static OsdCanvas open_canvas(const Frame *frame) {
  OsdCanvas canvas;
  g_assert_true(osd_canvas_init(&canvas, &frame->params));
  return canvas;
}

static NvOSD_RectParams box(float left, float top, float width, float height) {
  return (NvOSD_RectParams){.left = left, .top = top, .width = width, .height = height,
                            .border_width = 4, .border_color = red};
}

static gboolean all_untouched(const Frame *frame, guint8 gray) {
  Samples wanted = untouched(frame, gray);
  for (guint y = 0; y < frame->params.height; y++) {
    for (guint x = 0; x < frame->params.width; x++) {
      Samples is = samples_at(frame, x, y);
      if (memcmp(&is, &wanted, sizeof is) != 0)
        return FALSE;
    }
  }
  return TRUE;
}

static void a_box_has_its_colour_on_the_border_and_nothing_inside_or_outside(void) {
  OsdPainter *painter = osd_painter_new();
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    Frame frame = frame_new(formats[i], 64, 48, 50);
    OsdCanvas canvas = open_canvas(&frame);
    NvOSD_RectParams rect = box(12, 10, 32, 24);
    osd_painter_rect(painter, &canvas, &rect);
    for (guint y = 0; y < 48; y++) {
      for (guint x = 0; x < 64; x++) {
        gboolean in_outer = x >= 10 && x < 46 && y >= 8 && y < 36;
        gboolean in_inner = x >= 14 && x < 42 && y >= 12 && y < 32;
        check_samples(samples_at(&frame, x, y), in_outer && !in_inner
                                                    ? pure_red(formats[i])
                                                    : untouched(&frame, 50));
      }
    }
    g_assert_true(frame_guards_hold(&frame));
    g_free(frame.data);
  }
  osd_painter_free(painter);
}

static void a_translucent_background_is_mixed_with_the_frame(void) {
  OsdPainter *painter = osd_painter_new();
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    Frame frame = frame_new(formats[i], 32, 32, 51);
    OsdCanvas canvas = open_canvas(&frame);
    NvOSD_RectParams rect = {.left = 8, .top = 8, .width = 16, .height = 16,
                             .has_bg_color = 1, .bg_color = half_white};
    osd_painter_rect(painter, &canvas, &rect);
    gboolean packed = frame.params.planeParams.bytesPerPix[0] > 1;
    guint8 middle = !packed ? (51 + 235) / 2 : (51 + 255) / 2;
    check_samples(samples_at(&frame, 16, 16), untouched(&frame, middle));
    check_samples(samples_at(&frame, 7, 16), untouched(&frame, 51));
    check_samples(samples_at(&frame, 24, 16), untouched(&frame, 51));
    g_free(frame.data);
  }
  osd_painter_free(painter);
}

static void chroma_at_odd_edges_is_weighed_by_what_is_covered(void) {
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_NV12, 15, 15, 50);
  OsdCanvas canvas = open_canvas(&frame);
  osd_canvas_fill(&canvas, (OsdArea){3, 4, 15, 15}, osd_color(&red));
  /* Column 2-3: half covered. The last column and row stand alone: fully covered. */
  g_assert_cmpint(abs(*frame_at(&frame, 1, 1, 3) - (128 + 90) / 2), <=, 1);
  g_assert_cmpint(abs(*frame_at(&frame, 1, 7, 7) - 90), <=, 1);
  g_assert_cmpint(*frame_at(&frame, 1, 0, 0), ==, 128);
  g_assert_cmpint(*frame_at(&frame, 0, 2, 4), ==, 50);
  g_assert_true(frame_guards_hold(&frame));
  g_free(frame.data);
}

static void fill_and_blend_agree(void) {
  guint32 pixels[9 * 7];
  NvOSD_ColorParams color = {0.2, 0.9, 0.4, 0.7};
  for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
    pixels[i] = osd_color(&color);
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    for (gint corner = -10; corner < 36; corner += 3) {
      Frame filled = frame_new(formats[i], 33, 31, 100);
      Frame blended = frame_new(formats[i], 33, 31, 100);
      OsdCanvas a = open_canvas(&filled), b = open_canvas(&blended);
      osd_canvas_fill(&a, (OsdArea){corner, corner, corner + 9, corner + 7}, pixels[0]);
      osd_canvas_blend(&b, corner, corner, pixels, 9, 7, 9);
      g_assert_cmpmem(filled.data, filled.size, blended.data, blended.size);
      g_free(filled.data);
      g_free(blended.data);
    }
  }
}

static void items_beyond_the_frame_are_clipped(void) {
  OsdPainter *painter = osd_painter_new();
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    Frame frame = frame_new(formats[i], 41, 37, 50);
    OsdCanvas canvas = open_canvas(&frame);
    NvOSD_RectParams rects[] = {box(-20, -20, 30, 30), box(30, 30, 500, 500),
                                box(-100, 5, 1000, 6), box(200, 200, 10, 10)};
    for (guint r = 0; r < G_N_ELEMENTS(rects); r++) {
      rects[r].has_bg_color = 1;
      rects[r].bg_color = half_white;
      osd_painter_rect(painter, &canvas, &rects[r]);
      rects[r].rotation_angle = 0.3f;
      osd_painter_rect(painter, &canvas, &rects[r]);
    }
    NvOSD_LineParams line = {.x1 = (guint)-50, .y1 = 3, .x2 = 400, .y2 = 90, .line_width = 5,
                             .line_color = red};
    osd_painter_line(painter, &canvas, &line);
    NvOSD_ArrowParams arrow = {.x1 = 5, .y1 = 5, .x2 = 300, .y2 = 20, .arrow_width = 3,
                               .arrow_head = BOTH_HEAD, .arrow_color = red};
    osd_painter_arrow(painter, &canvas, &arrow);
    NvOSD_CircleParams circle = {.xc = 40, .yc = 36, .radius = 30, .circle_color = red,
                                 .has_bg_color = 1, .bg_color = half_white, .circle_width = 2};
    osd_painter_circle(painter, &canvas, &circle);
    NvOSD_TextParams text = {.display_text = (char *)"clipped", .x_offset = 30, .y_offset = 30,
                             .font_params = {.font_color = white, .font_size = 20}};
    osd_painter_text(painter, &canvas, &text);
    osd_painter_blur(&canvas, &rects[0]);
    g_assert_true(frame_guards_hold(&frame));
    g_assert_false(all_untouched(&frame, 50));
    g_free(frame.data);
  }
  osd_painter_free(painter);
}

static void values_that_make_no_sense_draw_nothing(void) {
  static const float bad[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f};
  OsdPainter *painter = osd_painter_new();
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_NV12, 64, 64, 50);
  OsdCanvas canvas = open_canvas(&frame);
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    NvOSD_RectParams rects[] = {box(bad[i], 1, 9, 9), box(1, bad[i], 9, 9), box(1, 1, bad[i], 9),
                                box(1, 1, 9, bad[i])};
    for (guint r = 0; r < G_N_ELEMENTS(rects); r++) {
      osd_painter_rect(painter, &canvas, &rects[r]);
      rects[r].rotation_angle = 1;
      osd_painter_rect(painter, &canvas, &rects[r]);
      osd_painter_blur(&canvas, &rects[r]);
    }
  }
  NvOSD_RectParams empty[] = {box(5, 5, 0, 9), box(5, 5, 9, -9)};
  osd_painter_rect(painter, &canvas, &empty[0]);
  osd_painter_rect(painter, &canvas, &empty[1]);
  NvOSD_RectParams clear = box(5, 5, 20, 20);
  clear.border_color = (NvOSD_ColorParams){1, 1, 1, NAN};
  osd_painter_rect(painter, &canvas, &clear);
  NvOSD_LineParams line = {.x1 = 0x7fffffff, .y1 = 0x80000000, .x2 = 3, .y2 = 3,
                           .line_width = 0xffffffff, .line_color = red};
  osd_painter_line(painter, &canvas, &line);
  NvOSD_CircleParams circle = {.xc = 5, .yc = 5, .radius = 0xffffffff, .circle_color = red};
  osd_painter_circle(painter, &canvas, &circle);
  NvOSD_TextParams text = {.display_text = (char *)"far", .x_offset = 0x7fffffff, .y_offset = 5,
                           .font_params = {.font_color = white, .font_size = 0xffffffff}};
  osd_painter_text(painter, &canvas, &text);
  text.display_text = NULL;
  osd_painter_text(painter, &canvas, &text);
  float tiny = 1;
  NvOSD_MaskParams mask = {.data = &tiny, .size = 4, .width = 0x10000, .height = 0x10000};
  NvOSD_RectParams where = box(5, 5, 20, 20);
  osd_painter_mask(painter, &canvas, &mask, &where);
  g_assert_true(all_untouched(&frame, 50));
  g_free(frame.data);
  osd_painter_free(painter);
}

static guint changed_in(const Frame *frame, OsdArea area, guint8 gray) {
  guint changed = 0;
  for (gint y = area.y0; y < area.y1; y++) {
    for (gint x = area.x0; x < area.x1; x++)
      changed += *frame_at(frame, 0, x, y) != gray;
  }
  return changed;
}

static void text_is_drawn_on_its_background_at_its_place(void) {
  OsdPainter *painter = osd_painter_new();
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_NV12, 160, 64, 100);
  OsdCanvas canvas = open_canvas(&frame);
  NvOSD_TextParams text = {
      .display_text = (char *)"car 0.93",
      .x_offset = 20,
      .y_offset = 10,
      .font_params = {.font_name = (char *)"Serif", .font_size = 12, .font_color = white},
      .set_bg_clr = 1,
      .text_bg_clr = {0, 0, 0, 1},
  };
  osd_painter_text(painter, &canvas, &text);
  g_assert_cmpint(*frame_at(&frame, 0, 20, 10), ==, 16);
  g_assert_cmpuint(changed_in(&frame, (OsdArea){0, 0, 20, 64}, 100), ==, 0);
  g_assert_cmpuint(changed_in(&frame, (OsdArea){0, 0, 160, 10}, 100), ==, 0);
  guint bright = 0;
  for (guint y = 10; y < 40; y++) {
    for (guint x = 20; x < 120; x++)
      bright += *frame_at(&frame, 0, x, y) > 200;
  }
  g_assert_cmpuint(bright, >, 30);
  /* From the cache the same comes again. */
  Frame again = frame_new(NVBUF_COLOR_FORMAT_NV12, 160, 64, 100);
  OsdCanvas second = open_canvas(&again);
  osd_painter_text(painter, &second, &text);
  g_assert_cmpmem(frame.data, frame.size, again.data, again.size);
  g_free(frame.data);
  g_free(again.data);
  osd_painter_free(painter);
}

static void odd_text_is_survived(void) {
  OsdPainter *painter = osd_painter_new();
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_RGBA, 64, 64, 100);
  OsdCanvas canvas = open_canvas(&frame);
  char *endless = g_strnfill(1 << 20, 'x');
  char *lines = g_strnfill(1 << 12, '\n');
  char *texts[] = {(char *)"\xff\xfe broken \xc3", (char *)"\xe2\x82", endless, lines,
                   (char *)"<b>no & markup</b>", (char *)"\t\r\n"};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    for (guint size = 0; size < 1000; size += 333) {
      NvOSD_TextParams text = {.display_text = texts[i],
                               .font_params = {.font_color = white, .font_size = size}};
      osd_painter_text(painter, &canvas, &text);
    }
  }
  for (guint i = 0; i < 5000; i++) {
    char name[32];
    g_snprintf(name, sizeof name, "%u of many labels", i);
    NvOSD_TextParams text = {.display_text = name, .font_params = {.font_color = white}};
    osd_painter_text(painter, &canvas, &text);
  }
  g_assert_true(frame_guards_hold(&frame));
  g_free(endless);
  g_free(lines);
  g_free(frame.data);
  osd_painter_free(painter);
}

static void shapes_reach_where_they_should(void) {
  OsdPainter *painter = osd_painter_new();
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_GRAY8, 400, 300, 10);
  OsdCanvas canvas = open_canvas(&frame);
  NvOSD_LineParams line = {.x1 = 10, .y1 = 10, .x2 = 390, .y2 = 290, .line_width = 3,
                           .line_color = white};
  osd_painter_line(painter, &canvas, &line);
  for (gint x = 12; x < 388; x++)
    g_assert_cmpint(*frame_at(&frame, 0, x, 10 + (x - 10) * 280 / 380), >, 150);
  g_assert_cmpint(*frame_at(&frame, 0, 200, 10), ==, 10);
  NvOSD_CircleParams circle = {.xc = 300, .yc = 80, .radius = 60, .circle_color = white,
                               .circle_width = 4};
  osd_painter_circle(painter, &canvas, &circle);
  for (gint degree = 0; degree < 360; degree++) {
    double angle = degree * G_PI / 180;
    g_assert_cmpint(*frame_at(&frame, 0, (guint)(300 + 60 * cos(angle)),
                              (guint)(80 + 60 * sin(angle))), >, 150);
  }
  g_assert_cmpint(*frame_at(&frame, 0, 300, 80), ==, 10);
  NvOSD_ArrowParams arrow = {.x1 = 20, .y1 = 250, .x2 = 120, .y2 = 250, .arrow_width = 4,
                             .arrow_head = END_HEAD, .arrow_color = white};
  osd_painter_arrow(painter, &canvas, &arrow);
  g_assert_cmpint(*frame_at(&frame, 0, 60, 250), >, 225);
  g_assert_cmpint(*frame_at(&frame, 0, 60, 255), ==, 10);
  g_assert_cmpint(*frame_at(&frame, 0, 107, 255), >, 225);
  g_assert_cmpint(*frame_at(&frame, 0, 22, 255), ==, 10);
  NvOSD_RectParams rect = box(200, 200, 80, 40);
  rect.border_color = white;
  rect.rotation_angle = (float)G_PI_2;
  osd_painter_rect(painter, &canvas, &rect);
  g_assert_cmpint(*frame_at(&frame, 0, 220, 190), >, 225); /* a side of the upright box turned */
  g_assert_cmpint(*frame_at(&frame, 0, 201, 215), ==, 10);
  g_free(frame.data);
  osd_painter_free(painter);
}

static void a_mask_shades_where_it_passes_the_threshold(void) {
  OsdPainter *painter = osd_painter_new();
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_GRAY8, 200, 200, 0);
  OsdCanvas canvas = open_canvas(&frame);
  float data[4] = {0.9f, 0.1f, 0.1f, 0.9f};
  NvOSD_MaskParams mask = {.data = data, .size = sizeof data, .threshold = 0.5f, .width = 2,
                           .height = 2};
  NvOSD_RectParams rect = box(20, 20, 160, 160);
  rect.border_color = white;
  osd_painter_mask(painter, &canvas, &mask, &rect);
  g_assert_cmpint(abs(*frame_at(&frame, 0, 60, 60) - 118), <=, 1);
  g_assert_cmpint(abs(*frame_at(&frame, 0, 140, 140) - 118), <=, 1);
  g_assert_cmpint(*frame_at(&frame, 0, 140, 60), ==, 0);
  g_assert_cmpint(*frame_at(&frame, 0, 10, 10), ==, 0);
  g_free(frame.data);
  osd_painter_free(painter);
}

static void blur_hides_detail_and_stays_inside(void) {
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    Frame frame = frame_new(formats[i], 64, 64, 0);
    for (guint y = 0; y < 64; y++) {
      for (guint x = 0; x < 64; x++)
        *frame_at(&frame, 0, x, y) = (x + y) % 2 ? 255 : 0;
    }
    OsdCanvas canvas = open_canvas(&frame);
    osd_canvas_blur(&canvas, (OsdArea){16, 16, 48, 48});
    g_assert_cmpint(abs(*frame_at(&frame, 0, 20, 20) - *frame_at(&frame, 0, 21, 20)), <=, 1);
    g_assert_cmpint(*frame_at(&frame, 0, 15, 16), ==, 255);
    g_assert_true(frame_guards_hold(&frame));
    g_free(frame.data);
  }
}

static void other_formats_and_geometries_are_refused(void) {
  OsdCanvas canvas;
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_NV12, 32, 32, 0);
  NvBufSurfaceParams bad = frame.params;
  bad.colorFormat = NVBUF_COLOR_FORMAT_NV12_10LE;
  g_assert_false(osd_canvas_init(&canvas, &bad));
  bad = frame.params;
  bad.dataPtr = NULL;
  g_assert_false(osd_canvas_init(&canvas, &bad));
  bad = frame.params;
  bad.planeParams.pitch[0] = 31;
  g_assert_false(osd_canvas_init(&canvas, &bad));
  bad = frame.params;
  bad.planeParams.num_planes = 1;
  g_assert_false(osd_canvas_init(&canvas, &bad));
  bad = frame.params;
  bad.width = 0xffffffff;
  g_assert_false(osd_canvas_init(&canvas, &bad));
  g_free(frame.data);
}

/* Says what a frame costs; asserts nothing, because machines differ. */
static void report_the_cost_of_a_frame(void) {
  OsdPainter *painter = osd_painter_new();
  Frame frame = frame_new(NVBUF_COLOR_FORMAT_NV12, 640, 272, 100);
  OsdCanvas canvas = open_canvas(&frame);
  const guint rounds = 500;
  gint64 start = 0;
  for (guint round = 0; round <= rounds; round++) {
    if (round == 1)
      start = g_get_monotonic_time();
    for (guint i = 0; i < 8; i++) {
      char name[16];
      NvOSD_RectParams rect = box(10 + 75 * i, 40 + 20 * i, 70, 60);
      rect.border_width = 2;
      g_snprintf(name, sizeof name, "car 0.9%u", i);
      NvOSD_TextParams text = {.display_text = name, .x_offset = 10 + 75 * i,
                               .y_offset = 25 + 20 * i, .set_bg_clr = 1,
                               .text_bg_clr = {0, 0, 0, 1},
                               .font_params = {.font_color = white, .font_size = 11}};
      osd_painter_rect(painter, &canvas, &rect);
      osd_painter_text(painter, &canvas, &text);
    }
  }
  double ms = (double)(g_get_monotonic_time() - start) / 1000 / rounds;
  g_test_message("8 boxes and labels on 640x272 NV12: %.3f ms a frame", ms);
  g_test_minimized_result(ms, "ms a frame");
  g_free(frame.data);
  osd_painter_free(painter);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/osd/" #test, test)
  ADD(a_box_has_its_colour_on_the_border_and_nothing_inside_or_outside);
  ADD(a_translucent_background_is_mixed_with_the_frame);
  ADD(chroma_at_odd_edges_is_weighed_by_what_is_covered);
  ADD(fill_and_blend_agree);
  ADD(items_beyond_the_frame_are_clipped);
  ADD(values_that_make_no_sense_draw_nothing);
  ADD(text_is_drawn_on_its_background_at_its_place);
  ADD(odd_text_is_survived);
  ADD(shapes_reach_where_they_should);
  ADD(a_mask_shades_where_it_passes_the_threshold);
  ADD(blur_hides_detail_and_stays_inside);
  ADD(other_formats_and_geometries_are_refused);
  ADD(report_the_cost_of_a_frame);
  return g_test_run();
}
