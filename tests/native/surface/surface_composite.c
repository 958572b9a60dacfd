/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures side by side, over one another, and mixed. */
#include "pictures.h"

#define INVALID NvBufSurfTransformError_Invalid_Params

static void paint(NvBufSurface *s, uint32_t index, const uint8_t *pixel) {
  NvBufSurfaceParams *entry = &s->surfaceList[index];
  uint32_t bytes = entry->planeParams.bytesPerPix[0];
  for (uint32_t y = 0; y < entry->height; y++)
    for (uint32_t x = 0; x < entry->width; x++)
      memcpy(pic_at(s, index, 0, (int)x, (int)y), pixel, bytes);
}

static void check_pixel(const NvBufSurface *s, const PicFormat *f, uint32_t index, int x, int y,
                        Rgb want, double tolerance) {
  Rgb have = pic_get(f, s, index, x, y);
  CHECK_NEAR(have.r, want.r, tolerance);
  CHECK_NEAR(have.g, want.g, tolerance);
  CHECK_NEAR(have.b, want.b, tolerance);
}

static const Rgb GRID[4] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}};

/* Four frames of a batch as the quarters of one frame, in every pair of formats. */
static void check_grid(const PicFormat *from, const PicFormat *to) {
  NvBufSurface *rgb = pic_surface(NVBUF_COLOR_FORMAT_RGB, 32, 24, 4);
  NvBufSurface *src = pic_surface(from->color, 32, 24, 4);
  NvBufSurface *dst = pic_surface(to->color, 100, 80, 1);
  for (uint32_t i = 0; i < 4; i++)
    paint(rgb, i, (uint8_t[]){(uint8_t)GRID[i].r, (uint8_t)GRID[i].g, (uint8_t)GRID[i].b});
  NvBufSurfTransformParams plain = {0};
  CHECK_INT(NvBufSurfTransform(rgb, src, &plain), 0);
  NvBufSurfTransformRect crops[4], places[4];
  for (uint32_t i = 0; i < 4; i++) {
    crops[i] = (NvBufSurfTransformRect){.width = 32, .height = 24};
    places[i] = (NvBufSurfTransformRect){
        .left = i % 2 * 50, .top = i / 2 * 40, .width = 50, .height = 40};
  }
  NvBufSurfTransformCompositeParams params = {.composite_flag = NVBUFSURF_TRANSFORM_COMPOSITE,
                                              .input_buf_count = 4,
                                              .src_comp_rect = crops,
                                              .dst_comp_rect = places};
  dst->numFilled = 0;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), NvBufSurfTransformError_Success);
  CHECK_INT(dst->numFilled, 1);
  for (int i = 0; i < 4; i++) {
    Rgb want = GRID[i];
    if (from->kind == PIC_GRAY || to->kind == PIC_GRAY) {
      double luma = pic_luma(&PIC_FORMATS[0], want);
      want = (Rgb){luma, luma, luma};
    }
    for (int corner = 0; corner < 4; corner++)
      check_pixel(dst, to, 0, i % 2 * 50 + corner % 2 * 49, i / 2 * 40 + corner / 2 * 39, want, 8);
  }
  NvBufSurfaceDestroy(rgb);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(dst);
}

static void check_composite_refusals(void) {
  NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_NV12, 32, 24, 2);
  NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_NV12, 32, 24, 1);
  NvBufSurfTransformRect rects[2] = {{.width = 32, .height = 24}, {.width = 16, .height = 12}};
  const NvBufSurfTransformCompositeParams good = {.composite_flag = NVBUFSURF_TRANSFORM_COMPOSITE,
                                                  .input_buf_count = 2,
                                                  .dst_comp_rect = rects};
  NvBufSurfTransformCompositeParams params = good;
  NvBufSurfTransformSyncObj_t sync = NULL;
  CHECK_INT(NvBufSurfTransformCompositeAsync(src, dst, &params, &sync), 0);
  CHECK_INT(NvBufSurfTransformSyncObjWait(sync, 0), 0);
  CHECK_INT(NvBufSurfTransformSyncObjDestroy(&sync), 0);
  CHECK_INT(NvBufSurfTransformCompositeAsync(src, dst, &params, NULL), INVALID);
  CHECK_INT(NvBufSurfTransformComposite(NULL, dst, &params), INVALID);
  CHECK_INT(NvBufSurfTransformComposite(src, NULL, &params), INVALID);
  CHECK_INT(NvBufSurfTransformComposite(src, dst, NULL), INVALID);
  params.input_buf_count = 3;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), INVALID);
  params.input_buf_count = 0;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), INVALID);
  params = good, params.composite_flag = 0;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), INVALID);
  params = good, params.dst_comp_rect = NULL;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), INVALID);
  rects[1].left = 20;
  params = good;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), NvBufSurfTransformError_ROI_Error);
  src->memType = NVBUF_MEM_CUDA_DEVICE;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), NvBufSurfTransformError_Unsupported);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(dst);
}

/* A half-transparent red over blue, on formats with and without alpha of their own. */
static void check_alpha(const PicFormat *to) {
  NvBufSurface *base = pic_surface(NVBUF_COLOR_FORMAT_RGB, 64, 48, 1);
  NvBufSurface *dst = pic_surface(to->color, 64, 48, 1);
  NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 16, 16, 1);
  paint(base, 0, (uint8_t[]){0, 0, 200});
  paint(src, 0, (uint8_t[]){200, 0, 0, 128});
  NvBufSurfTransformParams plain = {0};
  CHECK_INT(NvBufSurfTransform(base, dst, &plain), 0);
  NvBufSurfTransformRect place = {.left = 16, .top = 8, .width = 32, .height = 32};
  NvBufSurfTransformCompositeParams params = {.composite_flag = NVBUFSURF_TRANSFORM_BLEND,
                                              .input_buf_count = 1,
                                              .dst_comp_rect = &place};
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), 0);
  check_pixel(dst, to, 0, 20, 20, (Rgb){100, 0, 100}, 6);
  check_pixel(dst, to, 0, 4, 4, (Rgb){0, 0, 200}, 6);
  if (to->a >= 0) CHECK_INT(pic_at(dst, 0, 0, 20, 20)[to->a], 255);
  params.composite_flag = NVBUFSURF_TRANSFORM_COMPOSITE;
  CHECK_INT(NvBufSurfTransformComposite(src, dst, &params), 0);
  check_pixel(dst, to, 0, 20, 20, (Rgb){200, 0, 0}, 6);
  NvBufSurfaceDestroy(base);
  NvBufSurfaceDestroy(dst);
  NvBufSurfaceDestroy(src);
}

static void check_mask(void) {
  NvBufSurface *red = pic_surface(NVBUF_COLOR_FORMAT_RGB, 32, 32, 2);
  NvBufSurface *blue = pic_surface(NVBUF_COLOR_FORMAT_NV12, 16, 16, 2);
  NvBufSurface *mask = pic_surface(NVBUF_COLOR_FORMAT_GRAY8, 32, 32, 2);
  NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 32, 32, 2);
  for (uint32_t i = 0; i < 2; i++) {
    paint(red, i, (uint8_t[]){255, 0, 0});
    for (int y = 0; y < 32; y++)
      for (int x = 0; x < 32; x++) *pic_at(mask, i, 0, x, y) = x < 16 ? 255 : 51;
  }
  NvBufSurface *paint_blue = pic_surface(NVBUF_COLOR_FORMAT_RGB, 16, 16, 2);
  for (uint32_t i = 0; i < 2; i++) paint(paint_blue, i, (uint8_t[]){0, 0, 255});
  NvBufSurfTransformParams plain = {0};
  CHECK_INT(NvBufSurfTransform(paint_blue, blue, &plain), 0);
  uint32_t perform[2] = {1, 0};
  NvBufSurfTransformCompositeBlendParams params = {.perform_blending = perform};
  CHECK_INT(NvBufSurfTransformCompositeBlend(red, blue, mask, dst, &params), 0);
  const PicFormat *rgba = &PIC_FORMATS[2];
  check_pixel(dst, rgba, 0, 2, 2, (Rgb){255, 0, 0}, 2);
  check_pixel(dst, rgba, 0, 30, 30, (Rgb){51, 0, 204}, 5);
  check_pixel(dst, rgba, 1, 30, 30, (Rgb){255, 0, 0}, 2);

  NvBufSurfTransform_ColorParams white = {.red = 1, .green = 1, .blue = 1, .alpha = 1};
  NvBufSurfTransformCompositeBlendParams on_white = {.color_bg = &white};
  CHECK_INT(NvBufSurfTransformCompositeBlend(red, NULL, mask, dst, &on_white), 0);
  check_pixel(dst, rgba, 1, 30, 30, (Rgb){255, 204, 204}, 2);
  CHECK_INT(NvBufSurfTransformCompositeBlend(red, NULL, mask, dst, &params), INVALID);
  CHECK_INT(NvBufSurfTransformCompositeBlend(NULL, blue, mask, dst, &params), INVALID);
  CHECK_INT(NvBufSurfTransformCompositeBlend(red, blue, mask, NULL, &params), INVALID);
  CHECK_INT(NvBufSurfTransformCompositeBlend(red, blue, mask, dst, NULL), INVALID);
  CHECK_INT(NvBufSurfTransformCompositeBlend(red, blue, blue, dst, &params),
            NvBufSurfTransformError_Unsupported);
  mask->batchSize = 1;
  CHECK_INT(NvBufSurfTransformCompositeBlend(red, blue, mask, dst, &params), INVALID);
  NvBufSurfaceDestroy(red);
  NvBufSurfaceDestroy(blue);
  NvBufSurfaceDestroy(paint_blue);
  NvBufSurfaceDestroy(mask);
  NvBufSurfaceDestroy(dst);
}

static void check_inputs(const PicFormat *to) {
  NvBufSurface *inputs[3] = {pic_surface(NVBUF_COLOR_FORMAT_RGB, 32, 32, 1),
                             pic_surface(NVBUF_COLOR_FORMAT_BGR, 8, 8, 1),
                             pic_surface(NVBUF_COLOR_FORMAT_RGBA, 8, 8, 1)};
  NvBufSurface *dst = pic_surface(to->color, 64, 64, 1);
  paint(inputs[0], 0, (uint8_t[]){200, 0, 0});
  paint(inputs[1], 0, (uint8_t[]){0, 200, 0});
  paint(inputs[2], 0, (uint8_t[]){0, 0, 200, 255});
  NvBufSurfTransform_ColorParams gray = {.red = .5, .green = .5, .blue = .5, .alpha = 1};
  NvBufSurfTransformRect places[3] = {{.width = 32, .height = 32},
                                      {.left = 16, .top = 16, .width = 32, .height = 32},
                                      {.left = 48, .top = 48, .width = 16, .height = 16}};
  float alpha[3] = {1, .5f, .25f};
  NvBufSurfTransformCompositeBlendParamsEx params = {
      .params = {.composite_blend_flag = NVBUFSURF_TRANSFORM_BLEND,
                 .input_buf_count = 3,
                 .color_bg = &gray},
      .dst_comp_rect = places,
      .alpha = alpha};
  NvBufSurfTransformSyncObj_t sync = NULL;
  CHECK_INT(NvBufSurfTransformMultiInputBufCompositeBlendAsync(inputs, dst, &params, &sync), 0);
  CHECK_INT(NvBufSurfTransformSyncObjDestroy(&sync), 0);
  check_pixel(dst, to, 0, 4, 4, (Rgb){200, 0, 0}, 6);
  check_pixel(dst, to, 0, 24, 24, (Rgb){100, 100, 0}, 6);
  check_pixel(dst, to, 0, 40, 40, (Rgb){64, 164, 64}, 6);
  check_pixel(dst, to, 0, 60, 60, (Rgb){96, 96, 146}, 6);
  check_pixel(dst, to, 0, 4, 60, (Rgb){128, 128, 128}, 6);
  const float bad[] = {-1, 1.5f, NAN};
  for (int i = 0; i < 3; i++) {
    alpha[1] = bad[i];
    CHECK_INT(NvBufSurfTransformMultiInputBufCompositeBlend(inputs, dst, &params), INVALID);
  }
  alpha[1] = 1;
  CHECK_INT(NvBufSurfTransformMultiInputBufCompositeBlend(NULL, dst, &params), INVALID);
  CHECK_INT(NvBufSurfTransformMultiInputBufCompositeBlend(inputs, dst, NULL), INVALID);
  params.params.input_buf_count = 0;
  CHECK_INT(NvBufSurfTransformMultiInputBufCompositeBlend(inputs, dst, &params), INVALID);
  for (int i = 0; i < 3; i++) NvBufSurfaceDestroy(inputs[i]);
  NvBufSurfaceDestroy(dst);
}

int main(void) {
  for (int f = 0; f < 7; f++)
    for (int g = 0; g < 7; g++) check_grid(&PIC_FORMATS[f], &PIC_FORMATS[g]);
  check_composite_refusals();
  check_alpha(&PIC_FORMATS[0]);
  check_alpha(&PIC_FORMATS[2]);
  check_alpha(&PIC_FORMATS[5]);
  check_mask();
  check_inputs(&PIC_FORMATS[0]);
  check_inputs(&PIC_FORMATS[1]);
  check_inputs(&PIC_FORMATS[2]);
  check_inputs(&PIC_FORMATS[4]);
  puts("ok");
  return 0;
}
