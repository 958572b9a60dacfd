/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include <memory>

#include "error.h"

namespace dsbind::analytics {
namespace {

template <class Data>
gpointer copy_data(gpointer user_meta, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(user_meta);
  return new Data(*static_cast<Data *>(user->user_meta_data));
}

template <class Data>
void release_data(gpointer user_meta, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(user_meta);
  delete static_cast<Data *>(user->user_meta_data);
  user->user_meta_data = nullptr;
}

template <class Data>
NvDsUserMeta *user_meta(NvDsBatchMeta *batch, NvDsMetaType type, Data data) {
  auto kept = std::make_unique<Data>(std::move(data));
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  if (!user)
    throw infer::Error(infer::ErrorKind::Run, "no memory for the metadata of the analytics");
  user->base_meta.meta_type = type;
  user->base_meta.uContext = nullptr;
  user->base_meta.copy_func = copy_data<Data>;
  user->base_meta.release_func = release_data<Data>;
  user->user_meta_data = kept.release();
  return user;
}

}  // namespace

void attach_frame(NvDsFrameMeta *frame, NvDsAnalyticsFrameMeta meta) {
  nvds_add_user_meta_to_frame(frame, user_meta(frame->base_meta.batch_meta,
                                               NVDS_USER_FRAME_META_NVDSANALYTICS,
                                               std::move(meta)));
}

void attach_object(NvDsObjectMeta *object, NvDsAnalyticsObjInfo info) {
  nvds_add_user_meta_to_obj(object, user_meta(object->base_meta.batch_meta,
                                              NVDS_USER_OBJ_META_NVDSANALYTICS, std::move(info)));
}

}  // namespace dsbind::analytics
