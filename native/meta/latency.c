/* SPDX-License-Identifier: Apache-2.0 */
/* Latency measurement, switched on by environment variables: set to anything means on. */
#include <string.h>

#include "gstnvdsmeta.h"
#include "latency_internal.h"
#include "nvds_latency_meta.h"

static gint enabled;
static gint component_enabled;
static gint silent;

void dsbind_latency_init(void) {
  static gsize read;
  if (!g_once_init_enter(&read)) return;
  g_atomic_int_set(&enabled, g_getenv("NVDS_ENABLE_LATENCY_MEASUREMENT") != NULL);
  g_atomic_int_set(&component_enabled,
                   g_getenv("NVDS_ENABLE_COMPONENT_LATENCY_MEASUREMENT") != NULL);
  g_atomic_int_set(&silent, g_getenv("NVDS_LATENCY_MEASUREMENT_SILENT") != NULL);
  g_once_init_leave(&read, 1);
}

EXPORT gboolean nvds_get_enable_latency_measurement(void) { return g_atomic_int_get(&enabled); }

EXPORT gboolean nvds_get_enable_per_component_latency_measurement(void) {
  return g_atomic_int_get(&component_enabled);
}

EXPORT gboolean nvds_get_latency_measurement_silent(void) { return g_atomic_int_get(&silent); }

EXPORT gdouble nvds_get_current_system_timestamp(void) { return g_get_real_time() / 1000.0; }

EXPORT void *nvds_set_latency_metadata_ptr(void) { return g_new0(NvDsMetaCompLatency, 1); }

EXPORT gpointer nvds_copy_latency_meta(gpointer data, gpointer user_data) {
  const NvDsUserMeta *user_meta = data;
  (void)user_data;
  NvDsMetaCompLatency *copy = NULL;
  if (user_meta->user_meta_data) {
    copy = g_new(NvDsMetaCompLatency, 1);
    *copy = *(const NvDsMetaCompLatency *)user_meta->user_meta_data;
  }
  return copy;
}

EXPORT void nvds_release_latency_meta(gpointer data, gpointer user_data) {
  NvDsUserMeta *user_meta = data;
  (void)user_data;
  g_clear_pointer(&user_meta->user_meta_data, g_free);
}

EXPORT NvDsUserMeta *nvds_set_input_system_timestamp(GstBuffer *buffer, gchar *element_name) {
  g_return_val_if_fail(GST_IS_BUFFER(buffer) && element_name != NULL, NULL);
  if (!nvds_get_enable_latency_measurement()) return NULL;
  NvDsBatchMeta *batch_meta = gst_buffer_get_nvds_batch_meta(buffer);
  NvDsUserMeta *user_meta = batch_meta ? nvds_acquire_user_meta_from_pool(batch_meta) : NULL;
  if (!user_meta) return NULL;
  NvDsMetaCompLatency *latency = nvds_set_latency_metadata_ptr();
  g_strlcpy(latency->component_name, element_name, sizeof latency->component_name);
  latency->in_system_timestamp = nvds_get_current_system_timestamp();
  user_meta->user_meta_data = latency;
  user_meta->base_meta.meta_type = NVDS_LATENCY_MEASUREMENT_META;
  user_meta->base_meta.copy_func = nvds_copy_latency_meta;
  user_meta->base_meta.release_func = nvds_release_latency_meta;
  nvds_add_user_meta_to_batch(batch_meta, user_meta);
  return user_meta;
}

/* The measurement that a batch user metadata carries, or NULL. */
static NvDsMetaCompLatency *measurement(const NvDsUserMeta *user_meta) {
  return user_meta->base_meta.meta_type == NVDS_LATENCY_MEASUREMENT_META
             ? user_meta->user_meta_data
             : NULL;
}

/* The last entry of that component, found in the batch: a pointer kept on the buffer would outlive
 * the entry. */
static NvDsMetaCompLatency *find_measurement(NvDsBatchMeta *batch_meta, const char *name) {
  for (GList *l = g_list_last(batch_meta->batch_user_meta_list); l; l = l->prev) {
    NvDsMetaCompLatency *latency = measurement(l->data);
    if (latency && strncmp(latency->component_name, name, MAX_COMPONENT_LEN - 1) == 0)
      return latency;
  }
  return NULL;
}

EXPORT gboolean nvds_set_output_system_timestamp(GstBuffer *buffer, gchar *element_name) {
  g_return_val_if_fail(GST_IS_BUFFER(buffer) && element_name != NULL, FALSE);
  if (!nvds_get_enable_latency_measurement()) return FALSE;
  NvDsBatchMeta *batch_meta = gst_buffer_get_nvds_batch_meta(buffer);
  if (!batch_meta) return FALSE;
  nvds_acquire_meta_lock(batch_meta);
  NvDsMetaCompLatency *latency = find_measurement(batch_meta, element_name);
  if (latency) latency->out_system_timestamp = nvds_get_current_system_timestamp();
  nvds_release_meta_lock(batch_meta);
  return latency != NULL;
}

static void print_component(const NvDsMetaCompLatency *latency) {
  if (g_str_has_prefix(latency->component_name, "nvstreammux"))
    g_print("Comp name = %s source_id = %u pad_index = %u frame_num = %u "
            "in_system_timestamp = %f out_system_timestamp = %f component_latency = %f\n",
            latency->component_name, latency->source_id, latency->pad_index, latency->frame_num,
            latency->in_system_timestamp, latency->out_system_timestamp,
            latency->out_system_timestamp - latency->in_system_timestamp);
  else
    g_print("Comp name = %s in_system_timestamp = %f out_system_timestamp = %f "
            "component latency= %f\n",
            latency->component_name, latency->in_system_timestamp, latency->out_system_timestamp,
            latency->out_system_timestamp - latency->in_system_timestamp);
}

/* When a frame came in: where it was decoded, or else where it was batched. A decoder's entry
 * belongs to one frame: that of its source, or the next one batched. */
static gdouble take_input_time(GPtrArray *decoders, const NvDsMetaCompLatency *batched) {
  if (decoders->len == 0) return batched->in_system_timestamp;
  guint index = decoders->len - 1;
  for (guint i = 0; i < decoders->len; i++)
    if (((NvDsMetaCompLatency *)decoders->pdata[i])->source_id == batched->source_id) index = i;
  const NvDsMetaCompLatency *decoded = g_ptr_array_remove_index(decoders, index);
  return decoded->in_system_timestamp;
}

EXPORT guint nvds_measure_buffer_latency(GstBuffer *buf, NvDsFrameLatencyInfo *latency_info) {
  g_return_val_if_fail(GST_IS_BUFFER(buf) && latency_info != NULL, 0);
  NvDsBatchMeta *batch_meta = gst_buffer_get_nvds_batch_meta(buf);
  if (!batch_meta) return 0;
  gboolean print = nvds_get_enable_per_component_latency_measurement() &&
                   !nvds_get_latency_measurement_silent();
  gdouble now = nvds_get_current_system_timestamp();
  guint count = 0;
  memset(latency_info, 0, batch_meta->max_frames_in_batch * sizeof *latency_info);
  nvds_acquire_meta_lock(batch_meta);
  GPtrArray *decoders = g_ptr_array_new();
  for (GList *l = batch_meta->batch_user_meta_list; l; l = l->next) {
    NvDsMetaCompLatency *latency = measurement(l->data);
    if (!latency) continue;
    if (print) print_component(latency);
    if (g_str_has_prefix(latency->component_name, "nvv4l2decoder") ||
        g_str_has_prefix(latency->component_name, "audiodecoder"))
      g_ptr_array_add(decoders, latency);
    if (!g_str_has_prefix(latency->component_name, "nvstreammux-")) continue;
    if (count == batch_meta->max_frames_in_batch) continue;
    gdouble input = take_input_time(decoders, latency);
    latency_info[count++] = (NvDsFrameLatencyInfo){
        .source_id = latency->source_id,
        .frame_num = latency->frame_num,
        .comp_in_timestamp = input,
        .latency = now - input,
    };
  }
  g_ptr_array_unref(decoders);
  nvds_release_meta_lock(batch_meta);
  return count;
}

EXPORT void nvds_add_reference_timestamp_meta(
    GstBuffer *buffer, gchar *element_name, guint frame_id) {
  g_return_if_fail(GST_IS_BUFFER(buffer) && element_name != NULL);
  gdouble now = nvds_get_current_system_timestamp();
  GstCaps *reference = gst_caps_new_simple(
      "any", "component_name", G_TYPE_STRING, element_name, "frame_num", G_TYPE_INT,
      (gint)frame_id, "in_timestamp", G_TYPE_DOUBLE, now, "out_timestamp", G_TYPE_DOUBLE, now,
      NULL);
  gst_buffer_add_reference_timestamp_meta(buffer, reference, 0, 0);
  gst_caps_unref(reference);
}
