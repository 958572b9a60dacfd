/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor_input.h"

#include <algorithm>
#include <cmath>

#include "error.h"
#include "nvdspreprocess_meta.h"

namespace dsbind::infer {
namespace {

std::string shape_text(const std::vector<int> &shape) {
  std::string text;
  for (int side : shape) text += (text.empty() ? "" : "x") + std::to_string(side);
  return text;
}

/* How many images there are; throws where they are not what the model reads. */
size_t images_in(const Engine &engine, const NvDsPreProcessTensorMeta &tensor) {
  const NvDsInferNetworkInfo &net = engine.network();
  const bool last = engine.config().channels_last;
  const int c = static_cast<int>(net.channels), h = static_cast<int>(net.height),
            w = static_cast<int>(net.width);
  const std::vector<int> wanted = last ? std::vector<int>{h, w, c} : std::vector<int>{c, h, w};
  const std::vector<int> &shape = tensor.tensor_shape;
  const std::string name = "the tensor '" + tensor.tensor_name + "' (" + shape_text(shape) + ")";
  const std::string &input = engine.input_name();
  if (!tensor.tensor_name.empty() && tensor.tensor_name != input &&
      tensor.tensor_name + ":0" != input)
    throw Error(ErrorKind::Run, name + " is for no input of '" + engine.config().onnx_file +
                                    "', whose input is '" + input + "': set tensor-name");
  if (tensor.data_type != NvDsDataType_FP32)
    throw Error(ErrorKind::Run,
                name + " is not of float32, which the model reads: set tensor-data-type=0");
  if (shape.size() != 4 || shape[0] < 0 || !std::equal(wanted.begin(), wanted.end(), &shape[1]))
    throw Error(ErrorKind::Run, name + " does not fit '" + engine.config().onnx_file +
                                    "', which reads images of " + shape_text(wanted) +
                                    ": set network-input-shape and network-input-order");
  const uint64_t bytes = uint64_t{sizeof(float)} * static_cast<unsigned>(shape[0]) * net.channels *
                         net.height * net.width;
  if (!tensor.raw_tensor_buffer || tensor.buffer_size < bytes)
    throw Error(ErrorKind::Run, name + " has only " + std::to_string(tensor.buffer_size) +
                                    " of its " + std::to_string(bytes) + " bytes");
  return static_cast<size_t>(shape[0]);
}

NvDsFrameMeta *frame_with_id(const NvDsBatchMeta *batch, guint batch_id) {
  for (const GList *l = batch->frame_meta_list; l; l = l->next) {
    auto *frame = static_cast<NvDsFrameMeta *>(l->data);
    if (frame->batch_id == batch_id) return frame;
  }
  return nullptr;
}

/* Where the image of a region came from. In a copy of the batch regions have no frame, but its
 * number, from 1, is in what the struct keeps for later use. */
NvDsFrameMeta *frame_of(const NvDsBatchMeta *batch, const NvDsRoiMeta &roi) {
  if (roi.frame_meta) return roi.frame_meta;
  return roi.roi.reserved ? frame_with_id(batch, roi.roi.reserved - 1) : nullptr;
}

Placement place_of(const NvDsRoiMeta &roi) {
  auto whole = [](double value) {
    return std::isfinite(value) ? static_cast<unsigned>(std::clamp(value, 0.0, 65535.0)) : 0;
  };
  Placement place;
  place.crop = {whole(roi.roi.left), whole(roi.roi.top), whole(roi.roi.width),
                whole(roi.roi.height)};
  Letterbox &box = place.letterbox;
  box.left = whole(roi.offset_left);
  box.top = whole(roi.offset_top);
  box.scale_x = roi.scale_ratio_x > 0 ? static_cast<float>(roi.scale_ratio_x) : 1;
  box.scale_y = roi.scale_ratio_y > 0 ? static_cast<float>(roi.scale_ratio_y) : 1;
  box.width = whole(roi.roi.width * box.scale_x + 0.5);
  box.height = whole(roi.roi.height * box.scale_y + 0.5);
  return place;
}

/* Of a tensor without regions: image i shows all of frame i. */
Placement whole_frame(const NvDsFrameMeta &frame, const NvDsInferNetworkInfo &net) {
  Placement place;
  place.crop = {0, 0, std::max(frame.pipeline_width, 1u), std::max(frame.pipeline_height, 1u)};
  place.letterbox = fit_frame(place.crop.width, place.crop.height, net.width, net.height, false,
                              false);
  return place;
}

void add_images(Job *job, NvDsBatchMeta *batch, GstNvDsPreProcessBatchMeta *meta) {
  const Engine &engine = job->model->engine(0);
  const NvDsInferNetworkInfo &net = engine.network();
  const size_t count = images_in(engine, *meta->tensor_meta);
  const size_t image = size_t{net.channels} * net.width * net.height;
  const auto *data = static_cast<const float *>(meta->tensor_meta->raw_tensor_buffer);
  const GList *frames = batch->frame_meta_list;
  for (size_t i = 0; i < count; i++) {
    Target target;
    Placement place;
    if (meta->roi_vector.empty()) {
      if (!frames) return;
      target.frame = static_cast<NvDsFrameMeta *>(frames->data);
      place = whole_frame(*target.frame, net);
      frames = frames->next;
    } else {
      if (i >= meta->roi_vector.size()) return;
      NvDsRoiMeta &roi = meta->roi_vector[i];
      target.frame = frame_of(batch, roi);
      target.object = roi.object_meta;
      target.roi = &roi;
      place = place_of(roi);
      if (!target.frame)
        throw Error(ErrorKind::Run,
                    "a region of the tensor '" + meta->tensor_meta->tensor_name +
                        "' is in no frame of the batch; put nvdspreprocess right before nvinfer");
    }
    job->images.push_back(data + i * image);
    job->places.push_back(place);
    job->targets.push_back(target);
  }
}

/* NULL where it is something else. */
GstNvDsPreProcessBatchMeta *tensor_of(const GList *link) {
  auto *user = static_cast<NvDsUserMeta *>(link->data);
  if (user->base_meta.meta_type != NVDS_PREPROCESS_BATCH_META) return nullptr;
  auto *meta = static_cast<GstNvDsPreProcessBatchMeta *>(user->user_meta_data);
  return meta && meta->tensor_meta ? meta : nullptr;
}

}  // namespace

std::unique_ptr<Job> make_tensor_job(std::shared_ptr<Model> model, NvDsBatchMeta *batch,
                                     unsigned unique_id) {
  auto job = std::make_unique<Job>();
  job->model = std::move(model);
  for (const GList *l = batch->batch_user_meta_list; l; l = l->next) {
    GstNvDsPreProcessBatchMeta *meta = tensor_of(l);
    if (!meta) continue;
    const std::vector<guint64> &ids = meta->target_unique_ids;
    if (std::find(ids.begin(), ids.end(), unique_id) != ids.end())
      add_images(job.get(), batch, meta);
  }
  return job;
}

std::string no_images_text(const NvDsBatchMeta *batch, unsigned unique_id) {
  std::string others;
  for (const GList *l = batch->batch_user_meta_list; l; l = l->next)
    if (const GstNvDsPreProcessBatchMeta *meta = tensor_of(l))
      for (guint64 id : meta->target_unique_ids)
        others += (others.empty() ? "" : ", ") + std::to_string(id);
  const std::string id = std::to_string(unique_id);
  if (!others.empty())
    return "the tensors are for the models with gie-unique-id " + others + ", and this one has " +
           id + ": set target-unique-ids of nvdspreprocess to " + id;
  return "no tensors have come for this model (gie-unique-id " + id +
         "), so nothing is inferred: put nvdspreprocess with target-unique-ids=" + id +
         " before nvinfer, or set input-tensor-meta=0";
}

}  // namespace dsbind::infer
