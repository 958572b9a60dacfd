/* SPDX-License-Identifier: Apache-2.0 */
/* Scaling, turning, cropping and placing, pixel by pixel; and no byte touched that is not meant. */
#include <sys/mman.h>
#include <unistd.h>

#include "pictures.h"

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % limit;
}

static void fill_random(NvBufSurface *s) {
  for (uint32_t i = 0; i < s->batchSize; i++)
    for (uint32_t b = 0; b < s->surfaceList[i].dataSize; b++)
      ((uint8_t *)s->surfaceList[i].dataPtr)[b] = (uint8_t)random_below(256);
}

static void transform(NvBufSurface *src, NvBufSurface *dst, NvBufSurfTransform_Flip flip,
                      NvBufSurfTransform_Inter filter) {
  NvBufSurfTransformParams params = {
      .transform_flag = NVBUFSURF_TRANSFORM_FILTER | NVBUFSURF_TRANSFORM_FLIP,
      .transform_flip = flip,
      .transform_filter = filter};
  CHECK_INT(NvBufSurfTransform(src, dst, &params), NvBufSurfTransformError_Success);
}

static void check_same_pixel(const NvBufSurface *a, int ax, int ay, const NvBufSurface *b, int bx,
                             int by, int plane) {
  size_t bytes = a->surfaceList->planeParams.bytesPerPix[plane];
  CHECK(memcmp(pic_at(a, 0, plane, ax, ay), pic_at(b, 0, plane, bx, by), bytes) == 0);
}

/* Nearest: the source pixel under the centre of each destination pixel. */
static void check_nearest(NvBufSurfaceColorFormat format, int width, int height, int factor) {
  NvBufSurface *src = pic_surface(format, (uint32_t)width, (uint32_t)height, 1);
  NvBufSurface *up =
      pic_surface(format, (uint32_t)(width * factor), (uint32_t)(height * factor), 1);
  fill_random(src);
  transform(src, up, NvBufSurfTransform_None, NvBufSurfTransformInter_Nearest);
  const NvBufSurfacePlaneParams *planes = &up->surfaceList->planeParams;
  for (uint32_t p = 0; p < planes->num_planes; p++)
    for (uint32_t y = 0; y < planes->height[p]; y++)
      for (uint32_t x = 0; x < planes->width[p]; x++)
        check_same_pixel(up, (int)x, (int)y, src, (int)x / factor, (int)y / factor, (int)p);
  NvBufSurface *down = pic_surface(format, (uint32_t)width, (uint32_t)height, 1);
  transform(up, down, NvBufSurfTransform_None, NvBufSurfTransformInter_Nearest);
  for (uint32_t p = 0; p < planes->num_planes; p++)
    for (uint32_t y = 0; y < down->surfaceList->planeParams.height[p]; y++)
      for (uint32_t x = 0; x < down->surfaceList->planeParams.width[p]; x++)
        check_same_pixel(down, (int)x, (int)y, src, (int)x, (int)y, (int)p);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(up);
  NvBufSurfaceDestroy(down);
}

/* Where the pixel at (x, y) of a w x h picture comes to lie. */
static void turned(NvBufSurfTransform_Flip flip, int x, int y, int w, int h, int *tx, int *ty) {
  switch (flip) {
    case NvBufSurfTransform_Rotate90: *tx = h - 1 - y, *ty = x; break;
    case NvBufSurfTransform_Rotate180: *tx = w - 1 - x, *ty = h - 1 - y; break;
    case NvBufSurfTransform_Rotate270: *tx = y, *ty = w - 1 - x; break;
    case NvBufSurfTransform_FlipX: *tx = x, *ty = h - 1 - y; break;
    case NvBufSurfTransform_FlipY: *tx = w - 1 - x, *ty = y; break;
    case NvBufSurfTransform_Transpose: *tx = y, *ty = x; break;
    case NvBufSurfTransform_InvTranspose: *tx = h - 1 - y, *ty = w - 1 - x; break;
    default: *tx = x, *ty = y;
  }
}

static int swaps(NvBufSurfTransform_Flip flip) {
  int x, y, right, down;
  turned(flip, 0, 0, 3, 2, &x, &y);
  turned(flip, 1, 0, 3, 2, &right, &down);
  return right == x;
}

static void check_turns(NvBufSurfaceColorFormat format, int width, int height) {
  for (int f = NvBufSurfTransform_None; f <= NvBufSurfTransform_InvTranspose; f++) {
    NvBufSurfTransform_Flip flip = (NvBufSurfTransform_Flip)f;
    int w = swaps(flip) ? height : width, h = swaps(flip) ? width : height;
    NvBufSurface *src = pic_surface(format, (uint32_t)width, (uint32_t)height, 1);
    NvBufSurface *dst = pic_surface(format, (uint32_t)w, (uint32_t)h, 1);
    fill_random(src);
    transform(src, dst, flip, NvBufSurfTransformInter_Bilinear);
    const NvBufSurfacePlaneParams *planes = &src->surfaceList->planeParams;
    for (uint32_t p = 0; p < planes->num_planes; p++)
      for (uint32_t y = 0; y < planes->height[p]; y++)
        for (uint32_t x = 0; x < planes->width[p]; x++) {
          int tx, ty;
          turned(flip, (int)x, (int)y, (int)planes->width[p], (int)planes->height[p], &tx, &ty);
          check_same_pixel(src, (int)x, (int)y, dst, tx, ty, (int)p);
        }
    NvBufSurfaceDestroy(src);
    NvBufSurfaceDestroy(dst);
  }
}

/* Turned, scaled and converted at once: a red corner ends where it should. */
static void check_turn_and_convert(void) {
  for (int f = NvBufSurfTransform_None; f <= NvBufSurfTransform_InvTranspose; f++) {
    NvBufSurfTransform_Flip flip = (NvBufSurfTransform_Flip)f;
    NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_RGB, 64, 32, 1);
    NvBufSurface *mid = pic_surface(NVBUF_COLOR_FORMAT_NV12, 80, 60, 1);
    NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 40, 44, 1);
    for (int y = 0; y < 8; y++)
      for (int x = 0; x < 16; x++) pic_at(src, 0, 0, x, y)[0] = 255;
    transform(src, mid, flip, NvBufSurfTransformInter_Default);
    transform(mid, dst, NvBufSurfTransform_None, NvBufSurfTransformInter_Algo1);
    int x, y;
    turned(flip, 0, 0, 2, 2, &x, &y);
    for (int cy = 0; cy < 2; cy++)
      for (int cx = 0; cx < 2; cx++) {
        const uint8_t *p = pic_at(dst, 0, 0, cx * 39, cy * 43);
        CHECK_NEAR(p[0], cx == x && cy == y ? 255 : 0, 6);
        CHECK_NEAR(p[1], 0, 6);
      }
    NvBufSurfaceDestroy(src);
    NvBufSurfaceDestroy(mid);
    NvBufSurfaceDestroy(dst);
  }
}

/* Every byte outside `rect` is as before, padding at the end of rows included. */
static void check_outside(const NvBufSurface *dst, const NvBufSurface *before, uint32_t index,
                          const NvBufSurfTransformRect *rect) {
  const NvBufSurfacePlaneParams *planes = &dst->surfaceList[index].planeParams;
  for (uint32_t p = 0; p < planes->num_planes; p++) {
    uint32_t sub = p == 0 ? 1 : 2, bytes = planes->bytesPerPix[p];
    uint32_t left = rect->left / sub * bytes;
    uint32_t right = (rect->left + rect->width + sub - 1) / sub * bytes;
    uint32_t top = rect->top / sub, bottom = (rect->top + rect->height + sub - 1) / sub;
    for (uint32_t y = 0; y < planes->height[p]; y++) {
      const uint8_t *now = pic_at(dst, index, (int)p, 0, (int)y);
      const uint8_t *then = pic_at(before, index, (int)p, 0, (int)y);
      if (y < top || y >= bottom) {
        CHECK(memcmp(now, then, planes->pitch[p]) == 0);
      } else {
        CHECK(memcmp(now, then, left) == 0);
        CHECK(memcmp(now + right, then + right, planes->pitch[p] - right) == 0);
      }
    }
  }
}

static void copy_all_bytes(const NvBufSurface *src, NvBufSurface *dst) {
  for (uint32_t i = 0; i < src->batchSize; i++)
    memcpy(dst->surfaceList[i].dataPtr, src->surfaceList[i].dataPtr, src->surfaceList[i].dataSize);
}

/* A frame placed inside a larger one leaves the border as it was. */
static void check_letterbox(const PicFormat *from, const PicFormat *to) {
  NvBufSurface *src = pic_surface(from->color, 64, 36, 2);
  NvBufSurface *dst = pic_surface(to->color, 96, 96, 2);
  NvBufSurface *before = pic_surface(to->color, 96, 96, 2);
  fill_random(dst);
  copy_all_bytes(dst, before);
  NvBufSurfTransformRect places[2] = {{.top = 20, .left = 0, .width = 96, .height = 54},
                                      {.top = 0, .left = 30, .width = 32, .height = 18}};
  NvBufSurfTransformParams params = {
      .transform_flag = NVBUFSURF_TRANSFORM_CROP_DST, .dst_rect = places};
  for (uint32_t i = 0; i < 2; i++) pic_draw(from, src, i);
  CHECK_INT(NvBufSurfTransform(src, dst, &params), 0);
  for (uint32_t i = 0; i < 2; i++) check_outside(dst, before, i, &places[i]);
  /* The middle holds the middle of the picture. */
  Rgb want = pic_expected(from, to, pic_color(.5, .5)), have = pic_get(to, dst, 0, 48, 46);
  CHECK_NEAR(have.r, want.r, 10);
  CHECK_NEAR(have.g, want.g, 10);
  CHECK_NEAR(have.b, want.b, 10);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(dst);
  NvBufSurfaceDestroy(before);
}

static NvBufSurfTransformRect random_rect(uint32_t width, uint32_t height) {
  NvBufSurfTransformRect rect = {.left = random_below(width), .top = random_below(height)};
  rect.width = 1 + random_below(width - rect.left);
  rect.height = 1 + random_below(height - rect.top);
  return rect;
}

/* The same for rectangles at odd places and of odd sizes. */
static void check_borders(int rounds) {
  for (int i = 0; i < rounds; i++) {
    const PicFormat *from = &PIC_FORMATS[random_below((uint32_t)PIC_FORMAT_COUNT)];
    const PicFormat *to = &PIC_FORMATS[random_below((uint32_t)PIC_FORMAT_COUNT)];
    uint32_t width = 1 + random_below(150), height = 1 + random_below(60);
    NvBufSurface *src = pic_surface(from->color, 1 + random_below(150), 1 + random_below(60), 1);
    NvBufSurface *dst = pic_surface(to->color, width, height, 1);
    NvBufSurface *before = pic_surface(to->color, width, height, 1);
    fill_random(src);
    fill_random(dst);
    copy_all_bytes(dst, before);
    NvBufSurfTransformRect rect = random_rect(width, height);
    uint32_t optional = NVBUFSURF_TRANSFORM_FLIP | NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP;
    NvBufSurfTransformParams params = {
        .transform_flag = NVBUFSURF_TRANSFORM_CROP_DST | (random_below(64) & optional),
        .transform_flip = (NvBufSurfTransform_Flip)random_below(8),
        .dst_rect = &rect};
    NvBufSurfTransform_Error error = NvBufSurfTransform(src, dst, &params);
    CHECK(error == NvBufSurfTransformError_Success || error == NvBufSurfTransformError_ROI_Error);
    /* An odd start that is rounded down takes in one more row or column. */
    if (!(params.transform_flag & NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP) && to->kind != PIC_RGB &&
        to->kind != PIC_GRAY) {
      rect.width += rect.left & 1, rect.left &= ~1u;
      rect.height += rect.top & 1, rect.top &= ~1u;
    }
    check_outside(dst, before, 0, &rect);
    NvBufSurfaceDestroy(src);
    NvBufSurfaceDestroy(dst);
    NvBufSurfaceDestroy(before);
  }
}

/* Odd rectangles of subsampled formats go down to even ones, unless that is declined. */
static void check_odd_crop(void) {
  NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_NV12, 33, 17, 1);
  NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_GRAY8, 4, 4, 1);
  for (int y = 0; y < 17; y++)
    for (int x = 0; x < 33; x++) *pic_at(src, 0, 0, x, y) = (uint8_t)(x + 7 * y);
  NvBufSurfTransformRect crop = {.top = 5, .left = 3, .width = 5, .height = 5};
  NvBufSurfTransformRect place = {.width = 4, .height = 4};
  NvBufSurfTransformParams params = {
      .transform_flag = NVBUFSURF_TRANSFORM_CROP_SRC | NVBUFSURF_TRANSFORM_CROP_DST,
      .src_rect = &crop,
      .dst_rect = &place};
  CHECK_INT(NvBufSurfTransform(src, dst, &params), 0);
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 4; x++) CHECK_INT(*pic_at(dst, 0, 0, x, y), (2 + x) + 7 * (4 + y));
  crop.width = crop.height = 4;
  params.transform_flag |= NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP;
  CHECK_INT(NvBufSurfTransform(src, dst, &params), 0);
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 4; x++) CHECK_INT(*pic_at(dst, 0, 0, x, y), (3 + x) + 7 * (5 + y));
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(dst);
}

/* In place: turning a frame into itself, and shifting a part of it. */
static void check_in_place(void) {
  NvBufSurface *frame = pic_surface(NVBUF_COLOR_FORMAT_NV12, 40, 20, 1);
  NvBufSurface *before = pic_surface(NVBUF_COLOR_FORMAT_NV12, 40, 20, 1);
  fill_random(frame);
  CHECK_INT(NvBufSurfaceCopy(frame, before), 0);
  transform(frame, frame, NvBufSurfTransform_FlipY, NvBufSurfTransformInter_Default);
  for (int y = 0; y < 20; y++)
    for (int x = 0; x < 40; x++) check_same_pixel(frame, x, y, before, 39 - x, y, 0);
  NvBufSurfTransformRect from = {.width = 32, .height = 16};
  NvBufSurfTransformRect to = {.top = 4, .left = 8, .width = 32, .height = 16};
  NvBufSurfTransformParams params = {
      .transform_flag = NVBUFSURF_TRANSFORM_CROP_SRC | NVBUFSURF_TRANSFORM_CROP_DST,
      .src_rect = &from,
      .dst_rect = &to};
  CHECK_INT(NvBufSurfaceCopy(before, frame), 0);
  CHECK_INT(NvBufSurfTransform(frame, frame, &params), 0);
  for (int y = 0; y < 16; y++)
    for (int x = 0; x < 32; x++) check_same_pixel(frame, x + 8, y + 4, before, x, y, 0);
  NvBufSurfaceDestroy(frame);
  NvBufSurfaceDestroy(before);
}

/* A hand-built frame whose planes each end where unmapped memory begins: vector code that reads
 * or writes past a row's end is caught, which no sanitizer does in assembly. */
typedef struct {
  NvBufSurfaceParams entry;
  NvBufSurface surface;
  void *memory;
  size_t size;
} Guarded;

static void guarded_new(Guarded *g, const PicFormat *format, uint32_t width, uint32_t height) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint32_t planes = format->kind == PIC_PLANAR ? 3 : format->kind == PIC_SEMI ? 2 : 1;
  memset(g, 0, sizeof *g);
  NvBufSurfacePlaneParams *p = &g->entry.planeParams;
  p->num_planes = planes;
  size_t end[3], total = page;
  for (uint32_t i = 0; i < planes; i++) {
    p->width[i] = i ? (width + 1) / 2 : width;
    p->height[i] = i ? (height + 1) / 2 : height;
    p->bytesPerPix[i] = (uint32_t)(i ? (planes == 2 ? 2 : 1) : (uint32_t)format->bytes);
    p->pitch[i] = p->width[i] * p->bytesPerPix[i];
    p->psize[i] = p->pitch[i] * p->height[i];
    total += (p->psize[i] + page - 1) / page * page;
    end[i] = total;
    total += page;
  }
  g->size = total;
  g->memory = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(g->memory != MAP_FAILED);
  for (uint32_t i = 0; i < planes; i++) {
    size_t room = (p->psize[i] + page - 1) / page * page;
    CHECK_INT(mprotect((char *)g->memory + end[i] - room, room, PROT_READ | PROT_WRITE), 0);
    p->offset[i] = (uint32_t)(end[i] - p->psize[i]);
  }
  g->entry.width = width;
  g->entry.height = height;
  g->entry.pitch = p->pitch[0];
  g->entry.colorFormat = format->color;
  g->entry.dataPtr = g->memory;
  g->entry.dataSize = (uint32_t)total;
  g->surface = (NvBufSurface){.batchSize = 1, .numFilled = 1, .surfaceList = &g->entry};
}

static void check_bounds(int rounds) {
  for (int i = 0; i < rounds; i++) {
    const PicFormat *from = &PIC_FORMATS[random_below((uint32_t)PIC_FORMAT_COUNT)];
    const PicFormat *to = &PIC_FORMATS[random_below((uint32_t)PIC_FORMAT_COUNT)];
    Guarded src, dst;
    uint32_t limit = i % 8 ? 90 : 700;
    guarded_new(&src, from, 1 + random_below(limit), 1 + random_below(limit));
    guarded_new(&dst, to, 1 + random_below(limit), 1 + random_below(limit));
    NvBufSurfTransformRect crop = random_rect(src.entry.width, src.entry.height);
    NvBufSurfTransformRect place = random_rect(dst.entry.width, dst.entry.height);
    NvBufSurfTransformParams params = {.transform_flag = random_below(64) & ~16u,
                                       .transform_flip = (NvBufSurfTransform_Flip)random_below(8),
                                       .transform_filter =
                                           (NvBufSurfTransform_Inter)random_below(7),
                                       .src_rect = &crop,
                                       .dst_rect = &place};
    NvBufSurfTransform_Error error = NvBufSurfTransform(&src.surface, &dst.surface, &params);
    CHECK(error == NvBufSurfTransformError_Success || error == NvBufSurfTransformError_ROI_Error);
    munmap(src.memory, src.size);
    munmap(dst.memory, dst.size);
  }
}

/* Shrinking by whole numbers and simple fractions, for which there is special code. */
static void check_ratios(void) {
  const uint32_t ratios[][2] = {{1, 1}, {1, 2}, {1, 3}, {1, 4},  {1, 5}, {1, 6},
                                {1, 8}, {3, 4}, {3, 8}, {1, 12}, {2, 1}, {4, 1}};
  const NvBufSurfTransform_Inter filters[] = {
      NvBufSurfTransformInter_Nearest, NvBufSurfTransformInter_Bilinear,
      NvBufSurfTransformInter_Algo2};
  for (int f = 0; f < 7; f++)
    for (size_t i = 0; i < 12; i++)
      for (size_t j = 0; j < 12; j++)
        for (size_t k = 0; k < 3; k++) {
          Guarded src, dst;
          guarded_new(&src, &PIC_FORMATS[f], 24 * ratios[i][1], 24 * ratios[j][1]);
          guarded_new(&dst, &PIC_FORMATS[f], 24 * ratios[i][0], 24 * ratios[j][0]);
          CHECK_INT(NvBufSurfaceMemSet(&src.surface, 0, -1, 200), 0);
          transform(&src.surface, &dst.surface, NvBufSurfTransform_None, filters[k]);
          for (uint32_t x = 0; x < dst.entry.width; x++)
            CHECK_NEAR(*pic_at(&dst.surface, 0, 0, (int)x, (int)dst.entry.height - 1), 200, 2);
          munmap(src.memory, src.size);
          munmap(dst.memory, dst.size);
        }
}

static void check_sizes(void) {
  const int sizes[][2] = {{1, 1}, {3, 5}, {641, 361}, {2, 1}, {1, 300}, {7, 2}};
  for (size_t i = 0; i < 6; i++)
    for (size_t j = 0; j < 6; j++)
      for (int f = 0; f < 7; f++)
        for (int g = 0; g < 7; g++) {
          if ((i == 2 || j == 2) && (f + g) % 3) continue;
          NvBufSurface *src = pic_surface(PIC_FORMATS[f].color, (uint32_t)sizes[i][0],
                                          (uint32_t)sizes[i][1], 1);
          NvBufSurface *dst = pic_surface(PIC_FORMATS[g].color, (uint32_t)sizes[j][0],
                                          (uint32_t)sizes[j][1], 1);
          CHECK_INT(NvBufSurfaceMemSet(src, 0, 0, 200), 0);
          transform(src, dst, NvBufSurfTransform_None, NvBufSurfTransformInter_Bilinear);
          Rgb want = pic_get(&PIC_FORMATS[f], src, 0, 0, 0);
          Rgb have = pic_get(&PIC_FORMATS[g], dst, 0, sizes[j][0] - 1, sizes[j][1] - 1);
          CHECK_NEAR(have.r, want.r, 3);
          CHECK_NEAR(have.g, want.g, 3);
          CHECK_NEAR(have.b, want.b, 3);
          NvBufSurfaceDestroy(src);
          NvBufSurfaceDestroy(dst);
        }
}

int main(void) {
  check_nearest(NVBUF_COLOR_FORMAT_GRAY8, 13, 7, 3);
  check_nearest(NVBUF_COLOR_FORMAT_RGBA, 13, 7, 3);
  check_nearest(NVBUF_COLOR_FORMAT_RGB, 13, 7, 3);
  check_nearest(NVBUF_COLOR_FORMAT_NV12, 26, 14, 3);
  check_nearest(NVBUF_COLOR_FORMAT_YUV420, 26, 14, 5);
  check_turns(NVBUF_COLOR_FORMAT_GRAY8, 37, 21);
  check_turns(NVBUF_COLOR_FORMAT_NV12, 38, 22);
  check_turns(NVBUF_COLOR_FORMAT_NV12, 37, 21);
  check_turns(NVBUF_COLOR_FORMAT_YUV420, 64, 32);
  check_turns(NVBUF_COLOR_FORMAT_RGBA, 37, 21);
  check_turns(NVBUF_COLOR_FORMAT_RGB, 37, 21);
  check_turn_and_convert();
  for (int f = 0; f < 7; f++)
    for (int g = 0; g < 7; g++) check_letterbox(&PIC_FORMATS[f], &PIC_FORMATS[g]);
  check_borders(1000);
  check_odd_crop();
  check_in_place();
  check_sizes();
  check_ratios();
  check_bounds(3000);
  puts("ok");
  return 0;
}
