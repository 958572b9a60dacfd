/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include <algorithm>
#include <string>

#include "error.h"
#include "gstnvdsinfer.h"

namespace dsbind::infer {
namespace {

constexpr unsigned kBorderWidth = 3;
constexpr unsigned kFontSize = 11;
constexpr float kTextAbove = 10; /* pixels between the text's top and the box's */

NvOSD_ColorParams osd_color(const Color &color) {
  return {color.red, color.green, color.blue, color.alpha};
}

/* As many whole UTF-8 characters as fit. */
void copy_label(char (&target)[MAX_LABEL_SIZE], const std::string &label) {
  size_t length = std::min(label.size(), sizeof target - 1);
  while (length > 0 && length < label.size() && (label[length] & 0xc0) == 0x80) length--;
  std::copy_n(label.data(), length, target);
  target[length] = '\0';
}

void fill_text(NvOSD_TextParams *text, const NvOSD_RectParams &rect, const std::string &label) {
  static char font[] = "Serif"; /* borrowed by the metadata, so never freed */
  text->display_text = g_strdup(label.c_str());
  text->x_offset = static_cast<unsigned>(rect.left);
  text->y_offset = static_cast<unsigned>(std::max(rect.top - kTextAbove, 0.f));
  text->font_params.font_name = font;
  text->font_params.font_size = kFontSize;
  text->font_params.font_color = {1, 1, 1, 1};
  text->set_bg_clr = 1;
  text->text_bg_clr = {0, 0, 0, 1};
}

/* What an NvDsInferTensorMeta points to; shared by its copies. */
struct TensorData {
  std::vector<std::vector<uint8_t>> tensors;
  std::vector<std::string> names;
  std::vector<NvDsInferLayerInfo> layers;
  std::vector<void *> host, device;
};

struct TensorMeta {
  NvDsInferTensorMeta meta{}; /* first: the payload is read as this type */
  std::shared_ptr<TensorData> data;
};

gpointer copy_tensors(gpointer user_meta, gpointer) {
  auto *source = static_cast<TensorMeta *>(static_cast<NvDsUserMeta *>(user_meta)->user_meta_data);
  auto *copy = new TensorMeta(*source);
  return copy;
}

void release_tensors(gpointer user_meta, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(user_meta);
  delete static_cast<TensorMeta *>(user->user_meta_data);
  user->user_meta_data = nullptr;
}

}  // namespace

void attach_objects(NvDsFrameMeta *frame, const Config &config, unsigned unique_id,
                    const Boxes &boxes) {
  const std::vector<int> &left_out = config.filter_out_class_ids;
  for (const Box &box : boxes) {
    auto class_id = static_cast<int>(box.classId);
    if (std::find(left_out.begin(), left_out.end(), class_id) != left_out.end()) continue;
    NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(frame->base_meta.batch_meta);
    if (!object) throw Error(ErrorKind::Run, "no memory for the metadata of another object");
    const ClassAttrs &attrs = config.attrs(box.classId);
    const std::string &label = config.label(box.classId);

    object->unique_component_id = static_cast<gint>(unique_id);
    object->class_id = class_id;
    object->object_id = UNTRACKED_OBJECT_ID;
    object->confidence = box.detectionConfidence;
    object->detector_bbox_info.org_bbox_coords = {box.left, box.top, box.width, box.height};
    NvOSD_RectParams &rect = object->rect_params;
    rect.left = box.left;
    rect.top = box.top;
    rect.width = box.width;
    rect.height = box.height;
    rect.rotation_angle = box.rotation_angle;
    rect.border_width = kBorderWidth;
    rect.border_color = osd_color(attrs.border);
    rect.has_bg_color = attrs.background.has_value();
    if (attrs.background) rect.bg_color = osd_color(*attrs.background);
    copy_label(object->obj_label, label);
    fill_text(&object->text_params, rect, label);
    nvds_add_obj_meta_to_frame(frame, object, nullptr);
  }
}

void attach_tensors(NvDsFrameMeta *frame, const Detector &detector, unsigned unique_id,
                    std::vector<std::vector<uint8_t>> tensors) {
  auto data = std::make_shared<TensorData>();
  data->tensors = std::move(tensors);
  data->layers = detector.layers();
  for (const NvDsInferLayerInfo &layer : data->layers) data->names.emplace_back(layer.layerName);
  for (size_t i = 0; i < data->layers.size(); i++) {
    data->layers[i].layerName = data->names[i].c_str();
    data->host.push_back(data->tensors[i].data());
    data->device.push_back(nullptr);
  }
  auto payload = std::make_unique<TensorMeta>();
  NvDsInferTensorMeta &meta = payload->meta;
  meta.unique_id = unique_id;
  meta.num_output_layers = static_cast<guint>(data->layers.size());
  meta.output_layers_info = data->layers.data();
  meta.out_buf_ptrs_host = data->host.data();
  meta.out_buf_ptrs_dev = data->device.data();
  meta.priv_data = data.get();
  meta.network_info = detector.network();
  meta.maintain_aspect_ratio = detector.config().maintain_aspect_ratio;
  meta.symmetric_padding = detector.config().symmetric_padding;
  payload->data = std::move(data);

  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(frame->base_meta.batch_meta);
  if (!user) throw Error(ErrorKind::Run, "no memory for the metadata of tensors");
  user->base_meta.meta_type = NVDSINFER_TENSOR_OUTPUT_META;
  user->base_meta.uContext = nullptr;
  user->base_meta.copy_func = copy_tensors;
  user->base_meta.release_func = release_tensors;
  user->user_meta_data = payload.release();
  nvds_add_user_meta_to_frame(frame, user);
}

}  // namespace dsbind::infer
