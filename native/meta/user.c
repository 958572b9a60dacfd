/* SPDX-License-Identifier: Apache-2.0 */
/* User metadata, on a batch, a frame, a region or an object. */
#include "meta_internal.h"
#include "nvds_roi_meta.h"

EXPORT NvDsUserMeta *nvds_acquire_user_meta_from_pool(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, NULL);
  return dsbind_pool_acquire(batch_meta->user_meta_pool, batch_meta);
}

/* The number is for this process only: it depends on the order of calls. */
EXPORT NvDsMetaType nvds_get_user_meta_type(gchar *meta_descriptor) {
  return (NvDsMetaType)(NVDS_START_USER_META + g_quark_from_string(meta_descriptor));
}

EXPORT void nvds_add_user_meta_to_batch(NvDsBatchMeta *batch_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(batch_meta != NULL && user_meta != NULL);
  dsbind_list_append(batch_meta, &batch_meta->batch_user_meta_list, user_meta, NULL);
}

EXPORT void nvds_add_user_meta_to_frame(NvDsFrameMeta *frame_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(frame_meta != NULL && user_meta != NULL);
  dsbind_list_prepend(frame_meta->base_meta.batch_meta, &frame_meta->frame_user_meta_list,
                      user_meta, NULL);
}

EXPORT void nvds_add_user_meta_to_roi(NvDsRoiMeta *roi_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(roi_meta != NULL && user_meta != NULL);
  dsbind_list_prepend(user_meta->base_meta.batch_meta, &roi_meta->roi_user_meta_list, user_meta,
                      NULL);
}

EXPORT void nvds_add_user_meta_to_obj(NvDsObjectMeta *obj_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(obj_meta != NULL && user_meta != NULL);
  dsbind_list_prepend(obj_meta->base_meta.batch_meta, &obj_meta->obj_user_meta_list, user_meta,
                      NULL);
}

static void remove_user_meta(
    NvDsBatchMeta *batch_meta, NvDsUserMetaList **list, NvDsUserMeta *user_meta) {
  dsbind_list_remove(batch_meta, batch_meta->user_meta_pool, list, user_meta, NULL);
}

EXPORT void nvds_remove_user_meta_from_batch(NvDsBatchMeta *batch_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(batch_meta != NULL && user_meta != NULL);
  remove_user_meta(batch_meta, &batch_meta->batch_user_meta_list, user_meta);
}

EXPORT void nvds_remove_user_meta_from_frame(NvDsFrameMeta *frame_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(frame_meta != NULL && user_meta != NULL);
  remove_user_meta(frame_meta->base_meta.batch_meta, &frame_meta->frame_user_meta_list, user_meta);
}

EXPORT void nvds_remove_user_meta_from_roi(NvDsRoiMeta *roi_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(roi_meta != NULL && user_meta != NULL);
  remove_user_meta(user_meta->base_meta.batch_meta, &roi_meta->roi_user_meta_list, user_meta);
}

EXPORT void nvds_remove_user_meta_from_object(NvDsObjectMeta *obj_meta, NvDsUserMeta *user_meta) {
  g_return_if_fail(obj_meta != NULL && user_meta != NULL);
  remove_user_meta(obj_meta->base_meta.batch_meta, &obj_meta->obj_user_meta_list, user_meta);
}

EXPORT void nvds_clear_batch_user_meta_list(
    NvDsBatchMeta *batch_meta, NvDsUserMetaList *meta_list) {
  g_return_if_fail(batch_meta != NULL);
  if (!meta_list) return;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->user_meta_pool);
  batch_meta->batch_user_meta_list = NULL;
}

EXPORT void nvds_clear_frame_user_meta_list(
    NvDsFrameMeta *frame_meta, NvDsUserMetaList *meta_list) {
  g_return_if_fail(frame_meta != NULL);
  if (!meta_list) return;
  NvDsBatchMeta *batch_meta = frame_meta->base_meta.batch_meta;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->user_meta_pool);
  frame_meta->frame_user_meta_list = NULL;
}

EXPORT void nvds_clear_obj_user_meta_list(
    NvDsObjectMeta *object_meta, NvDsUserMetaList *meta_list) {
  g_return_if_fail(object_meta != NULL);
  if (!meta_list) return;
  NvDsBatchMeta *batch_meta = object_meta->base_meta.batch_meta;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->user_meta_pool);
  object_meta->obj_user_meta_list = NULL;
}
