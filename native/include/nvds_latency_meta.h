/* SPDX-License-Identifier: Apache-2.0 */
/* Latency of a frame and of the components it passed. Times in milliseconds.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDS_LATENCY_META_H
#define DSBIND_NVDS_LATENCY_META_H

#include <gst/gst.h>
#include "nvdsmeta.h"

#ifdef __cplusplus
extern "C" {
#endif

#define nvds_enable_latency_measurement (nvds_get_enable_latency_measurement())
#if DSBIND_ABI >= 900
#define nvds_latency_measurement_silent (nvds_get_latency_measurement_silent())
#endif
#define MAX_COMPONENT_LEN 64

typedef struct _NvDsMetaSubCompLatency {
  gchar sub_comp_name[MAX_COMPONENT_LEN];
  gdouble in_system_timestamp;
  gdouble out_system_timestamp;
} NvDsMetaSubCompLatency;

typedef struct _NvDsMetaCompLatency {
  gchar component_name[MAX_COMPONENT_LEN];
  gdouble in_system_timestamp;
  gdouble out_system_timestamp;
  guint source_id;
  guint frame_num;
  guint pad_index;
  NvDsMetaSubCompLatency sub_comp_latencies[16];
  guint num_sub_comps;
} NvDsMetaCompLatency;

typedef struct NvDsFrameLatencyInfo {
  guint source_id;
  guint frame_num;
  gdouble comp_in_timestamp;
  gdouble latency;
} NvDsFrameLatencyInfo;

NvDsUserMeta *nvds_set_input_system_timestamp(GstBuffer *buffer, gchar *element_name);
gboolean nvds_set_output_system_timestamp(GstBuffer *buffer, gchar *element_name);
guint nvds_measure_buffer_latency(GstBuffer *buf, NvDsFrameLatencyInfo *latency_info);
gboolean nvds_get_enable_latency_measurement(void);
void nvds_add_reference_timestamp_meta(GstBuffer *buffer, gchar *element_name, guint frame_id);
#if DSBIND_ABI >= 900
gboolean nvds_get_latency_measurement_silent(void);
#endif

#ifdef __cplusplus
}
#endif

#endif
