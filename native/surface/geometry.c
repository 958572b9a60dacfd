/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures are scaled where that touches the fewest bytes: as YUV when they come as YUV, before
 * a conversion to YUV when they shrink, after it when they grow. Chroma is scaled as separate
 * planes, for which libyuv has vector code. */
#include "geometry.h"

#include "convert.h"
#include "scratch.h"

/* libyuv's filters for 32-bit pixels have weights of 7 bits and lose up to two steps of a constant
 * 255. A little less red is not seen, but what was opaque must stay so. */
#define NEARLY_OPAQUE 253

typedef struct {
  NvBufSurfTransform_Flip flip;
  enum FilterMode filter;
} Motion;

/* A plane of samples of 1 byte, or of pixels of 4. */
typedef struct {
  uint8_t *data;
  int stride, width, height;
} Plane;

/* Default is bilinear; the numbered algorithms, which are the better filters of the hardware,
 * are all the best one that there is here: the mean of the area covered when shrinking. */
static enum FilterMode filter_mode(NvBufSurfTransform_Inter filter) {
  switch (filter) {
    case NvBufSurfTransformInter_Nearest: return kFilterNone;
    case NvBufSurfTransformInter_Algo1:
    case NvBufSurfTransformInter_Algo2:
    case NvBufSurfTransformInter_Algo3:
    case NvBufSurfTransformInter_Algo4: return kFilterBox;
    default: return kFilterBilinear;
  }
}

static bool swaps_sides(NvBufSurfTransform_Flip flip) {
  return flip == NvBufSurfTransform_Rotate90 || flip == NvBufSurfTransform_Rotate270 ||
         flip == NvBufSurfTransform_Transpose || flip == NvBufSurfTransform_InvTranspose;
}

/* libyuv's box filter for a quarter of the width takes for granted that the height shrinks by a
 * multiple of four, and aborts the process where it shrinks by another even number. */
static enum FilterMode safe_filter(Plane src, Plane dst, enum FilterMode filter) {
  bool quarter = src.width == 4 * dst.width && src.height % (4 * dst.height) != 0;
  return quarter && filter == kFilterBox ? kFilterBilinear : filter;
}

static void scale_plane(Plane src, Plane dst, int bytes, enum FilterMode filter) {
  if (src.width == dst.width && src.height == dst.height)
    CopyPlane(src.data, src.stride, dst.data, dst.stride, src.width * bytes, src.height);
  else if (bytes == 1)
    ScalePlane(src.data, src.stride, src.width, src.height, dst.data, dst.stride, dst.width,
               dst.height, filter);
  else
    ARGBScale(src.data, src.stride, src.width, src.height, dst.data, dst.stride, dst.width,
              dst.height, safe_filter(src, dst, filter));
}

/* A negative height makes libyuv read the source bottom up: with it, four rotations make up all
 * turns but the mirror image. */
static void turn_plane(Plane src, Plane dst, int bytes, NvBufSurfTransform_Flip flip) {
  enum RotationMode mode = kRotate0;
  int height = src.height;
  switch (flip) {
    case NvBufSurfTransform_FlipY:
      if (bytes == 1)
        MirrorPlane(src.data, src.stride, dst.data, dst.stride, src.width, src.height);
      else
        ARGBMirror(src.data, src.stride, dst.data, dst.stride, src.width, src.height);
      return;
    case NvBufSurfTransform_FlipX: height = -height; break;
    case NvBufSurfTransform_Rotate90: mode = kRotate90; break;
    case NvBufSurfTransform_Rotate180: mode = kRotate180; break;
    case NvBufSurfTransform_Rotate270: mode = kRotate270; break;
    case NvBufSurfTransform_Transpose: mode = kRotate90, height = -height; break;
    case NvBufSurfTransform_InvTranspose: mode = kRotate270, height = -height; break;
    default: break;
  }
  if (bytes == 1)
    RotatePlane(src.data, src.stride, dst.data, dst.stride, src.width, height, mode);
  else
    ARGBRotate(src.data, src.stride, dst.data, dst.stride, src.width, height, mode);
}

static bool move_plane(Plane src, Plane dst, int bytes, Motion motion) {
  if (motion.flip == NvBufSurfTransform_None) {
    scale_plane(src, dst, bytes, motion.filter);
    return true;
  }
  Plane scaled = {.width = dst.width, .height = dst.height};
  if (swaps_sides(motion.flip))
    scaled.width = dst.height, scaled.height = dst.width;
  if (src.width == scaled.width && src.height == scaled.height) {
    turn_plane(src, dst, bytes, motion.flip);
    return true;
  }
  scaled.stride = scaled.width * bytes;
  scaled.data = scratch_bytes(SCRATCH_FLIP, (size_t)scaled.stride * (size_t)scaled.height);
  if (!scaled.data)
    return false;
  scale_plane(src, scaled, bytes, motion.filter);
  turn_plane(scaled, dst, bytes, motion.flip);
  return true;
}

static Plane first_plane(const Image *image) {
  return (Plane){image->plane[0], image->stride[0], image->width, image->height};
}

static Plane chroma_plane(const Image *image, int p) {
  return (Plane){image->plane[p], image->stride[p], chroma_side(image->width),
                 chroma_side(image->height)};
}

/* Two planes of the chroma size of `image` from `*memory`, which is advanced. */
static void place_pair(const Image *image, uint8_t **memory, Plane pair[2]) {
  for (int i = 0; i < 2; i++) {
    pair[i] = chroma_plane(image, 1);
    pair[i].stride = pair[i].width;
    pair[i].data = *memory;
    *memory += (size_t)pair[i].stride * (size_t)pair[i].height;
  }
}

static bool move_chroma(const Image *src, const Image *dst, Motion motion) {
  bool split = src->format.layout == LAYOUT_SEMI, merge = dst->format.layout == LAYOUT_SEMI;
  size_t from_size = (size_t)chroma_side(src->width) * (size_t)chroma_side(src->height);
  size_t to_size = (size_t)chroma_side(dst->width) * (size_t)chroma_side(dst->height);
  uint8_t *memory = NULL;
  if (split || merge) {
    memory = scratch_bytes(SCRATCH_CHROMA,
                           (split ? 2 * from_size : 0) + (merge ? 2 * to_size : 0));
    if (!memory)
      return false;
  }

  Plane from[2] = {chroma_plane(src, 1), chroma_plane(src, 2)};
  Plane to[2] = {chroma_plane(dst, 1), chroma_plane(dst, 2)};
  if (split) {
    place_pair(src, &memory, from);
    int u = src->format.swapped ? 1 : 0;
    SplitUVPlane(src->plane[1], src->stride[1], from[u].data, from[u].stride, from[1 - u].data,
                 from[1 - u].stride, from[0].width, from[0].height);
  }
  if (merge)
    place_pair(dst, &memory, to);
  for (int i = 0; i < 2; i++)
    if (!move_plane(from[i], to[i], 1, motion))
      return false;
  if (merge) {
    int u = dst->format.swapped ? 1 : 0;
    MergeUVPlane(to[u].data, to[u].stride, to[1 - u].data, to[1 - u].stride, dst->plane[1],
                 dst->stride[1], to[0].width, to[0].height);
  }
  return true;
}

static bool move_yuv(const Image *src, const Image *dst, Motion motion) {
  if (!move_plane(first_plane(src), first_plane(dst), 1, motion))
    return false;
  if (!is_subsampled(&dst->format))
    return true;
  if (is_subsampled(&src->format))
    return move_chroma(src, dst, motion);
  bool semi = dst->format.layout == LAYOUT_SEMI;
  for (int p = 1; p < (semi ? 2 : 3); p++)
    SetPlane(dst->plane[p], dst->stride[p], chroma_side(dst->width) * (semi ? 2 : 1),
             chroma_side(dst->height), 128);
  return true;
}

/* Both images are of a kind that can be scaled into each other without a conversion. */
static bool moves_directly(const PixelFormat *src, const PixelFormat *dst) {
  return same_colour(src, dst) || same_order(src, dst);
}

static bool move(const Image *src, const Image *dst, Motion motion) {
  if (is_yuv(&src->format))
    return move_yuv(src, dst, motion);
  if (!move_plane(first_plane(src), first_plane(dst), 4, motion))
    return false;
  bool turned = swaps_sides(motion.flip);
  bool scaled = src->width != (turned ? dst->height : dst->width) ||
                src->height != (turned ? dst->width : dst->height);
  if (dst->format.alpha && !src->format.alpha)
    set_opaque(dst, 0);
  else if (dst->format.alpha && scaled && motion.filter != kFilterNone)
    set_opaque(dst, NEARLY_OPAQUE);
  return true;
}

/* The YUV format in which `format` is scaled: planar, and without chroma if the other end has
 * none. */
static PixelFormat planar_of(PixelFormat format, const PixelFormat *other) {
  if (format.layout == LAYOUT_GRAY || other->layout == LAYOUT_GRAY)
    format.layout = LAYOUT_GRAY;
  else
    format.layout = LAYOUT_PLANAR;
  format.swapped = false;
  return format;
}

static bool move_then_convert(const Image *src, const Image *dst, PixelFormat format,
                              Motion motion) {
  Image moved;
  return scratch_image(SCRATCH_OUTPUT, format, dst->width, dst->height, &moved) &&
         move(src, &moved, motion) && convert(&moved, dst);
}

bool redraw(const Image *src, const Image *dst, NvBufSurfTransform_Flip flip,
            NvBufSurfTransform_Inter filter) {
  const PixelFormat *from = &src->format, *to = &dst->format;
  Motion motion = {flip, filter_mode(filter)};
  bool same_size = src->width == dst->width && src->height == dst->height;
  if (same_size && flip == NvBufSurfTransform_None)
    return convert(src, dst);
  if (moves_directly(from, to))
    return move(src, dst, motion);
  if (is_yuv(from))
    return move_then_convert(src, dst, planar_of(*from, to), motion);

  bool grows = (int64_t)dst->width * dst->height > (int64_t)src->width * src->height;
  bool early = is_yuv(to) && grows;
  if (!early && from->layout == LAYOUT_RGB32)
    return move_then_convert(src, dst, *from, motion);
  PixelFormat format = early ? planar_of(*to, to)
                             : (to->layout == LAYOUT_RGB32 ? *to : format_bgra());
  Image input;
  if (!scratch_image(SCRATCH_INPUT, format, src->width, src->height, &input) ||
      !convert(src, &input))
    return false;
  return moves_directly(&format, to) ? move(&input, dst, motion)
                                     : move_then_convert(&input, dst, format, motion);
}
