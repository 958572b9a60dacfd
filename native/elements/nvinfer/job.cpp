/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <algorithm>
#include <cmath>

#include "attach.h"
#include "error.h"
#include "tensors.h"

namespace dsbind::infer {
namespace {

constexpr unsigned kLeastSide = 2; /* pixels of an object that can be looked at */

bool is_selected(const Selection &which, const NvDsObjectMeta *object) {
  const NvOSD_RectParams &rect = object->rect_params;
  if (which.gie_id >= 0 && object->unique_component_id != which.gie_id) return false;
  if (!which.class_ids.empty() &&
      std::find(which.class_ids.begin(), which.class_ids.end(), object->class_id) ==
          which.class_ids.end())
    return false;
  return rect.width >= static_cast<float>(which.min_width) &&
         rect.height >= static_cast<float>(which.min_height) &&
         (!which.max_width || rect.width <= static_cast<float>(which.max_width)) &&
         (!which.max_height || rect.height <= static_cast<float>(which.max_height));
}

/* The pixels of a box within its frame, on even ones, as the chroma of YUV needs; false when there
 * are none. */
bool crop_of(const NvOSD_RectParams &rect, const NvBufSurfaceParams &frame, Rect *crop) {
  auto even = [](float at, unsigned most) {
    return static_cast<unsigned>(std::clamp(at, 0.f, static_cast<float>(most))) & ~1u;
  };
  if (!std::isfinite(rect.left) || !std::isfinite(rect.top) || !std::isfinite(rect.width) ||
      !std::isfinite(rect.height))
    return false;
  const unsigned right = even(rect.left + rect.width + 1, frame.width);
  const unsigned bottom = even(rect.top + rect.height + 1, frame.height);
  crop->left = even(rect.left, frame.width);
  crop->top = even(rect.top, frame.height);
  if (right < crop->left + kLeastSide || bottom < crop->top + kLeastSide) return false;
  crop->width = right - crop->left;
  crop->height = bottom - crop->top;
  return true;
}

void add_objects(Job *job, NvDsFrameMeta *frame, const NvBufSurfaceParams &pixels) {
  Model &model = *job->model;
  for (const GList *l = frame->obj_meta_list; l; l = l->next) {
    auto *object = static_cast<NvDsObjectMeta *>(l->data);
    Region region{frame->batch_id, {}};
    if (!is_selected(model.config().objects, object) ||
        !crop_of(object->rect_params, pixels, &region.crop))
      continue;
    Target target{frame, object, std::nullopt, nullptr};
    if (model.remembers() && object->object_id != UNTRACKED_OBJECT_ID) {
      const float area = object->rect_params.width * object->rect_params.height;
      target.key = ObjectKey{frame->pad_index, object->object_id};
      const bool wanted = model.history().wants(*target.key, frame->frame_num, area);
      if (!wanted || model.config().objects.async) job->known.push_back(target);
      if (!wanted) continue;
      if (!model.config().objects.async)
        model.history().begin(*target.key, frame->frame_num, area);
    } else if (model.config().objects.async) {
      continue; /* nobody to tell the result to when it comes */
    }
    job->regions.push_back(region);
    job->targets.push_back(target);
  }
}

void attach_one(const Model &model, unsigned unique_id, const Target &target, Found *found) {
  const Config &config = model.config();
  switch (config.network_type) {
    case NetworkType::Detector:
    case NetworkType::Instances:
      attach_objects(target.frame, target.object, config, unique_id, *found);
      break;
    case NetworkType::Classifier:
      attach_classes(target.frame, target.object, config, unique_id, *found, target.roi);
      break;
    case NetworkType::Segmentation:
      attach_map(target.frame, target.object, unique_id, std::move(found->map), target.roi);
      break;
    case NetworkType::Other: break;
  }
  if (config.output_tensor_meta)
    attach_tensors(target.frame, target.object, model.engine(0), unique_id,
                   std::move(found->tensors), target.roi);
}

}  // namespace

bool concerns(const Config &config, const NvDsBatchMeta *batch) {
  for (const GList *f = batch->frame_meta_list; f; f = f->next)
    for (const GList *l = static_cast<NvDsFrameMeta *>(f->data)->obj_meta_list; l; l = l->next)
      if (is_selected(config.objects, static_cast<NvDsObjectMeta *>(l->data))) return true;
  return false;
}

std::unique_ptr<Job> make_job(std::shared_ptr<Model> model, const NvDsBatchMeta *batch,
                              const NvBufSurface &surface) {
  auto job = std::make_unique<Job>();
  job->model = std::move(model);
  for (const GList *l = batch->frame_meta_list; l; l = l->next) {
    auto *frame = static_cast<NvDsFrameMeta *>(l->data);
    if (frame->batch_id >= surface.numFilled)
      throw Error(ErrorKind::Run, "a frame's metadata has batch_id " +
                                      std::to_string(frame->batch_id) + ", but the batch has " +
                                      std::to_string(surface.numFilled) + " frames");
    if (job->model->config().process_mode == 2) {
      add_objects(job.get(), frame, surface.surfaceList[frame->batch_id]);
    } else {
      job->regions.push_back({frame->batch_id, {}});
      job->targets.push_back({frame, nullptr, std::nullopt, nullptr});
    }
  }
  return job;
}

void attach_results(Job *job, unsigned unique_id) {
  Model &model = *job->model;
  /* Before those that the results are for: a box that is found twice is told once. */
  for (const Target &target : job->known)
    if (std::optional<Found> found = model.history().known(*target.key))
      attach_classes(target.frame, target.object, model.config(), unique_id, *found);
  for (size_t i = 0; i < job->targets.size(); i++) {
    const Target &target = job->targets[i];
    if (i < job->found.size()) {
      if (target.key) model.history().learn(*target.key, job->found[i]);
      attach_one(model, unique_id, target, &job->found[i]);
    }
    if (!target.object) target.frame->bInferDone = TRUE;
  }
}

}  // namespace dsbind::infer
