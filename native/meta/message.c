/* SPDX-License-Identifier: Apache-2.0 */
/* Bus messages about one stream of a batch. */
#include "gst-nvmessage.h"

#define EXPORT __attribute__((visibility("default")))
#define STREAM_EOS "nv-stream-eos"
#define STREAM_ID "stream-id"

EXPORT GstMessage *gst_nvmessage_new_stream_eos(GstObject *obj, guint eos_stream_id) {
  return gst_message_new_element(
      obj, gst_structure_new(STREAM_EOS, STREAM_ID, G_TYPE_UINT, eos_stream_id, NULL));
}

EXPORT gboolean gst_nvmessage_is_stream_eos(GstMessage *message) {
  g_return_val_if_fail(GST_IS_MESSAGE(message), FALSE);
  return GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT &&
         gst_message_has_name(message, STREAM_EOS);
}

EXPORT gboolean gst_nvmessage_parse_stream_eos(GstMessage *message, guint *eos_stream_id) {
  if (!gst_nvmessage_is_stream_eos(message)) return FALSE;
  guint found = 0;
  if (!gst_structure_get_uint(gst_message_get_structure(message), STREAM_ID, &found)) return FALSE;
  if (eos_stream_id) *eos_stream_id = found;
  return TRUE;
}
