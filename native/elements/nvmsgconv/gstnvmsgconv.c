/* SPDX-License-Identifier: Apache-2.0 */
/* nvmsgconv: makes payloads of the events of each frame, and attaches them to it. */
#include "gstnvmsgconv.h"

#include "gstnvdsmeta.h"
#include "nvdsmeta_schema.h"
#include "nvmm.h"

/* Frames with objects, none of which has an event, before it is said. */
#define SILENT_FRAMES 100

G_DEFINE_TYPE(DsbindMsgConv, dsbind_msg_conv, GST_TYPE_BASE_TRANSFORM)

static void tell_silence(DsbindMsgConv *self) {
  if (self->heard || self->told || !self->silent) return;
  self->told = TRUE;
  GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS,
                      ("there are objects but no event messages in %" G_GUINT64_FORMAT " frames, so "
                       "nothing is published: attach \"add_message_meta_probe\" before publish(), "
                       "or call frame.publish() in a probe of your own", self->silent), (NULL));
}

static gboolean start(GstBaseTransform *base) {
  DsbindMsgConv *self = DSBIND_MSG_CONV(base);
  GError *error = NULL;
  if (!dsbind_element_open_runtime(GST_ELEMENT(self))) return FALSE;
  GST_OBJECT_LOCK(self);
  DsbindConverterSettings settings = {
      .library = self->library && *self->library ? g_strdup(self->library)
                                                 : g_strdup("libnvds_msgconv.so"),
      .config = g_strdup(self->config),
      .payload_type = self->payload_type,
      .new_api = self->new_api,
      .dump_folder = g_strdup(self->dump_folder),
      .component = self->component,
  };
  GST_OBJECT_UNLOCK(self);
  self->converter = dsbind_converter_new(&settings, &error);
  self->silent = 0;
  self->heard = self->told = self->failed = FALSE;
  g_free((char *)settings.library);
  g_free((char *)settings.config);
  g_free((char *)settings.dump_folder);
  if (self->converter) return TRUE;
  GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("nvmsgconv: %s", error->message), (NULL));
  g_error_free(error);
  return FALSE;
}

static gboolean stop(GstBaseTransform *base) {
  DsbindMsgConv *self = DSBIND_MSG_CONV(base);
  g_clear_pointer(&self->converter, dsbind_converter_free);
  g_hash_table_remove_all(self->frames);
  return TRUE;
}

/* Whether it is this frame's turn, of those of its source. */
static gboolean is_due(DsbindMsgConv *self, const NvDsFrameMeta *frame) {
  const gpointer key = GUINT_TO_POINTER(frame->source_id);
  const guint count = GPOINTER_TO_UINT(g_hash_table_lookup(self->frames, key));
  g_hash_table_insert(self->frames, key, GUINT_TO_POINTER((count + 1) % self->frame_interval));
  return count == 0;
}

/* The events of a frame, and whether it has payloads already. */
static gboolean collect(DsbindMsgConv *self, const NvDsFrameMeta *frame) {
  gboolean payloads = FALSE;
  g_array_set_size(self->events, 0);
  for (NvDsMetaList *l = frame->frame_user_meta_list; l; l = l->next) {
    const NvDsUserMeta *meta = l->data;
    if (meta->base_meta.meta_type == NVDS_PAYLOAD_META) payloads = TRUE;
    if (meta->base_meta.meta_type != NVDS_EVENT_MSG_META || !meta->user_meta_data) continue;
    NvDsEventMsgMeta *event = meta->user_meta_data;
    self->heard = TRUE;
    if (self->component && (guint)event->componentId != self->component) continue;
    const NvDsEvent item = {.eventType = event->type, .metadata = event};
    /* The list has what was attached last first. */
    g_array_prepend_val(self->events, item);
  }
  return payloads;
}

static gint convert(DsbindMsgConv *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame) {
  const gboolean payloads = collect(self, frame);
  if (self->new_api) {
    self->heard = TRUE;
    if (!frame->obj_meta_list && !self->dummy) return 0;
    return is_due(self, frame) ? dsbind_converter_frame(self->converter, batch, frame) : 0;
  }
  if (payloads) self->heard = TRUE;
  if (self->events->len)
    return dsbind_converter_events(self->converter, batch, frame, (NvDsEvent *)self->events->data,
                                   self->events->len);
  if (!self->heard && frame->obj_meta_list && ++self->silent == SILENT_FRAMES) tell_silence(self);
  return 0;
}

static GstFlowReturn transform_ip(GstBaseTransform *base, GstBuffer *buffer) {
  DsbindMsgConv *self = DSBIND_MSG_CONV(base);
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  gboolean failed = FALSE;
  if (!batch) return GST_FLOW_OK;
  nvds_acquire_meta_lock(batch);
  for (NvDsMetaList *l = batch->frame_meta_list; l; l = l->next)
    if (convert(self, batch, l->data) < 0) failed = TRUE;
  nvds_release_meta_lock(batch);
  if (failed && !self->failed) {
    self->failed = TRUE;
    GST_OBJECT_LOCK(self);
    char *library = g_strdup(self->library);
    GST_OBJECT_UNLOCK(self);
    GST_ELEMENT_WARNING(self, STREAM, FAILED, ("nvmsgconv: the library %s made no payload of an "
                                               "event, which is not published", library),
                        (NULL));
    g_free(library);
  }
  return GST_FLOW_OK;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) tell_silence(DSBIND_MSG_CONV(base));
  return GST_BASE_TRANSFORM_CLASS(dsbind_msg_conv_parent_class)->sink_event(base, event);
}

static void finalize(GObject *object) {
  DsbindMsgConv *self = DSBIND_MSG_CONV(object);
  g_free(self->config);
  g_free(self->library);
  g_free(self->dump_folder);
  g_array_unref(self->events);
  g_hash_table_unref(self->frames);
  G_OBJECT_CLASS(dsbind_msg_conv_parent_class)->finalize(object);
}

static void dsbind_msg_conv_class_init(DsbindMsgConvClass *klass) {
  static GstStaticPadTemplate sink =
      GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  static GstStaticPadTemplate src =
      GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  dsbind_msg_conv_install(G_OBJECT_CLASS(klass));
  base->start = start;
  base->stop = stop;
  base->transform_ip = transform_ip;
  base->sink_event = sink_event;
  gst_element_class_add_static_pad_template(element, &sink);
  gst_element_class_add_static_pad_template(element, &src);
  gst_element_class_set_static_metadata(element, "Message converter", "Filter/Metadata",
                                        "Makes payloads of event messages", "dsbind");
}

static void dsbind_msg_conv_init(DsbindMsgConv *self) {
  dsbind_msg_conv_defaults(self);
  self->events = g_array_new(FALSE, FALSE, sizeof(NvDsEvent));
  self->frames = g_hash_table_new(NULL, NULL);
  gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
  gst_base_transform_set_gap_aware(GST_BASE_TRANSFORM(self), TRUE);
}
