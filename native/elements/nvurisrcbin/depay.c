/* SPDX-License-Identifier: Apache-2.0 */
#include "depay.h"

#define HEADER 8
#define MARKER 0x80
/* Pictures with one marker each, after which a sender is believed. */
#define PROOF 25

const DsbindDepay *dsbind_depay_for(const GstCaps *rtp) {
  static const struct {
    const char *encoding;
    DsbindDepay depay;
  } table[] = {
      {"H264", {"rtph264depay", "video/x-h264, stream-format=(string)avc, alignment=(string)au"}},
      {"H265", {"rtph265depay", "video/x-h265, stream-format=(string)hvc1, alignment=(string)au"}},
  };
  if (!rtp || gst_caps_is_any(rtp) || gst_caps_is_empty(rtp)) return NULL;
  const GstStructure *stream = gst_caps_get_structure(rtp, 0);
  const char *encoding = gst_structure_get_string(stream, "encoding-name");
  if (!gst_structure_has_name(stream, "application/x-rtp") || !encoding) return NULL;
  for (guint i = 0; i < G_N_ELEMENTS(table); i++)
    if (g_ascii_strcasecmp(encoding, table[i].encoding) == 0) return &table[i].depay;
  return NULL;
}

typedef struct {
  guint32 picture; /* the timestamp of the last marker */
  guint proof;     /* pictures in a row that had one marker */
  gboolean seen;
  gboolean lies;
} Markers;

static GstBuffer *without_marker(GstBuffer *packet, guint8 octet) {
  packet = gst_buffer_make_writable(packet);
  octet &= (guint8)~MARKER;
  gst_buffer_fill(packet, 1, &octet, 1);
  GST_BUFFER_FLAG_UNSET(packet, GST_BUFFER_FLAG_MARKER);
  return packet;
}

/* Without markers the depayloader waits for the next picture to end one, which costs a frame of
 * delay and is always right. So they are left out until the sender has shown what they mean. */
static GstPadProbeReturn check_marker(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Markers *self = data;
  GstBuffer *packet = GST_PAD_PROBE_INFO_BUFFER(info);
  guint8 head[HEADER];
  (void)pad;

  if (gst_buffer_extract(packet, 0, head, HEADER) != HEADER || !(head[1] & MARKER))
    return GST_PAD_PROBE_OK;
  const guint32 picture = GST_READ_UINT32_BE(head + 4);
  const gboolean again = self->seen && picture == self->picture;
  self->picture = picture;
  self->seen = TRUE;
  if (again && !self->lies) GST_INFO_OBJECT(pad, "markers do not tell the ends of pictures");
  self->lies |= again;
  if (!self->lies && self->proof >= PROOF) return GST_PAD_PROBE_OK;
  self->proof++;
  GST_PAD_PROBE_INFO_DATA(info) = without_marker(packet, head[1]);
  return GST_PAD_PROBE_OK;
}

void dsbind_depay_watch_markers(GstPad *rtp) {
  gst_pad_add_probe(rtp, GST_PAD_PROBE_TYPE_BUFFER, check_marker, g_new0(Markers, 1), g_free);
}
