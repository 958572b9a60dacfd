/* SPDX-License-Identifier: Apache-2.0 */
/* Bilinear scaling against the plain formula: centres half a pixel from the edge, in both
 * directions, however either side changes. */
#include "pictures.h"

#define TOLERANCE 2

static const NvBufSurfTransformRect NO_CROP;

static void fill_random(NvBufSurface *s) {
  static uint32_t state = 99;
  for (uint32_t b = 0; b < s->surfaceList->dataSize; b++) {
    state = state * 1664525u + 1013904223u;
    ((uint8_t *)s->surfaceList->dataPtr)[b] = (uint8_t)(state >> 24);
  }
}

static void transform(NvBufSurface *src, NvBufSurface *dst, NvBufSurfTransformRect crop,
                      NvBufSurfTransformRect place, NvBufSurfTransform_Inter filter) {
  NvBufSurfTransformParams params = {.transform_flag = NVBUFSURF_TRANSFORM_FILTER,
                                     .transform_filter = filter,
                                     .src_rect = &crop,
                                     .dst_rect = &place};
  if (crop.width) params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_SRC;
  if (place.width) params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_DST;
  CHECK_INT(NvBufSurfTransform(src, dst, &params), NvBufSurfTransformError_Success);
}

static NvBufSurfTransformRect whole(const NvBufSurface *s, NvBufSurfTransformRect rect) {
  if (rect.width) return rect;
  return (NvBufSurfTransformRect){.width = s->surfaceList->width,
                                  .height = s->surfaceList->height};
}

static double clamped(double value, double last) {
  return value < 0 ? 0 : value > last ? last : value;
}

/* Byte `c` of the pixel of `rect` that (x, y) of a width x height picture shows. */
static double expected(const NvBufSurface *s, int plane, NvBufSurfTransformRect rect, int x, int y,
                       int c, int width, int height) {
  double at_x = clamped((x + .5) * rect.width / width - .5, rect.width - 1);
  double at_y = clamped((y + .5) * rect.height / height - .5, rect.height - 1);
  int left = (int)at_x, top = (int)at_y, l = (int)rect.left, t = (int)rect.top;
  int right = left + 1 < (int)rect.width ? left + 1 : left;
  int bottom = top + 1 < (int)rect.height ? top + 1 : top;
  double fx = at_x - left, fy = at_y - top;
  return (pic_at(s, 0, plane, l + left, t + top)[c] * (1 - fx) +
          pic_at(s, 0, plane, l + right, t + top)[c] * fx) * (1 - fy) +
         (pic_at(s, 0, plane, l + left, t + bottom)[c] * (1 - fx) +
          pic_at(s, 0, plane, l + right, t + bottom)[c] * fx) * fy;
}

/* Plane `plane` of `dst` is the plane of `src`, cropped, scaled and placed. */
static void check_plane(const NvBufSurface *src, NvBufSurfTransformRect crop,
                        const NvBufSurface *dst, NvBufSurfTransformRect place, int plane) {
  NvBufSurfTransformRect from = whole(src, crop), to = whole(dst, place);
  if (plane > 0) {
    from = (NvBufSurfTransformRect){.left = from.left / 2, .top = from.top / 2,
                                    .width = (from.width + 1) / 2,
                                    .height = (from.height + 1) / 2};
    to = (NvBufSurfTransformRect){.left = to.left / 2, .top = to.top / 2,
                                  .width = (to.width + 1) / 2, .height = (to.height + 1) / 2};
  }
  for (int y = 0; y < (int)to.height; y++)
    for (int x = 0; x < (int)to.width; x++)
      for (int c = 0; c < (int)dst->surfaceList->planeParams.bytesPerPix[plane]; c++)
        CHECK_NEAR(pic_at(dst, 0, plane, (int)to.left + x, (int)to.top + y)[c],
                   expected(src, plane, from, x, y, c, (int)to.width, (int)to.height), TOLERANCE);
}

static void check_format(NvBufSurfaceColorFormat color, const int size[4],
                         NvBufSurfTransform_Inter filter) {
  NvBufSurface *src = pic_surface(color, (uint32_t)size[0], (uint32_t)size[1], 1);
  NvBufSurface *dst = pic_surface(color, (uint32_t)size[2], (uint32_t)size[3], 1);
  fill_random(src);
  transform(src, dst, NO_CROP, NO_CROP, filter);
  for (int p = 0; p < (int)src->surfaceList->planeParams.num_planes; p++)
    check_plane(src, NO_CROP, dst, NO_CROP, p);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(dst);
}

static void check_crops(NvBufSurfaceColorFormat color) {
  const NvBufSurfTransformRect crops[] = {{.top = 6, .left = 10, .width = 20, .height = 14},
                                          {.top = 40, .left = 62, .width = 2, .height = 8},
                                          {.top = 0, .left = 0, .width = 64, .height = 2},
                                          {.top = 46, .left = 0, .width = 30, .height = 2}};
  const NvBufSurfTransformRect place = {.top = 4, .left = 8, .width = 50, .height = 34};
  for (int i = 0; i < 4; i++) {
    NvBufSurface *src = pic_surface(color, 64, 48, 1), *dst = pic_surface(color, 80, 60, 1);
    fill_random(src);
    transform(src, dst, crops[i], place, NvBufSurfTransformInter_Bilinear);
    for (int p = 0; p < (int)src->surfaceList->planeParams.num_planes; p++)
      check_plane(src, crops[i], dst, place, p);
    NvBufSurfaceDestroy(src);
    NvBufSurfaceDestroy(dst);
  }
}

/* Turned and scaled: scaled, then turned. */
static void check_turned(void) {
  NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 30, 20, 1);
  NvBufSurface *wide = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 47, 33, 1);
  NvBufSurface *high = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 33, 47, 1);
  fill_random(src);
  NvBufSurfTransformParams params = {.transform_flag = NVBUFSURF_TRANSFORM_FLIP,
                                     .transform_flip = NvBufSurfTransform_Transpose};
  transform(src, wide, NO_CROP, NO_CROP, NvBufSurfTransformInter_Default);
  CHECK_INT(NvBufSurfTransform(src, high, &params), 0);
  for (int y = 0; y < 33; y++)
    for (int x = 0; x < 47; x++)
      CHECK(memcmp(pic_at(wide, 0, 0, x, y), pic_at(high, 0, 0, y, x), 4) == 0);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(wide);
  NvBufSurfaceDestroy(high);
}

/* Between YUV and RGB the picture is scaled as RGB, as a program does that decodes and resizes:
 * noise in the chroma tells. */
static void check_family(NvBufSurfaceColorFormat yuv, NvBufSurfaceColorFormat rgb,
                         const int size[4]) {
  const uint32_t from_width = (uint32_t)size[0], from_height = (uint32_t)size[1];
  const uint32_t to_width = (uint32_t)size[2], to_height = (uint32_t)size[3];
  NvBufSurface *coded = pic_surface(yuv, from_width, from_height, 1);
  NvBufSurface *shown = pic_surface(rgb, from_width, from_height, 1);
  NvBufSurface *scaled = pic_surface(rgb, to_width, to_height, 1);
  fill_random(coded);
  transform(coded, shown, NO_CROP, NO_CROP, NvBufSurfTransformInter_Bilinear);
  transform(coded, scaled, NO_CROP, NO_CROP, NvBufSurfTransformInter_Bilinear);
  check_plane(shown, NO_CROP, scaled, NO_CROP, 0);

  NvBufSurface *direct = pic_surface(yuv, to_width, to_height, 1);
  NvBufSurface *steps = pic_surface(yuv, to_width, to_height, 1);
  fill_random(shown);
  transform(shown, direct, NO_CROP, NO_CROP, NvBufSurfTransformInter_Bilinear);
  transform(shown, scaled, NO_CROP, NO_CROP, NvBufSurfTransformInter_Bilinear);
  transform(scaled, steps, NO_CROP, NO_CROP, NvBufSurfTransformInter_Bilinear);
  const NvBufSurfacePlaneParams *planes = &direct->surfaceList->planeParams;
  for (uint32_t p = 0; p < planes->num_planes; p++)
    for (uint32_t y = 0; y < planes->height[p]; y++)
      for (uint32_t b = 0; b < planes->width[p] * planes->bytesPerPix[p]; b++)
        CHECK_NEAR(pic_at(direct, 0, (int)p, 0, (int)y)[b], pic_at(steps, 0, (int)p, 0, (int)y)[b],
                   1);
  NvBufSurfaceDestroy(coded);
  NvBufSurfaceDestroy(shown);
  NvBufSurfaceDestroy(scaled);
  NvBufSurfaceDestroy(direct);
  NvBufSurfaceDestroy(steps);
}

/* Black, white and opaque stay what they are. */
static void check_constants(const int size[4]) {
  for (int level = 0; level < 256; level += 51) {
    NvBufSurface *src =
        pic_surface(NVBUF_COLOR_FORMAT_RGBA, (uint32_t)size[0], (uint32_t)size[1], 1);
    NvBufSurface *dst =
        pic_surface(NVBUF_COLOR_FORMAT_RGBA, (uint32_t)size[2], (uint32_t)size[3], 1);
    CHECK_INT(NvBufSurfaceMemSet(src, 0, 0, (uint8_t)level), 0);
    transform(src, dst, NO_CROP, NO_CROP, NvBufSurfTransformInter_Bilinear);
    for (int y = 0; y < size[3]; y++)
      for (int x = 0; x < size[2] * 4; x++) CHECK_INT(pic_at(dst, 0, 0, 0, y)[x], level);
    NvBufSurfaceDestroy(src);
    NvBufSurfaceDestroy(dst);
  }
}

int main(void) {
  const int sizes[][4] = {
      {40, 30, 80, 60},  {80, 60, 40, 30},  {64, 27, 64, 37},   {64, 27, 91, 27},
      {53, 31, 149, 97}, {149, 97, 53, 31}, {90, 30, 61, 55},   {30, 90, 55, 61},
      {1, 1, 9, 7},      {1, 40, 30, 50},   {40, 1, 50, 30},    {2, 2, 7, 9},
      {33, 17, 1, 1},    {64, 48, 48, 36},  {64, 48, 24, 18},   {64, 48, 16, 12},
      {60, 48, 20, 16},  {40, 30, 80, 15},  {300, 20, 270, 40}, {20, 15, 60, 45},
  };
  const NvBufSurfaceColorFormat colors[] = {NVBUF_COLOR_FORMAT_GRAY8, NVBUF_COLOR_FORMAT_RGBA,
                                            NVBUF_COLOR_FORMAT_RGB, NVBUF_COLOR_FORMAT_NV12,
                                            NVBUF_COLOR_FORMAT_YUV420};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    for (int f = 0; f < 5; f++) {
      check_format(colors[f], sizes[i], NvBufSurfTransformInter_Bilinear);
      check_format(colors[f], sizes[i], NvBufSurfTransformInter_Default);
      /* Where the box filter has no area to average, it is the same. */
      if (2 * sizes[i][2] >= sizes[i][0] + 2 || 2 * sizes[i][3] >= sizes[i][1] + 2)
        check_format(colors[f], sizes[i], NvBufSurfTransformInter_Algo1);
    }
    for (int f = 3; f < 5; f++) {
      check_family(colors[f], NVBUF_COLOR_FORMAT_RGBA, sizes[i]);
      check_family(colors[f], NVBUF_COLOR_FORMAT_BGR, sizes[i]);
    }
    check_constants(sizes[i]);
  }
  for (int f = 0; f < 5; f++) check_crops(colors[f]);
  check_turned();
  puts("ok");
  return 0;
}
