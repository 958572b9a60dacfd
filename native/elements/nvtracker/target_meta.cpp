/* SPDX-License-Identifier: Apache-2.0 */
#include "target_meta.h"

#include <cstring>

#include "attach.h"

namespace dsbind::nvtracker {
namespace {

/* A payload is one block: a struct that begins with its size, so that it can be copied, and behind
 * it what the struct points to. */
struct Block {
  size_t size;
  /* Points into the block anew, after it was copied. */
  void (*repair)(void *payload);
  alignas(16) unsigned char payload[];
};

Block *block_of(void *payload) {
  return reinterpret_cast<Block *>(static_cast<unsigned char *>(payload) -
                                   offsetof(Block, payload));
}

gpointer copy_payload(gpointer data, gpointer) {
  const Block *block = block_of(static_cast<NvDsUserMeta *>(data)->user_meta_data);
  auto *copy = static_cast<Block *>(g_malloc(sizeof(Block) + block->size));
  memcpy(copy, block, sizeof(Block) + block->size);
  if (copy->repair) copy->repair(copy->payload);
  return copy->payload;
}

void release_payload(gpointer data, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(data);
  if (user->user_meta_data) g_free(block_of(user->user_meta_data));
  user->user_meta_data = nullptr;
}

/* `head` with `extra` behind it. */
NvDsUserMeta *make_meta(NvDsBatchMeta *batch, NvDsMetaType type, const void *head, size_t head_size,
                        const void *extra, size_t extra_size, void (*repair)(void *)) {
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  if (!user) return nullptr;
  auto *block = static_cast<Block *>(g_malloc0(sizeof(Block) + head_size + extra_size));
  block->size = head_size + extra_size;
  block->repair = repair;
  memcpy(block->payload, head, head_size);
  if (extra_size) memcpy(block->payload + head_size, extra, extra_size);
  if (repair) repair(block->payload);
  user->base_meta.meta_type = type;
  user->base_meta.uContext = nullptr;
  user->base_meta.copy_func = copy_payload;
  user->base_meta.release_func = release_payload;
  user->user_meta_data = block->payload;
  return user;
}

/* Whether a vector is one of the batch. */
bool is_row(const NvDsReidTensorBatch &features, const float *vector) {
  const auto offset =
      reinterpret_cast<uintptr_t>(vector) - reinterpret_cast<uintptr_t>(features.ptr_host);
  const size_t row = sizeof(float) * features.featureSize;
  return vector && offset % row == 0 && offset / row < features.numFilled;
}

void add(NvDsObjectMeta *object, NvDsUserMeta *user) {
  if (user) nvds_add_user_meta_to_obj(object, user);
}

}  // namespace

void attach_target_meta(NvDsObjectMeta *object, const NvMOTTrackedObj &target,
                        const NvMOTQuery &query, const NvDsReidTensorBatch *features) {
  NvDsBatchMeta *batch = object->base_meta.batch_meta;
  if (features && target.reid.featureSize == features->featureSize &&
      is_row(*features, target.reid.ptr_host)) {
    NvDsObjReid head{target.reid.featureSize, nullptr, nullptr};
    add(object, make_meta(batch, NVDS_TRACKER_OBJ_REID_META, &head, sizeof head,
                          target.reid.ptr_host, sizeof(float) * head.featureSize,
                          [](void *payload) {
                            auto *reid = static_cast<NvDsObjReid *>(payload);
                            reid->ptr_host = reinterpret_cast<float *>(reid + 1);
                          }));
  }
  if (query.outputVisibility)
    add(object, make_meta(batch, NVDS_OBJ_VISIBILITY, &target.visibility, sizeof(float), nullptr, 0,
                          nullptr));
  if (query.outputFootLocation) {
    add(object, make_meta(batch, NVDS_OBJ_IMAGE_FOOT_LOCATION, target.ptImgFeet,
                          sizeof target.ptImgFeet, nullptr, 0, nullptr));
    add(object, make_meta(batch, NVDS_OBJ_WORLD_FOOT_LOCATION, target.ptWorldFeet,
                          sizeof target.ptWorldFeet, nullptr, 0, nullptr));
  }
}

void attach_features(NvDsBatchMeta *batch, const NvDsReidTensorBatch &features) {
  NvDsReidTensorBatch head{features.featureSize, features.numFilled, nullptr, nullptr, nullptr};
  NvDsUserMeta *user =
      make_meta(batch, NVDS_TRACKER_BATCH_REID_META, &head, sizeof head, features.ptr_host,
                sizeof(float) * head.featureSize * head.numFilled, [](void *payload) {
                  auto *copy = static_cast<NvDsReidTensorBatch *>(payload);
                  copy->ptr_host = reinterpret_cast<float *>(copy + 1);
                });
  if (user) nvds_add_user_meta_to_batch(batch, user);
}

}  // namespace dsbind::nvtracker
