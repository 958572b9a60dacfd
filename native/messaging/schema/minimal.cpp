// SPDX-License-Identifier: Apache-2.0
// The minimal schema, version 4.0: one line of text for each object of a frame.
#include <cstring>

#include "event.h"
#include "schema.h"

namespace dsbind::messaging {

namespace {

/* A part of an object's line: '|' is between them, so none is within. */
void append_part(std::string *line, const char *text) {
  line->push_back('|');
  for (; text && *text; text++) line->push_back(*text == '|' ? ' ' : *text);
}

void append_attributes(std::string *line, const NvDsEventMsgMeta &event) {
  switch (event.objType) {
    case NVDS_OBJECT_TYPE_VEHICLE:
    case NVDS_OBJECT_TYPE_VEHICLE_EXT:
      if (const auto *is = extension<NvDsVehicleObject>(event))
        for (const char *text :
             {is->type, is->make, is->model, is->color, is->license, is->region})
          append_part(line, text);
      break;
    case NVDS_OBJECT_TYPE_PERSON:
    case NVDS_OBJECT_TYPE_PERSON_EXT:
      if (const auto *is = extension<NvDsPersonObject>(event)) {
        append_part(line, is->gender);
        append_part(line, std::to_string(is->age).c_str());
        for (const char *text : {is->hair, is->cap, is->apparel}) append_part(line, text);
      }
      break;
    case NVDS_OBJECT_TYPE_FACE:
    case NVDS_OBJECT_TYPE_FACE_EXT:
      if (const auto *is = extension<NvDsFaceObject>(event)) {
        append_part(line, is->gender);
        append_part(line, std::to_string(is->age).c_str());
        for (const char *text :
             {is->hair, is->cap, is->glasses, is->facialhair, is->name, is->eyecolor})
          append_part(line, text);
      }
      break;
    case NVDS_OBJECT_TYPE_PRODUCT:
    case NVDS_OBJECT_TYPE_PRODUCT_EXT:
      if (const auto *is = extension<NvDsProductObject>(event))
        for (const char *text : {is->brand, is->type, is->shape}) append_part(line, text);
      break;
    default: break;
  }
}

void append_box(std::string *line, const NvDsRect &box) {
  for (double value : {box.left, box.top, box.left + box.width, box.top + box.height}) {
    line->push_back('|');
    append_number(line, value);
  }
}

void append_end(std::string *line, double confidence) {
  line->push_back('|');
  append_number(line, confidence);
}

void write_head(Json *json, const char *time, int frame, const std::string &sensor) {
  json->open('{').key("version").text("4.0").key("id").text(std::to_string(frame));
  json->key("@timestamp").text(time).key("sensorId").text(sensor).key("objects").open('[');
}

void append_labels(std::string *line, const NvDsObjectMeta &object) {
  for (const NvDsMetaList *c = object.classifier_meta_list; c; c = c->next) {
    const auto *classifier = static_cast<const NvDsClassifierMeta *>(c->data);
    for (const NvDsMetaList *l = classifier->label_info_list; l; l = l->next) {
      const auto *label = static_cast<const NvDsLabelInfo *>(l->data);
      append_part(line, label->pResult_label ? label->pResult_label : label->result_label);
    }
  }
}

}  // namespace

const char *type_name(const NvDsEventMsgMeta &event) {
  switch (event.objType) {
    case NVDS_OBJECT_TYPE_VEHICLE:
    case NVDS_OBJECT_TYPE_VEHICLE_EXT: return "Vehicle";
    case NVDS_OBJECT_TYPE_PERSON:
    case NVDS_OBJECT_TYPE_PERSON_EXT: return "Person";
    case NVDS_OBJECT_TYPE_FACE:
    case NVDS_OBJECT_TYPE_FACE_EXT: return "Face";
    case NVDS_OBJECT_TYPE_PRODUCT:
    case NVDS_OBJECT_TYPE_PRODUCT_EXT: return "Product";
    case NVDS_OBJECT_TYPE_BAG: return "Bag";
    case NVDS_OBJECT_TYPE_BICYCLE: return "Bicycle";
    case NVDS_OBJECT_TYPE_ROADSIGN: return "RoadSign";
    default: return event.objectId && *event.objectId ? event.objectId : "Unknown";
  }
}

std::string minimal(const Config &config, const NvDsEvent *events, guint count) {
  const NvDsEventMsgMeta &first = *events[0].metadata;
  std::string out, line;
  out.reserve(192 + 96 * static_cast<size_t>(count));
  Json json(&out);
  char now[DSBIND_TIME_SIZE];
  if (!first.ts) dsbind_event_time(nullptr, now);
  write_head(&json, first.ts ? first.ts : now, first.frameId,
             sensor_id(config, first.sensorId, first.sensorStr));
  for (guint i = 0; i < count; i++) {
    const NvDsEventMsgMeta &event = *events[i].metadata;
    line = std::to_string(event.trackingId);
    append_box(&line, event.bbox);
    append_part(&line, type_name(event));
    line += "|#";
    append_attributes(&line, event);
    append_end(&line, event.confidence);
    json.text(line);
  }
  json.close(']').close('}');
  return out;
}

std::string minimal(const Config &config, const NvDsFrameMeta &frame, const NvDsObjectMeta *only) {
  std::string out, line;
  Json json(&out);
  char time[DSBIND_TIME_SIZE];
  dsbind_event_time(&frame, time);
  write_head(&json, time, frame.frame_num,
             sensor_id(config, static_cast<int>(frame.source_id), nullptr));
  for (const NvDsMetaList *l = frame.obj_meta_list; l; l = l->next) {
    const auto *object = static_cast<const NvDsObjectMeta *>(l->data);
    if (only && object != only) continue;
    NvDsEventMsgMeta *event = dsbind_event_new(object, &frame, nullptr, nullptr, nullptr);
    line = std::to_string(object->object_id);
    append_box(&line, event->bbox);
    append_part(&line, event->objectId && *event->objectId ? event->objectId : "Unknown");
    line += "|#";
    append_labels(&line, *object);
    append_end(&line, object->confidence);
    json.text(line);
    dsbind_event_free(event);
  }
  json.close(']');
  write_custom(&json, frame.frame_user_meta_list, nullptr);
  json.close('}');
  return out;
}

}  // namespace dsbind::messaging
