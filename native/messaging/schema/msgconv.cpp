// SPDX-License-Identifier: Apache-2.0
// libnvds_msgconv.so: the nvds_msg2p functions over the schemas.
#include "nvmsgconv.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

#include "error.h"
#include "schema.h"

using namespace dsbind::messaging;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

thread_local std::string last_error;

const Config &config_of(const NvDsMsg2pCtx *ctx) { return *static_cast<Config *>(ctx->privData); }

/* With a NUL behind it, which payloadSize does not count. */
NvDsPayload *payload_of(const std::string &text) {
  auto *payload = static_cast<NvDsPayload *>(g_malloc0(sizeof(NvDsPayload)));
  payload->payload = g_malloc(text.size() + 1);
  std::memcpy(payload->payload, text.c_str(), text.size() + 1);
  payload->payloadSize = static_cast<guint>(text.size());
  return payload;
}

NvDsPayload **list_of(const std::vector<std::string> &texts, guint *count) {
  auto **payloads = static_cast<NvDsPayload **>(g_malloc0((texts.size() + 1) * sizeof(void *)));
  for (size_t i = 0; i < texts.size(); i++) payloads[i] = payload_of(texts[i]);
  *count = static_cast<guint>(texts.size());
  return payloads;
}

std::vector<std::string> texts_of(const NvDsMsg2pCtx *ctx, const NvDsEvent *events, guint size) {
  std::vector<std::string> texts;
  if (!events || !size) return texts;
  if (ctx->payloadType == NVDS_PAYLOAD_DEEPSTREAM_MINIMAL) {
    texts.push_back(minimal(config_of(ctx), events, size));
  } else if (ctx->payloadType == NVDS_PAYLOAD_DEEPSTREAM_PROTOBUF) {
    texts.push_back(protobuf(config_of(ctx), events, size));
  } else {
    for (guint i = 0; i < size; i++)
      texts.push_back(full(config_of(ctx), events[i].eventType, *events[i].metadata));
  }
  return texts;
}

std::vector<std::string> texts_of(const NvDsMsg2pCtx *ctx, const NvDsMsg2pMetaInfo *info) {
  std::vector<std::string> texts;
  const auto *frame = static_cast<const NvDsFrameMeta *>(info->frameMeta);
  const auto *object = static_cast<const NvDsObjectMeta *>(info->objMeta);
  if (!frame) return texts;
  if (ctx->payloadType == NVDS_PAYLOAD_DEEPSTREAM_MINIMAL) {
    texts.push_back(minimal(config_of(ctx), *frame, object));
  } else if (ctx->payloadType == NVDS_PAYLOAD_DEEPSTREAM_PROTOBUF) {
    texts.push_back(protobuf(config_of(ctx), *frame, object));
  } else if (object) {
    texts.push_back(full(config_of(ctx), *frame, *object));
  } else {
    for (const NvDsMetaList *l = frame->obj_meta_list; l; l = l->next)
      texts.push_back(
          full(config_of(ctx), *frame, *static_cast<const NvDsObjectMeta *>(l->data)));
  }
  return texts;
}

void append_custom(Json *json, const NvDsUserMetaList *list) {
  for (; list; list = list->next) {
    const auto *meta = static_cast<const NvDsUserMeta *>(list->data);
    if (meta->base_meta.meta_type != NVDS_CUSTOM_MSG_BLOB || !meta->user_meta_data) continue;
    const auto *info = static_cast<const NvDsCustomMsgInfo *>(meta->user_meta_data);
    if (info->message)
      json->text(std::string_view(static_cast<const char *>(info->message),
                                  strnlen(static_cast<const char *>(info->message), info->size)));
  }
}

bool has_custom(const NvDsUserMetaList *list) {
  for (; list; list = list->next)
    if (static_cast<const NvDsUserMeta *>(list->data)->base_meta.meta_type == NVDS_CUSTOM_MSG_BLOB)
      return true;
  return false;
}

}  // namespace

namespace dsbind::messaging {

std::string sensor_id(const Config &config, int sensor, const char *said) {
  const auto found = config.sensors.find(sensor);
  if (found != config.sensors.end() && !found->second.id.empty()) return found->second.id;
  if (said && *said) return said;
  return std::to_string(sensor);
}

void write_custom(Json *json, const NvDsUserMetaList *frame, const NvDsUserMetaList *object) {
  if (!has_custom(frame) && !has_custom(object)) return;
  json->key("customMessage").open('[');
  append_custom(json, frame);
  append_custom(json, object);
  json->close(']');
}

}  // namespace dsbind::messaging

/* Why the last call on this thread gave NULL. Libraries of others do not have it. */
EXPORT const char *dsbind_msg2p_last_error(void) { return last_error.c_str(); }

EXPORT NvDsMsg2pCtx *nvds_msg2p_ctx_create(const gchar *file, NvDsPayloadType type) {
  if (type != NVDS_PAYLOAD_DEEPSTREAM && type != NVDS_PAYLOAD_DEEPSTREAM_MINIMAL &&
      type != NVDS_PAYLOAD_DEEPSTREAM_PROTOBUF) {
    last_error = type == NVDS_PAYLOAD_CUSTOM
                     ? "payload type 257 is a program's own: name its library by msg2p-lib"
                     : "payload type " + std::to_string(static_cast<int>(type)) +
                           " has no schema: choose 0, the full one, 1, the minimal, or 2, protobuf";
    return nullptr;
  }
  try {
    auto config = new Config(file && *file ? load_config(file) : Config());
    auto *ctx = static_cast<NvDsMsg2pCtx *>(g_malloc0(sizeof(NvDsMsg2pCtx)));
    ctx->payloadType = type;
    ctx->privData = config;
    return ctx;
  } catch (const std::exception &error) {
    last_error = error.what();
    return nullptr;
  }
}

EXPORT void nvds_msg2p_ctx_destroy(NvDsMsg2pCtx *ctx) {
  if (!ctx) return;
  delete static_cast<Config *>(ctx->privData);
  g_free(ctx);
}

EXPORT NvDsPayload **nvds_msg2p_generate_multiple(NvDsMsg2pCtx *ctx, NvDsEvent *events, guint size,
                                                  guint *payloadCount) {
  *payloadCount = 0;
  try {
    return list_of(texts_of(ctx, events, size), payloadCount);
  } catch (const std::exception &error) {
    last_error = error.what();
    return nullptr;
  }
}

EXPORT NvDsPayload *nvds_msg2p_generate(NvDsMsg2pCtx *ctx, NvDsEvent *events, guint size) {
  try {
    const auto texts = texts_of(ctx, events, events ? MIN(size, ctx->payloadType ? size : 1) : 0);
    return texts.empty() ? nullptr : payload_of(texts.front());
  } catch (const std::exception &error) {
    last_error = error.what();
    return nullptr;
  }
}

EXPORT NvDsPayload **nvds_msg2p_generate_multiple_new(NvDsMsg2pCtx *ctx, void *metadataInfo,
                                                      guint *payloadCount) {
  *payloadCount = 0;
  try {
    return list_of(texts_of(ctx, static_cast<NvDsMsg2pMetaInfo *>(metadataInfo)), payloadCount);
  } catch (const std::exception &error) {
    last_error = error.what();
    return nullptr;
  }
}

EXPORT NvDsPayload *nvds_msg2p_generate_new(NvDsMsg2pCtx *ctx, void *metadataInfo) {
  try {
    const auto texts = texts_of(ctx, static_cast<NvDsMsg2pMetaInfo *>(metadataInfo));
    return texts.empty() ? nullptr : payload_of(texts.front());
  } catch (const std::exception &error) {
    last_error = error.what();
    return nullptr;
  }
}

EXPORT void nvds_msg2p_release(NvDsMsg2pCtx *ctx, NvDsPayload *payload) {
  (void)ctx;
  if (!payload) return;
  g_free(payload->payload);
  g_free(payload);
}
