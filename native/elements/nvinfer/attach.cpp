/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include <algorithm>
#include <string>

#include "error.h"

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

NvDsObjectMeta *new_object(NvDsFrameMeta *frame, unsigned unique_id) {
  NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(frame->base_meta.batch_meta);
  if (!object) throw Error(ErrorKind::Run, "no memory for the metadata of another object");
  object->unique_component_id = static_cast<gint>(unique_id);
  object->object_id = UNTRACKED_OBJECT_ID;
  return object;
}

/* Copies into memory that the metadata frees. */
void set_mask(NvOSD_MaskParams *params, const Mask &mask, float threshold) {
  const size_t bytes = mask.values.size() * sizeof(float);
  if (bytes == 0 || bytes > G_MAXUINT) return;
  params->data = static_cast<float *>(g_memdup2(mask.values.data(), bytes));
  params->size = static_cast<unsigned>(bytes);
  params->threshold = threshold;
  params->width = mask.width;
  params->height = mask.height;
}

NvDsLabelInfo *new_label(NvDsClassifierMeta *classifier, const Attribute &attribute) {
  NvDsLabelInfo *info =
      nvds_acquire_label_info_meta_from_pool(classifier->base_meta.batch_meta);
  if (!info) throw Error(ErrorKind::Run, "no memory for the metadata of another label");
  info->num_classes = attribute.classes;
  info->result_class_id = attribute.value;
  info->label_id = attribute.index;
  info->result_prob = attribute.confidence;
  copy_label(info->result_label, attribute.label);
  if (attribute.label.size() >= sizeof info->result_label)
    info->pResult_label = g_strdup(attribute.label.c_str());
  return info;
}

/* The object's text goes on with what the classifier says. */
void add_text(NvOSD_TextParams *text, const std::string &more) {
  if (more.empty()) return;
  char *old = text->display_text;
  text->display_text =
      old && *old ? g_strconcat(old, " ", more.c_str(), nullptr) : g_strdup(more.c_str());
  g_free(old);
}

}  // namespace

void attach_objects(NvDsFrameMeta *frame, NvDsObjectMeta *parent, const Config &config,
                    unsigned unique_id, const Found &found) {
  const std::vector<int> &left_out = config.filter_out_class_ids;
  for (size_t i = 0; i < found.boxes.size(); i++) {
    const Box &box = found.boxes[i];
    auto class_id = static_cast<int>(box.classId);
    if (std::find(left_out.begin(), left_out.end(), class_id) != left_out.end()) continue;
    NvDsObjectMeta *object = new_object(frame, unique_id);
    const ClassAttrs &attrs = config.attrs(box.classId);
    const std::string &label = config.label(box.classId);

    object->class_id = class_id;
    object->confidence = box.detectionConfidence;
    object->detector_bbox_info.org_bbox_coords = {box.left, box.top, box.width, box.height};
    NvOSD_RectParams &rect = object->rect_params;
    rect.left = box.left;
    rect.top = box.top;
    rect.width = box.width;
    rect.height = box.height;
#if DSBIND_ABI >= 900
    rect.rotation_angle = box.rotation_angle;
#endif
    rect.border_width = kBorderWidth;
    rect.border_color = osd_color(attrs.border);
    rect.has_bg_color = attrs.background.has_value();
    if (attrs.background) rect.bg_color = osd_color(*attrs.background);
    if (i < found.masks.size())
      set_mask(&object->mask_params, found.masks[i], config.mask_threshold());
    copy_label(object->obj_label, label);
    fill_text(&object->text_params, rect, label);
    nvds_add_obj_meta_to_frame(frame, object, parent);
  }
}

void attach_classes(NvDsFrameMeta *frame, NvDsObjectMeta *object, const Config &config,
                    unsigned unique_id, const Found &found, NvDsRoiMeta *roi) {
  if (found.attributes.empty()) return;
  if (!object && !roi) {
    object = new_object(frame, unique_id);
    object->confidence = found.attributes.front().confidence;
    NvOSD_RectParams &rect = object->rect_params;
    rect.width = static_cast<float>(frame->pipeline_width);
    rect.height = static_cast<float>(frame->pipeline_height);
    object->detector_bbox_info.org_bbox_coords = {0, 0, rect.width, rect.height};
    fill_text(&object->text_params, rect, "");
    nvds_add_obj_meta_to_frame(frame, object, nullptr);
  }
  NvDsClassifierMeta *classifier =
      nvds_acquire_classifier_meta_from_pool(frame->base_meta.batch_meta);
  if (!classifier) throw Error(ErrorKind::Run, "no memory for the metadata of another classifier");
  classifier->unique_component_id = static_cast<gint>(unique_id);
  /* Borrowed by copies that may outlive the element. */
  classifier->classifier_type =
      config.classifier_type.empty() ? nullptr : g_intern_string(config.classifier_type.c_str());
  /* Labels are prepended: the last one first, so that they are read in the model's order. */
  for (size_t i = found.attributes.size(); i-- > 0;)
    nvds_add_label_info_meta_to_classifier(classifier, new_label(classifier, found.attributes[i]));
  if (roi)
    nvds_add_classifier_meta_to_roi(roi, classifier);
  else
    nvds_add_classifier_meta_to_object(object, classifier);
  if (object) add_text(&object->text_params, found.description);
}

}  // namespace dsbind::infer
