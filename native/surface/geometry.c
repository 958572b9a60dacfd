/* SPDX-License-Identifier: Apache-2.0 */
/* Between YUV and RGB, bilinear scaling is done in RGB: that is what a program gets that decodes
 * a picture and resizes it, and what its detector was trained on. The other filters scale YUV as
 * it comes, which touches fewer bytes. */
#include "geometry.h"

#include "bilinear.h"
#include "convert.h"
#include "scratch.h"

/* Where libyuv's box filter cannot average 32-bit pixels it mixes them with weights of 7 bits, and
 * loses up to two steps of a constant 255. A little less red is not seen, but what was opaque must
 * stay so. */
#define NEARLY_OPAQUE 253

typedef struct {
  NvBufSurfTransform_Flip flip;
  enum FilterMode filter;
} Motion;

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

/* The mean of an area differs from bilinear only where that is more than two pixels either way. */
static enum FilterMode filter_for(enum FilterMode filter, int width, int height, int to_width,
                                  int to_height) {
  bool covers = 2 * to_width < width && 2 * to_height < height;
  return filter == kFilterBox && !covers ? kFilterBilinear : filter;
}

/* libyuv's box filter for a quarter of the width takes for granted that the height shrinks by a
 * multiple of four, and aborts the process where it shrinks by another even number. */
static enum FilterMode safe_filter(Plane src, Plane dst, enum FilterMode filter) {
  bool quarter = src.width == 4 * dst.width && src.height % (4 * dst.height) != 0;
  return filter == kFilterBox && src.bytes == 4 && quarter
             ? kFilterBilinear
             : filter_for(filter, src.width, src.height, dst.width, dst.height);
}

/* libyuv's bilinear filter has its centres elsewhere where a side grows, and elsewhere again at
 * three quarters and three eighths. Half the size it does right, and much faster; of 32-bit pixels
 * it rounds even that up twice. */
static bool scale_plane(Plane src, Plane dst, enum FilterMode filter) {
  filter = safe_filter(src, dst, filter);
  bool half = src.width == 2 * dst.width && src.height == 2 * dst.height && src.bytes == 1;
  if (src.width == dst.width && src.height == dst.height)
    CopyPlane(src.data, src.stride, dst.data, dst.stride, src.width * src.bytes, src.height);
  else if (filter == kFilterBilinear && !half)
    return scale_bilinear(src, dst);
  else if (src.bytes == 1)
    ScalePlane(src.data, src.stride, src.width, src.height, dst.data, dst.stride, dst.width,
               dst.height, filter);
  else
    ARGBScale(src.data, src.stride, src.width, src.height, dst.data, dst.stride, dst.width,
              dst.height, filter);
  return true;
}

/* A negative height makes libyuv read the source bottom up: with it, four rotations make up all
 * turns but the mirror image. */
static void turn_plane(Plane src, Plane dst, NvBufSurfTransform_Flip flip) {
  enum RotationMode mode = kRotate0;
  int height = src.height;
  switch (flip) {
    case NvBufSurfTransform_FlipY:
      if (src.bytes == 1)
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
  if (src.bytes == 1)
    RotatePlane(src.data, src.stride, dst.data, dst.stride, src.width, height, mode);
  else
    ARGBRotate(src.data, src.stride, dst.data, dst.stride, src.width, height, mode);
}

static bool move_plane(Plane src, Plane dst, Motion motion) {
  if (motion.flip == NvBufSurfTransform_None)
    return scale_plane(src, dst, motion.filter);
  Plane scaled = {.width = dst.width, .height = dst.height, .bytes = src.bytes};
  if (swaps_sides(motion.flip))
    scaled.width = dst.height, scaled.height = dst.width;
  if (src.width == scaled.width && src.height == scaled.height) {
    turn_plane(src, dst, motion.flip);
    return true;
  }
  scaled.stride = scaled.width * scaled.bytes;
  scaled.data = scratch_bytes(SCRATCH_FLIP, (size_t)scaled.stride * (size_t)scaled.height);
  if (!scaled.data || !scale_plane(src, scaled, motion.filter))
    return false;
  turn_plane(scaled, dst, motion.flip);
  return true;
}

static Plane first_plane(const Image *image) {
  return (Plane){image->plane[0], image->stride[0], image->width, image->height,
                 pixel_bytes(&image->format)};
}

static Plane chroma_plane(const Image *image, int p) {
  return (Plane){image->plane[p], image->stride[p], chroma_side(image->width),
                 chroma_side(image->height), image->format.layout == LAYOUT_SEMI ? 2 : 1};
}

/* Two planes of the chroma size of `image` from `*memory`, which is advanced. */
static void place_pair(const Image *image, uint8_t **memory, Plane pair[2]) {
  for (int i = 0; i < 2; i++) {
    pair[i] = chroma_plane(image, 1);
    pair[i].stride = pair[i].width;
    pair[i].bytes = 1;
    pair[i].data = *memory;
    *memory += (size_t)pair[i].stride * (size_t)pair[i].height;
  }
}

/* Pairs of chroma as they are; only the bilinear filter can. */
static bool moves_pairs(const Image *src, const Image *dst, Motion motion) {
  Plane from = chroma_plane(src, 1), to = chroma_plane(dst, 1);
  return src->format.layout == LAYOUT_SEMI && dst->format.layout == LAYOUT_SEMI &&
         src->format.swapped == dst->format.swapped && motion.flip == NvBufSurfTransform_None &&
         safe_filter(from, to, motion.filter) == kFilterBilinear;
}

static bool move_chroma(const Image *src, const Image *dst, Motion motion) {
  if (moves_pairs(src, dst, motion))
    return move_plane(chroma_plane(src, 1), chroma_plane(dst, 1), motion);
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
    if (!move_plane(from[i], to[i], motion))
      return false;
  if (merge) {
    int u = dst->format.swapped ? 1 : 0;
    MergeUVPlane(to[u].data, to[u].stride, to[1 - u].data, to[1 - u].stride, dst->plane[1],
                 dst->stride[1], to[0].width, to[0].height);
  }
  return true;
}

static bool move_yuv(const Image *src, const Image *dst, Motion motion) {
  if (!move_plane(first_plane(src), first_plane(dst), motion))
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
  if (!move_plane(first_plane(src), first_plane(dst), motion))
    return false;
  if (dst->format.alpha && !src->format.alpha)
    set_opaque(dst, 0);
  else if (dst->format.alpha && motion.filter == kFilterBox)
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

/* A picture and one row of it in the format it is scaled in. */
typedef struct {
  const Image *src;
  Image row;
} Converted;

static const uint8_t *converted_row(const void *picture, int y) {
  const Converted *converted = picture;
  const Image from = image_rows(converted->src, y, 1);
  return convert(&from, &converted->row) ? converted->row.plane[0] : NULL;
}

/* Converts and scales row by row: what is converted is used while the cache has it, and of a
 * picture that shrinks much, rows that nothing is mixed from are left out. */
static bool convert_and_scale(const Image *src, const Image *dst) {
  Converted converted = {.src = src};
  const Plane size = {.width = src->width, .height = src->height, .bytes = 4};
  return scratch_image(SCRATCH_INPUT, dst->format, src->width, 1, &converted.row) &&
         scale_bilinear_rows(converted_row, &converted, size, first_plane(dst));
}

bool redraw(const Image *src, const Image *dst, NvBufSurfTransform_Flip flip,
            NvBufSurfTransform_Inter filter) {
  const PixelFormat *from = &src->format, *to = &dst->format;
  bool turned = swaps_sides(flip);
  int width = turned ? dst->height : dst->width, height = turned ? dst->width : dst->height;
  Motion motion = {flip, filter_for(filter_mode(filter), src->width, src->height, width, height)};
  bool same_size = src->width == width && src->height == height;
  if (same_size && flip == NvBufSurfTransform_None)
    return convert(src, dst);
  if (moves_directly(from, to))
    return move(src, dst, motion);
  bool in_rgb = motion.filter == kFilterBilinear && !same_size && !is_yuv(to);
  if (is_yuv(from) && !in_rgb)
    return move_then_convert(src, dst, planar_of(*from, to), motion);
  if (from->layout == LAYOUT_RGB32)
    return move_then_convert(src, dst, *from, motion);
  PixelFormat format = to->layout == LAYOUT_RGB32 ? *to : format_bgra();
  Image input;
  if (motion.filter == kFilterBilinear && flip == NvBufSurfTransform_None) {
    if (moves_directly(&format, to))
      return convert_and_scale(src, dst);
    return scratch_image(SCRATCH_OUTPUT, format, dst->width, dst->height, &input) &&
           convert_and_scale(src, &input) && convert(&input, dst);
  }
  if (!scratch_image(SCRATCH_INPUT, format, src->width, src->height, &input) ||
      !convert(src, &input))
    return false;
  return moves_directly(&format, to) ? move(&input, dst, motion)
                                     : move_then_convert(&input, dst, format, motion);
}
