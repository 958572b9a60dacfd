/* SPDX-License-Identifier: Apache-2.0 */
#include "gstnvmsgconv.h"

enum {
  PROP_0,
  PROP_CONFIG,
  PROP_LIBRARY,
  PROP_PAYLOAD_TYPE,
  PROP_COMP_ID,
  PROP_DUMP_FOLDER,
  PROP_MULTIPLE,
  PROP_NEW_API,
  PROP_FRAME_INTERVAL,
  PROP_DUMMY,
};

static GType payload_type(void) {
  static gsize type;
  static const GEnumValue values[] = {
      {NVDS_PAYLOAD_DEEPSTREAM, "The full schema", "PAYLOAD_DEEPSTREAM"},
      {NVDS_PAYLOAD_DEEPSTREAM_MINIMAL, "The minimal schema", "PAYLOAD_DEEPSTREAM_MINIMAL"},
      {NVDS_PAYLOAD_DEEPSTREAM_PROTOBUF, "Protobuf", "PAYLOAD_DEEPSTREAM_PROTOBUF"},
      {NVDS_PAYLOAD_RESERVED, "Reserved", "PAYLOAD_RESERVED"},
      {NVDS_PAYLOAD_CUSTOM, "That of a library of the user's", "PAYLOAD_CUSTOM"},
      {0, NULL, NULL}};
  if (g_once_init_enter(&type))
    g_once_init_leave(&type, g_enum_register_static("DsbindMsgConvPayloadType", values));
  return type;
}

static void set_text(char **place, const GValue *value) {
  g_free(*place);
  *place = g_value_dup_string(value);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindMsgConv *self = DSBIND_MSG_CONV(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_CONFIG: set_text(&self->config, value); break;
    case PROP_LIBRARY: set_text(&self->library, value); break;
    case PROP_PAYLOAD_TYPE: self->payload_type = (guint)g_value_get_enum(value); break;
    case PROP_COMP_ID: self->component = g_value_get_uint(value); break;
    case PROP_DUMP_FOLDER: set_text(&self->dump_folder, value); break;
    case PROP_MULTIPLE: self->multiple_payloads = g_value_get_boolean(value); break;
    case PROP_NEW_API: self->new_api = g_value_get_boolean(value); break;
    case PROP_FRAME_INTERVAL: self->frame_interval = g_value_get_uint(value); break;
    case PROP_DUMMY: self->dummy = g_value_get_boolean(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindMsgConv *self = DSBIND_MSG_CONV(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_CONFIG: g_value_set_string(value, self->config); break;
    case PROP_LIBRARY: g_value_set_string(value, self->library); break;
    case PROP_PAYLOAD_TYPE: g_value_set_enum(value, (gint)self->payload_type); break;
    case PROP_COMP_ID: g_value_set_uint(value, self->component); break;
    case PROP_DUMP_FOLDER: g_value_set_string(value, self->dump_folder); break;
    case PROP_MULTIPLE: g_value_set_boolean(value, self->multiple_payloads); break;
    case PROP_NEW_API: g_value_set_boolean(value, self->new_api); break;
    case PROP_FRAME_INTERVAL: g_value_set_uint(value, self->frame_interval); break;
    case PROP_DUMMY: g_value_set_boolean(value, self->dummy); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

void dsbind_msg_conv_install(GObjectClass *klass) {
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  GParamSpec *specs[] = {
      [PROP_CONFIG] = g_param_spec_string("config", "", "File of sensors, places and analytics "
                                          "modules, INI or YAML", NULL, flags),
      [PROP_LIBRARY] = g_param_spec_string("msg2p-lib", "", "Library that makes the payloads",
                                           "libnvds_msgconv.so", flags),
      [PROP_PAYLOAD_TYPE] = g_param_spec_enum("payload-type", "", "What the payloads are",
                                              payload_type(), NVDS_PAYLOAD_DEEPSTREAM, flags),
      [PROP_COMP_ID] = g_param_spec_uint("comp-id", "", "Convert the events of this component "
                                         "only; 0 for all", 0, G_MAXUINT, 0, flags),
      [PROP_DUMP_FOLDER] = g_param_spec_string("debug-payload-dir", "", "Folder that each payload "
                                               "is written to as a file", NULL, flags),
      [PROP_MULTIPLE] = g_param_spec_boolean("multiple-payloads", "", "Without effect: a library "
                                             "may always make several", FALSE, flags),
      [PROP_NEW_API] = g_param_spec_boolean("msg2p-newapi", "", "Make payloads of objects, without "
                                            "events", FALSE, flags),
      [PROP_FRAME_INTERVAL] = g_param_spec_uint("frame-interval", "", "With msg2p-newapi: of so "
                                                "many frames of a source, one makes payloads", 1,
                                                G_MAXUINT, 30, flags),
      [PROP_DUMMY] = g_param_spec_boolean("dummy-payload", "", "With msg2p-newapi: make payloads of "
                                          "frames without objects, too", FALSE, flags),
  };
  klass->set_property = set_property;
  klass->get_property = get_property;
  for (guint i = 1; i < G_N_ELEMENTS(specs); i++)
    g_object_class_install_property(klass, i, specs[i]);
}

void dsbind_msg_conv_defaults(DsbindMsgConv *self) {
  self->library = g_strdup("libnvds_msgconv.so");
  self->frame_interval = 30;
}
