/* SPDX-License-Identifier: Apache-2.0 */
/* nvmsgbroker: hands the payloads of each frame to a protocol adapter. */
#include "gstnvmsgbroker.h"

#include "gstnvdsmeta.h"
#include "nvdsmeta_schema.h"
#include "nvmm.h"

G_DEFINE_TYPE(DsbindMsgBroker, dsbind_msg_broker, GST_TYPE_BASE_SINK)

static void tell(DsbindSenderEvent event, const char *text, gpointer data) {
  if (event == DSBIND_SENDER_ERROR)
    GST_ELEMENT_ERROR(data, RESOURCE, OPEN_WRITE, ("%s.", text), (NULL));
  else
    GST_ELEMENT_WARNING(data, RESOURCE, WRITE, ("%s.", text), (NULL));
}

static gboolean start(GstBaseSink *base) {
  DsbindMsgBroker *self = DSBIND_MSG_BROKER(base);
  GError *error = NULL;
  if (!dsbind_element_open_runtime(GST_ELEMENT(self))) return FALSE;
  GST_OBJECT_LOCK(self);
  char *library = g_strdup(self->library), *address = g_strdup(self->address);
  char *config = g_strdup(self->config);
  const DsbindSenderSettings settings = {
      .library = library && *library ? library : "libnvds_file_proto.so",
      .address = address ? address : "",
      .config = config,
      .shared = self->new_api,
      .queue_size = self->queue_size,
      .policy = self->policy,
  };
  GST_OBJECT_UNLOCK(self);
  DsbindSender *sender = dsbind_sender_new(&settings, tell, self, &error);
  GST_OBJECT_LOCK(self);
  self->sender = sender;
  GST_OBJECT_UNLOCK(self);
  g_free(library);
  g_free(address);
  g_free(config);
  if (sender) return TRUE;
  GST_ELEMENT_ERROR(self, RESOURCE, NOT_FOUND, ("nvmsgbroker: %s", error->message), (NULL));
  g_error_free(error);
  return FALSE;
}

static gboolean stop(GstBaseSink *base) {
  DsbindMsgBroker *self = DSBIND_MSG_BROKER(base);
  DsbindSenderStats last;
  GST_OBJECT_LOCK(self);
  DsbindSender *sender = self->sender;
  if (sender) dsbind_sender_stats(sender, &self->last);
  self->sender = NULL;
  GST_OBJECT_UNLOCK(self);
  if (!sender) return TRUE;
  dsbind_sender_free(sender, &last);
  GST_OBJECT_LOCK(self);
  self->last = last;
  GST_OBJECT_UNLOCK(self);
  return TRUE;
}

/* The payloads of a frame, in the order in which they were attached: its list has the last first. */
static void collect(DsbindMsgBroker *self, const NvDsFrameMeta *frame) {
  g_array_set_size(self->payloads, 0);
  for (NvDsMetaList *l = frame->frame_user_meta_list; l; l = l->next) {
    const NvDsUserMeta *meta = l->data;
    if (meta->base_meta.meta_type != NVDS_PAYLOAD_META || !meta->user_meta_data) continue;
    const NvDsPayload *payload = meta->user_meta_data;
    const DsbindBytes bytes = {payload->payload, payload->payloadSize};
    if (!self->component || payload->componentId == self->component)
      g_array_append_val(self->payloads, bytes);
  }
  DsbindBytes *all = (DsbindBytes *)self->payloads->data;
  for (guint i = 0, last = self->payloads->len; i + 1 < last; i++) {
    const DsbindBytes first = all[i];
    all[i] = all[--last];
    all[last] = first;
  }
}

/* Also over a pause, which interrupts the wait for room. */
static GstFlowReturn push(DsbindMsgBroker *self, const char *topic) {
  const DsbindBytes *next = (const DsbindBytes *)self->payloads->data;
  guint count = self->payloads->len, taken;
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK && count) {
    const DsbindPush result = dsbind_sender_push(self->sender, topic, next, count, &taken);
    next += taken;
    count -= taken;
    /* An error was posted, which ends the pipeline. */
    if (result == DSBIND_PUSH_NEVER) return GST_FLOW_FLUSHING;
    if (result == DSBIND_PUSH_INTERRUPTED) flow = gst_base_sink_wait_preroll(GST_BASE_SINK(self));
  }
  return flow;
}

static GstFlowReturn render(GstBaseSink *base, GstBuffer *buffer) {
  DsbindMsgBroker *self = DSBIND_MSG_BROKER(base);
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  GstFlowReturn flow = GST_FLOW_OK;
  if (!batch) return GST_FLOW_OK;
  GST_OBJECT_LOCK(self);
  char *topic = g_strdup(self->topic ? self->topic : "");
  GST_OBJECT_UNLOCK(self);
  /* Without the batch's lock: a sink has the buffer, and handing over may wait for room. */
  for (NvDsMetaList *l = batch->frame_meta_list; l && flow == GST_FLOW_OK; l = l->next) {
    collect(self, l->data);
    flow = push(self, topic);
  }
  g_free(topic);
  return flow;
}

/* Waits for the answers; after a pause the time begins anew. FALSE where the stream is flushed. With
 * the preroll lock, which the base class holds for events, too. */
static gboolean wait_for_answers(DsbindMsgBroker *self, guint *left) {
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK && !dsbind_sender_flush(self->sender, self->flush_timeout, left))
    flow = gst_base_sink_wait_preroll(GST_BASE_SINK(self));
  return flow == GST_FLOW_OK;
}

/* Messages that are left when the time is up are lost: an error where each was to arrive. FALSE
 * where the stream is flushed meanwhile. */
static gboolean flush(DsbindMsgBroker *self) {
  guint left = 0;
  if (!self->sender) return TRUE;
  if (!wait_for_answers(self, &left)) return FALSE;
  DsbindSenderStats stats;
  dsbind_sender_stats(self->sender, &stats);
  if (stats.dropped)
    GST_ELEMENT_WARNING(self, RESOURCE, WRITE,
                        ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " messages were dropped, "
                         "for the broker was too slow: raise queue-size, or choose queue-policy "
                         "\"block\"", stats.dropped, stats.messages), (NULL));
  if (!left) return TRUE;
  char *reason = dsbind_sender_reason(self->sender);
  char *text = g_strdup_printf("%u of %" G_GUINT64_FORMAT " messages were not acknowledged within "
                               "flush-timeout, %u ms%s%s", left, stats.messages,
                               self->flush_timeout, reason ? ": " : "", reason ? reason : "");
  if (self->policy == DSBIND_POLICY_BLOCK)
    GST_ELEMENT_ERROR(self, RESOURCE, WRITE, ("%s.", text), (NULL));
  else
    GST_ELEMENT_WARNING(self, RESOURCE, WRITE, ("%s.", text), (NULL));
  g_free(text);
  g_free(reason);
  return TRUE;
}

static gboolean event(GstBaseSink *base, GstEvent *event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && !flush(DSBIND_MSG_BROKER(base))) {
    /* The base class would wait for the signal that flushing has already given. */
    gst_event_unref(event);
    return FALSE;
  }
  return GST_BASE_SINK_CLASS(dsbind_msg_broker_parent_class)->event(base, event);
}

static void interrupt(GstBaseSink *base, gboolean on) {
  DsbindMsgBroker *self = DSBIND_MSG_BROKER(base);
  GST_OBJECT_LOCK(self);
  if (self->sender) dsbind_sender_interrupt(self->sender, on);
  GST_OBJECT_UNLOCK(self);
}

static gboolean unlock(GstBaseSink *base) {
  interrupt(base, TRUE);
  return TRUE;
}

static gboolean unlock_stop(GstBaseSink *base) {
  interrupt(base, FALSE);
  return TRUE;
}

static void finalize(GObject *object) {
  DsbindMsgBroker *self = DSBIND_MSG_BROKER(object);
  g_free(self->library);
  g_free(self->address);
  g_free(self->config);
  g_free(self->topic);
  g_array_unref(self->payloads);
  G_OBJECT_CLASS(dsbind_msg_broker_parent_class)->finalize(object);
}

static void dsbind_msg_broker_class_init(DsbindMsgBrokerClass *klass) {
  static GstStaticPadTemplate sink =
      GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  GstBaseSinkClass *base = GST_BASE_SINK_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  dsbind_msg_broker_install(G_OBJECT_CLASS(klass));
  base->start = start;
  base->stop = stop;
  base->render = render;
  base->event = event;
  base->unlock = unlock;
  base->unlock_stop = unlock_stop;
  gst_element_class_add_static_pad_template(element, &sink);
  gst_element_class_set_static_metadata(element, "Message broker", "Sink/Metadata",
                                        "Sends payloads through a protocol adapter", "dsbind");
}

static void dsbind_msg_broker_init(DsbindMsgBroker *self) {
  dsbind_msg_broker_defaults(self);
  self->payloads = g_array_new(FALSE, FALSE, sizeof(DsbindBytes));
  gst_base_sink_set_last_sample_enabled(GST_BASE_SINK(self), FALSE);
}
