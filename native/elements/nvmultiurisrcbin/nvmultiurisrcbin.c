/* SPDX-License-Identifier: Apache-2.0 */
/* The bin: its pad, its states, its messages. */
#include "nvmultiurisrcbin.h"

G_DEFINE_TYPE(DsbindMultiUriSrcBin, dsbind_multi_uri_src_bin, GST_TYPE_BIN)

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));

/* Whether a list that is given has an item for each URI. */
static gboolean check_list(DsbindMultiUriSrcBin *self, const char *name, guint sources) {
  GStrv items = dsbind_multi_list(self, name);
  const guint count = g_strv_length(items);
  const gboolean ok = count == 0 || count == sources;
  g_strfreev(items);
  if (!ok)
    GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS,
                      ("%s has %u entries, but uri-list has %u: give one for each URI, or none.",
                       name, count, sources), (NULL));
  return ok;
}

static gboolean check_settings(DsbindMultiUriSrcBin *self) {
  if (self->missing) {
    GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN,
                      ("nvmultiurisrcbin needs the element %s, which is not there.", self->missing),
                      ("GST_PLUGIN_PATH must name the folder of dsbind's plugins"));
    return FALSE;
  }
  GStrv uris = dsbind_multi_list(self, "uri-list");
  const guint sources = g_strv_length(uris);
  g_strfreev(uris);
  if (sources == 0 || sources > DSBIND_MULTI_MOST_SOURCES) {
    GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS,
                      ("uri-list names %u sources: give 1 to %u, separated by commas.", sources,
                       DSBIND_MULTI_MOST_SOURCES), (NULL));
    return FALSE;
  }
  return check_list(self, "sensor-id-list", sources) &&
         check_list(self, "sensor-name-list", sources);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindMultiUriSrcBin *self = DSBIND_MULTI_URI_SRC_BIN(element);

  /* The list may change between the two. */
  if (transition == GST_STATE_CHANGE_NULL_TO_READY ||
      transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (!check_settings(self)) return GST_STATE_CHANGE_FAILURE;
    const guint size = dsbind_multi_batch_size(self);
    g_object_set(self->mux, "batch-size", size ? size : self->sources->len, NULL);
  }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    /* First of all: the end of a source that fails at once must not be lost on it. They are not
     * linked yet, so that the order would be any. */
    gst_element_set_state(self->mux, GST_STATE_PAUSED);
    dsbind_multi_sources_announce(self);
  }
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(dsbind_multi_uri_src_bin_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) dsbind_multi_sources_restore(self);
  return result;
}

static void handle_message(GstBin *bin, GstMessage *message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR &&
      dsbind_multi_sources_take_error(DSBIND_MULTI_URI_SRC_BIN(bin), message))
    return;
  GST_BIN_CLASS(dsbind_multi_uri_src_bin_parent_class)->handle_message(bin, message);
}

static void dispose(GObject *object) {
  DsbindMultiUriSrcBin *self = DSBIND_MULTI_URI_SRC_BIN(object);
  if (self->mux) dsbind_multi_sources_clear(self);
  self->mux = NULL;
  G_OBJECT_CLASS(dsbind_multi_uri_src_bin_parent_class)->dispose(object);
}

static void finalize(GObject *object) {
  DsbindMultiUriSrcBin *self = DSBIND_MULTI_URI_SRC_BIN(object);
  dsbind_multi_properties_clear(self);
  g_clear_pointer(&self->sources, g_ptr_array_unref);
  G_OBJECT_CLASS(dsbind_multi_uri_src_bin_parent_class)->finalize(object);
}

static void dsbind_multi_uri_src_bin_class_init(DsbindMultiUriSrcBinClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);

  object->dispose = dispose;
  object->finalize = finalize;
  element->change_state = change_state;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  dsbind_multi_properties_install(object);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "NvMultiUriSrcBin", "Source/Bin/Video",
                                        "Decodes files or streams, named by URIs, into batches",
                                        "dsbind");
}

static void dsbind_multi_uri_src_bin_init(DsbindMultiUriSrcBin *self) {
  dsbind_multi_properties_init(self);
  self->mux = gst_element_factory_make("nvstreammux", "mux");
  dsbind_multi_sources_clear(self);
  GstPad *target = NULL;
  if (self->mux) {
    gst_bin_add(GST_BIN(self), self->mux);
    target = gst_element_get_static_pad(self->mux, "src");
  } else {
    self->missing = "nvstreammux";
  }
  GstPadTemplate *template = gst_element_get_pad_template(GST_ELEMENT(self), "src");
  gst_element_add_pad(GST_ELEMENT(self),
                      target ? gst_ghost_pad_new_from_template("src", target, template)
                             : gst_ghost_pad_new_no_target_from_template("src", template));
  gst_clear_object(&target);
}
