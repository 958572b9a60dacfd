/* SPDX-License-Identifier: Apache-2.0 */
/* Pools of elements. Elements live in slabs next to the list nodes that carry them, so that taking
 * and giving back move a node between two lists and allocate nothing. */
#include <string.h>

#include "meta_internal.h"

#define MAX_GROWTH 128

typedef struct _Slab {
  struct _Slab *next;
  char *elements;
  guint count;
  GList nodes[];
} Slab;

/* The part that is the ABI comes first. */
typedef struct {
  NvDsMetaPool pool;
  NvDsBatchMeta *batch_meta;
  Slab *slabs;
} Pool;

static void init_base(const Pool *self, NvDsBaseMeta *base) {
  *base = (NvDsBaseMeta){
      .batch_meta = self->batch_meta,
      .meta_type = self->pool.meta_type,
      .copy_func = self->pool.copy_func,
      .release_func = self->pool.release_func,
  };
}

static gboolean grow(Pool *self, guint count) {
  NvDsMetaPool *pool = &self->pool;
  if (count > G_MAXUINT - pool->max_elements_in_pool) return FALSE;
  Slab *slab = g_try_malloc(sizeof(Slab) + (gsize)count * sizeof(GList));
  char *elements = g_try_malloc0_n(count, pool->element_size);
  if (!slab || !elements) {
    g_free(slab);
    g_free(elements);
    return FALSE;
  }
  slab->elements = elements;
  slab->count = count;
  slab->next = self->slabs;
  self->slabs = slab;
  for (guint i = 0; i < count; i++) {
    NvDsBaseMeta *base = (NvDsBaseMeta *)(elements + (gsize)i * pool->element_size);
    init_base(self, base);
    slab->nodes[i] = (GList){
        .data = base,
        .next = i + 1 < count ? &slab->nodes[i + 1] : pool->empty_list,
        .prev = i ? &slab->nodes[i - 1] : NULL,
    };
  }
  if (pool->empty_list) pool->empty_list->prev = &slab->nodes[count - 1];
  pool->empty_list = slab->nodes;
  pool->max_elements_in_pool += count;
  pool->num_empty_elements += count;
  return TRUE;
}

/* The node that carries an element, or NULL for an element of another pool. */
static GList *find_node(const Pool *self, gpointer element) {
  gsize size = self->pool.element_size;
  for (Slab *slab = self->slabs; slab; slab = slab->next) {
    gsize offset = (gsize)element - (gsize)slab->elements;
    if (offset >= slab->count * size) continue;
    GList *node = &slab->nodes[offset / size];
    return node->data == element ? node : NULL;
  }
  return NULL;
}

/* Moves a node to the front of another list: what was given back last is warm in the cache. */
static void move_node(GList *node, GList **from, GList **to) {
  if (node->prev)
    node->prev->next = node->next;
  else
    *from = node->next;
  if (node->next) node->next->prev = node->prev;
  node->prev = NULL;
  node->next = *to;
  if (*to) (*to)->prev = node;
  *to = node;
}

NvDsMetaPool *dsbind_pool_new(
    NvDsBatchMeta *batch_meta, NvDsMetaType type, gsize element_size, guint count,
    NvDsMetaReleaseFunc release_func) {
  Pool *self = g_new0(Pool, 1);
  self->batch_meta = batch_meta;
  self->pool.meta_type = type;
  self->pool.element_size = element_size;
  self->pool.release_func = release_func;
  if (count && !grow(self, count)) {
    g_free(self);
    return NULL;
  }
  return &self->pool;
}

gpointer dsbind_pool_acquire(NvDsMetaPool *pool, NvDsBatchMeta *batch_meta) {
  gpointer element = NULL;
  g_rec_mutex_lock(&batch_meta->meta_mutex);
  if (!pool->empty_list) {
    guint growth = MIN(pool->max_elements_in_pool, MAX_GROWTH / 2) * 2;
    if (!grow((Pool *)pool, MAX(growth, 1)))
      g_critical("no memory for more than %u elements of metadata of type %d",
                 pool->max_elements_in_pool, pool->meta_type);
  }
  if (pool->empty_list) {
    element = pool->empty_list->data;
    move_node(pool->empty_list, &pool->empty_list, &pool->full_list);
    pool->num_empty_elements--;
    pool->num_full_elements++;
  }
  g_rec_mutex_unlock(&batch_meta->meta_mutex);
  return element;
}

void dsbind_pool_give_locked(NvDsMetaPool *pool, gpointer element) {
  const Pool *self = (const Pool *)pool;
  GList *node = find_node(self, element);
  if (!node) {
    g_critical("metadata %p of type %d does not belong to the pool of this batch", element,
               pool->meta_type);
    return;
  }
  /* A user's functions must never see the data of the element's last user. */
  if (pool->meta_type == NVDS_USER_META) {
    memset(element, 0, pool->element_size);
    init_base(self, element);
  }
  move_node(node, &pool->full_list, &pool->empty_list);
  pool->num_full_elements--;
  pool->num_empty_elements++;
}

gboolean dsbind_pool_is_sound(const NvDsMetaPool *pool) {
  return g_list_length(pool->empty_list) == pool->num_empty_elements &&
         g_list_length(pool->full_list) == pool->num_full_elements &&
         pool->num_empty_elements + pool->num_full_elements == pool->max_elements_in_pool;
}

void dsbind_pool_drain(NvDsMetaPool *pool) {
  /* Releasing an element may give back others, of this pool too. */
  while (pool->full_list) {
    NvDsBaseMeta *base = pool->full_list->data;
    if (base->release_func) base->release_func(base, NULL);
    dsbind_pool_give_locked(pool, base);
  }
}

void dsbind_pool_free(NvDsMetaPool *pool) {
  if (!pool) return;
  Pool *self = (Pool *)pool;
  while (self->slabs) {
    Slab *slab = self->slabs;
    self->slabs = slab->next;
    g_free(slab->elements);
    g_free(slab);
  }
  g_free(self);
}
