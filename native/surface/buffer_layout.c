/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer_layout.h"

#include <string.h>

/* Formats that share their arrangement of bytes. */
typedef enum {
  FAMILY_UNKNOWN,
  FAMILY_GRAY,   /* one plane */
  FAMILY_420P,   /* three planes, chroma halved both ways */
  FAMILY_422P,   /* three planes, chroma halved across */
  FAMILY_444P,   /* three planes of one size; also planar RGB */
  FAMILY_420SP,  /* luma and interleaved chroma, halved both ways */
  FAMILY_422SP,
  FAMILY_444SP,
  FAMILY_UYVY,   /* packed 4:2:2, chroma first */
  FAMILY_YUYV,   /* packed 4:2:2, luma first */
  FAMILY_PACKED, /* one plane of whole pixels */
} Family;

typedef struct {
  Family family;
  uint8_t bytes; /* of one sample, or of one pixel when packed */
  bool chroma;   /* the planes after the first hold chroma */
} Format;

static Format format_of(NvBufSurfaceColorFormat format) {
  switch (format) {
    case NVBUF_COLOR_FORMAT_GRAY8:
    case NVBUF_COLOR_FORMAT_GRAY8_ER:
      return (Format){FAMILY_GRAY, 1, false};
    case NVBUF_COLOR_FORMAT_GRAY16_LE:
      return (Format){FAMILY_GRAY, 2, false};
    case NVBUF_COLOR_FORMAT_YUV420:
    case NVBUF_COLOR_FORMAT_YVU420:
    case NVBUF_COLOR_FORMAT_YUV420_ER:
    case NVBUF_COLOR_FORMAT_YVU420_ER:
    case NVBUF_COLOR_FORMAT_YUV420_709:
    case NVBUF_COLOR_FORMAT_YUV420_709_ER:
    case NVBUF_COLOR_FORMAT_YUV420_2020:
      return (Format){FAMILY_420P, 1, true};
    case NVBUF_COLOR_FORMAT_YUV422:
      return (Format){FAMILY_422P, 1, true};
    case NVBUF_COLOR_FORMAT_YUV444:
    case NVBUF_COLOR_FORMAT_YUV444_ER:
    case NVBUF_COLOR_FORMAT_YUV444_709:
    case NVBUF_COLOR_FORMAT_YUV444_709_ER:
    case NVBUF_COLOR_FORMAT_YUV444_2020:
      return (Format){FAMILY_444P, 1, true};
    case NVBUF_COLOR_FORMAT_YUV444_10LE:
    case NVBUF_COLOR_FORMAT_YUV444_10LE_ER:
    case NVBUF_COLOR_FORMAT_YUV444_10LE_709:
    case NVBUF_COLOR_FORMAT_YUV444_10LE_709_ER:
    case NVBUF_COLOR_FORMAT_YUV444_10LE_2020:
    case NVBUF_COLOR_FORMAT_YUV444_12LE:
    case NVBUF_COLOR_FORMAT_YUV444_12LE_ER:
    case NVBUF_COLOR_FORMAT_YUV444_12LE_709:
    case NVBUF_COLOR_FORMAT_YUV444_12LE_709_ER:
    case NVBUF_COLOR_FORMAT_YUV444_12LE_2020:
      return (Format){FAMILY_444P, 2, true};
    case NVBUF_COLOR_FORMAT_R8_G8_B8:
    case NVBUF_COLOR_FORMAT_B8_G8_R8:
      return (Format){FAMILY_444P, 1, false};
    case NVBUF_COLOR_FORMAT_NV12:
    case NVBUF_COLOR_FORMAT_NV12_ER:
    case NVBUF_COLOR_FORMAT_NV12_709:
    case NVBUF_COLOR_FORMAT_NV12_709_ER:
    case NVBUF_COLOR_FORMAT_NV12_2020:
    case NVBUF_COLOR_FORMAT_NV21:
    case NVBUF_COLOR_FORMAT_NV21_ER:
      return (Format){FAMILY_420SP, 1, true};
    case NVBUF_COLOR_FORMAT_NV12_10LE: /* P010 */
    case NVBUF_COLOR_FORMAT_NV12_10LE_ER:
    case NVBUF_COLOR_FORMAT_NV12_10LE_709:
    case NVBUF_COLOR_FORMAT_NV12_10LE_709_ER:
    case NVBUF_COLOR_FORMAT_NV12_10LE_2020:
    case NVBUF_COLOR_FORMAT_NV12_12LE:
    case NVBUF_COLOR_FORMAT_NV12_12LE_ER:
    case NVBUF_COLOR_FORMAT_NV12_12LE_709:
    case NVBUF_COLOR_FORMAT_NV12_12LE_709_ER:
    case NVBUF_COLOR_FORMAT_NV12_12LE_2020:
    case NVBUF_COLOR_FORMAT_NV21_10LE:
    case NVBUF_COLOR_FORMAT_NV21_12LE:
      return (Format){FAMILY_420SP, 2, true};
    case NVBUF_COLOR_FORMAT_NV16:
    case NVBUF_COLOR_FORMAT_NV16_ER:
    case NVBUF_COLOR_FORMAT_NV16_709:
    case NVBUF_COLOR_FORMAT_NV16_709_ER:
#if DSBIND_ABI >= 800
    case NVBUF_COLOR_FORMAT_NV16_2020:
#endif
      return (Format){FAMILY_422SP, 1, true};
    case NVBUF_COLOR_FORMAT_NV16_10LE:
#if DSBIND_ABI >= 800
    case NVBUF_COLOR_FORMAT_NV16_10LE_ER:
    case NVBUF_COLOR_FORMAT_NV16_10LE_709:
    case NVBUF_COLOR_FORMAT_NV16_10LE_709_ER:
    case NVBUF_COLOR_FORMAT_NV16_10LE_2020:
    case NVBUF_COLOR_FORMAT_NV16_12LE:
    case NVBUF_COLOR_FORMAT_NV16_12LE_ER:
    case NVBUF_COLOR_FORMAT_NV16_12LE_709:
    case NVBUF_COLOR_FORMAT_NV16_12LE_709_ER:
    case NVBUF_COLOR_FORMAT_NV16_12LE_2020:
#endif
      return (Format){FAMILY_422SP, 2, true};
    case NVBUF_COLOR_FORMAT_NV24:
    case NVBUF_COLOR_FORMAT_NV24_ER:
    case NVBUF_COLOR_FORMAT_NV24_709:
    case NVBUF_COLOR_FORMAT_NV24_709_ER:
#if DSBIND_ABI >= 900
    case NVBUF_COLOR_FORMAT_NV24_2020:
#endif
      return (Format){FAMILY_444SP, 1, true};
    case NVBUF_COLOR_FORMAT_NV24_10LE:
    case NVBUF_COLOR_FORMAT_NV24_10LE_709:
    case NVBUF_COLOR_FORMAT_NV24_10LE_709_ER:
    case NVBUF_COLOR_FORMAT_NV24_10LE_2020:
    case NVBUF_COLOR_FORMAT_NV24_12LE_2020:
#if DSBIND_ABI >= 900
    case NVBUF_COLOR_FORMAT_NV24_10LE_ER:
    case NVBUF_COLOR_FORMAT_NV24_12LE:
    case NVBUF_COLOR_FORMAT_NV24_12LE_ER:
    case NVBUF_COLOR_FORMAT_NV24_12LE_709:
    case NVBUF_COLOR_FORMAT_NV24_12LE_709_ER:
#endif
      return (Format){FAMILY_444SP, 2, true};
    case NVBUF_COLOR_FORMAT_UYVY:
    case NVBUF_COLOR_FORMAT_UYVY_ER:
    case NVBUF_COLOR_FORMAT_UYVY_709:
    case NVBUF_COLOR_FORMAT_UYVY_709_ER:
    case NVBUF_COLOR_FORMAT_UYVY_2020:
    case NVBUF_COLOR_FORMAT_VYUY:
    case NVBUF_COLOR_FORMAT_VYUY_ER:
      return (Format){FAMILY_UYVY, 2, true};
    case NVBUF_COLOR_FORMAT_YUYV:
    case NVBUF_COLOR_FORMAT_YUYV_ER:
    case NVBUF_COLOR_FORMAT_YVYU:
    case NVBUF_COLOR_FORMAT_YVYU_ER:
      return (Format){FAMILY_YUYV, 2, true};
    case NVBUF_COLOR_FORMAT_RGB:
    case NVBUF_COLOR_FORMAT_BGR:
      return (Format){FAMILY_PACKED, 3, false};
    case NVBUF_COLOR_FORMAT_RGBA:
    case NVBUF_COLOR_FORMAT_BGRA:
    case NVBUF_COLOR_FORMAT_ARGB:
    case NVBUF_COLOR_FORMAT_ABGR:
    case NVBUF_COLOR_FORMAT_RGBx:
    case NVBUF_COLOR_FORMAT_BGRx:
    case NVBUF_COLOR_FORMAT_xRGB:
    case NVBUF_COLOR_FORMAT_xBGR:
    case NVBUF_COLOR_FORMAT_RGBA_10_10_10_2_709:
    case NVBUF_COLOR_FORMAT_RGBA_10_10_10_2_2020:
    case NVBUF_COLOR_FORMAT_BGRA_10_10_10_2_709:
    case NVBUF_COLOR_FORMAT_BGRA_10_10_10_2_2020:
      return (Format){FAMILY_PACKED, 4, false};
#if DSBIND_ABI >= 800
    case NVBUF_COLOR_FORMAT_BGRA64_LE:
      return (Format){FAMILY_PACKED, 8, false};
#endif
    default:
      return (Format){FAMILY_UNKNOWN, 0, false};
  }
}

static uint32_t half(uint32_t side) {
  return (side + 1) / 2;
}

static void set_plane(NvBufSurfacePlaneParams *planes, uint32_t width, uint32_t height,
                      uint32_t bytes) {
  uint32_t p = planes->num_planes++;
  planes->width[p] = width;
  planes->height[p] = height;
  planes->bytesPerPix[p] = bytes;
}

static uint64_t align_up(uint64_t value, uint64_t step) {
  return (value + step - 1) / step * step;
}

bool layout_describe(NvBufSurfaceColorFormat format, uint32_t width, uint32_t height,
                     bool pad_pitch, NvBufSurfacePlaneParams *planes, uint32_t *size) {
  Format f = format_of(format);
  memset(planes, 0, sizeof *planes);
  if (f.family == FAMILY_UNKNOWN || width == 0 || height == 0 || width > LAYOUT_MAX_SIDE ||
      height > LAYOUT_MAX_SIDE)
    return false;

  bool pairs = f.family == FAMILY_UYVY || f.family == FAMILY_YUYV;
  set_plane(planes, pairs ? 2 * half(width) : width, height, f.bytes);
  switch (f.family) {
    case FAMILY_420P:
      set_plane(planes, half(width), half(height), f.bytes);
      set_plane(planes, half(width), half(height), f.bytes);
      break;
    case FAMILY_422P:
      set_plane(planes, half(width), height, f.bytes);
      set_plane(planes, half(width), height, f.bytes);
      break;
    case FAMILY_444P:
      set_plane(planes, width, height, f.bytes);
      set_plane(planes, width, height, f.bytes);
      break;
    case FAMILY_420SP:
      set_plane(planes, half(width), half(height), 2 * f.bytes);
      break;
    case FAMILY_422SP:
      set_plane(planes, half(width), height, 2 * f.bytes);
      break;
    case FAMILY_444SP:
      set_plane(planes, width, height, 2 * f.bytes);
      break;
    default:
      break;
  }

  uint64_t offset = 0;
  for (uint32_t p = 0; p < planes->num_planes; p++) {
    /* Rows of an odd width have room for a whole pair, with and without padding. */
    uint64_t pitch = (planes->width[p] + (planes->width[p] & 1)) * (uint64_t)planes->bytesPerPix[p];
    if (pad_pitch)
      pitch = align_up(pitch, LAYOUT_PITCH_ALIGN);
    uint64_t psize = pitch * planes->height[p];
    if (offset + psize > UINT32_MAX)
      return false;
    planes->pitch[p] = (uint32_t)pitch;
    planes->offset[p] = (uint32_t)offset;
    planes->psize[p] = (uint32_t)psize;
    offset += psize;
  }
  *size = (uint32_t)offset;
  return true;
}

void layout_blacken(NvBufSurfaceColorFormat format, const NvBufSurfacePlaneParams *planes,
                    void *data) {
  Format f = format_of(format);
  if (!f.chroma)
    return;
  uint8_t *bytes = data;
  if (f.family == FAMILY_UYVY || f.family == FAMILY_YUYV) {
    for (uint32_t i = f.family == FAMILY_UYVY ? 0 : 1; i < planes->psize[0]; i += 2)
      bytes[i] = 128;
    return;
  }
  for (uint32_t p = 1; p < planes->num_planes; p++) {
    uint8_t *plane = bytes + planes->offset[p];
    if (f.bytes == 1) {
      memset(plane, 128, planes->psize[p]);
      continue;
    }
    /* Samples of 10 and 12 bits sit in the high bits of 16. */
    for (uint32_t i = 1; i < planes->psize[p]; i += 2)
      plane[i] = 128;
  }
}
