/* SPDX-License-Identifier: Apache-2.0 */
/* The bin: its actions, its pad, its states. */
#include "nvdsdynamicsrcbin.h"

G_DEFINE_TYPE(DsbindDynamicSrcBin, dsbind_dynamic_src_bin, GST_TYPE_BIN)

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindDynamicSrcBin *self = DSBIND_DYNAMIC_SRC_BIN(object);
  (void)spec;
  GST_OBJECT_LOCK(self);
  g_value_copy(value, &self->values[id - 1]);
  GST_OBJECT_UNLOCK(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindDynamicSrcBin *self = DSBIND_DYNAMIC_SRC_BIN(object);
  (void)spec;
  GST_OBJECT_LOCK(self);
  g_value_copy(&self->values[id - 1], value);
  GST_OBJECT_UNLOCK(self);
}

static void terminate(DsbindDynamicSrcBin *self) { dsbind_dynamic_terminate(self, FALSE); }

static void install_signals(GType type) {
  const GSignalFlags flags = G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION;
  g_signal_new_class_handler("add-source", type, flags, G_CALLBACK(dsbind_dynamic_add), NULL, NULL,
                             NULL, G_TYPE_INT, 1, G_TYPE_STRING);
  g_signal_new_class_handler("remove-source", type, flags, G_CALLBACK(dsbind_dynamic_remove), NULL,
                             NULL, NULL, G_TYPE_BOOLEAN, 1, G_TYPE_INT);
  g_signal_new_class_handler("terminate", type, flags, G_CALLBACK(terminate), NULL, NULL, NULL,
                             G_TYPE_NONE, 0);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindDynamicSrcBin *self = DSBIND_DYNAMIC_SRC_BIN(element);

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !dsbind_element_open_runtime(element))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) dsbind_dynamic_halt(self);
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(dsbind_dynamic_src_bin_parent_class)->change_state(element, transition);
  if (result == GST_STATE_CHANGE_FAILURE) return result;
  switch (transition) {
    case GST_STATE_CHANGE_READY_TO_PAUSED: dsbind_dynamic_begin(self); break;
    case GST_STATE_CHANGE_PAUSED_TO_READY: dsbind_dynamic_clear(self); return result;
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED: break;
    default: return result;
  }
  /* Sinks must not wait for a first frame: there may be no source yet. */
  return GST_STATE_CHANGE_NO_PREROLL;
}

/* What plays and what waits is given up: the stream ends here. */
static gboolean send_event(GstElement *element, GstEvent *event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS(dsbind_dynamic_src_bin_parent_class)->send_event(element, event);
  gst_event_unref(event);
  dsbind_dynamic_terminate(DSBIND_DYNAMIC_SRC_BIN(element), TRUE);
  return TRUE;
}

static void handle_message(GstBin *bin, GstMessage *message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR &&
      dsbind_dynamic_take_error(DSBIND_DYNAMIC_SRC_BIN(bin), message))
    return;
  GST_BIN_CLASS(dsbind_dynamic_src_bin_parent_class)->handle_message(bin, message);
}

static void finalize(GObject *object) {
  DsbindDynamicSrcBin *self = DSBIND_DYNAMIC_SRC_BIN(object);
  g_queue_clear_full(&self->waiting, dsbind_dynamic_source_unref);
  for (guint i = 0; i < DSBIND_SOURCE_PROPERTIES; i++) g_value_unset(&self->values[i]);
  g_mutex_clear(&self->lock);
  g_mutex_clear(&self->changing);
  G_OBJECT_CLASS(dsbind_dynamic_src_bin_parent_class)->finalize(object);
}

static void dsbind_dynamic_src_bin_class_init(DsbindDynamicSrcBinClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  GParamSpec *specs[DSBIND_SOURCE_PROPERTIES];

  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  element->change_state = change_state;
  element->send_event = send_event;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  dsbind_source_properties_new(specs);
  for (guint i = 0; i < DSBIND_SOURCE_PROPERTIES; i++)
    g_object_class_install_property(object, i + 1, specs[i]);
  install_signals(G_TYPE_FROM_CLASS(klass));
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "NvDsDynamicSrcBin", "Source/Bin/Video",
                                        "Plays files or streams one after the other, as they are "
                                        "added", "dsbind");
}

static void dsbind_dynamic_src_bin_init(DsbindDynamicSrcBin *self) {
  GParamSpec *specs[DSBIND_SOURCE_PROPERTIES];
  g_mutex_init(&self->lock);
  g_mutex_init(&self->changing);
  g_queue_init(&self->waiting);
  dsbind_source_properties_new(specs);
  for (guint i = 0; i < DSBIND_SOURCE_PROPERTIES; i++) {
    g_param_spec_ref_sink(specs[i]);
    g_value_init(&self->values[i], specs[i]->value_type);
    g_param_value_set_default(specs[i], &self->values[i]);
    g_param_spec_unref(specs[i]);
  }
  /* A source also while it has no child that is one. */
  gst_bin_set_suppressed_flags(GST_BIN(self), GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SOURCE);
  self->pad = gst_ghost_pad_new_no_target_from_template(
      "src", gst_element_get_pad_template(GST_ELEMENT(self), "src"));
  gst_element_add_pad(GST_ELEMENT(self), self->pad);
}
