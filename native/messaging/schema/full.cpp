// SPDX-License-Identifier: Apache-2.0
// The full schema, version 1.0: where, by what, what, and what happened to it.
#include <cstring>
#include <random>

#include "event.h"
#include "schema.h"

namespace dsbind::messaging {

namespace {

/* Version 4. Two of them are in each message: GLib's way of writing one takes longer than the rest. */
std::string uuid() {
  static const char digits[] = "0123456789abcdef";
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  uint64_t words[2] = {random(), random()};
  words[0] = (words[0] & ~0xf000ULL) | 0x4000ULL;
  words[1] = (words[1] & ~(0x3ULL << 62)) | (0x2ULL << 62);
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 32; i++) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text.push_back('-');
    text.push_back(digits[(words[i / 16] >> (60 - i % 16 * 4)) & 15]);
  }
  return text;
}

void write_xyz(Json *json, const char *key, const Position &at) {
  json->key(key).open('{').key("x").number(at.values[0]).key("y").number(at.values[1]);
  json->key("z").number(at.values[2]).close('}');
}

/* With all digits: the sixth of a latitude is 10 m. */
void write_location(Json *json, const Position &at) {
  static const char *const names[] = {"lat", "lon", "alt"};
  json->key("location").open('{');
  for (int i = 0; i < 3; i++) {
    json->key(names[i]).exact(at.values[i]);
  }
  json->close('}');
}

/* A place's part, by what the event says of it. */
const char *part_of_place(NvDsEventType type) {
  switch (type) {
    case NVDS_EVENT_MOVING:
    case NVDS_EVENT_STOPPED: return "aisle";
    case NVDS_EVENT_PARKED:
    case NVDS_EVENT_EMPTY: return "parkingSpot";
    default: return "entrance";
  }
}

void write_place(Json *json, const Config &config, int id, const char *part) {
  static const Place unknown;
  const auto found = config.places.find(id);
  const Place &place = found == config.places.end() ? unknown : found->second;
  json->key("place").open('{');
  json->key("id").text(place.id.empty() ? std::to_string(id) : place.id);
  json->key("name").text(place.name).key("type").text(place.type);
  write_location(json, place.location);
  json->key(part).open('{');
  json->key("id").text(place.sub_fields[0]).key("name").text(place.sub_fields[1]);
  json->key("level").text(place.sub_fields[2]);
  write_xyz(json, "coordinate", place.coordinate);
  json->close('}').close('}');
}

void write_sensor(Json *json, const Config &config, int id, const char *said) {
  static const Sensor unknown;
  const auto found = config.sensors.find(id);
  const Sensor &sensor = found == config.sensors.end() ? unknown : found->second;
  json->key("sensor").open('{').key("id").text(sensor_id(config, id, said));
  json->key("type").text(sensor.type).key("description").text(sensor.description);
  write_location(json, sensor.location);
  write_xyz(json, "coordinate", sensor.coordinate);
  json->close('}');
}

void write_analytics(Json *json, const Config &config, int id) {
  static const Analytics unknown;
  const auto found = config.analytics.find(id);
  const Analytics &module = found == config.analytics.end() ? unknown : found->second;
  json->key("analyticsModule").open('{');
  json->key("id").text(module.id.empty() ? std::to_string(id) : module.id);
  json->key("description").text(module.description).key("source").text(module.source);
  json->key("version").text(module.version).close('}');
}

/* What messages say of where they come from, as it was written last on this thread: most events are
 * of the camera that the one before was of. */
struct Origin {
  uint64_t config = 0;
  int place = 0, sensor = 0, module = 0;
  const char *part = "";
  std::string said, text;
};

const std::string &origin(const Config &config, int place, int sensor, int module,
                          NvDsEventType type, const char *said) {
  thread_local Origin last;
  const char *part = part_of_place(type);
  if (!said) said = "";
  if (last.config == config.serial && last.place == place && last.sensor == sensor &&
      last.module == module && last.part == part && last.said == said)
    return last.text;
  std::string text;
  Json json(&text);
  write_place(&json, config, place, part);
  write_sensor(&json, config, sensor, said);
  write_analytics(&json, config, module);
  last = {config.serial, place, sensor, module, part, said, std::move(text)};
  return last.text;
}

void write_head(Json *json, const char *time) {
  json->open('{').key("messageid").text(uuid()).key("mdsversion").text("1.0");
  json->key("@timestamp").text(time);
}

void write_box(Json *json, double left, double top, double width, double height) {
  json->key("bbox").open('{').key("topleftx").number(left).key("toplefty").number(top);
  json->key("bottomrightx").number(left + width).key("bottomrighty").number(top + height);
  json->close('}');
}

void write_pairs(Json *json, const char *const *names, const char *const *values, size_t count) {
  for (size_t i = 0; i < count; i++) json->key(names[i]).text(values[i]);
}

void write_vehicle(Json *json, const NvDsVehicleObject *is) {
  static const char *const names[] = {"type", "make", "model", "color", "licenseState", "license"};
  const char *values[6] = {};
  if (is) {
    const char *known[] = {is->type, is->make, is->model, is->color, is->region, is->license};
    std::memcpy(values, known, sizeof known);
  }
  write_pairs(json, names, values, 6);
}

void write_person(Json *json, const NvDsPersonObject *is) {
  static const char *const names[] = {"gender", "hair", "cap", "apparel"};
  const char *values[4] = {};
  if (is) {
    const char *known[] = {is->gender, is->hair, is->cap, is->apparel};
    std::memcpy(values, known, sizeof known);
  }
  json->key("age").number(static_cast<uint64_t>(is ? is->age : 0));
  write_pairs(json, names, values, 4);
}

void write_face(Json *json, const NvDsFaceObject *is) {
  static const char *const names[] = {"gender",     "hair", "cap",     "glasses",
                                      "facialhair", "name", "eyecolor"};
  const char *values[7] = {};
  if (is) {
    const char *known[] = {is->gender,     is->hair, is->cap,     is->glasses,
                           is->facialhair, is->name, is->eyecolor};
    std::memcpy(values, known, sizeof known);
  }
  json->key("age").number(static_cast<uint64_t>(is ? is->age : 0));
  write_pairs(json, names, values, 7);
}

void write_product(Json *json, const NvDsProductObject *is) {
  static const char *const names[] = {"brand", "type", "shape"};
  const char *values[3] = {};
  if (is) {
    const char *known[] = {is->brand, is->type, is->shape};
    std::memcpy(values, known, sizeof known);
  }
  write_pairs(json, names, values, 3);
}

/* The structs named Ext begin with the others' fields. */
void write_what(Json *json, const NvDsEventMsgMeta &event) {
  switch (event.objType) {
    case NVDS_OBJECT_TYPE_VEHICLE:
    case NVDS_OBJECT_TYPE_VEHICLE_EXT:
      json->key("vehicle").open('{');
      write_vehicle(json, extension<NvDsVehicleObject>(event));
      break;
    case NVDS_OBJECT_TYPE_PERSON:
    case NVDS_OBJECT_TYPE_PERSON_EXT:
      json->key("person").open('{');
      write_person(json, extension<NvDsPersonObject>(event));
      break;
    case NVDS_OBJECT_TYPE_FACE:
    case NVDS_OBJECT_TYPE_FACE_EXT:
      json->key("face").open('{');
      write_face(json, extension<NvDsFaceObject>(event));
      break;
    case NVDS_OBJECT_TYPE_PRODUCT:
    case NVDS_OBJECT_TYPE_PRODUCT_EXT:
      json->key("product").open('{');
      write_product(json, extension<NvDsProductObject>(event));
      break;
    case NVDS_OBJECT_TYPE_BAG: json->key("bag").open('{'); break;
    case NVDS_OBJECT_TYPE_BICYCLE: json->key("bicycle").open('{'); break;
    case NVDS_OBJECT_TYPE_ROADSIGN: json->key("roadsign").open('{'); break;
    default:
      json->name(event.objectId && *event.objectId ? event.objectId : "unknown").open('{');
  }
  json->key("confidence").number(event.confidence).close('}');
}

void write_pose(Json *json, const NvDsJoints &pose) {
  if (!pose.joints || pose.num_joints <= 0) return;
  json->key("pose").open('{').key("type").number(static_cast<uint64_t>(pose.pose_type));
  json->key("joints").open('[');
  for (int i = 0; i < pose.num_joints; i++) {
    const NvDsJoint &joint = pose.joints[i];
    json->open('{').key("x").number(joint.x).key("y").number(joint.y).key("z").number(joint.z);
    json->key("confidence").number(joint.confidence).close('}');
  }
  json->close(']').close('}');
}

void write_vectors(Json *json, const NvDsEventMsgMeta &event) {
  write_pose(json, event.pose);
  if (event.embedding.embedding_vector && event.embedding.embedding_length) {
    json->key("embedding").open('{').key("vector").open('[');
    for (guint i = 0; i < event.embedding.embedding_length; i++)
      json->number(event.embedding.embedding_vector[i]);
    json->close(']').close('}');
  }
  if (event.objSignature.signature && event.objSignature.size) {
    json->key("signature").open('[');
    for (guint i = 0; i < event.objSignature.size; i++)
      json->number(event.objSignature.signature[i]);
    json->close(']');
  }
}

const char *name_of(NvDsEventType type) {
  switch (type) {
    case NVDS_EVENT_ENTRY: return "entry";
    case NVDS_EVENT_EXIT: return "exit";
    case NVDS_EVENT_MOVING: return "moving";
    case NVDS_EVENT_STOPPED: return "stopped";
    case NVDS_EVENT_EMPTY: return "empty";
    case NVDS_EVENT_PARKED: return "parked";
    case NVDS_EVENT_RESET: return "reset";
    default: return "custom";
  }
}

/* What nothing here measures. */
constexpr std::string_view motion = "\"speed\":0,\"direction\":0,\"orientation\":0";

void write_event(Json *json, const char *type) {
  json->key("event").open('{').key("id").text(uuid()).key("type").text(type).close('}');
}

}  // namespace

std::string full(const Config &config, NvDsEventType type, const NvDsEventMsgMeta &event) {
  std::string out;
  out.reserve(1536);
  Json json(&out);
  char now[DSBIND_TIME_SIZE];
  if (!event.ts) dsbind_event_time(nullptr, now);
  write_head(&json, event.ts ? event.ts : now);
  json.members(origin(config, event.placeId, event.sensorId, event.moduleId, type,
                      event.sensorStr));
  json.key("object").open('{').key("id").text(std::to_string(event.trackingId));
  json.members(motion);
  write_what(&json, event);
  write_box(&json, event.bbox.left, event.bbox.top, event.bbox.width, event.bbox.height);
  write_location(&json, {{event.location.lat, event.location.lon, event.location.alt}});
  write_xyz(&json, "coordinate", {{event.coordinate.x, event.coordinate.y, event.coordinate.z}});
  write_vectors(&json, event);
  json.close('}');
  write_event(&json, name_of(type));
  json.key("videoPath").text(event.videoPath);
  if (event.otherAttrs) json.key("otherAttrs").text(event.otherAttrs);
  json.close('}');
  return out;
}

std::string full(const Config &config, const NvDsFrameMeta &frame, const NvDsObjectMeta &object) {
  std::string out;
  out.reserve(1536);
  Json json(&out);
  char time[DSBIND_TIME_SIZE];
  dsbind_event_time(&frame, time);
  const int source = static_cast<int>(frame.source_id);
  write_head(&json, time);
  json.members(origin(config, source, source, 0, NVDS_EVENT_ENTRY, nullptr));
  json.key("object").open('{').key("id").text(std::to_string(object.object_id));
  json.members(motion);
  json.name(object.obj_label[0] ? std::string_view(object.obj_label,
                                                   strnlen(object.obj_label, MAX_LABEL_SIZE))
                                : std::string_view("unknown"));
  json.open('{');
  for (const NvDsMetaList *c = object.classifier_meta_list; c; c = c->next) {
    const auto *classifier = static_cast<const NvDsClassifierMeta *>(c->data);
    for (const NvDsMetaList *l = classifier->label_info_list; l; l = l->next) {
      const auto *label = static_cast<const NvDsLabelInfo *>(l->data);
      const char *kind = classifier->classifier_type;
      const char *value = label->pResult_label ? label->pResult_label : label->result_label;
      json.name(kind && *kind ? std::string_view(kind)
                              : "classifier-" + std::to_string(classifier->unique_component_id));
      json.text(value);
      break; /* a name is there once */
    }
  }
  json.key("confidence").number(object.confidence).close('}');
  NvDsEventMsgMeta *box = dsbind_event_new(&object, &frame, nullptr, nullptr, nullptr);
  write_box(&json, box->bbox.left, box->bbox.top, box->bbox.width, box->bbox.height);
  dsbind_event_free(box);
  write_location(&json, {});
  write_xyz(&json, "coordinate", {});
  json.close('}');
  write_event(&json, "");
  json.key("videoPath").text("");
  write_custom(&json, frame.frame_user_meta_list, object.obj_user_meta_list);
  json.close('}');
  return out;
}

}  // namespace dsbind::messaging
