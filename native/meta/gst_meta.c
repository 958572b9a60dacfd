/* SPDX-License-Identifier: Apache-2.0 */
/* The GstMeta that carries NvDs metadata. */
#include "gstnvdsmeta.h"
#include "latency_internal.h"

/* For buffers that others hold too; see gst_buffer_add_nvds_meta(). */
static GMutex shared_buffer_mutex;

static gboolean init_meta(GstMeta *meta, gpointer params, GstBuffer *buffer) {
  NvDsMeta *self = (NvDsMeta *)meta;
  (void)params;
  (void)buffer;
  self->meta_data = NULL;
  self->user_data = NULL;
  self->meta_type = 0;
  self->copyfunc = NULL;
  self->freefunc = NULL;
  self->gst_to_nvds_meta_transform_func = NULL;
  self->gst_to_nvds_meta_release_func = NULL;
  dsbind_latency_init();
  return TRUE;
}

static void free_meta(GstMeta *meta, GstBuffer *buffer) {
  NvDsMeta *self = (NvDsMeta *)meta;
  (void)buffer;
  if (self->freefunc) self->freefunc(self->meta_data, self->user_data);
}

/* Without a copy function nobody knows what the data is: the copy goes without it. */
static gboolean transform_meta(
    GstBuffer *copy, GstMeta *meta, GstBuffer *buffer, GQuark type, gpointer data) {
  NvDsMeta *self = (NvDsMeta *)meta;
  (void)buffer;
  (void)data;
  if (!GST_META_TRANSFORM_IS_COPY(type)) return FALSE;
  if (!self->copyfunc) return TRUE;
  gpointer meta_data = self->copyfunc(self->meta_data, NULL);
  if (!meta_data && self->meta_data) return FALSE;
  NvDsMeta *added =
      gst_buffer_add_nvds_meta(copy, meta_data, NULL, self->copyfunc, self->freefunc);
  if (!added) {
    if (self->freefunc) self->freefunc(meta_data, NULL);
    return FALSE;
  }
  added->meta_type = self->meta_type;
  added->gst_to_nvds_meta_transform_func = self->gst_to_nvds_meta_transform_func;
  added->gst_to_nvds_meta_release_func = self->gst_to_nvds_meta_release_func;
  return TRUE;
}

EXPORT GType nvds_meta_api_get_type(void) {
  static GType type;
  if (g_once_init_enter(&type)) {
    static const gchar *tags[] = {NVDS_META_STRING, NULL};
    GType registered = gst_meta_api_type_register("NvDsMetaAPI", tags);
    g_once_init_leave(&type, registered);
  }
  return type;
}

EXPORT const GstMetaInfo *nvds_meta_get_info(void) {
  static const GstMetaInfo *info;
  if (g_once_init_enter(&info)) {
    const GstMetaInfo *registered =
        gst_meta_register(NVDS_META_API_TYPE, "NvDsMeta", sizeof(NvDsMeta), init_meta, free_meta,
                          transform_meta);
    g_once_init_leave(&info, registered);
  }
  return info;
}

/* GStreamer refuses metas on a buffer that others hold too, and DeepStream's elements add theirs
 * to such buffers. A lockable object is writable by the state of its lock, not its refcount. */
static GstMeta *add_to_shared_buffer(GstBuffer *buffer) {
  g_mutex_lock(&shared_buffer_mutex);
  gboolean lockable = GST_MINI_OBJECT_FLAG_IS_SET(buffer, GST_MINI_OBJECT_FLAG_LOCKABLE);
  GST_MINI_OBJECT_FLAG_SET(buffer, GST_MINI_OBJECT_FLAG_LOCKABLE);
  GstMeta *meta = NULL;
  if (gst_buffer_is_writable(buffer)) meta = gst_buffer_add_meta(buffer, NVDS_META_INFO, NULL);
  if (!lockable) GST_MINI_OBJECT_FLAG_UNSET(buffer, GST_MINI_OBJECT_FLAG_LOCKABLE);
  g_mutex_unlock(&shared_buffer_mutex);
  return meta;
}

EXPORT NvDsMeta *gst_buffer_add_nvds_meta(
    GstBuffer *buffer, gpointer meta_data, gpointer user_data, NvDsMetaCopyFunc copy_func,
    NvDsMetaReleaseFunc release_func) {
  g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
  NvDsMeta *meta;
  if (gst_buffer_is_writable(buffer))
    meta = (NvDsMeta *)gst_buffer_add_meta(buffer, NVDS_META_INFO, NULL);
  else
    meta = (NvDsMeta *)add_to_shared_buffer(buffer);
  if (!meta) return NULL;
  meta->meta_data = meta_data;
  meta->user_data = user_data;
  meta->copyfunc = copy_func;
  meta->freefunc = release_func;
  return meta;
}

EXPORT NvDsMeta *gst_buffer_get_nvds_meta(GstBuffer *buffer) {
  g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
  return (NvDsMeta *)gst_buffer_get_meta(buffer, NVDS_META_API_TYPE);
}

EXPORT NvDsBatchMeta *gst_buffer_get_nvds_batch_meta(GstBuffer *buffer) {
  g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
  NvDsBatchMeta *found = NULL;
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(buffer, &state, NVDS_META_API_TYPE))) {
    NvDsMeta *nvds_meta = (NvDsMeta *)meta;
    if (nvds_meta->meta_type != NVDS_BATCH_GST_META) continue;
    if (found) GST_WARNING("%p carries several batches of metadata: taking the last", buffer);
    found = nvds_meta->meta_data;
  }
  return found;
}

static gpointer copy_buffer_user_meta(gpointer data, gpointer user_data) {
  const NvDsUserMeta *user_meta = data;
  (void)user_data;
  return user_meta->user_meta_data ? gst_buffer_copy(user_meta->user_meta_data) : NULL;
}

static void release_buffer_user_meta(gpointer data, gpointer user_data) {
  NvDsUserMeta *user_meta = data;
  (void)user_data;
  gst_clear_buffer((GstBuffer **)&user_meta->user_meta_data);
}

/* Whether a meta says something about the frame, and not about the memory that held it. */
static gboolean describes_frame(const GstMeta *meta) {
  GType api = meta->info->api;
  return api != NVDS_META_API_TYPE && meta->info->transform_func &&
         !gst_meta_api_type_has_tag(api, g_quark_from_static_string(GST_META_TAG_MEMORY_STR)) &&
         !gst_meta_api_type_has_tag(api, g_quark_from_static_string("memory-reference"));
}

static void copy_nvds_meta(
    const NvDsMeta *meta, NvDsBatchMeta *batch_meta, NvDsFrameMeta *frame_meta) {
  if (meta->meta_type == NVDS_BATCH_GST_META || !meta->copyfunc) return;
  NvDsUserMeta *user_meta = nvds_acquire_user_meta_from_pool(batch_meta);
  if (!user_meta) return;
  user_meta->user_meta_data = meta->copyfunc(meta->meta_data, meta->user_data);
  user_meta->base_meta.meta_type = (NvDsMetaType)meta->meta_type;
  user_meta->base_meta.copy_func = meta->gst_to_nvds_meta_transform_func;
  user_meta->base_meta.release_func = meta->gst_to_nvds_meta_release_func;
  nvds_add_user_meta_to_frame(frame_meta, user_meta);
}

EXPORT void nvds_copy_gst_meta_to_frame_meta(
    GstBuffer *src_gst_buffer, NvDsBatchMeta *batch_meta, NvDsFrameMeta *frame_meta) {
  g_return_if_fail(GST_IS_BUFFER(src_gst_buffer) && batch_meta != NULL && frame_meta != NULL);
  GstBuffer *carrier = NULL;
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta(src_gst_buffer, &state))) {
    if (meta->info->api == NVDS_META_API_TYPE)
      copy_nvds_meta((NvDsMeta *)meta, batch_meta, frame_meta);
    if (!describes_frame(meta)) continue;
    GstMetaTransformCopy copy = {.region = FALSE, .offset = 0, .size = (gsize)-1};
    if (!carrier) carrier = gst_buffer_new();
    meta->info->transform_func(carrier, meta, src_gst_buffer, _gst_meta_transform_copy, &copy);
  }
  state = NULL;
  NvDsUserMeta *user_meta = NULL;
  if (carrier && gst_buffer_iterate_meta(carrier, &state))
    user_meta = nvds_acquire_user_meta_from_pool(batch_meta);
  if (!user_meta) {
    gst_clear_buffer(&carrier);
    return;
  }
  user_meta->user_meta_data = carrier;
  user_meta->base_meta.meta_type = (NvDsMetaType)NVDS_BUFFER_GST_AS_FRAME_USER_META;
  user_meta->base_meta.copy_func = copy_buffer_user_meta;
  user_meta->base_meta.release_func = release_buffer_user_meta;
  nvds_add_user_meta_to_frame(frame_meta, user_meta);
}
