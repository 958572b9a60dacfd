/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of NVMM buffers: surfaces are made once and come back. */
#include "nvmm.h"

#define DSBIND_TYPE_NVMM_POOL (dsbind_nvmm_pool_get_type())
G_DECLARE_FINAL_TYPE(DsbindNvmmPool, dsbind_nvmm_pool, DSBIND, NVMM_POOL, GstBufferPool)

struct _DsbindNvmmPool {
  GstBufferPool parent;
  GstVideoInfo info;
  guint batch;
  DsbindPlace place;
  GError *error; /* why activation failed */
};

G_DEFINE_TYPE(DsbindNvmmPool, dsbind_nvmm_pool, GST_TYPE_BUFFER_POOL)

static GstFlowReturn pool_alloc(GstBufferPool *pool, GstBuffer **buffer,
                                GstBufferPoolAcquireParams *params) {
  DsbindNvmmPool *self = DSBIND_NVMM_POOL(pool);
  GError *error = NULL;
  NvBufSurface *surface = dsbind_surface_new_at(&self->info, self->batch, self->place, &error);
  (void)params;
  if (!surface) {
    GST_ERROR_OBJECT(self, "%s", error->message);
    GST_OBJECT_LOCK(self);
    if (self->error)
      g_error_free(error);
    else
      self->error = error;
    GST_OBJECT_UNLOCK(self);
    return GST_FLOW_ERROR;
  }
  *buffer = dsbind_buffer_new_surface(surface);
  return GST_FLOW_OK;
}

static void pool_reset(GstBufferPool *pool, GstBuffer *buffer) {
  NvBufSurface *surface = dsbind_buffer_surface(buffer);
  GST_BUFFER_POOL_CLASS(dsbind_nvmm_pool_parent_class)->reset_buffer(pool, buffer);
  if (surface) surface->numFilled = 0;
}

static void pool_finalize(GObject *object) {
  g_clear_error(&DSBIND_NVMM_POOL(object)->error);
  G_OBJECT_CLASS(dsbind_nvmm_pool_parent_class)->finalize(object);
}

static void dsbind_nvmm_pool_class_init(DsbindNvmmPoolClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = pool_finalize;
  GST_BUFFER_POOL_CLASS(klass)->alloc_buffer = pool_alloc;
  GST_BUFFER_POOL_CLASS(klass)->reset_buffer = pool_reset;
}

static void dsbind_nvmm_pool_init(DsbindNvmmPool *self) { gst_video_info_init(&self->info); }

GstBufferPool *dsbind_pool_new(const GstVideoInfo *info, guint batch, guint min, guint max,
                               GError **error) {
  return dsbind_pool_new_at(info, batch, min, max, (DsbindPlace){0}, error);
}

GstBufferPool *dsbind_pool_new_at(const GstVideoInfo *info, guint batch, guint min, guint max,
                                  DsbindPlace place, GError **error) {
  DsbindNvmmPool *self = g_object_new(DSBIND_TYPE_NVMM_POOL, NULL);
  GstBufferPool *pool = GST_BUFFER_POOL_CAST(gst_object_ref_sink(self));
  self->info = *info;
  self->batch = batch;
  self->place = place;

  GstCaps *caps = dsbind_nvmm_caps(info);
  GstStructure *config = gst_buffer_pool_get_config(pool);
  gst_buffer_pool_config_set_params(config, caps, sizeof(NvBufSurface), min, max);
  gst_caps_unref(caps);
  if (gst_buffer_pool_set_config(pool, config) && gst_buffer_pool_set_active(pool, TRUE))
    return pool;
  if (self->error) {
    g_propagate_error(error, g_steal_pointer(&self->error));
  } else {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                "A pool of %u to %u batches of %u frames could not be started.", min, max, batch);
  }
  gst_object_unref(pool);
  return NULL;
}
