/* SPDX-License-Identifier: Apache-2.0 */
/* NvBufSurfTransform(): every frame of a batch, cropped, turned, scaled, placed and converted. */
#include "geometry.h"
#include "scratch.h"
#include "session.h"
#include "transform.h"

NvBufSurfTransform_Error transform_image(const Image *src, const Image *dst,
                                         NvBufSurfTransform_Flip flip,
                                         NvBufSurfTransform_Inter filter) {
  Image copy;
  /* In place: the source is set aside first, as writing would change it while it is read. */
  if (images_overlap(src, dst)) {
    if (!scratch_image(SCRATCH_SOURCE, src->format, src->width, src->height, &copy) ||
        !redraw(src, &copy, NvBufSurfTransform_None, NvBufSurfTransformInter_Nearest))
      return NvBufSurfTransformError_Execution_Error;
    src = &copy;
  }
  return redraw(src, dst, flip, filter) ? NvBufSurfTransformError_Success
                                        : NvBufSurfTransformError_Execution_Error;
}

bool is_filter(NvBufSurfTransform_Inter filter) {
  return filter >= NvBufSurfTransformInter_Nearest && filter <= NvBufSurfTransformInter_Default;
}

static NvBufSurfTransform_Error check(const NvBufSurface *src, const NvBufSurface *dst,
                                      const NvBufSurfTransformParams *params) {
  if (!src || !dst || !params)
    return NvBufSurfTransformError_Invalid_Params;
  uint32_t flags = params->transform_flag;
  if (flags & NVBUFSURF_TRANSFORM_NORMALIZE)
    return NvBufSurfTransformError_Unsupported;
  if (((flags & NVBUFSURF_TRANSFORM_CROP_SRC) && !params->src_rect) ||
      ((flags & NVBUFSURF_TRANSFORM_CROP_DST) && !params->dst_rect) ||
      ((flags & NVBUFSURF_TRANSFORM_FILTER) && !is_filter(params->transform_filter)) ||
      ((flags & NVBUFSURF_TRANSFORM_FLIP) &&
       (params->transform_flip < NvBufSurfTransform_None ||
        params->transform_flip > NvBufSurfTransform_InvTranspose)))
    return NvBufSurfTransformError_Invalid_Params;
  if (src->numFilled == 0 || src->numFilled > src->batchSize || src->numFilled > dst->batchSize)
    return NvBufSurfTransformError_Invalid_Params;
  return NvBufSurfTransformError_Success;
}

NvBufSurfTransform_Error transform_surface(const NvBufSurface *src, NvBufSurface *dst,
                                           const NvBufSurfTransformParams *params) {
  NvBufSurfTransform_Error error = check(src, dst, params);
  if (error)
    return error;
  uint32_t flags = params->transform_flag;
  bool odd = flags & NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP;
  NvBufSurfTransform_Flip flip =
      flags & NVBUFSURF_TRANSFORM_FLIP ? params->transform_flip : NvBufSurfTransform_None;
  NvBufSurfTransform_Inter filter = flags & NVBUFSURF_TRANSFORM_FILTER
                                        ? params->transform_filter
                                        : NvBufSurfTransformInter_Default;
  for (uint32_t i = 0; i < src->numFilled; i++) {
    Image from, to;
    if ((error = image_of(src, i, &from)) || (error = image_of(dst, i, &to)))
      return error;
    if ((flags & NVBUFSURF_TRANSFORM_CROP_SRC) &&
        (error = image_crop(&from, &params->src_rect[i], odd)))
      return error;
    if ((flags & NVBUFSURF_TRANSFORM_CROP_DST) &&
        (error = image_crop(&to, &params->dst_rect[i], odd)))
      return error;
    if ((error = transform_image(&from, &to, flip, filter)))
      return error;
  }
  dst->numFilled = src->numFilled;
  return NvBufSurfTransformError_Success;
}

NvBufSurfTransform_Error NvBufSurfTransform(NvBufSurface *src, NvBufSurface *dst,
                                            NvBufSurfTransformParams *transform_params) {
  return transform_surface(src, dst, transform_params);
}

NvBufSurfTransform_Error NvBufSurfTransformAsync(NvBufSurface *src, NvBufSurface *dst,
                                                 NvBufSurfTransformParams *transform_params,
                                                 NvBufSurfTransformSyncObj_t *sync_obj) {
  if (!sync_obj)
    return NvBufSurfTransformError_Invalid_Params;
  *sync_obj = NULL;
  return sync_object(transform_surface(src, dst, transform_params), sync_obj);
}
