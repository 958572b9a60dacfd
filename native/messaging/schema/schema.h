/* SPDX-License-Identifier: Apache-2.0 */
/* The payloads: the full schema has a message for each event, the others have one for each frame. */
#ifndef DSBIND_MESSAGING_SCHEMA_H
#define DSBIND_MESSAGING_SCHEMA_H

#include "config.h"
#include "json.h"
#include "nvdsmeta.h"
#include "nvdsmeta_schema.h"

namespace dsbind::messaging {

std::string full(const Config &config, NvDsEventType type, const NvDsEventMsgMeta &event);
std::string full(const Config &config, const NvDsFrameMeta &frame, const NvDsObjectMeta &object);

std::string minimal(const Config &config, const NvDsEvent *events, guint count);
/* All objects of a frame, or only one. */
std::string minimal(const Config &config, const NvDsFrameMeta &frame, const NvDsObjectMeta *only);

/* As minimal(), in protobuf's wire format. */
std::string protobuf(const Config &config, const NvDsEvent *events, guint count);
std::string protobuf(const Config &config, const NvDsFrameMeta &frame, const NvDsObjectMeta *only);

/* What an event is about: "Vehicle", "Person", else its label. */
const char *type_name(const NvDsEventMsgMeta &event);

/* What the program said of an object by extMsg. Structs that are shorter than their type count as
 * not there. */
template <typename T>
const T *extension(const NvDsEventMsgMeta &event) {
  return event.extMsg && event.extMsgSize >= sizeof(T) ? static_cast<const T *>(event.extMsg)
                                                       : nullptr;
}

/* The sensor's id: of the config, else what the event says, else its number. */
std::string sensor_id(const Config &config, int sensor, const char *said);

/* "customMessage": what a program attached to a frame or object, as NVDS_CUSTOM_MSG_BLOB. */
void write_custom(Json *json, const NvDsUserMetaList *frame, const NvDsUserMetaList *object);

}  // namespace dsbind::messaging

#endif
