/* SPDX-License-Identifier: Apache-2.0 */
#include "skip.h"

void dsbind_skip_stream_init(DsbindSkipStream *stream, const GstCaps *caps) {
  const GstStructure *structure = gst_caps_get_structure(caps, 0);
  const char *format = gst_structure_get_string(structure, "stream-format");
  const GValue *codec_data = gst_structure_get_value(structure, "codec_data");
  GstMapInfo map;

  *stream = (DsbindSkipStream){
      .h264 = gst_structure_has_name(structure, "video/x-h264"),
      .h265 = gst_structure_has_name(structure, "video/x-h265"),
  };
  if (!format || g_str_equal(format, "byte-stream")) return;
  stream->length_size = 4;
  GstBuffer *buffer = codec_data ? gst_value_get_buffer(codec_data) : NULL;
  const gsize at = stream->h264 ? 4 : 21;
  if (!buffer || !gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
  if (map.size > at) stream->length_size = (map.data[at] & 3u) + 1;
  gst_buffer_unmap(buffer, &map);
}

/* Start of the next NAL unit at or after `at`, or `size`; `*next` is where to go on. */
static gsize find_unit(const DsbindSkipStream *stream, const guint8 *data, gsize size, gsize at,
                       gsize *next) {
  if (stream->length_size) {
    guint64 length = 0;
    if (at + stream->length_size >= size) return size;
    for (guint i = 0; i < stream->length_size; i++) length = length << 8 | data[at + i];
    at += stream->length_size;
    *next = length > size - at ? size : at + (gsize)length;
    return at;
  }
  for (; at + 3 < size; at++) {
    if (data[at] || data[at + 1] || data[at + 2] != 1) continue;
    return *next = at + 3;
  }
  return size;
}

/* The first slice tells: nal_ref_idc in H.264, the kind of picture in H.265. */
static gboolean is_reference(const DsbindSkipStream *stream, const guint8 *data, gsize size) {
  gsize next = 0;
  for (gsize at = 0; (at = find_unit(stream, data, size, at, &next)) < size; at = next) {
    if (stream->h264) {
      const guint type = data[at] & 0x1f;
      if (type >= 1 && type <= 5) return (data[at] & 0x60) != 0;
    } else {
      const guint type = data[at] >> 1 & 0x3f;
      if (type < 32) return type > 14 || type % 2 == 1;
    }
  }
  return TRUE;
}

gboolean dsbind_skip_frame(const DsbindSkipStream *stream, DsbindSkip skip, GstBuffer *frame) {
  GstMapInfo map;
  gboolean reference = TRUE;
  if (skip == DSBIND_SKIP_NONE) return FALSE;
  if (skip == DSBIND_SKIP_NON_KEY) return GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT);
  if (GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DROPPABLE)) return TRUE;
  if (!stream->h264 && !stream->h265) return FALSE;
  if (!gst_buffer_map(frame, &map, GST_MAP_READ)) return FALSE;
  reference = is_reference(stream, map.data, map.size);
  gst_buffer_unmap(frame, &map);
  return !reference;
}
