/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of libnvdsgst_meta that DeepStream keeps for its own elements. */
#ifndef DSBIND_LATENCY_INTERNAL_H
#define DSBIND_LATENCY_INTERNAL_H

#include <glib.h>

#define EXPORT __attribute__((visibility("default")))

void *nvds_set_latency_metadata_ptr(void);
gpointer nvds_copy_latency_meta(gpointer data, gpointer user_data);
void nvds_release_latency_meta(gpointer data, gpointer user_data);
gdouble nvds_get_current_system_timestamp(void);
gboolean nvds_get_enable_per_component_latency_measurement(void);

/* Reads the environment; called for every NvDsMeta. */
void dsbind_latency_init(void);

#endif
