/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources of libnvds_meta share. */
#ifndef DSBIND_META_INTERNAL_H
#define DSBIND_META_INTERNAL_H

#include "nvdsmeta.h"

#define EXPORT __attribute__((visibility("default")))

/* The release functions of the pools. NVIDIA's library exports them too. */
void release_frame_meta(gpointer data, gpointer user_data);
void release_obj_meta(gpointer data, gpointer user_data);
void release_classifier_meta(gpointer data, gpointer user_data);
void release_display_meta(gpointer data, gpointer user_data);
void release_label_meta(gpointer data, gpointer user_data);

/* A pool of `count` elements of one kind, or NULL when that is too much memory. */
NvDsMetaPool *dsbind_pool_new(
    NvDsBatchMeta *batch_meta, NvDsMetaType type, gsize element_size, guint count,
    NvDsMetaReleaseFunc release_func);
/* Releases what is still in use. The elements' memory stays until dsbind_pool_free(). */
void dsbind_pool_drain(NvDsMetaPool *pool);
void dsbind_pool_free(NvDsMetaPool *pool);
/* Takes an element, all zero but for its base_meta. NULL when there is no memory. */
gpointer dsbind_pool_acquire(NvDsMetaPool *pool, NvDsBatchMeta *batch_meta);
/* Gives back an element whose release function has run. The batch is locked. */
void dsbind_pool_give_locked(NvDsMetaPool *pool, gpointer element);
/* TRUE when every element is in one of the two lists. The batch is locked. */
gboolean dsbind_pool_is_sound(const NvDsMetaPool *pool);

/* Adds to a list under the lock, and counts. `counter` may be NULL. */
void dsbind_list_append(
    NvDsBatchMeta *batch_meta, NvDsMetaList **list, gpointer element, guint *counter);
void dsbind_list_prepend(
    NvDsBatchMeta *batch_meta, NvDsMetaList **list, gpointer element, guint *counter);
/* Takes an element out of a list, releases it and gives it back; ignores one that is not there. */
void dsbind_list_remove(
    NvDsBatchMeta *batch_meta, NvDsMetaPool *pool, NvDsMetaList **list, gpointer element,
    guint *counter);

#endif
