/* SPDX-License-Identifier: Apache-2.0 */
/* nvmsgbrokersinkbin: queue, nvmsgconv and nvmsgbroker as one sink with the properties of both.
 *
 * The three are one plugin: the bin's class has the properties of the others', and a plugin that is
 * being registered cannot load another. */
#include <gst/gst.h>
#include <string.h>

#include "../nvmsgbroker/gstnvmsgbroker.h"
#include "../nvmsgconv/gstnvmsgconv.h"

typedef struct {
  GstBin parent;
  GstElement *converter, *broker; /* owned by the bin; NULL when one is not to be had */
  const char *missing;
} DsbindMsgBrokerSinkBin;

typedef struct {
  GstBinClass parent;
} DsbindMsgBrokerSinkBinClass;

GType dsbind_msg_broker_sink_bin_get_type(void);
G_DEFINE_TYPE(DsbindMsgBrokerSinkBin, dsbind_msg_broker_sink_bin, GST_TYPE_BIN)
#define SINK_BIN(object) ((DsbindMsgBrokerSinkBin *)(object))

/* Which child has a property, and its name there: ids are positions in this table. */
static const struct {
  const char *name, *child_name;
  gboolean converts;
} properties[] = {
    {NULL, NULL, FALSE},
    {"msg-conv-config", "config", TRUE},
    {"msg-conv-msg2p-lib", "msg2p-lib", TRUE},
    {"msg-conv-payload-type", "payload-type", TRUE},
    {"msg-conv-comp-id", "comp-id", TRUE},
    {"msg-conv-debug-payload-dir", "debug-payload-dir", TRUE},
    {"msg-conv-multiple-payloads", "multiple-payloads", TRUE},
    {"msg-conv-msg2p-new-api", "msg2p-newapi", TRUE},
    {"msg-conv-frame-interval", "frame-interval", TRUE},
    {"msg-conv-dummy-payload", "dummy-payload", TRUE},
    {"msg-broker-proto-lib", "proto-lib", FALSE},
    {"msg-broker-conn-str", "conn-str", FALSE},
    {"topic", "topic", FALSE},
    {"msg-broker-config", "config", FALSE},
    {"msg-broker-comp-id", "comp-id", FALSE},
    {"msg-broker-new-api", "new-api", FALSE},
    {"msg-broker-sleep-time", "sleep-time", FALSE},
    {"sync", "sync", FALSE},
    {"async", "async", FALSE},
    {"qos", "qos", FALSE},
    {"queue-size", "queue-size", FALSE},
    {"queue-policy", "queue-policy", FALSE},
    {"flush-timeout", "flush-timeout", FALSE},
    {"stats", "stats", FALSE},
};

static GstElement *child_of(GObject *object, guint id) {
  DsbindMsgBrokerSinkBin *bin = SINK_BIN(object);
  return properties[id].converts ? bin->converter : bin->broker;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  GstElement *child = child_of(object, id);
  (void)spec;
  if (child) g_object_set_property(G_OBJECT(child), properties[id].child_name, value);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  GstElement *child = child_of(object, id);
  (void)spec;
  if (child) g_object_get_property(G_OBJECT(child), properties[id].child_name, value);
}

/* The children's own, under the bin's names. */
static void install_properties(GObjectClass *klass) {
  GObjectClass *converter = g_type_class_ref(DSBIND_TYPE_MSG_CONV);
  GObjectClass *broker = g_type_class_ref(DSBIND_TYPE_MSG_BROKER);
  for (guint i = 1; i < G_N_ELEMENTS(properties); i++) {
    GParamSpec *spec = g_object_class_find_property(properties[i].converts ? converter : broker,
                                                    properties[i].child_name);
    const char *name = properties[i].name, *blurb = g_param_spec_get_blurb(spec);
    const GParamFlags flags = spec->flags & ~G_PARAM_CONSTRUCT;
    GParamSpec *own;
    if (G_IS_PARAM_SPEC_STRING(spec))
      own = g_param_spec_string(name, "", blurb, ((GParamSpecString *)spec)->default_value, flags);
    else if (G_IS_PARAM_SPEC_BOOLEAN(spec))
      own = g_param_spec_boolean(name, "", blurb,
                                 strcmp(name, "sync") != 0 &&
                                     ((GParamSpecBoolean *)spec)->default_value,
                                 flags);
    else if (G_IS_PARAM_SPEC_ENUM(spec))
      own = g_param_spec_enum(name, "", blurb, spec->value_type,
                              ((GParamSpecEnum *)spec)->default_value, flags);
    else if (G_IS_PARAM_SPEC_UINT(spec))
      own = g_param_spec_uint(name, "", blurb, ((GParamSpecUInt *)spec)->minimum,
                              ((GParamSpecUInt *)spec)->maximum,
                              ((GParamSpecUInt *)spec)->default_value, flags);
    else
      own = g_param_spec_boxed(name, "", blurb, spec->value_type, flags);
    g_object_class_install_property(klass, i, own);
  }
  g_type_class_unref(converter);
  g_type_class_unref(broker);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindMsgBrokerSinkBin *bin = SINK_BIN(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && bin->missing) {
    GST_ELEMENT_ERROR(bin, CORE, MISSING_PLUGIN,
                      ("nvmsgbrokersinkbin needs the element %s, which is not there.",
                       bin->missing),
                      ("GST_PLUGIN_PATH must name the folder of dsbind's plugins"));
    return GST_STATE_CHANGE_FAILURE;
  }
  return GST_ELEMENT_CLASS(dsbind_msg_broker_sink_bin_parent_class)
      ->change_state(element, transition);
}

static void dsbind_msg_broker_sink_bin_class_init(DsbindMsgBrokerSinkBinClass *klass) {
  static GstStaticPadTemplate sink =
      GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  object->set_property = set_property;
  object->get_property = get_property;
  element->change_state = change_state;
  install_properties(object);
  gst_element_class_add_static_pad_template(element, &sink);
  gst_element_class_set_static_metadata(element, "Message broker sink bin", "Sink/Metadata",
                                        "Makes payloads of events and sends them", "dsbind");
}

static void dsbind_msg_broker_sink_bin_init(DsbindMsgBrokerSinkBin *bin) {
  static const char *const names[] = {"queue", "nvmsgconv", "nvmsgbroker"};
  GstElement *children[G_N_ELEMENTS(names)];
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    children[i] = gst_element_factory_make(names[i], names[i]);
    if (!children[i]) {
      bin->missing = names[i];
      return;
    }
    gst_bin_add(GST_BIN(bin), children[i]);
    if (i) gst_element_link(children[i - 1], children[i]);
  }
  bin->converter = children[1];
  bin->broker = children[2];
  g_object_set(bin->broker, "sync", FALSE, NULL);
  /* A few batches: their frames are the muxer's, which waits for them. */
  g_object_set(children[0], "max-size-buffers", 3, "max-size-bytes", 0, "max-size-time",
               G_GUINT64_CONSTANT(0), NULL);
  GstPad *target = gst_element_get_static_pad(children[0], "sink");
  GstPadTemplate *template = gst_element_get_pad_template(GST_ELEMENT(bin), "sink");
  gst_element_add_pad(GST_ELEMENT(bin), gst_ghost_pad_new_from_template("sink", target, template));
  gst_object_unref(target);
  GST_OBJECT_FLAG_SET(bin, GST_ELEMENT_FLAG_SINK);
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvmsgconv", GST_RANK_NONE, DSBIND_TYPE_MSG_CONV) &&
         gst_element_register(plugin, "nvmsgbroker", GST_RANK_NONE, DSBIND_TYPE_MSG_BROKER) &&
         gst_element_register(plugin, "nvmsgbrokersinkbin", GST_RANK_NONE,
                              dsbind_msg_broker_sink_bin_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvmsg,
                  "Publishes event messages", plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind",
                  "dsbind")
