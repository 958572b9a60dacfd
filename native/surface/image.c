/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <limits.h>

static const Colour BT601 = {0.299f, 0.114f, false, &kYuvI601Constants, &kYvuI601Constants};
static const Colour BT601_FULL = {0.299f, 0.114f, true, &kYuvJPEGConstants, &kYvuJPEGConstants};
static const Colour BT709 = {0.2126f, 0.0722f, false, &kYuvH709Constants, &kYvuH709Constants};
static const Colour BT709_FULL = {0.2126f, 0.0722f, true, &kYuvF709Constants, &kYvuF709Constants};
static const Colour BT2020 = {0.2627f, 0.0593f, false, &kYuv2020Constants, &kYvu2020Constants};

static PixelFormat yuv(Layout layout, bool swapped, const Colour *colour) {
  return (PixelFormat){.layout = layout, .swapped = swapped, .colour = colour};
}

static PixelFormat rgb32(bool alpha, uint8_t b, uint8_t g, uint8_t r, uint8_t a) {
  return (PixelFormat){.layout = LAYOUT_RGB32, .alpha = alpha, .b = b, .g = g, .r = r, .a = a};
}

static PixelFormat rgb24(bool swapped) {
  return (PixelFormat){.layout = LAYOUT_RGB24, .swapped = swapped};
}

PixelFormat format_bgra(void) {
  return rgb32(true, 0, 1, 2, 3);
}

bool format_find(NvBufSurfaceColorFormat color, PixelFormat *format) {
  switch (color) {
    case NVBUF_COLOR_FORMAT_GRAY8: *format = yuv(LAYOUT_GRAY, false, &BT601); break;
    case NVBUF_COLOR_FORMAT_GRAY8_ER: *format = yuv(LAYOUT_GRAY, false, &BT601_FULL); break;
    case NVBUF_COLOR_FORMAT_YUV420: *format = yuv(LAYOUT_PLANAR, false, &BT601); break;
    case NVBUF_COLOR_FORMAT_YVU420: *format = yuv(LAYOUT_PLANAR, true, &BT601); break;
    case NVBUF_COLOR_FORMAT_YUV420_ER: *format = yuv(LAYOUT_PLANAR, false, &BT601_FULL); break;
    case NVBUF_COLOR_FORMAT_YVU420_ER: *format = yuv(LAYOUT_PLANAR, true, &BT601_FULL); break;
    case NVBUF_COLOR_FORMAT_YUV420_709: *format = yuv(LAYOUT_PLANAR, false, &BT709); break;
    case NVBUF_COLOR_FORMAT_YUV420_709_ER: *format = yuv(LAYOUT_PLANAR, false, &BT709_FULL); break;
    case NVBUF_COLOR_FORMAT_YUV420_2020: *format = yuv(LAYOUT_PLANAR, false, &BT2020); break;
    case NVBUF_COLOR_FORMAT_NV12: *format = yuv(LAYOUT_SEMI, false, &BT601); break;
    case NVBUF_COLOR_FORMAT_NV12_ER: *format = yuv(LAYOUT_SEMI, false, &BT601_FULL); break;
    case NVBUF_COLOR_FORMAT_NV12_709: *format = yuv(LAYOUT_SEMI, false, &BT709); break;
    case NVBUF_COLOR_FORMAT_NV12_709_ER: *format = yuv(LAYOUT_SEMI, false, &BT709_FULL); break;
    case NVBUF_COLOR_FORMAT_NV12_2020: *format = yuv(LAYOUT_SEMI, false, &BT2020); break;
    case NVBUF_COLOR_FORMAT_NV21: *format = yuv(LAYOUT_SEMI, true, &BT601); break;
    case NVBUF_COLOR_FORMAT_NV21_ER: *format = yuv(LAYOUT_SEMI, true, &BT601_FULL); break;
    case NVBUF_COLOR_FORMAT_RGBA: *format = rgb32(true, 2, 1, 0, 3); break;
    case NVBUF_COLOR_FORMAT_BGRA: *format = rgb32(true, 0, 1, 2, 3); break;
    case NVBUF_COLOR_FORMAT_ARGB: *format = rgb32(true, 3, 2, 1, 0); break;
    case NVBUF_COLOR_FORMAT_ABGR: *format = rgb32(true, 1, 2, 3, 0); break;
    case NVBUF_COLOR_FORMAT_RGBx: *format = rgb32(false, 2, 1, 0, 3); break;
    case NVBUF_COLOR_FORMAT_BGRx: *format = rgb32(false, 0, 1, 2, 3); break;
    case NVBUF_COLOR_FORMAT_xRGB: *format = rgb32(false, 3, 2, 1, 0); break;
    case NVBUF_COLOR_FORMAT_xBGR: *format = rgb32(false, 1, 2, 3, 0); break;
    case NVBUF_COLOR_FORMAT_RGB: *format = rgb24(true); break;
    case NVBUF_COLOR_FORMAT_BGR: *format = rgb24(false); break;
    default: return false;
  }
  return true;
}

bool same_colour(const PixelFormat *a, const PixelFormat *b) {
  if (!is_yuv(a) || !is_yuv(b) || a->colour->full != b->colour->full)
    return false;
  return a->layout == LAYOUT_GRAY || b->layout == LAYOUT_GRAY || a->colour->kr == b->colour->kr;
}

bool same_order(const PixelFormat *a, const PixelFormat *b) {
  return a->layout == LAYOUT_RGB32 && b->layout == LAYOUT_RGB32 && a->b == b->b && a->g == b->g &&
         a->r == b->r;
}

static int plane_total(const PixelFormat *format) {
  return format->layout == LAYOUT_PLANAR ? 3 : format->layout == LAYOUT_SEMI ? 2 : 1;
}

/* Bytes of a row and number of rows of one plane. */
static void plane_extent(const Image *image, int plane, uint32_t *row, uint32_t *rows) {
  if (plane == 0) {
    *row = (uint32_t)(image->width * pixel_bytes(&image->format));
    *rows = (uint32_t)image->height;
    return;
  }
  int pair = image->format.layout == LAYOUT_SEMI ? 2 : 1;
  *row = (uint32_t)(chroma_side(image->width) * pair);
  *rows = (uint32_t)chroma_side(image->height);
}

NvBufSurfTransform_Error image_of(const NvBufSurface *surface, uint32_t index, Image *image) {
  if (!surface->surfaceList || index >= surface->batchSize)
    return NvBufSurfTransformError_Invalid_Params;
  if (surface->memType != NVBUF_MEM_SYSTEM && surface->memType != NVBUF_MEM_DEFAULT)
    return NvBufSurfTransformError_Unsupported;
  const NvBufSurfaceParams *entry = &surface->surfaceList[index];
  const NvBufSurfacePlaneParams *planes = &entry->planeParams;
  if (!format_find(entry->colorFormat, &image->format) || entry->layout != NVBUF_LAYOUT_PITCH)
    return NvBufSurfTransformError_Unsupported;
  if (!entry->dataPtr || entry->width == 0 || entry->height == 0)
    return NvBufSurfTransformError_Invalid_Params;
  if (entry->width > IMAGE_MAX_SIDE || entry->height > IMAGE_MAX_SIDE ||
      (uint64_t)entry->width * entry->height * 4 > INT_MAX)
    return NvBufSurfTransformError_Unsupported;

  image->width = (int)entry->width;
  image->height = (int)entry->height;
  int total = plane_total(&image->format);
  if (planes->num_planes < (uint32_t)total || planes->num_planes > NVBUF_MAX_PLANES)
    return NvBufSurfTransformError_Invalid_Params;
  for (int p = 0; p < total; p++) {
    uint32_t row, rows;
    plane_extent(image, p, &row, &rows);
    uint64_t span = (uint64_t)planes->pitch[p] * (rows - 1) + row;
    if (planes->pitch[p] < row || planes->pitch[p] > INT_MAX || planes->height[p] < rows ||
        (uint64_t)planes->width[p] * planes->bytesPerPix[p] < row)
      return NvBufSurfTransformError_Invalid_Params;
    /* Programs that wrap memory of their own may leave the sizes out. */
    if ((entry->dataSize > 0 && planes->offset[p] + span > entry->dataSize) ||
        (planes->psize[p] > 0 && span > planes->psize[p]))
      return NvBufSurfTransformError_Invalid_Params;
    int to = image->format.layout == LAYOUT_PLANAR && image->format.swapped && p > 0 ? 3 - p : p;
    image->plane[to] = (uint8_t *)entry->dataPtr + planes->offset[p];
    image->stride[to] = (int)planes->pitch[p];
  }
  return NvBufSurfTransformError_Success;
}

NvBufSurfTransform_Error image_crop(Image *image, const NvBufSurfTransformRect *rect,
                                    bool allow_odd) {
  if (!rect)
    return NvBufSurfTransformError_Success;
  uint32_t left = rect->left, top = rect->top, width = rect->width, height = rect->height;
  if ((uint64_t)left + width > (uint64_t)image->width ||
      (uint64_t)top + height > (uint64_t)image->height)
    return NvBufSurfTransformError_ROI_Error;
  if (is_subsampled(&image->format) && !allow_odd) {
    left &= ~1u;
    top &= ~1u;
    if (left + width < (uint32_t)image->width)
      width &= ~1u;
    if (top + height < (uint32_t)image->height)
      height &= ~1u;
  }
  if (width == 0 || height == 0)
    return NvBufSurfTransformError_ROI_Error;

  image->width = (int)width;
  image->height = (int)height;
  image->plane[0] += (size_t)top * (size_t)image->stride[0] +
                     (size_t)left * (size_t)pixel_bytes(&image->format);
  if (is_subsampled(&image->format)) {
    bool semi = image->format.layout == LAYOUT_SEMI;
    for (int p = 1; p < (semi ? 2 : 3); p++)
      image->plane[p] += (size_t)(top / 2) * (size_t)image->stride[p] + left / 2 * (semi ? 2 : 1);
  }
  return NvBufSurfTransformError_Success;
}

Image image_rows(const Image *image, int y, int height) {
  Image part = *image;
  part.height = height;
  part.plane[0] += (size_t)y * (size_t)part.stride[0];
  for (int p = 1; p < plane_total(&part.format); p++)
    part.plane[p] += (size_t)(y / 2) * (size_t)part.stride[p];
  return part;
}

static void plane_range(const Image *image, int plane, uintptr_t *first, uintptr_t *last) {
  uint32_t row, rows;
  plane_extent(image, plane, &row, &rows);
  *first = (uintptr_t)image->plane[plane];
  *last = *first + (size_t)image->stride[plane] * (rows - 1) + row;
}

bool images_overlap(const Image *a, const Image *b) {
  for (int p = 0; p < plane_total(&a->format); p++)
    for (int q = 0; q < plane_total(&b->format); q++) {
      uintptr_t a0, a1, b0, b1;
      plane_range(a, p, &a0, &a1);
      plane_range(b, q, &b0, &b1);
      if (a0 < b1 && b0 < a1)
        return true;
    }
  return false;
}
