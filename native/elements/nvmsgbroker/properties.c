/* SPDX-License-Identifier: Apache-2.0 */
#include <gst/gst.h>

#include "gstnvmsgbroker.h"

enum {
  PROP_0,
  PROP_LIBRARY,
  PROP_ADDRESS,
  PROP_CONFIG,
  PROP_TOPIC,
  PROP_COMP_ID,
  PROP_NEW_API,
  PROP_SLEEP_TIME,
  PROP_QUEUE_SIZE,
  PROP_POLICY,
  PROP_FLUSH_TIMEOUT,
  PROP_STATS,
};

static GType policy_type(void) {
  static gsize type;
  static const GEnumValue values[] = {
      {DSBIND_POLICY_BLOCK, "The stream waits until there is room", "block"},
      {DSBIND_POLICY_DROP_OLDEST, "The oldest message that waits is dropped", "drop_oldest"},
      {DSBIND_POLICY_DROP_NEWEST, "The new message is dropped", "drop_newest"},
      {0, NULL, NULL}};
  if (g_once_init_enter(&type))
    g_once_init_leave(&type, g_enum_register_static("DsbindMsgBrokerPolicy", values));
  return type;
}

static void set_text(char **place, const GValue *value) {
  g_free(*place);
  *place = g_value_dup_string(value);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindMsgBroker *self = DSBIND_MSG_BROKER(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_LIBRARY: set_text(&self->library, value); break;
    case PROP_ADDRESS: set_text(&self->address, value); break;
    case PROP_CONFIG: set_text(&self->config, value); break;
    case PROP_TOPIC: set_text(&self->topic, value); break;
    case PROP_COMP_ID: self->component = g_value_get_uint(value); break;
    case PROP_NEW_API: self->new_api = g_value_get_boolean(value); break;
    case PROP_SLEEP_TIME: self->sleep_time = g_value_get_uint(value); break;
    case PROP_QUEUE_SIZE: self->queue_size = g_value_get_uint(value); break;
    case PROP_POLICY: self->policy = (DsbindPolicy)g_value_get_enum(value); break;
    case PROP_FLUSH_TIMEOUT: self->flush_timeout = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

static GstStructure *stats_of(DsbindMsgBroker *self) {
  DsbindSenderStats stats = self->last;
  if (self->sender) dsbind_sender_stats(self->sender, &stats);
  return gst_structure_new(
      "publish", "messages", G_TYPE_UINT64, stats.messages, "acknowledged", G_TYPE_UINT64,
      stats.acknowledged, "failed", G_TYPE_UINT64, stats.failed, "dropped", G_TYPE_UINT64,
      stats.dropped, "queued", G_TYPE_UINT64, (guint64)stats.queued, "retried", G_TYPE_UINT64,
      stats.retried, "connections", G_TYPE_UINT64, stats.connections, "connected", G_TYPE_BOOLEAN,
      stats.connected, NULL);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindMsgBroker *self = DSBIND_MSG_BROKER(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_LIBRARY: g_value_set_string(value, self->library); break;
    case PROP_ADDRESS: g_value_set_string(value, self->address); break;
    case PROP_CONFIG: g_value_set_string(value, self->config); break;
    case PROP_TOPIC: g_value_set_string(value, self->topic); break;
    case PROP_COMP_ID: g_value_set_uint(value, self->component); break;
    case PROP_NEW_API: g_value_set_boolean(value, self->new_api); break;
    case PROP_SLEEP_TIME: g_value_set_uint(value, self->sleep_time); break;
    case PROP_QUEUE_SIZE: g_value_set_uint(value, self->queue_size); break;
    case PROP_POLICY: g_value_set_enum(value, (gint)self->policy); break;
    case PROP_FLUSH_TIMEOUT: g_value_set_uint(value, self->flush_timeout); break;
    case PROP_STATS: g_value_take_boxed(value, stats_of(self)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

void dsbind_msg_broker_install(GObjectClass *klass) {
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  GParamSpec *specs[] = {
      [PROP_LIBRARY] = g_param_spec_string("proto-lib", "", "Library of the protocol adapter, such "
                                           "as libnvds_kafka_proto.so", "libnvds_file_proto.so",
                                           flags),
      [PROP_ADDRESS] = g_param_spec_string("conn-str", "", "Where the broker is: host;port. Of the "
                                           "file adapter: a path", NULL, flags),
      [PROP_CONFIG] = g_param_spec_string("config", "", "The adapter's config file", NULL, flags),
      [PROP_TOPIC] = g_param_spec_string("topic", "", "What messages are sent under", NULL, flags),
      [PROP_COMP_ID] = g_param_spec_uint("comp-id", "", "Send payloads of this component only; 0 "
                                         "for all", 0, G_MAXUINT, 0, flags),
      [PROP_NEW_API] = g_param_spec_boolean("new-api", "", "Send through libnvds_msgbroker, whose "
                                            "connections elements and programs can share", FALSE,
                                            flags),
      [PROP_SLEEP_TIME] = g_param_spec_uint("sleep-time", "", "Without effect: the adapter is asked "
                                            "for answers while there are any", 0, G_MAXUINT, 0,
                                            flags),
      [PROP_QUEUE_SIZE] = g_param_spec_uint("queue-size", "", "Messages that wait for the broker", 1,
                                            10000000, 5000, flags),
      [PROP_POLICY] = g_param_spec_enum("queue-policy", "", "What happens when that many wait",
                                        policy_type(), DSBIND_POLICY_BLOCK, flags),
      [PROP_FLUSH_TIMEOUT] = g_param_spec_uint("flush-timeout", "", "Milliseconds that the end of "
                                               "the stream waits for answers", 0, G_MAXINT, 10000,
                                               flags),
      [PROP_STATS] = g_param_spec_boxed("stats", "", "Counts of messages", GST_TYPE_STRUCTURE,
                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS),
  };
  klass->set_property = set_property;
  klass->get_property = get_property;
  for (guint i = 1; i < G_N_ELEMENTS(specs); i++)
    g_object_class_install_property(klass, i, specs[i]);
}

void dsbind_msg_broker_defaults(DsbindMsgBroker *self) {
  self->library = g_strdup("libnvds_file_proto.so");
  self->queue_size = 5000;
  self->flush_timeout = 10000;
}
