/* SPDX-License-Identifier: Apache-2.0 */
/* A batch: its pools, its frames, its user metadata. */
#include "meta_internal.h"

#define POOLS 6
#define ELEMENTS_PER_FRAME 8
#define DISPLAY_ELEMENTS 8
#define USER_ELEMENTS 8

/* In the order in which they are drained: owners before what they own. */
static void list_pools(NvDsBatchMeta *batch_meta, NvDsMetaPool **pools[POOLS]) {
  pools[0] = &batch_meta->frame_meta_pool;
  pools[1] = &batch_meta->obj_meta_pool;
  pools[2] = &batch_meta->classifier_meta_pool;
  pools[3] = &batch_meta->display_meta_pool;
  pools[4] = &batch_meta->user_meta_pool;
  pools[5] = &batch_meta->label_info_meta_pool;
}

static void free_batch(NvDsBatchMeta *batch_meta) {
  NvDsMetaPool **pools[POOLS];
  list_pools(batch_meta, pools);
  for (int i = 0; i < POOLS; i++) dsbind_pool_free(*pools[i]);
  g_rec_mutex_clear(&batch_meta->meta_mutex);
  g_free(batch_meta);
}

EXPORT NvDsBatchMeta *nvds_create_batch_meta(guint max_batch_size) {
  if (max_batch_size > G_MAXINT / ELEMENTS_PER_FRAME) {
    g_critical("a batch of %u frames is too large: the most is %d", max_batch_size,
               G_MAXINT / ELEMENTS_PER_FRAME);
    return NULL;
  }
  NvDsBatchMeta *batch_meta = g_new0(NvDsBatchMeta, 1);
  guint many = ELEMENTS_PER_FRAME * max_batch_size;
  g_rec_mutex_init(&batch_meta->meta_mutex);
  batch_meta->base_meta = (NvDsBaseMeta){
      .batch_meta = batch_meta,
      .meta_type = NVDS_BATCH_META,
      .copy_func = nvds_batch_meta_copy_func,
      .release_func = nvds_batch_meta_release_func,
  };
  batch_meta->frame_meta_pool = dsbind_pool_new(
      batch_meta, NVDS_FRAME_META, sizeof(NvDsFrameMeta), max_batch_size, release_frame_meta);
  batch_meta->obj_meta_pool = dsbind_pool_new(
      batch_meta, NVDS_OBJ_META, sizeof(NvDsObjectMeta), many, release_obj_meta);
  batch_meta->classifier_meta_pool = dsbind_pool_new(
      batch_meta, NVDS_CLASSIFIER_META, sizeof(NvDsClassifierMeta), many, release_classifier_meta);
  batch_meta->display_meta_pool = dsbind_pool_new(
      batch_meta, NVDS_DISPLAY_META, sizeof(NvDsDisplayMeta), DISPLAY_ELEMENTS,
      release_display_meta);
  batch_meta->user_meta_pool = dsbind_pool_new(
      batch_meta, NVDS_USER_META, sizeof(NvDsUserMeta), USER_ELEMENTS, NULL);
  batch_meta->label_info_meta_pool = dsbind_pool_new(
      batch_meta, NVDS_LABEL_INFO_META, sizeof(NvDsLabelInfo), many, release_label_meta);

  NvDsMetaPool **pools[POOLS];
  list_pools(batch_meta, pools);
  for (int i = 0; i < POOLS; i++) {
    if (*pools[i]) continue;
    g_critical("no memory for the metadata of a batch of %u frames", max_batch_size);
    free_batch(batch_meta);
    return NULL;
  }
  return batch_meta;
}

EXPORT gboolean nvds_destroy_batch_meta(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, FALSE);
  NvDsMetaPool **pools[POOLS];
  list_pools(batch_meta, pools);
  for (int i = 0; i < POOLS; i++) {
    if (dsbind_pool_is_sound(*pools[i])) continue;
    g_critical("the pool of metadata of type %d is corrupt: the batch is not freed",
               (*pools[i])->meta_type);
    return FALSE;
  }
  for (int i = 0; i < POOLS; i++) dsbind_pool_drain(*pools[i]);
  g_list_free(batch_meta->frame_meta_list);
  g_list_free(batch_meta->batch_user_meta_list);
  free_batch(batch_meta);
  return TRUE;
}

/* Printing is what this function is for. */
EXPORT gboolean nvds_get_current_metadata_info(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, FALSE);
  static const char *const names[POOLS] = {"frame",   "object", "classifier",
                                           "display", "user",   "label"};
  NvDsMetaPool **pools[POOLS];
  gboolean sound = TRUE;
  list_pools(batch_meta, pools);
  nvds_acquire_meta_lock(batch_meta);
  for (int i = 0; i < POOLS; i++) {
    const NvDsMetaPool *pool = *pools[i];
    sound = dsbind_pool_is_sound(pool) && sound;
    g_print("%s metadata: %u in use, %u free\n", names[i], pool->num_full_elements,
            pool->num_empty_elements);
  }
  for (GList *l = batch_meta->frame_meta_list; l; l = l->next) {
    const NvDsFrameMeta *frame = l->data;
    g_print("frame %d of source %u: %u objects\n", frame->frame_num, frame->source_id,
            frame->num_obj_meta);
  }
  nvds_release_meta_lock(batch_meta);
  return sound;
}

EXPORT NvDsFrameMeta *nvds_acquire_frame_meta_from_pool(NvDsBatchMeta *batch_meta) {
  g_return_val_if_fail(batch_meta != NULL, NULL);
  return dsbind_pool_acquire(batch_meta->frame_meta_pool, batch_meta);
}

EXPORT void nvds_add_frame_meta_to_batch(NvDsBatchMeta *batch_meta, NvDsFrameMeta *frame_meta) {
  g_return_if_fail(batch_meta != NULL && frame_meta != NULL);
  dsbind_list_append(batch_meta, &batch_meta->frame_meta_list, frame_meta,
                     &batch_meta->num_frames_in_batch);
}

EXPORT void nvds_remove_frame_meta_from_batch(
    NvDsBatchMeta *batch_meta, NvDsFrameMeta *frame_meta) {
  g_return_if_fail(batch_meta != NULL && frame_meta != NULL);
  dsbind_list_remove(batch_meta, batch_meta->frame_meta_pool, &batch_meta->frame_meta_list,
                     frame_meta, &batch_meta->num_frames_in_batch);
}

EXPORT void nvds_clear_frame_meta_list(NvDsBatchMeta *batch_meta, NvDsFrameMetaList *meta_list) {
  g_return_if_fail(batch_meta != NULL);
  if (!meta_list) return;
  nvds_clear_meta_list(batch_meta, meta_list, batch_meta->frame_meta_pool);
  batch_meta->frame_meta_list = NULL;
  batch_meta->num_frames_in_batch = 0;
}
