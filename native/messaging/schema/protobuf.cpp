// SPDX-License-Identifier: Apache-2.0
// Frames as protobuf: what the minimal schema says, with names and types. The numbers of the fields
// are those of schema.proto, which is among the samples.
#include <cstring>

#include "event.h"
#include "schema.h"
#include "wire.h"

namespace dsbind::messaging {

namespace {

namespace frame_field {
enum { version = 1, id, timestamp, sensor_id, objects, info = 12 };
}
namespace object_field {
enum { id = 1, bbox, type, confidence, info, embedding, pose, coordinate = 12, location };
}

/* As google.protobuf.Timestamp. Events bring texts of their own, which may be no time. */
void write_time(Wire *wire, const char *text) {
  GTimeZone *utc = g_time_zone_new_utc();
  GDateTime *time = g_date_time_new_from_iso8601(text, utc);
  g_time_zone_unref(utc);
  if (!time) return;
  wire->message(frame_field::timestamp, [&] {
    wire->number(1, static_cast<uint64_t>(g_date_time_to_unix(time)));
    wire->number(2, static_cast<uint64_t>(g_date_time_get_microsecond(time)) * 1000);
  });
  g_date_time_unref(time);
}

void write_head(Wire *wire, const char *time, int frame, const std::string &sensor) {
  wire->text(frame_field::version, "4.0");
  wire->text(frame_field::id, std::to_string(frame));
  write_time(wire, time);
  wire->text(frame_field::sensor_id, sensor);
}

void write_box(Wire *wire, const NvDsRect &box) {
  wire->message(object_field::bbox, [&] {
    wire->real(1, box.left);
    wire->real(2, box.top);
    wire->real(3, box.left + box.width);
    wire->real(4, box.top + box.height);
  });
}

void write_attribute(Wire *wire, const char *name, const char *value) {
  if (value && *value) wire->entry(object_field::info, name, value);
}

void write_age(Wire *wire, guint age) {
  if (age) wire->entry(object_field::info, "age", std::to_string(age));
}

/* The structs named Ext begin with the others' fields. */
void write_attributes(Wire *wire, const NvDsEventMsgMeta &event) {
  switch (event.objType) {
    case NVDS_OBJECT_TYPE_VEHICLE:
    case NVDS_OBJECT_TYPE_VEHICLE_EXT:
      if (const auto *is = extension<NvDsVehicleObject>(event)) {
        write_attribute(wire, "type", is->type);
        write_attribute(wire, "make", is->make);
        write_attribute(wire, "model", is->model);
        write_attribute(wire, "color", is->color);
        write_attribute(wire, "license", is->license);
        write_attribute(wire, "licenseState", is->region);
      }
      break;
    case NVDS_OBJECT_TYPE_PERSON:
    case NVDS_OBJECT_TYPE_PERSON_EXT:
      if (const auto *is = extension<NvDsPersonObject>(event)) {
        write_attribute(wire, "gender", is->gender);
        write_age(wire, is->age);
        write_attribute(wire, "hair", is->hair);
        write_attribute(wire, "cap", is->cap);
        write_attribute(wire, "apparel", is->apparel);
      }
      break;
    case NVDS_OBJECT_TYPE_FACE:
    case NVDS_OBJECT_TYPE_FACE_EXT:
      if (const auto *is = extension<NvDsFaceObject>(event)) {
        write_attribute(wire, "gender", is->gender);
        write_age(wire, is->age);
        write_attribute(wire, "hair", is->hair);
        write_attribute(wire, "cap", is->cap);
        write_attribute(wire, "glasses", is->glasses);
        write_attribute(wire, "facialhair", is->facialhair);
        write_attribute(wire, "name", is->name);
        write_attribute(wire, "eyecolor", is->eyecolor);
      }
      break;
    case NVDS_OBJECT_TYPE_PRODUCT:
    case NVDS_OBJECT_TYPE_PRODUCT_EXT:
      if (const auto *is = extension<NvDsProductObject>(event)) {
        write_attribute(wire, "brand", is->brand);
        write_attribute(wire, "type", is->type);
        write_attribute(wire, "shape", is->shape);
      }
      break;
    default: break;
  }
}

/* A map's key is there once: of a classifier's labels, the first. */
void write_labels(Wire *wire, const NvDsObjectMeta &object) {
  for (const NvDsMetaList *c = object.classifier_meta_list; c; c = c->next) {
    const auto *classifier = static_cast<const NvDsClassifierMeta *>(c->data);
    if (!classifier->label_info_list) continue;
    const auto *label = static_cast<const NvDsLabelInfo *>(classifier->label_info_list->data);
    const char *kind = classifier->classifier_type;
    const std::string name =
        kind && *kind ? kind : "classifier-" + std::to_string(classifier->unique_component_id);
    write_attribute(wire, name.c_str(),
                    label->pResult_label ? label->pResult_label : label->result_label);
  }
}

void write_embedding(Wire *wire, const NvDsEmbedding &embedding) {
  if (!embedding.embedding_vector || !embedding.embedding_length) return;
  wire->message(object_field::embedding, [&] {
    wire->reals(1, embedding.embedding_vector, embedding.embedding_length);
  });
}

void write_pose(Wire *wire, const NvDsJoints &pose) {
  static const char *const types[] = {"pose2D", "pose3D", "pose25D"};
  if (!pose.joints || pose.num_joints <= 0) return;
  wire->message(object_field::pose, [&] {
    if (pose.pose_type >= 0 && pose.pose_type < 3) wire->text(1, types[pose.pose_type]);
    for (int i = 0; i < pose.num_joints; i++)
      wire->message(2, [&] {
        const NvDsJoint &joint = pose.joints[i];
        const float values[] = {joint.x, joint.y, joint.z, joint.confidence};
        wire->reals(2, values, 4);
      });
  });
}

void write_position(Wire *wire, unsigned field, double first, double second, double third) {
  if (first == 0 && second == 0 && third == 0) return;
  wire->message(field, [&] {
    wire->real(1, first);
    wire->real(2, second);
    wire->real(3, third);
  });
}

void write_event(Wire *wire, const NvDsEventMsgMeta &event) {
  wire->text(object_field::id, std::to_string(event.trackingId));
  write_box(wire, event.bbox);
  wire->text(object_field::type, type_name(event));
  wire->real(object_field::confidence, static_cast<float>(event.confidence));
  write_attributes(wire, event);
  write_embedding(wire, event.embedding);
  write_pose(wire, event.pose);
  write_position(wire, object_field::coordinate, event.coordinate.x, event.coordinate.y,
                 event.coordinate.z);
  write_position(wire, object_field::location, event.location.lat, event.location.lon,
                 event.location.alt);
}

void write_object(Wire *wire, const NvDsFrameMeta &frame, const NvDsObjectMeta &object) {
  NvDsEventMsgMeta *event = dsbind_event_new(&object, &frame, nullptr, nullptr, nullptr);
  wire->text(object_field::id, std::to_string(object.object_id));
  write_box(wire, event->bbox);
  wire->text(object_field::type, *event->objectId ? event->objectId : "Unknown");
  wire->real(object_field::confidence, object.confidence);
  write_labels(wire, object);
  dsbind_event_free(event);
}

void write_custom(Wire *wire, const NvDsUserMetaList *list) {
  unsigned count = 0;
  for (; list; list = list->next) {
    const auto *meta = static_cast<const NvDsUserMeta *>(list->data);
    if (meta->base_meta.meta_type != NVDS_CUSTOM_MSG_BLOB || !meta->user_meta_data) continue;
    const auto *info = static_cast<const NvDsCustomMsgInfo *>(meta->user_meta_data);
    if (!info->message) continue;
    const auto *text = static_cast<const char *>(info->message);
    const std::string number = ++count > 1 ? "-" + std::to_string(count) : "";
    wire->entry(frame_field::info, "customMessage" + number, {text, strnlen(text, info->size)});
  }
}

}  // namespace

std::string protobuf(const Config &config, const NvDsEvent *events, guint count) {
  const NvDsEventMsgMeta &first = *events[0].metadata;
  std::string out;
  out.reserve(96 + 80 * static_cast<size_t>(count));
  Wire wire(&out);
  char now[DSBIND_TIME_SIZE];
  if (!first.ts) dsbind_event_time(nullptr, now);
  write_head(&wire, first.ts ? first.ts : now, first.frameId,
             sensor_id(config, first.sensorId, first.sensorStr));
  for (guint i = 0; i < count; i++)
    wire.message(frame_field::objects, [&] { write_event(&wire, *events[i].metadata); });
  return out;
}

std::string protobuf(const Config &config, const NvDsFrameMeta &frame, const NvDsObjectMeta *only) {
  std::string out;
  Wire wire(&out);
  char time[DSBIND_TIME_SIZE];
  dsbind_event_time(&frame, time);
  write_head(&wire, time, frame.frame_num,
             sensor_id(config, static_cast<int>(frame.source_id), nullptr));
  for (const NvDsMetaList *l = frame.obj_meta_list; l; l = l->next) {
    const auto *object = static_cast<const NvDsObjectMeta *>(l->data);
    if (only && object != only) continue;
    wire.message(frame_field::objects, [&] { write_object(&wire, frame, *object); });
  }
  write_custom(&wire, frame.frame_user_meta_list);
  return out;
}

}  // namespace dsbind::messaging
