/* SPDX-License-Identifier: Apache-2.0 */
/* What classifiers said: on an object or a region, with their labels. */
#include <string.h>

#include "meta_internal.h"
#include "nvds_roi_meta.h"

EXPORT void release_classifier_meta(gpointer data, gpointer user_data) {
  NvDsClassifierMeta *classifier = data;
  (void)user_data;
  nvds_clear_label_info_meta_list(classifier, classifier->label_info_list);
  NvDsBaseMeta base = classifier->base_meta;
  *classifier = (NvDsClassifierMeta){.base_meta = base};
}

EXPORT void release_label_meta(gpointer data, gpointer user_data) {
  NvDsLabelInfo *label = data;
  (void)user_data;
  g_free(label->pResult_label);
  memset(&label->base_meta + 1, 0, sizeof *label - sizeof(NvDsBaseMeta));
}

EXPORT NvDsClassifierMeta *nvds_acquire_classifier_meta_from_pool(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, NULL);
  return dsbind_pool_acquire(batch_meta->classifier_meta_pool, batch_meta);
}

/* A region has no batch of its own: its elements know theirs. */
EXPORT void nvds_add_classifier_meta_to_roi(
    NvDsRoiMeta *roi_meta, NvDsClassifierMeta *classifier_meta) {
  g_return_if_fail(roi_meta != NULL && classifier_meta != NULL);
  dsbind_list_prepend(classifier_meta->base_meta.batch_meta, &roi_meta->classifier_meta_list,
                      classifier_meta, NULL);
}

EXPORT void nvds_remove_classifier_meta_from_roi(
    NvDsRoiMeta *roi_meta, NvDsClassifierMeta *classifier_meta) {
  g_return_if_fail(roi_meta != NULL && classifier_meta != NULL);
  NvDsBatchMeta *batch_meta = classifier_meta->base_meta.batch_meta;
  dsbind_list_remove(batch_meta, batch_meta->classifier_meta_pool,
                     &roi_meta->classifier_meta_list, classifier_meta, NULL);
}

EXPORT void nvds_add_classifier_meta_to_object(
    NvDsObjectMeta *obj_meta, NvDsClassifierMeta *classifier_meta) {
  g_return_if_fail(obj_meta != NULL && classifier_meta != NULL);
  dsbind_list_prepend(obj_meta->base_meta.batch_meta, &obj_meta->classifier_meta_list,
                      classifier_meta, NULL);
}

EXPORT void nvds_remove_classifier_meta_from_obj(
    NvDsObjectMeta *obj_meta, NvDsClassifierMeta *classifier_meta) {
  g_return_if_fail(obj_meta != NULL && classifier_meta != NULL);
  NvDsBatchMeta *batch_meta = obj_meta->base_meta.batch_meta;
  dsbind_list_remove(batch_meta, batch_meta->classifier_meta_pool,
                     &obj_meta->classifier_meta_list, classifier_meta, NULL);
}

EXPORT void nvds_clear_classifier_meta_list(
    NvDsObjectMeta *obj_meta, NvDsClassifierMetaList *meta_list) {
  g_return_if_fail(obj_meta != NULL);
  if (!meta_list) return;
  NvDsBatchMeta *batch_meta = obj_meta->base_meta.batch_meta;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->classifier_meta_pool);
  obj_meta->classifier_meta_list = NULL;
}

EXPORT NvDsLabelInfo *nvds_acquire_label_info_meta_from_pool(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, NULL);
  return dsbind_pool_acquire(batch_meta->label_info_meta_pool, batch_meta);
}

EXPORT void nvds_add_label_info_meta_to_classifier(
    NvDsClassifierMeta *classifier_meta, NvDsLabelInfo *label_info_meta) {
  g_return_if_fail(classifier_meta != NULL && label_info_meta != NULL);
  dsbind_list_prepend(classifier_meta->base_meta.batch_meta, &classifier_meta->label_info_list,
                      label_info_meta, &classifier_meta->num_labels);
}

EXPORT void nvds_remove_label_info_meta_from_classifier(
    NvDsClassifierMeta *classifier_meta, NvDsLabelInfo *label_info_meta) {
  g_return_if_fail(classifier_meta != NULL && label_info_meta != NULL);
  NvDsBatchMeta *batch_meta = classifier_meta->base_meta.batch_meta;
  dsbind_list_remove(batch_meta, batch_meta->label_info_meta_pool,
                     &classifier_meta->label_info_list, label_info_meta,
                     &classifier_meta->num_labels);
}

EXPORT void nvds_clear_label_info_meta_list(
    NvDsClassifierMeta *classifier_meta, NvDsLabelInfoList *meta_list) {
  g_return_if_fail(classifier_meta != NULL);
  if (!meta_list) return;
  NvDsBatchMeta *batch_meta = classifier_meta->base_meta.batch_meta;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->label_info_meta_pool);
  classifier_meta->label_info_list = NULL;
  classifier_meta->num_labels = 0;
}
