/* SPDX-License-Identifier: Apache-2.0 */
#include "tensors.h"

#include <gst/gst.h>

#include <memory>
#include <string>

#include "error.h"
#include "gstnvdsinfer.h"

namespace dsbind::infer {
namespace {

/* What the pointers of the metadata point to; shared by its copies. */
struct Numbers {
  GstMiniObject object; /* first */
  std::vector<OutputTensor> tensors;
  std::vector<std::string> names;
  Layers layers;
  std::vector<void *> host, device;
  ClassMap map;
};

/* Readers know by this name that `priv_data` can be referenced. */
GType numbers_type() {
  static gsize type = 0;
  if (g_once_init_enter(&type)) {
    GType made = g_boxed_type_register_static(
        "DsbindInferNumbers", reinterpret_cast<GBoxedCopyFunc>(gst_mini_object_ref),
        reinterpret_cast<GBoxedFreeFunc>(gst_mini_object_unref));
    g_once_init_leave(&type, made);
  }
  return type;
}

void free_numbers(GstMiniObject *object) { delete reinterpret_cast<Numbers *>(object); }

Numbers *new_numbers() {
  auto *numbers = new Numbers();
  gst_mini_object_init(&numbers->object, 0, numbers_type(), nullptr, nullptr, free_numbers);
  return numbers;
}

/* Meta is NvDsInferTensorMeta or NvDsInferSegmentationMeta. */
template <class Meta>
gpointer copy_meta(gpointer user_meta, gpointer) {
  auto *source = static_cast<Meta *>(static_cast<NvDsUserMeta *>(user_meta)->user_meta_data);
  gst_mini_object_ref(static_cast<GstMiniObject *>(source->priv_data));
  return new Meta(*source);
}

template <class Meta>
void release_meta(gpointer user_meta, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(user_meta);
  auto *meta = static_cast<Meta *>(user->user_meta_data);
  user->user_meta_data = nullptr;
  if (!meta) return;
  gst_mini_object_unref(static_cast<GstMiniObject *>(meta->priv_data));
  delete meta;
}

template <class Meta>
void attach(NvDsFrameMeta *frame, NvDsObjectMeta *object, NvDsRoiMeta *roi, NvDsMetaType type,
            Meta *meta) {
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(frame->base_meta.batch_meta);
  if (!user) {
    gst_mini_object_unref(static_cast<GstMiniObject *>(meta->priv_data));
    delete meta;
    throw Error(ErrorKind::Run, "no memory for the metadata of tensors");
  }
  user->base_meta.meta_type = type;
  user->base_meta.uContext = nullptr;
  user->base_meta.copy_func = copy_meta<Meta>;
  user->base_meta.release_func = release_meta<Meta>;
  user->user_meta_data = meta;
  if (roi)
    nvds_add_user_meta_to_roi(roi, user);
  else if (object)
    nvds_add_user_meta_to_obj(object, user);
  else
    nvds_add_user_meta_to_frame(frame, user);
}

}  // namespace

void attach_tensors(NvDsFrameMeta *frame, NvDsObjectMeta *object, const Engine &engine,
                    unsigned unique_id, std::vector<OutputTensor> tensors,
                    NvDsRoiMeta *roi) {
  Numbers *numbers = new_numbers();
  numbers->tensors = std::move(tensors);
  numbers->layers = engine.layers();
  for (const NvDsInferLayerInfo &layer : numbers->layers)
    numbers->names.emplace_back(layer.layerName);
  for (size_t i = 0; i < numbers->layers.size(); i++) {
    numbers->layers[i].layerName = numbers->names[i].c_str();
    /* Not those of the first run: a model may leave the sizes of its outputs open. */
    numbers->layers[i].inferDims = numbers->tensors[i].dims;
    numbers->host.push_back(numbers->tensors[i].bytes.data());
    numbers->device.push_back(nullptr);
  }
  auto *meta = new NvDsInferTensorMeta();
  meta->unique_id = unique_id;
  meta->num_output_layers = static_cast<guint>(numbers->layers.size());
  meta->output_layers_info = numbers->layers.data();
  meta->out_buf_ptrs_host = numbers->host.data();
  meta->out_buf_ptrs_dev = numbers->device.data();
  meta->priv_data = numbers;
  meta->network_info = engine.network();
  meta->maintain_aspect_ratio = engine.config().maintain_aspect_ratio;
  meta->symmetric_padding = engine.config().symmetric_padding;
  attach(frame, object, roi, NVDSINFER_TENSOR_OUTPUT_META, meta);
}

void attach_map(NvDsFrameMeta *frame, NvDsObjectMeta *object, unsigned unique_id, ClassMap map,
                NvDsRoiMeta *roi) {
  Numbers *numbers = new_numbers();
  numbers->map = std::move(map);
  auto *meta = new NvDsInferSegmentationMeta();
  meta->classes = numbers->map.classes;
  meta->width = numbers->map.width;
  meta->height = numbers->map.height;
  meta->class_map = numbers->map.classes_of.data();
  meta->class_probabilities_map =
      numbers->map.probabilities.empty() ? nullptr : numbers->map.probabilities.data();
  meta->priv_data = numbers;
  meta->unique_id = static_cast<gint>(unique_id);
  attach(frame, object, roi, NVDSINFER_SEGMENTATION_META, meta);
}

}  // namespace dsbind::infer
