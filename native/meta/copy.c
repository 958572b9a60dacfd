/* SPDX-License-Identifier: Apache-2.0 */
/* Deep copies. Destinations are fresh elements of the destination's batch. No lock is held: copy
 * functions are the user's, and who changes a batch while another copies it holds its lock.
 *
 * Lists are copied front to back and most are built by prepending, so a copy has them reversed. */
#include <string.h>

#include "meta_internal.h"

static NvDsUserMeta *copy_user_meta_into(NvDsBatchMeta *batch_meta, NvDsUserMeta *src) {
  /* Without a copy function nobody knows what the payload is: the copy goes without it. */
  if (!src->base_meta.copy_func) return NULL;
  NvDsUserMeta *dst = nvds_acquire_user_meta_from_pool(batch_meta);
  if (!dst) return NULL;
  dst->user_meta_data = src->base_meta.copy_func(src, NULL);
  dst->base_meta = src->base_meta;
  dst->base_meta.batch_meta = batch_meta;
  return dst;
}

EXPORT void nvds_copy_batch_user_meta_list(
    NvDsUserMetaList *src_user_meta_list, NvDsBatchMeta *dst_batch_meta) {
  g_return_if_fail(dst_batch_meta != NULL);
  for (GList *l = src_user_meta_list; l; l = l->next) {
    NvDsUserMeta *dst = copy_user_meta_into(dst_batch_meta, l->data);
    if (dst) nvds_add_user_meta_to_batch(dst_batch_meta, dst);
  }
}

EXPORT void nvds_copy_frame_user_meta_list(
    NvDsUserMetaList *src_user_meta_list, NvDsFrameMeta *dst_frame_meta) {
  g_return_if_fail(dst_frame_meta != NULL);
  for (GList *l = src_user_meta_list; l; l = l->next) {
    NvDsUserMeta *dst = copy_user_meta_into(dst_frame_meta->base_meta.batch_meta, l->data);
    if (dst) nvds_add_user_meta_to_frame(dst_frame_meta, dst);
  }
}

EXPORT void nvds_copy_obj_user_meta_list(
    NvDsUserMetaList *src_user_meta_list, NvDsObjectMeta *dst_object_meta) {
  g_return_if_fail(dst_object_meta != NULL);
  for (GList *l = src_user_meta_list; l; l = l->next) {
    NvDsUserMeta *dst = copy_user_meta_into(dst_object_meta->base_meta.batch_meta, l->data);
    if (dst) nvds_add_user_meta_to_obj(dst_object_meta, dst);
  }
}

EXPORT void nvds_copy_label_info_meta(
    NvDsLabelInfo *src_label_info, NvDsLabelInfo *dst_label_info) {
  g_return_if_fail(src_label_info != NULL && dst_label_info != NULL);
  NvDsBaseMeta base = dst_label_info->base_meta;
  *dst_label_info = *src_label_info;
  dst_label_info->base_meta = base;
  dst_label_info->pResult_label = g_strdup(src_label_info->pResult_label);
}

EXPORT void nvds_copy_label_info_list(
    NvDsLabelInfoList *src_label_info_list, NvDsClassifierMeta *dst_classifier_meta) {
  g_return_if_fail(dst_classifier_meta != NULL);
  for (GList *l = src_label_info_list; l; l = l->next) {
    NvDsLabelInfo *dst =
        nvds_acquire_label_info_meta_from_pool(dst_classifier_meta->base_meta.batch_meta);
    if (!dst) return;
    nvds_copy_label_info_meta(l->data, dst);
    nvds_add_label_info_meta_to_classifier(dst_classifier_meta, dst);
  }
}

EXPORT void nvds_copy_classifier_meta(
    NvDsClassifierMeta *src_classifier_meta, NvDsClassifierMeta *dst_classifier_meta) {
  g_return_if_fail(src_classifier_meta != NULL && dst_classifier_meta != NULL);
  dst_classifier_meta->unique_component_id = src_classifier_meta->unique_component_id;
  dst_classifier_meta->classifier_type = src_classifier_meta->classifier_type;
  nvds_copy_label_info_list(src_classifier_meta->label_info_list, dst_classifier_meta);
}

EXPORT void nvds_copy_classification_list(
    NvDsClassifierMetaList *src_classifier_meta_list, NvDsObjectMeta *dst_object_meta) {
  g_return_if_fail(dst_object_meta != NULL);
  for (GList *l = src_classifier_meta_list; l; l = l->next) {
    NvDsClassifierMeta *dst =
        nvds_acquire_classifier_meta_from_pool(dst_object_meta->base_meta.batch_meta);
    if (!dst) return;
    nvds_copy_classifier_meta(l->data, dst);
    nvds_add_classifier_meta_to_object(dst_object_meta, dst);
  }
}

EXPORT void nvds_copy_display_meta(
    NvDsDisplayMeta *src_display_meta, NvDsDisplayMeta *dst_display_meta) {
  g_return_if_fail(src_display_meta != NULL && dst_display_meta != NULL);
  NvDsBaseMeta base = dst_display_meta->base_meta;
  *dst_display_meta = *src_display_meta;
  dst_display_meta->base_meta = base;
  for (int i = 0; i < MAX_ELEMENTS_IN_DISPLAY_META; i++)
    dst_display_meta->text_params[i].display_text =
        g_strdup(src_display_meta->text_params[i].display_text);
}

EXPORT void nvds_copy_display_meta_list(
    NvDisplayMetaList *src_display_meta_list, NvDsFrameMeta *dst_frame_meta) {
  g_return_if_fail(dst_frame_meta != NULL);
  for (GList *l = src_display_meta_list; l; l = l->next) {
    NvDsDisplayMeta *dst =
        nvds_acquire_display_meta_from_pool(dst_frame_meta->base_meta.batch_meta);
    if (!dst) return;
    nvds_copy_display_meta(l->data, dst);
    nvds_add_display_meta_to_frame(dst_frame_meta, dst);
  }
}

EXPORT void nvds_copy_obj_meta(NvDsObjectMeta *src_object_meta, NvDsObjectMeta *dst_object_meta) {
  g_return_if_fail(src_object_meta != NULL && dst_object_meta != NULL);
  NvDsBaseMeta base = dst_object_meta->base_meta;
  NvDsObjectMeta *parent = dst_object_meta->parent;
  *dst_object_meta = *src_object_meta;
  dst_object_meta->base_meta = base;
  dst_object_meta->parent = parent;
  dst_object_meta->classifier_meta_list = NULL;
  dst_object_meta->obj_user_meta_list = NULL;
  dst_object_meta->text_params.display_text = g_strdup(src_object_meta->text_params.display_text);
  NvOSD_MaskParams *mask = &dst_object_meta->mask_params;
  mask->data = NULL;
  if (src_object_meta->mask_params.data && mask->size > 0) {
    mask->data = g_malloc(mask->size);
    memcpy(mask->data, src_object_meta->mask_params.data, mask->size);
  }
  nvds_copy_obj_user_meta_list(src_object_meta->obj_user_meta_list, dst_object_meta);
  nvds_copy_classification_list(src_object_meta->classifier_meta_list, dst_object_meta);
}

EXPORT void nvds_copy_obj_meta_list(
    NvDsObjectMetaList *src_obj_meta_list, NvDsFrameMeta *dst_frame_meta) {
  g_return_if_fail(dst_frame_meta != NULL);
  GHashTable *copies = NULL; /* original -> copy; only where there are parents to map */
  for (GList *l = src_obj_meta_list; l && !copies; l = l->next)
    if (((NvDsObjectMeta *)l->data)->parent) copies = g_hash_table_new(NULL, NULL);
  for (GList *l = src_obj_meta_list; l; l = l->next) {
    NvDsObjectMeta *src = l->data;
    NvDsObjectMeta *dst = nvds_acquire_obj_meta_from_pool(dst_frame_meta->base_meta.batch_meta);
    if (!dst) break;
    nvds_copy_obj_meta(src, dst);
    NvDsObjectMeta *parent = src->parent ? g_hash_table_lookup(copies, src->parent) : NULL;
    nvds_add_obj_meta_to_frame(dst_frame_meta, dst, parent);
    if (copies) g_hash_table_insert(copies, src, dst);
  }
  if (copies) g_hash_table_unref(copies);
}

EXPORT void nvds_copy_frame_meta(NvDsFrameMeta *src_frame_meta, NvDsFrameMeta *dst_frame_meta) {
  g_return_if_fail(src_frame_meta != NULL && dst_frame_meta != NULL);
  NvDsBaseMeta base = dst_frame_meta->base_meta;
  *dst_frame_meta = *src_frame_meta;
  dst_frame_meta->base_meta = base;
  dst_frame_meta->num_obj_meta = 0;
  dst_frame_meta->obj_meta_list = NULL;
  dst_frame_meta->display_meta_list = NULL;
  dst_frame_meta->frame_user_meta_list = NULL;
#if DSBIND_ABI >= 800
  const NvDsSensorInfo_meta *sensor = &src_frame_meta->sensorInfo_meta;
  dst_frame_meta->sensorInfo_meta = (NvDsSensorInfo_meta){
      .source_id = sensor->source_id,
      .uri = g_strdup(sensor->uri),
      .sensor_id = g_strdup(sensor->sensor_id),
      .sensor_name = g_strdup(sensor->sensor_name),
  };
#endif
  nvds_copy_obj_meta_list(src_frame_meta->obj_meta_list, dst_frame_meta);
  nvds_copy_display_meta_list(src_frame_meta->display_meta_list, dst_frame_meta);
  nvds_copy_frame_user_meta_list(src_frame_meta->frame_user_meta_list, dst_frame_meta);
}

EXPORT void nvds_copy_frame_meta_list(
    NvDsFrameMetaList *src_frame_meta_list, NvDsBatchMeta *dst_batch_meta) {
  g_return_if_fail(dst_batch_meta != NULL);
  for (GList *l = src_frame_meta_list; l; l = l->next) {
    NvDsFrameMeta *dst = nvds_acquire_frame_meta_from_pool(dst_batch_meta);
    if (!dst) return;
    nvds_copy_frame_meta(l->data, dst);
    nvds_add_frame_meta_to_batch(dst_batch_meta, dst);
  }
}

EXPORT gpointer nvds_batch_meta_copy_func(gpointer data, gpointer user_data) {
  NvDsBatchMeta *src = data;
  (void)user_data;
  g_return_val_if_fail(src != NULL, NULL);
  NvDsBatchMeta *dst = nvds_create_batch_meta(src->max_frames_in_batch);
  if (!dst) return NULL;
  dst->max_frames_in_batch = src->max_frames_in_batch;
  memcpy(dst->misc_batch_info, src->misc_batch_info, sizeof dst->misc_batch_info);
  memcpy(dst->reserved, src->reserved, sizeof dst->reserved);
  nvds_copy_frame_meta_list(src->frame_meta_list, dst);
  nvds_copy_batch_user_meta_list(src->batch_user_meta_list, dst);
  return dst;
}

EXPORT void nvds_batch_meta_release_func(gpointer data, gpointer user_data) {
  (void)user_data;
  if (data) nvds_destroy_batch_meta(data);
}
