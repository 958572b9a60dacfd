/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <string.h>
#include <time.h>

void dsbind_event_time(const NvDsFrameMeta *frame, char *text) {
  /* The last second that this thread wrote: its calendar takes longer than the rest of an event. */
  static __thread struct {
    time_t second;
    char text[DSBIND_TIME_SIZE];
    size_t length;
  } last;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (frame && frame->ntp_timestamp) {
    now.tv_sec = (time_t)(frame->ntp_timestamp / 1000000000);
    now.tv_nsec = (long)(frame->ntp_timestamp % 1000000000);
  }
  if (!last.length || last.second != now.tv_sec) {
    struct tm parts;
    last.length = 0;
    if (gmtime_r(&now.tv_sec, &parts))
      last.length = strftime(last.text, DSBIND_TIME_SIZE - 8, "%Y-%m-%dT%H:%M:%S.", &parts);
    last.second = now.tv_sec;
  }
  const guint milliseconds = (guint)(now.tv_nsec / 1000000);
  char *at = text + last.length;
  memcpy(text, last.text, last.length);
  *at++ = (char)('0' + milliseconds / 100);
  *at++ = (char)('0' + milliseconds / 10 % 10);
  *at++ = (char)('0' + milliseconds % 10);
  *at++ = 'Z';
  *at = 0;
}

static NvDsObjectType type_of(const char *label) {
  static const struct {
    const char *label;
    NvDsObjectType type;
  } types[] = {
      {"car", NVDS_OBJECT_TYPE_VEHICLE},       {"vehicle", NVDS_OBJECT_TYPE_VEHICLE},
      {"truck", NVDS_OBJECT_TYPE_VEHICLE},     {"bus", NVDS_OBJECT_TYPE_VEHICLE},
      {"van", NVDS_OBJECT_TYPE_VEHICLE},       {"person", NVDS_OBJECT_TYPE_PERSON},
      {"pedestrian", NVDS_OBJECT_TYPE_PERSON}, {"face", NVDS_OBJECT_TYPE_FACE},
      {"bag", NVDS_OBJECT_TYPE_BAG},           {"bicycle", NVDS_OBJECT_TYPE_BICYCLE},
      {"roadsign", NVDS_OBJECT_TYPE_ROADSIGN}, {"road_sign", NVDS_OBJECT_TYPE_ROADSIGN},
  };
  for (guint i = 0; i < G_N_ELEMENTS(types); i++)
    if (g_ascii_strcasecmp(label, types[i].label) == 0) return types[i].type;
  return NVDS_OBJECT_TYPE_UNKNOWN;
}

NvDsEventMsgMeta *dsbind_event_new(const NvDsObjectMeta *object, const NvDsFrameMeta *frame,
                                   const char *sensor, const char *uri, const char *label) {
  NvDsEventMsgMeta *event = g_new0(NvDsEventMsgMeta, 1);
  const gboolean scaled = frame->pipeline_width && frame->pipeline_height &&
                          frame->source_frame_width && frame->source_frame_height;
  const float x = scaled ? (float)frame->source_frame_width / (float)frame->pipeline_width : 1;
  const float y = scaled ? (float)frame->source_frame_height / (float)frame->pipeline_height : 1;
  char time[DSBIND_TIME_SIZE];
  dsbind_event_time(frame, time);
  event->type = NVDS_EVENT_ENTRY;
  event->bbox.left = object->rect_params.left * x;
  event->bbox.top = object->rect_params.top * y;
  event->bbox.width = object->rect_params.width * x;
  event->bbox.height = object->rect_params.height * y;
  event->objClassId = object->class_id;
  event->sensorId = (gint)frame->source_id;
  event->placeId = (gint)frame->source_id;
  event->componentId = object->unique_component_id;
  event->frameId = frame->frame_num;
  event->confidence = object->confidence;
  event->trackingId = object->object_id;
  event->ts = g_strdup(time);
  event->objectId = label ? g_strdup(label) : g_strndup(object->obj_label, MAX_LABEL_SIZE);
  event->objType = type_of(event->objectId);
  event->sensorStr = g_strdup(sensor);
  event->videoPath = g_strdup(uri);
  return event;
}

void dsbind_event_free(NvDsEventMsgMeta *event) {
  g_free(event->ts);
  g_free(event->objectId);
  g_free(event->sensorStr);
  g_free(event->videoPath);
  g_free(event);
}

/* Of those that dsbind_event_new() made, which have no more than these texts of their own. */
static gpointer copy_event(gpointer data, gpointer context) {
  const NvDsEventMsgMeta *event = ((NvDsUserMeta *)data)->user_meta_data;
  (void)context;
  if (!event) return NULL;
  NvDsEventMsgMeta *copy = g_new(NvDsEventMsgMeta, 1);
  memcpy(copy, event, sizeof *copy);
  copy->ts = g_strdup(event->ts);
  copy->objectId = g_strdup(event->objectId);
  copy->sensorStr = g_strdup(event->sensorStr);
  copy->videoPath = g_strdup(event->videoPath);
  return copy;
}

static void release_event(gpointer data, gpointer context) {
  NvDsUserMeta *meta = data;
  (void)context;
  if (meta->user_meta_data) dsbind_event_free(meta->user_meta_data);
  meta->user_meta_data = NULL;
}

static void carry(NvDsUserMeta *meta, gpointer data, NvDsMetaType type, NvDsMetaCopyFunc copy,
                  NvDsMetaReleaseFunc release) {
  meta->user_meta_data = data;
  meta->base_meta.meta_type = type;
  meta->base_meta.copy_func = copy;
  meta->base_meta.release_func = release;
}

void dsbind_event_carry(NvDsUserMeta *meta, NvDsEventMsgMeta *event) {
  carry(meta, event, NVDS_EVENT_MSG_META, copy_event, release_event);
}

/* The bytes are behind the struct, with a NUL behind them. */
static NvDsPayload *payload_new(const void *bytes, guint size, guint component) {
  NvDsPayload *payload = g_malloc(sizeof *payload + size + 1);
  payload->payload = payload + 1;
  payload->payloadSize = size;
  payload->componentId = component;
  if (size) memcpy(payload->payload, bytes, size);
  ((char *)payload->payload)[size] = 0;
  return payload;
}

static gpointer copy_payload(gpointer data, gpointer context) {
  const NvDsPayload *payload = ((NvDsUserMeta *)data)->user_meta_data;
  (void)context;
  return payload ? payload_new(payload->payload, payload->payloadSize, payload->componentId) : NULL;
}

static void release_payload(gpointer data, gpointer context) {
  NvDsUserMeta *meta = data;
  (void)context;
  g_clear_pointer(&meta->user_meta_data, g_free);
}

void dsbind_payload_carry(NvDsUserMeta *meta, const void *bytes, guint size, guint component) {
  carry(meta, payload_new(bytes, size, component), NVDS_PAYLOAD_META, copy_payload,
        release_payload);
}
