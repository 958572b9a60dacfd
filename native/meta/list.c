/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of elements that a batch, frame, object or classifier owns. Release functions are called
 * without the lock: they are the user's, and may wait for another thread that wants it. */
#include "meta_internal.h"

EXPORT void nvds_acquire_meta_lock(NvDsBatchMeta *batch_meta) {
  g_return_if_fail(batch_meta != NULL);
  g_rec_mutex_lock(&batch_meta->meta_mutex);
}

EXPORT void nvds_release_meta_lock(NvDsBatchMeta *batch_meta) {
  g_return_if_fail(batch_meta != NULL);
  g_rec_mutex_unlock(&batch_meta->meta_mutex);
}

void dsbind_list_append(
    NvDsBatchMeta *batch_meta, NvDsMetaList **list, gpointer element, guint *counter) {
  g_rec_mutex_lock(&batch_meta->meta_mutex);
  *list = g_list_append(*list, element);
  if (counter) ++*counter;
  g_rec_mutex_unlock(&batch_meta->meta_mutex);
}

void dsbind_list_prepend(
    NvDsBatchMeta *batch_meta, NvDsMetaList **list, gpointer element, guint *counter) {
  g_rec_mutex_lock(&batch_meta->meta_mutex);
  *list = g_list_prepend(*list, element);
  if (counter) ++*counter;
  g_rec_mutex_unlock(&batch_meta->meta_mutex);
}

static void release(NvDsBaseMeta *base) {
  if (base->release_func) base->release_func(base, NULL);
}

void dsbind_list_remove(
    NvDsBatchMeta *batch_meta, NvDsMetaPool *pool, NvDsMetaList **list, gpointer element,
    guint *counter) {
  g_rec_mutex_lock(&batch_meta->meta_mutex);
  GList *node = g_list_find(*list, element);
  if (node) {
    *list = g_list_delete_link(*list, node);
    if (counter) --*counter;
  }
  g_rec_mutex_unlock(&batch_meta->meta_mutex);
  if (!node) {
    g_critical("metadata %p of type %d is not in the list it should be removed from", element,
               pool->meta_type);
    return;
  }
  release(element);
  g_rec_mutex_lock(&batch_meta->meta_mutex);
  dsbind_pool_give_locked(pool, element);
  g_rec_mutex_unlock(&batch_meta->meta_mutex);
}

EXPORT NvDsMetaList *nvds_clear_meta_list(
    NvDsBatchMeta *batch_meta, NvDsMetaList *meta_list, NvDsMetaPool *meta_pool) {
  if (!meta_list) return NULL;
  g_return_val_if_fail(batch_meta != NULL && meta_pool != NULL, NULL);
  for (GList *l = meta_list; l; l = l->next) release(l->data);
  g_rec_mutex_lock(&batch_meta->meta_mutex);
  for (GList *l = meta_list; l; l = l->next) dsbind_pool_give_locked(meta_pool, l->data);
  g_rec_mutex_unlock(&batch_meta->meta_mutex);
  g_list_free(meta_list);
  return NULL;
}

EXPORT NvDsFrameMeta *nvds_get_nth_frame_meta(NvDsFrameMetaList *frame_meta_list, guint index) {
  return g_list_nth_data(frame_meta_list, index);
}
