/* SPDX-License-Identifier: Apache-2.0 */
/* Several pictures on one frame: side by side, on top of each other, and mixed.
 *
 * Opacity is straight (not premultiplied): a pixel becomes a * above + (1 - a) * below. */
#include <math.h>

#include "convert.h"
#include "scratch.h"
#include "session.h"
#include "transform.h"

#define SUCCESS NvBufSurfTransformError_Success
#define OPAQUE 255
#define FILL_ROWS 16

static int plane_rows(const Image *image, int plane, int *bytes) {
  if (plane == 0) {
    *bytes = image->width * pixel_bytes(&image->format);
    return image->height;
  }
  *bytes = chroma_side(image->width) * (image->format.layout == LAYOUT_SEMI ? 2 : 1);
  return chroma_side(image->height);
}

static void mix_row(const uint8_t *restrict above, uint8_t *restrict below, int count,
                    int opacity) {
  for (int i = 0; i < count; i++)
    below[i] = (uint8_t)((above[i] * opacity + below[i] * (OPAQUE - opacity) + 127) / OPAQUE);
}

/* Mixes two pictures of one format and size, all components alike. */
static void mix(const Image *above, const Image *below, int opacity) {
  Layout layout = below->format.layout;
  int planes = layout == LAYOUT_PLANAR ? 3 : layout == LAYOUT_SEMI ? 2 : 1;
  for (int p = 0; p < planes; p++) {
    int bytes, rows = plane_rows(below, p, &bytes);
    for (int y = 0; y < rows; y++)
      mix_row(above->plane[p] + (size_t)y * (size_t)above->stride[p],
              below->plane[p] + (size_t)y * (size_t)below->stride[p], bytes, opacity);
  }
}

/* Lays BGRA over BGRA. `mask` holds the opacity of each pixel; without it, it is the pixel's own,
 * times `opacity`. */
static void lay_over(const Image *above, const Image *below, const Image *mask, int opacity) {
  for (int y = 0; y < below->height; y++) {
    const uint8_t *top = above->plane[0] + (size_t)y * (size_t)above->stride[0];
    const uint8_t *weight = mask ? mask->plane[0] + (size_t)y * (size_t)mask->stride[0] : NULL;
    uint8_t *out = below->plane[0] + (size_t)y * (size_t)below->stride[0];
    for (int x = 0; x < below->width; x++, top += 4, out += 4) {
      int a = weight ? weight[x] : (top[3] * opacity + 127) / OPAQUE;
      for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)((top[c] * a + out[c] * (OPAQUE - a) + 127) / OPAQUE);
      out[3] = (uint8_t)(a + (out[3] * (OPAQUE - a) + 127) / OPAQUE);
    }
  }
}

static bool scaled(ScratchSlot slot, PixelFormat format, const Image *src, const Image *size,
                   NvBufSurfTransform_Inter filter, Image *out) {
  return scratch_image(slot, format, size->width, size->height, out) &&
         transform_image(src, out, NvBufSurfTransform_None, filter) == SUCCESS;
}

/* Puts `src` on all of `dst`. `per_pixel` honours the alpha channel of a source that has one. */
static NvBufSurfTransform_Error put(const Image *src, const Image *dst,
                                    NvBufSurfTransform_Inter filter, bool per_pixel, int opacity) {
  per_pixel = per_pixel && src->format.alpha;
  if (!per_pixel && opacity == OPAQUE)
    return transform_image(src, dst, NvBufSurfTransform_None, filter);
  Image top, bottom;
  if (!per_pixel) {
    if (!scaled(SCRATCH_TOP, dst->format, src, dst, filter, &top))
      return NvBufSurfTransformError_Execution_Error;
    mix(&top, dst, opacity);
    return SUCCESS;
  }
  if (!scaled(SCRATCH_TOP, format_bgra(), src, dst, filter, &top) ||
      !scratch_image(SCRATCH_BOTTOM, format_bgra(), dst->width, dst->height, &bottom) ||
      !convert(dst, &bottom))
    return NvBufSurfTransformError_Execution_Error;
  lay_over(&top, &bottom, NULL, opacity);
  return convert(&bottom, dst) ? SUCCESS : NvBufSurfTransformError_Execution_Error;
}

static uint8_t component(double value) {
  return (uint8_t)(value >= 1 ? 255 : value > 0 ? lrint(value * 255) : 0);
}

static NvBufSurfTransform_Error fill(const Image *dst,
                                     const NvBufSurfTransform_ColorParams *color) {
  Image strip;
  int rows = dst->height < FILL_ROWS ? dst->height : FILL_ROWS;
  if (!scratch_image(SCRATCH_BOTTOM, format_bgra(), dst->width, rows, &strip))
    return NvBufSurfTransformError_Execution_Error;
  const uint8_t pixel[4] = {component(color->blue), component(color->green),
                            component(color->red), component(color->alpha)};
  for (int y = 0; y < rows; y++)
    for (int i = 0; i < 4 * dst->width; i++)
      strip.plane[0][(size_t)y * (size_t)strip.stride[0] + (size_t)i] = pixel[i % 4];
  for (int y = 0; y < dst->height; y += rows) {
    strip.height = dst->height - y < rows ? dst->height - y : rows;
    Image part = image_rows(dst, y, strip.height);
    if (!convert(&strip, &part))
      return NvBufSurfTransformError_Execution_Error;
  }
  return SUCCESS;
}

static NvBufSurfTransform_Error composite(const NvBufSurface *src, NvBufSurface *dst,
                                          const NvBufSurfTransformCompositeParams *params) {
  if (!src || !dst || !params || dst->batchSize == 0 || params->input_buf_count == 0 ||
      params->input_buf_count > src->batchSize || !params->dst_comp_rect)
    return NvBufSurfTransformError_Invalid_Params;
  uint32_t flags = params->composite_flag;
  if (!(flags & (NVBUFSURF_TRANSFORM_COMPOSITE | NVBUFSURF_TRANSFORM_BLEND)) ||
      ((flags & NVBUFSURF_TRANSFORM_COMPOSITE_FILTER) && !is_filter(params->composite_filter)))
    return NvBufSurfTransformError_Invalid_Params;
  NvBufSurfTransform_Inter filter = flags & NVBUFSURF_TRANSFORM_COMPOSITE_FILTER
                                        ? params->composite_filter
                                        : NvBufSurfTransformInter_Default;
  bool blend = flags & NVBUFSURF_TRANSFORM_BLEND;
  for (uint32_t i = 0; i < params->input_buf_count; i++) {
    const NvBufSurfTransformRect *crop = params->src_comp_rect ? &params->src_comp_rect[i] : NULL;
    NvBufSurfTransform_Error error;
    Image from, to;
    if ((error = image_of(src, i, &from)) || (error = image_of(dst, 0, &to)) ||
        (error = image_crop(&from, crop, false)) ||
        (error = image_crop(&to, &params->dst_comp_rect[i], false)) ||
        (error = put(&from, &to, filter, blend, OPAQUE)))
      return error;
  }
  dst->numFilled = 1;
  return SUCCESS;
}

NvBufSurfTransform_Error NvBufSurfTransformComposite(
    NvBufSurface *src, NvBufSurface *dst, NvBufSurfTransformCompositeParams *composite_params) {
  return composite(src, dst, composite_params);
}

NvBufSurfTransform_Error NvBufSurfTransformCompositeAsync(
    NvBufSurface *src, NvBufSurface *dst, NvBufSurfTransformCompositeParams *composite_params,
    NvBufSurfTransformSyncObj_t *sync_obj) {
  if (!sync_obj)
    return NvBufSurfTransformError_Invalid_Params;
  *sync_obj = NULL;
  return sync_object(composite(src, dst, composite_params), sync_obj);
}

/* The mask of a frame, one byte a pixel, as large as `size`. */
static NvBufSurfTransform_Error mask_of(const NvBufSurface *alpha, uint32_t index,
                                        const Image *size, NvBufSurfTransform_Inter filter,
                                        Image *out) {
  Image mask;
  NvBufSurfTransform_Error error = image_of(alpha, index, &mask);
  if (error)
    return error;
  if (mask.format.layout != LAYOUT_GRAY)
    return NvBufSurfTransformError_Unsupported;
  return scaled(SCRATCH_MASK, mask.format, &mask, size, filter, out)
             ? SUCCESS
             : NvBufSurfTransformError_Execution_Error;
}

/* One frame: `src0` over `src1`, or over the background colour without a `src1`. The opacity is
 * that of `alpha`, or src0's own channel without it. */
static NvBufSurfTransform_Error blend_frame(
    const NvBufSurface *src0, const NvBufSurface *src1, const NvBufSurface *alpha,
    const NvBufSurface *dst, uint32_t index,
    const NvBufSurfTransformCompositeBlendParams *params, NvBufSurfTransform_Inter filter) {
  Image above, below, to, top, bottom, mask;
  NvBufSurfTransform_Error error;
  if ((error = image_of(src0, index, &above)) || (error = image_of(dst, index, &to)))
    return error;
  if (params->perform_blending && !params->perform_blending[index])
    return transform_image(&above, &to, NvBufSurfTransform_None, filter);
  if (alpha && (error = mask_of(alpha, index, &to, filter, &mask)))
    return error;
  if (src1) {
    if ((error = image_of(src1, index, &below)))
      return error;
    if (!scaled(SCRATCH_BOTTOM, format_bgra(), &below, &to, filter, &bottom))
      return NvBufSurfTransformError_Execution_Error;
  }
  if (!scaled(SCRATCH_TOP, format_bgra(), &above, &to, filter, &top))
    return NvBufSurfTransformError_Execution_Error;
  if (!src1) {
    if ((error = fill(&to, params->color_bg)))
      return error;
    if (!scratch_image(SCRATCH_BOTTOM, format_bgra(), to.width, to.height, &bottom) ||
        !convert(&to, &bottom))
      return NvBufSurfTransformError_Execution_Error;
  }
  lay_over(&top, &bottom, alpha ? &mask : NULL, OPAQUE);
  return convert(&bottom, &to) ? SUCCESS : NvBufSurfTransformError_Execution_Error;
}

static bool holds(const NvBufSurface *surface, uint32_t frames) {
  return !surface || surface->batchSize >= frames;
}

NvBufSurfTransform_Error NvBufSurfTransformCompositeBlend(
    NvBufSurface *src0, NvBufSurface *src1, NvBufSurface *alpha, NvBufSurface *dst,
    NvBufSurfTransformCompositeBlendParams *blend_params) {
  if (!src0 || !dst || !blend_params || (!src1 && !blend_params->color_bg))
    return NvBufSurfTransformError_Invalid_Params;
  uint32_t frames = src0->numFilled;
  if (frames == 0 || !holds(src0, frames) || !holds(src1, frames) || !holds(alpha, frames) ||
      !holds(dst, frames))
    return NvBufSurfTransformError_Invalid_Params;
  NvBufSurfTransform_Inter filter = NvBufSurfTransformInter_Default;
  if (blend_params->composite_blend_flag & NVBUFSURF_TRANSFORM_COMPOSITE_FILTER)
    filter = blend_params->composite_blend_filter;
  if (!is_filter(filter))
    return NvBufSurfTransformError_Invalid_Params;
  for (uint32_t i = 0; i < frames; i++) {
    NvBufSurfTransform_Error error =
        blend_frame(src0, src1, alpha, dst, i, blend_params, filter);
    if (error)
      return error;
  }
  dst->numFilled = frames;
  return SUCCESS;
}

/* Input `input` of a multi-input blend onto one frame. */
static NvBufSurfTransform_Error put_input(const NvBufSurface *src, uint32_t input, uint32_t frame,
                                          const NvBufSurface *dst,
                                          const NvBufSurfTransformCompositeBlendParamsEx *params) {
  NvBufSurfTransform_Inter filter = NvBufSurfTransformInter_Default;
  if (params->params.composite_blend_flag & NVBUFSURF_TRANSFORM_COMPOSITE_FILTER)
    filter = params->composite_blend_filter ? params->composite_blend_filter[input]
                                            : params->params.composite_blend_filter;
  bool blend = params->params.composite_blend_flag & NVBUFSURF_TRANSFORM_BLEND;
  if (params->params.perform_blending)
    blend = blend && params->params.perform_blending[input];
  float alpha = blend && params->alpha ? params->alpha[input] : 1.0f;
  /* Written so that NaN fails as well. */
  if (!is_filter(filter) || !(alpha >= 0.0f && alpha <= 1.0f))
    return NvBufSurfTransformError_Invalid_Params;
  const NvBufSurfTransformRect *src_rect =
      params->src_comp_rect ? &params->src_comp_rect[input] : NULL;
  const NvBufSurfTransformRect *dst_rect =
      params->dst_comp_rect ? &params->dst_comp_rect[input] : NULL;
  NvBufSurfTransform_Error error;
  Image from, to;
  if ((error = image_of(src, frame, &from)) || (error = image_of(dst, frame, &to)) ||
      (error = image_crop(&from, src_rect, false)) || (error = image_crop(&to, dst_rect, false)))
    return error;
  return put(&from, &to, filter, blend, component(alpha));
}

static NvBufSurfTransform_Error blend_inputs(
    NvBufSurface **src, NvBufSurface *dst, const NvBufSurfTransformCompositeBlendParamsEx *params) {
  if (!src || !dst || !params || params->params.input_buf_count == 0)
    return NvBufSurfTransformError_Invalid_Params;
  uint32_t inputs = params->params.input_buf_count;
  uint32_t frames = src[0] ? src[0]->numFilled : 0;
  if (frames == 0 || !holds(dst, frames))
    return NvBufSurfTransformError_Invalid_Params;
  for (uint32_t i = 0; i < inputs; i++)
    if (!src[i] || !holds(src[i], frames))
      return NvBufSurfTransformError_Invalid_Params;
  for (uint32_t f = 0; f < frames; f++) {
    NvBufSurfTransform_Error error;
    Image to;
    if ((error = image_of(dst, f, &to)) ||
        (params->params.color_bg && (error = fill(&to, params->params.color_bg))))
      return error;
    for (uint32_t i = 0; i < inputs; i++)
      if ((error = put_input(src[i], i, f, dst, params)))
        return error;
  }
  dst->numFilled = frames;
  return SUCCESS;
}

NvBufSurfTransform_Error NvBufSurfTransformMultiInputBufCompositeBlend(
    NvBufSurface **src, NvBufSurface *dst,
    NvBufSurfTransformCompositeBlendParamsEx *composite_blend_params) {
  return blend_inputs(src, dst, composite_blend_params);
}

NvBufSurfTransform_Error NvBufSurfTransformMultiInputBufCompositeBlendAsync(
    NvBufSurface **src, NvBufSurface *dst,
    NvBufSurfTransformCompositeBlendParamsEx *composite_blend_params,
    NvBufSurfTransformSyncObj_t *sync_obj) {
  if (!sync_obj)
    return NvBufSurfTransformError_Invalid_Params;
  *sync_obj = NULL;
  return sync_object(blend_inputs(src, dst, composite_blend_params), sync_obj);
}
