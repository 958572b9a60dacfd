/* SPDX-License-Identifier: Apache-2.0 */
/* What the on-screen display draws on a GPU is what it draws on the CPU, to the bit. */
#include <math.h>

#include "frame.h"
#include "gpu.h"
#include "painter.h"
#include "recorder.h"

static const NvBufSurfaceColorFormat formats[] = {
    NVBUF_COLOR_FORMAT_NV12, NVBUF_COLOR_FORMAT_YUV420, NVBUF_COLOR_FORMAT_RGBA,
    NVBUF_COLOR_FORMAT_BGRA, NVBUF_COLOR_FORMAT_RGB,    NVBUF_COLOR_FORMAT_BGR,
    NVBUF_COLOR_FORMAT_GRAY8,
};

static NvOSD_ColorParams color(GRand *dice) {
  return (NvOSD_ColorParams){g_rand_double(dice), g_rand_double(dice), g_rand_double(dice),
                             g_rand_int_range(dice, 0, 3) ? g_rand_double(dice) : 1};
}

/* Boxes, blurs, lines, circles and texts, one over the other, some beyond the edge. */
static void scribble(OsdPainter *painter, const OsdCanvas *canvas, guint32 seed) {
  GRand *dice = g_rand_new_with_seed(seed);
  for (guint i = 0; i < 40; i++) {
    const gint x = g_rand_int_range(dice, -20, canvas->width);
    const gint y = g_rand_int_range(dice, -20, canvas->height);
    const guint width = (guint)g_rand_int_range(dice, 1, 90);
    const guint height = (guint)g_rand_int_range(dice, 1, 70);
    NvOSD_RectParams rect = {.left = (float)x, .top = (float)y, .width = (float)width,
                             .height = (float)height,
                             .border_width = (guint)g_rand_int_range(dice, 0, 5),
                             .border_color = color(dice), .has_bg_color = i % 3 == 0,
                             .bg_color = color(dice),
                             .rotation_angle = i % 7 == 6 ? 0.4f : 0};
    NvOSD_LineParams line = {.x1 = (guint)x, .y1 = (guint)y, .x2 = width * 2, .y2 = height * 2,
                             .line_width = 1 + i % 5, .line_color = color(dice)};
    NvOSD_CircleParams circle = {.xc = (guint)x, .yc = (guint)y, .radius = width / 2,
                                 .circle_width = 2, .circle_color = color(dice),
                                 .has_bg_color = 1, .bg_color = color(dice)};
    NvOSD_TextParams text = {.display_text = (char *)"Fußgänger 42", .x_offset = (guint)x,
                             .y_offset = (guint)y,
                             .font_params = {.font_name = (char *)"Serif", .font_size = 11,
                                             .font_color = color(dice)},
                             .set_bg_clr = i % 2, .text_bg_clr = color(dice)};
    switch (i % 5) {
      case 0: osd_painter_rect(painter, canvas, &rect); break;
      case 1: osd_painter_line(painter, canvas, &line); break;
      case 2: osd_painter_circle(painter, canvas, &circle); break;
      case 3: osd_painter_text(painter, canvas, &text); break;
      default:
        osd_painter_blur(canvas, &rect);
        osd_painter_rect(painter, canvas, &rect);
    }
  }
  g_rand_free(dice);
}

static void texture(Frame *frame) {
  const NvBufSurfacePlaneParams *planes = &frame->params.planeParams;
  for (guint p = 0; p < planes->num_planes; p++)
    for (guint y = 0; y < planes->height[p]; y++)
      for (guint x = 0; x < planes->width[p] * planes->bytesPerPix[p]; x++)
        frame->data[planes->offset[p] + (gsize)y * planes->pitch[p] + x] =
            (guint8)(x * 7 + y * 13 + p * 50);
}

static void gpu_and_cpu_draw_the_same(void) {
  static const guint sides[][2] = {{200, 120}, {161, 99}};
  OsdPainter *painter = osd_painter_new();
  OsdRecorder *recorder = osd_recorder_new(0);
  for (guint i = 0; i < G_N_ELEMENTS(formats) * 2; i++) {
    const guint *side = sides[i % 2];
    const NvBufSurfaceColorFormat format = formats[i / 2];
    Frame cpu = frame_new(format, side[0], side[1], 100);
    Frame gpu = frame_new(format, side[0], side[1], 100);
    texture(&cpu);
    texture(&gpu);
    const CUdeviceptr memory = gpu_copy_of(gpu.data, gpu.size);
    OsdCanvas canvas, remote;
    GError *error = NULL;

    g_assert_true(osd_canvas_init(&canvas, &cpu.params));
    scribble(painter, &canvas, i);
    gpu.params.dataPtr = (void *)(guintptr)memory;
    g_assert_true(osd_canvas_init(&remote, &gpu.params));
    osd_recorder_take(recorder, &remote);
    scribble(painter, &remote, i);
    osd_recorder_run(recorder, &error);
    g_assert_no_error(error);
    gpu_take(memory, gpu.data, gpu.size);

    guint different = 0;
    for (gsize at = 0; at < cpu.size; at++) different += cpu.data[at] != gpu.data[at];
    if (different) g_test_message("format %d, %u x %u: %u of %zu bytes", format, side[0], side[1],
                                  different, cpu.size);
    g_assert_cmpuint(different, ==, 0);
    g_free(cpu.data);
    g_free(gpu.data);
  }
  osd_recorder_free(recorder);
  osd_painter_free(painter);
}

static void several_frames_are_drawn_at_once(void) {
  OsdPainter *painter = osd_painter_new();
  OsdRecorder *recorder = osd_recorder_new(0);
  Frame frames[3];
  CUdeviceptr memory[3];
  GError *error = NULL;
  for (guint i = 0; i < 3; i++) {
    OsdCanvas canvas;
    frames[i] = frame_new(NVBUF_COLOR_FORMAT_NV12, 64, 48, 50);
    memory[i] = gpu_copy_of(frames[i].data, frames[i].size);
    frames[i].params.dataPtr = (void *)(guintptr)memory[i];
    osd_canvas_init(&canvas, &frames[i].params);
    osd_recorder_take(recorder, &canvas);
    osd_canvas_fill(&canvas, (OsdArea){0, 0, 8 + 8 * (gint)i, 8}, 0xffffffff);
  }
  osd_recorder_run(recorder, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < 3; i++) {
    gpu_take(memory[i], frames[i].data, frames[i].size);
    g_assert_cmpint(frames[i].data[7 + 8 * i], ==, 235);
    g_assert_cmpint(frames[i].data[8 + 8 * i], ==, 50);
    g_free(frames[i].data);
  }
  osd_recorder_free(recorder);
  osd_painter_free(painter);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  if (!has_gpu()) return 77;
  g_test_add_func("/device/gpu_and_cpu_draw_the_same", gpu_and_cpu_draw_the_same);
  g_test_add_func("/device/several_frames_are_drawn_at_once", several_frames_are_drawn_at_once);
  return g_test_run();
}
