/* SPDX-License-Identifier: Apache-2.0 */
/* Events, as metadata: what nvmsgconv makes messages of.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDSMETA_SCHEMA_H
#define DSBIND_NVDSMETA_SCHEMA_H

#include <glib.h>
#include <stdbool.h>

#include "dsbind_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#if DSBIND_ABI >= 800
#define MAX_SOURCE_ID_LEN 128
#define MAX_NUM_OBJECTS 600
#define MAX_ENTRIES 100
#endif

typedef enum NvDsEventType {
  NVDS_EVENT_ENTRY = 0,
  NVDS_EVENT_EXIT = 1,
  NVDS_EVENT_MOVING = 2,
  NVDS_EVENT_STOPPED = 3,
  NVDS_EVENT_EMPTY = 4,
  NVDS_EVENT_PARKED = 5,
  NVDS_EVENT_RESET = 6,
  NVDS_EVENT_RESERVED = 256,
  NVDS_EVENT_CUSTOM = 257,
  NVDS_EVENT_FORCE32 = 0x7fffffff,
} NvDsEventType;

typedef enum NvDsObjectType {
  NVDS_OBJECT_TYPE_VEHICLE = 0,
  NVDS_OBJECT_TYPE_PERSON = 1,
  NVDS_OBJECT_TYPE_FACE = 2,
  NVDS_OBJECT_TYPE_BAG = 3,
  NVDS_OBJECT_TYPE_BICYCLE = 4,
  NVDS_OBJECT_TYPE_ROADSIGN = 5,
  NVDS_OBJECT_TYPE_VEHICLE_EXT = 6,
  NVDS_OBJECT_TYPE_PERSON_EXT = 7,
  NVDS_OBJECT_TYPE_FACE_EXT = 8,
#if DSBIND_ABI >= 800
  NVDS_OBJECT_TYPE_3D = 9,
  NVDS_OBJECT_TYPE_DUMMY = 10,
  NVDS_OBJECT_TYPE_PRODUCT = 11,
  NVDS_OBJECT_TYPE_PRODUCT_EXT = 12,
#else
  NVDS_OBJECT_TYPE_PRODUCT = 9,
  NVDS_OBJECT_TYPE_PRODUCT_EXT = 10,
#endif
  NVDS_OBJECT_TYPE_RESERVED = 256,
  NVDS_OBJECT_TYPE_CUSTOM = 257,
  NVDS_OBJECT_TYPE_UNKNOWN = 258,
  NVDS_OBEJCT_TYPE_FORCE32 = 0x7fffffff,
} NvDsObjectType;

typedef enum NvDsPayloadType {
  NVDS_PAYLOAD_DEEPSTREAM = 0,
  NVDS_PAYLOAD_DEEPSTREAM_MINIMAL = 1,
  NVDS_PAYLOAD_DEEPSTREAM_PROTOBUF = 2,
  NVDS_PAYLOAD_RESERVED = 256,
  NVDS_PAYLOAD_CUSTOM = 257,
  NVDS_PAYLOAD_FORCE32 = 0x7fffffff,
} NvDsPayloadType;

typedef struct NvDsRect {
  float top;
  float left;
  float width;
  float height;
} NvDsRect;

typedef struct NvDsGeoLocation {
  gdouble lat;
  gdouble lon;
  gdouble alt;
} NvDsGeoLocation;

typedef struct NvDsCoordinate {
  gdouble x;
  gdouble y;
  gdouble z;
} NvDsCoordinate;

typedef struct NvDsObjectSignature {
  gdouble *signature;
  guint size;
} NvDsObjectSignature;

typedef struct NvDsProductObjectExt {
  gchar *brand;
  gchar *type;
  gchar *shape;
  GList *mask;
} NvDsProductObjectExt;

typedef struct NvDsVehicleObject {
  gchar *type;
  gchar *make;
  gchar *model;
  gchar *color;
  gchar *region;
  gchar *license;
} NvDsVehicleObject;

typedef struct NvDsPersonObject {
  gchar *gender;
  gchar *hair;
  gchar *cap;
  gchar *apparel;
  guint age;
} NvDsPersonObject;

typedef struct NvDsFaceObject {
  gchar *gender;
  gchar *hair;
  gchar *cap;
  gchar *glasses;
  gchar *facialhair;
  gchar *name;
  gchar *eyecolor;
  guint age;
} NvDsFaceObject;

typedef struct NvDsVehicleObjectExt {
  gchar *type;
  gchar *make;
  gchar *model;
  gchar *color;
  gchar *region;
  gchar *license;
  GList *mask;
} NvDsVehicleObjectExt;

typedef struct NvDsPersonObjectExt {
  gchar *gender;
  gchar *hair;
  gchar *cap;
  gchar *apparel;
  guint age;
  GList *mask;
} NvDsPersonObjectExt;

typedef struct NvDsFaceObjectWithExt {
  gchar *gender;
  gchar *hair;
  gchar *cap;
  gchar *glasses;
  gchar *facialhair;
  gchar *name;
  gchar *eyecolor;
  guint age;
  GList *mask;
} NvDsFaceObjectExt;

typedef struct NvDsJoint {
  float x;
  float y;
  float z;
  float confidence;
} NvDsJoint;

typedef struct NvDsJoints {
  NvDsJoint *joints;
  int num_joints;
  int pose_type;
} NvDsJoints;

typedef struct NvDsEmbedding {
  float *embedding_vector;
  guint embedding_length;
} NvDsEmbedding;

typedef struct NvDsProductObject {
  gchar *brand;
  gchar *type;
  gchar *shape;
} NvDsProductObject;

typedef struct NvDsConvexHull {
  gint *points;
  guint numFilled;
} NvDsConvexHull;

#if DSBIND_ABI >= 800
typedef struct _NvDsBbox3dObject {
  float boxes_3d[12];
  float scores_3d;
  gchar *labels_3d;
  gchar *embedding_filter;
  float cls_scores;
  guint instance_ids;
  NvDsEmbedding *instance_feats;
#if DSBIND_ABI >= 900
  gchar *ocr_label;
#endif
} NvDsBbox3dObject;

typedef struct SourceTimePair {
  gchar source_id[MAX_SOURCE_ID_LEN];
  guint64 timestamp;
} SourceTimePair;

typedef struct _NvDsBbox3dObjectList {
  NvDsBbox3dObject objects[MAX_NUM_OBJECTS];
  guint num_objects;
  guint64 timestamp;
  gint frame_num;
  guint camera_id;
  gchar *sensorStr;
  SourceTimePair entries[MAX_ENTRIES];
  int count;
} NvDsBbox3dObjectList;

#endif

typedef struct NvDs3DTracking {
  gfloat ptWorldFeet[2];
  gfloat ptImgFeet[2];
#if DSBIND_ABI < 901
  gfloat visibility;
#endif
  NvDsConvexHull convexHull;
#if DSBIND_ABI >= 800
  NvDsBbox3dObject bbox3d;
#endif
} NvDs3DTracking;

#if DSBIND_ABI >= 800
typedef struct NvDsConversationObject {
  gchar *id;
  gchar *query;
  gchar *response;
} NvDsConversationObject;

typedef struct NvDsLLMObject {
  GHashTable *info;
  NvDsConversationObject *conversations;
  guint num_conversations;
  NvDsEmbedding *embeddings;
  guint num_embeddings;
} NvDsLLMObject;

typedef struct NvDsInteractionObject {
  gchar *id;
  gchar **objectIds;
  guint num_objectIds;
  NvDsCoordinate *coordinates;
  guint num_coordinates;
  gchar *description;
  GHashTable *info;
  gint64 timestamp;
} NvDsInteractionObject;

typedef struct NvDsCongestionObject {
  gchar *id;
  gchar **objectIds;
  guint num_objectIds;
  float amount;
  GHashTable *info;
  gint64 timestamp;
} NvDsCongestionObject;

typedef struct NvDsTypeMetricsObject {
  gchar *id;
  gchar *type;
  gint32 count;
  NvDsCoordinate *coordinates;
  guint num_coordinates;
  gchar **objectIds;
  guint num_objectIds;
  GHashTable *info;
} NvDsTypeMetricsObject;

typedef struct NvDsSegmentationObject {
  gint32 *mask;
  guint mask_size;
  GHashTable *info;
} NvDsSegmentationObject;

#endif

/* What happened to an object: the user metadata of NVDS_EVENT_MSG_META. Its texts and extMsg are its
 * own; extMsg is the struct that objType tells, of extMsgSize bytes. */
typedef struct NvDsEventMsgMeta {
  NvDsEventType type;
  NvDsObjectType objType;
  NvDsRect bbox;
  NvDsGeoLocation location;
  NvDsCoordinate coordinate;
  NvDsObjectSignature objSignature;
  gint objClassId;
  gint sensorId;
  gint moduleId;
  gint placeId;
  gint componentId;
  gint frameId;
  gdouble confidence;
  guint64 trackingId;
  gchar *ts;
  gchar *objectId;
  gchar *sensorStr;
#if DSBIND_ABI >= 800
  SourceTimePair entries[MAX_ENTRIES];
  int count;
  NvDsBbox3dObject *bbox3d;
  NvDsLLMObject *llm;
  gint num_interactions;
  NvDsInteractionObject *interactions;
  gint num_congestions;
  NvDsCongestionObject *congestions;
  gint num_fov;
  NvDsTypeMetricsObject *fov;
  NvDsSegmentationObject *segmentation;
#endif
  gchar *otherAttrs;
  gchar *videoPath;
  gpointer extMsg;
  guint extMsgSize;
  NvDsJoints pose;
  NvDsEmbedding embedding;
  bool has3DTracking;
  NvDs3DTracking singleView3DTracking;
#if DSBIND_ABI >= 901
  gfloat visibility;
#endif
} NvDsEventMsgMeta;

typedef struct _NvDsEvent {
  NvDsEventType eventType;
  NvDsEventMsgMeta *metadata;
} NvDsEvent;

typedef struct _NvDsCustomMsgInfo {
  void *message;
  guint size;
} NvDsCustomMsgInfo;

/* A message to be sent. payloadSize excludes the NUL behind a text. */
typedef struct NvDsPayload {
  gpointer payload;
  guint payloadSize;
  guint componentId;
} NvDsPayload;

#ifdef __cplusplus
}
#endif

#endif
