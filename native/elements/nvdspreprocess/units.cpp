/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

#include <algorithm>
#include <cmath>

#include "error.h"
#include "preprocess.h"

namespace dsbind::preprocess {
namespace {

using infer::Error;
using infer::ErrorKind;

constexpr unsigned kRoiBorder = 3;

/* On even pixels, as the chroma of YUV needs. False when nothing of it is within the frame. */
bool crop(double left, double top, double width, double height, const NvBufSurfaceParams &frame,
          NvBufSurfTransformRect *rect) {
  if (!std::isfinite(left) || !std::isfinite(top) || !std::isfinite(width) ||
      !std::isfinite(height))
    return false;
  auto even = [](double at, unsigned most) {
    return static_cast<unsigned>(std::clamp(at, 0.0, static_cast<double>(most))) & ~1u;
  };
  const unsigned right = even(left + width + 1, frame.width);
  const unsigned bottom = even(top + height + 1, frame.height);
  rect->left = even(left, frame.width);
  rect->top = even(top, frame.height);
  if (right < rect->left + 2 || bottom < rect->top + 2) return false;
  rect->width = right - rect->left;
  rect->height = bottom - rect->top;
  return true;
}

bool is_selected(const Plan &plan, const Group &group, const NvDsObjectMeta &object) {
  const NvOSD_RectParams &box = object.rect_params;
  if (plan.gie_id >= 0 && object.unique_component_id != plan.gie_id) return false;
  if (!group.class_ids.empty() && std::find(group.class_ids.begin(), group.class_ids.end(),
                                            object.class_id) == group.class_ids.end())
    return false;
  return box.width >= static_cast<float>(group.min_width) &&
         box.height >= static_cast<float>(group.min_height) &&
         (!group.max_width || box.width <= static_cast<float>(group.max_width)) &&
         (!group.max_height || box.height <= static_cast<float>(group.max_height));
}

void place(const Plan &plan, Image *image) {
  const infer::Letterbox box = infer::fit_frame(image->from.width, image->from.height, plan.width,
                                                plan.height, plan.keep_aspect, plan.symmetric);
  image->to.left = box.left;
  image->to.top = box.top;
  image->to.width = box.width;
  image->to.height = box.height;
}

void add_frame(const Plan &plan, const Group &group, NvDsFrameMeta *frame,
               const NvBufSurfaceParams &pixels, std::vector<Image> *images) {
  Image image;
  image.frame = frame;
  image.group = &group;
  if (!group.on_rois) {
    image.from.width = pixels.width;
    image.from.height = pixels.height;
    place(plan, &image);
    images->push_back(image);
    return;
  }
  auto rois = group.rois.find(frame->source_id);
  if (rois == group.rois.end()) return;
  for (const Roi &roi : rois->second) {
    if (!crop(roi.left, roi.top, roi.width, roi.height, pixels, &image.from))
      throw Error(ErrorKind::Settings,
                  plan.path + ": roi-params-src-" + std::to_string(frame->source_id) +
                      " has a region at " + std::to_string(roi.left) + ";" +
                      std::to_string(roi.top) + ", which lies outside of the frames of " +
                      std::to_string(pixels.width) + "x" + std::to_string(pixels.height));
    place(plan, &image);
    images->push_back(image);
  }
}

void add_objects(const Plan &plan, const Group &group, NvDsFrameMeta *frame,
                 const NvBufSurfaceParams &pixels, std::vector<Image> *images) {
  for (const GList *l = frame->obj_meta_list; l; l = l->next) {
    auto *object = static_cast<NvDsObjectMeta *>(l->data);
    const NvOSD_RectParams &box = object->rect_params;
    Image image;
    image.frame = frame;
    image.object = object;
    image.group = &group;
    if (!is_selected(plan, group, *object) ||
        !crop(box.left, box.top, box.width, box.height, pixels, &image.from))
      continue;
    place(plan, &image);
    images->push_back(image);
  }
}

}  // namespace

std::vector<Image> images_of(const Plan &plan, const NvDsBatchMeta *batch,
                             const NvBufSurface &surface) {
  std::vector<Image> images;
  for (const GList *l = batch->frame_meta_list; l; l = l->next) {
    auto *frame = static_cast<NvDsFrameMeta *>(l->data);
    if (frame->batch_id >= surface.numFilled)
      throw Error(ErrorKind::Run, "a frame's metadata has batch_id " +
                                      std::to_string(frame->batch_id) + ", but the batch has " +
                                      std::to_string(surface.numFilled) + " frames");
    const NvBufSurfaceParams &pixels = surface.surfaceList[frame->batch_id];
    const Group *group = plan.group_of(frame->source_id);
    if (!group || pixels.width < 2 || pixels.height < 2) continue;
    if (plan.on_frames)
      add_frame(plan, *group, frame, pixels, &images);
    else
      add_objects(plan, *group, frame, pixels, &images);
  }
  return images;
}

NvDsRoiMeta roi_of(const Image &image) {
  NvDsRoiMeta roi{};
  roi.roi.left = static_cast<float>(image.from.left);
  roi.roi.top = static_cast<float>(image.from.top);
  roi.roi.width = static_cast<float>(image.from.width);
  roi.roi.height = static_cast<float>(image.from.height);
  roi.frame_meta = image.frame;
  roi.roi.reserved = image.frame->batch_id + 1; /* for copies, which have no frame */
  roi.object_meta = image.object;
  roi.scale_ratio_x = static_cast<double>(image.to.width) / image.from.width;
  roi.scale_ratio_y = static_cast<double>(image.to.height) / image.from.height;
  roi.offset_left = image.to.left;
  roi.offset_top = image.to.top;
  return roi;
}

void draw_rois(const Plan &plan, NvDsBatchMeta *batch) {
  for (const GList *l = batch->frame_meta_list; l; l = l->next) {
    auto *frame = static_cast<NvDsFrameMeta *>(l->data);
    const Group *group = plan.group_of(frame->source_id);
    if (!group || !group->draw || !group->on_rois) continue;
    auto rois = group->rois.find(frame->source_id);
    if (rois == group->rois.end()) continue;
    NvDsDisplayMeta *display = nullptr;
    for (const Roi &roi : rois->second) {
      if (!display || display->num_rects == MAX_ELEMENTS_IN_DISPLAY_META) {
        display = nvds_acquire_display_meta_from_pool(batch);
        if (!display) throw Error(ErrorKind::Run, "no memory for the metadata of what is drawn");
        nvds_add_display_meta_to_frame(frame, display);
      }
      NvOSD_RectParams &rect = display->rect_params[display->num_rects++];
      rect.left = static_cast<float>(roi.left);
      rect.top = static_cast<float>(roi.top);
      rect.width = static_cast<float>(roi.width);
      rect.height = static_cast<float>(roi.height);
      rect.border_width = kRoiBorder;
      rect.border_color = group->color;
    }
  }
}

}  // namespace dsbind::preprocess
