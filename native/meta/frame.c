/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame owns: objects and display items. */
#include <string.h>

#include "meta_internal.h"

/* Zeroes all of an element but its base. */
#define CLEAR_BODY(element) \
  memset(&(element)->base_meta + 1, 0, sizeof *(element) - sizeof(NvDsBaseMeta))

EXPORT void release_frame_meta(gpointer data, gpointer user_data) {
  NvDsFrameMeta *frame = data;
  (void)user_data;
  nvds_clear_obj_meta_list(frame, frame->obj_meta_list);
  nvds_clear_display_meta_list(frame, frame->display_meta_list);
  nvds_clear_frame_user_meta_list(frame, frame->frame_user_meta_list);
#if DSBIND_ABI >= 800
  g_free((gpointer)frame->sensorInfo_meta.uri);
  g_free((gpointer)frame->sensorInfo_meta.sensor_id);
  g_free((gpointer)frame->sensorInfo_meta.sensor_name);
#endif
  CLEAR_BODY(frame);
}

EXPORT void release_obj_meta(gpointer data, gpointer user_data) {
  NvDsObjectMeta *obj = data;
  (void)user_data;
  nvds_clear_classifier_meta_list(obj, obj->classifier_meta_list);
  nvds_clear_obj_user_meta_list(obj, obj->obj_user_meta_list);
  g_free(obj->text_params.display_text);
  if (obj->mask_params.size > 0) g_free(obj->mask_params.data);
  CLEAR_BODY(obj);
}

EXPORT void release_display_meta(gpointer data, gpointer user_data) {
  NvDsDisplayMeta *display = data;
  (void)user_data;
  for (int i = 0; i < MAX_ELEMENTS_IN_DISPLAY_META; i++)
    g_free(display->text_params[i].display_text);
  CLEAR_BODY(display);
}

EXPORT NvDsObjectMeta *nvds_acquire_obj_meta_from_pool(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, NULL);
  return dsbind_pool_acquire(batch_meta->obj_meta_pool, batch_meta);
}

EXPORT void nvds_add_obj_meta_to_frame(
    NvDsFrameMeta *frame_meta, NvDsObjectMeta *obj_meta, NvDsObjectMeta *obj_parent) {
  g_return_if_fail(frame_meta != NULL && obj_meta != NULL);
  obj_meta->parent = obj_parent;
  dsbind_list_prepend(frame_meta->base_meta.batch_meta, &frame_meta->obj_meta_list, obj_meta,
                      &frame_meta->num_obj_meta);
}

EXPORT void nvds_remove_obj_meta_from_frame(NvDsFrameMeta *frame_meta, NvDsObjectMeta *obj_meta) {
  g_return_if_fail(frame_meta != NULL && obj_meta != NULL);
  NvDsBatchMeta *batch_meta = frame_meta->base_meta.batch_meta;
  dsbind_list_remove(batch_meta, batch_meta->obj_meta_pool, &frame_meta->obj_meta_list, obj_meta,
                     &frame_meta->num_obj_meta);
}

EXPORT void nvds_clear_obj_meta_list(NvDsFrameMeta *frame_meta, NvDsObjectMetaList *meta_list) {
  g_return_if_fail(frame_meta != NULL);
  if (!meta_list) return;
  NvDsBatchMeta *batch_meta = frame_meta->base_meta.batch_meta;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->obj_meta_pool);
  frame_meta->obj_meta_list = NULL;
  frame_meta->num_obj_meta = 0;
}

EXPORT NvDsDisplayMeta *nvds_acquire_display_meta_from_pool(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, NULL);
  return dsbind_pool_acquire(batch_meta->display_meta_pool, batch_meta);
}

EXPORT void nvds_add_display_meta_to_frame(
    NvDsFrameMeta *frame_meta, NvDsDisplayMeta *display_meta) {
  g_return_if_fail(frame_meta != NULL && display_meta != NULL);
  dsbind_list_prepend(frame_meta->base_meta.batch_meta, &frame_meta->display_meta_list,
                      display_meta, NULL);
}

EXPORT void nvds_remove_display_meta_from_frame(
    NvDsFrameMeta *frame_meta, NvDsDisplayMeta *display_meta) {
  g_return_if_fail(frame_meta != NULL && display_meta != NULL);
  NvDsBatchMeta *batch_meta = frame_meta->base_meta.batch_meta;
  dsbind_list_remove(batch_meta, batch_meta->display_meta_pool, &frame_meta->display_meta_list,
                     display_meta, NULL);
}

EXPORT void nvds_clear_display_meta_list(NvDsFrameMeta *frame_meta, NvDisplayMetaList *meta_list) {
  g_return_if_fail(frame_meta != NULL);
  if (!meta_list) return;
  NvDsBatchMeta *batch_meta = frame_meta->base_meta.batch_meta;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->display_meta_pool);
  frame_meta->display_meta_list = NULL;
}
