/* SPDX-License-Identifier: Apache-2.0 */
/* Events about one stream of a batch.
 *
 * Sent downstream by the muxer; source_id is the pad index of the stream.
 *
 * DeepStream 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_GST_NVEVENT_H
#define DSBIND_GST_NVEVENT_H

#include <gst/gst.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLAG(name) GST_EVENT_TYPE_##name

typedef enum {
  GST_NVEVENT_PAD_ADDED = 0x1901e,
  GST_NVEVENT_PAD_DELETED = 0x1911e,
  GST_NVEVENT_STREAM_EOS = 0x1921e,
  GST_NVEVENT_STREAM_SEGMENT = 0x1931e,
  GST_NVEVENT_STREAM_RESET = 0x1941e,
  GST_NVEVENT_STREAM_START = 0x1951e,
  GST_NVEVENT_UPDATE_CAPS = 0x1961e,
} GstNvEventType;

GstEvent *gst_nvevent_new_pad_added(guint source_id);
GstEvent *gst_nvevent_new_pad_deleted(guint source_id);
GstEvent *gst_nvevent_new_stream_eos(guint source_id);
GstEvent *gst_nvevent_new_stream_segment(guint source_id, GstSegment *segment);
GstEvent *gst_nvevent_new_stream_reset(guint source_id);
GstEvent *gst_nvevent_new_update_caps(
    guint pad_id, guint width_val, guint height_val, GstStructure *caps_str, gchar
    *stream_id_str, gboolean is_audio);
void gst_nvevent_parse_pad_added(GstEvent *event, guint *source_id);
void gst_nvevent_parse_pad_deleted(GstEvent *event, guint *source_id);
void gst_nvevent_parse_stream_eos(GstEvent *event, guint *source_id);
void gst_nvevent_parse_stream_segment(GstEvent *event, guint *source_id, GstSegment **segment);
void gst_nvevent_parse_stream_reset(GstEvent *event, guint *source_id);
GstEvent *gst_nvevent_new_stream_start(guint source_id, gchar *stream_id);
void gst_nvevent_parse_stream_start(GstEvent *event, guint *source_id, gchar **stream_id);

#ifdef __cplusplus
}
#endif

#endif
