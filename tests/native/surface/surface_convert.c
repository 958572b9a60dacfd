/* SPDX-License-Identifier: Apache-2.0 */
/* Every format to every other one, at the same size, growing and shrinking. */
#include "pictures.h"

static double worst_psnr(int width, int height, int to_width, int to_height,
                         NvBufSurfTransform_Inter filter, double least) {
  double worst = 1e9;
  for (int i = 0; i < PIC_FORMAT_COUNT; i++)
    for (int j = 0; j < PIC_FORMAT_COUNT; j++) {
      const PicFormat *from = &PIC_FORMATS[i], *to = &PIC_FORMATS[j];
      NvBufSurface *src = pic_surface(from->color, (uint32_t)width, (uint32_t)height, 1);
      NvBufSurface *dst = pic_surface(to->color, (uint32_t)to_width, (uint32_t)to_height, 1);
      pic_draw(from, src, 0);
      NvBufSurfTransformParams params = {.transform_flag = NVBUFSURF_TRANSFORM_FILTER,
                                         .transform_filter = filter};
      CHECK_INT(NvBufSurfTransform(src, dst, &params), NvBufSurfTransformError_Success);
      double psnr = pic_psnr(from, to, dst, 0);
      if (psnr < least)
        fprintf(stderr, "format %d to %d, %dx%d to %dx%d: %.1f dB\n", (int)from->color,
                (int)to->color, width, height, to_width, to_height, psnr);
      CHECK(psnr >= least);
      if (to->a >= 0)
        for (int y = 0; y < to_height; y++)
          for (int x = 0; x < to_width; x++) CHECK_INT(pic_at(dst, 0, 0, x, y)[to->a], 255);
      worst = psnr < worst ? psnr : worst;
      NvBufSurfaceDestroy(src);
      NvBufSurfaceDestroy(dst);
    }
  return worst;
}

/* Samples of one family are moved, not computed. */
static void check_lossless(NvBufSurfaceColorFormat a, NvBufSurfaceColorFormat b, int width,
                           int height) {
  NvBufSurface *src = pic_surface(a, (uint32_t)width, (uint32_t)height, 1);
  NvBufSurface *mid = pic_surface(b, (uint32_t)width, (uint32_t)height, 1);
  NvBufSurface *dst = pic_surface(a, (uint32_t)width, (uint32_t)height, 1);
  NvBufSurfaceParams *from = src->surfaceList, *to = dst->surfaceList;
  for (uint32_t i = 0; i < from->dataSize; i++) ((uint8_t *)from->dataPtr)[i] = (uint8_t)(i * 37);
  NvBufSurfTransformParams params = {0};
  CHECK_INT(NvBufSurfTransform(src, mid, &params), 0);
  CHECK_INT(NvBufSurfTransform(mid, dst, &params), 0);
  for (uint32_t p = 0; p < from->planeParams.num_planes; p++)
    for (uint32_t y = 0; y < from->planeParams.height[p]; y++)
      CHECK(memcmp(pic_at(src, 0, (int)p, 0, (int)y), pic_at(dst, 0, (int)p, 0, (int)y),
                   from->planeParams.width[p] * from->planeParams.bytesPerPix[p]) == 0);
  (void)to;
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(mid);
  NvBufSurfaceDestroy(dst);
}

static void check_extremes(void) {
  /* Black and white survive the way to YUV and back, in every matrix and range. */
  for (int j = 0; j < PIC_FORMAT_COUNT; j++)
    for (int level = 0; level < 256; level += 255) {
      NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 18, 10, 1);
      NvBufSurface *mid = pic_surface(PIC_FORMATS[j].color, 18, 10, 1);
      NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_BGR, 18, 10, 1);
      NvBufSurfTransformParams params = {0};
      CHECK_INT(NvBufSurfaceMemSet(src, 0, 0, (uint8_t)level), 0);
      CHECK_INT(NvBufSurfTransform(src, mid, &params), 0);
      CHECK_INT(NvBufSurfTransform(mid, dst, &params), 0);
      for (int y = 0; y < 10; y++)
        for (int x = 0; x < 18 * 3; x++)
          CHECK_NEAR(pic_at(dst, 0, 0, 0, y)[x], level, 1);
      NvBufSurfaceDestroy(src);
      NvBufSurfaceDestroy(mid);
      NvBufSurfaceDestroy(dst);
    }
}

int main(void) {
  printf("same size %.1f dB\n",
         worst_psnr(96, 64, 96, 64, NvBufSurfTransformInter_Bilinear, 34));
  printf("odd size %.1f dB\n", worst_psnr(97, 65, 97, 65, NvBufSurfTransformInter_Bilinear, 34));
  printf("growing %.1f dB\n", worst_psnr(80, 60, 121, 90, NvBufSurfTransformInter_Bilinear, 30));
  printf("shrinking %.1f dB\n", worst_psnr(97, 65, 61, 40, NvBufSurfTransformInter_Bilinear, 30));
  printf("box %.1f dB\n", worst_psnr(160, 120, 48, 32, NvBufSurfTransformInter_Algo1, 30));
  check_lossless(NVBUF_COLOR_FORMAT_NV12, NVBUF_COLOR_FORMAT_YUV420, 33, 17);
  check_lossless(NVBUF_COLOR_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV21, 33, 17);
  check_lossless(NVBUF_COLOR_FORMAT_YUV420, NVBUF_COLOR_FORMAT_NV21, 34, 18);
  check_lossless(NVBUF_COLOR_FORMAT_YVU420, NVBUF_COLOR_FORMAT_NV12, 34, 18);
  check_lossless(NVBUF_COLOR_FORMAT_GRAY8, NVBUF_COLOR_FORMAT_NV12, 31, 19);
  check_lossless(NVBUF_COLOR_FORMAT_RGBA, NVBUF_COLOR_FORMAT_ABGR, 31, 19);
  check_lossless(NVBUF_COLOR_FORMAT_RGB, NVBUF_COLOR_FORMAT_BGR, 31, 19);
  check_lossless(NVBUF_COLOR_FORMAT_RGB, NVBUF_COLOR_FORMAT_ARGB, 31, 19);
  check_extremes();
  puts("ok");
  return 0;
}
