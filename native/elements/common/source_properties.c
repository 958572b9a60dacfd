/* SPDX-License-Identifier: Apache-2.0 */
#include "source_properties.h"

#define FLAGS ((GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS))

static GParamSpec *flag(const char *name, const char *blurb, gboolean value) {
  return g_param_spec_boolean(name, name, blurb, value, FLAGS);
}

static GParamSpec *number(const char *name, const char *blurb, guint max, guint value) {
  return g_param_spec_uint(name, name, blurb, 0, max, value, FLAGS);
}

void dsbind_source_properties_new(GParamSpec *specs[DSBIND_SOURCE_PROPERTIES]) {
  GParamSpec *made[] = {
      number("gpu-id", "GPU to use; without effect in host memory", G_MAXINT, 0),
      flag("file-loop", "Play each file again when it ends", FALSE),
      flag("disable-audio", "Without effect: sound is always left out", TRUE),
      flag("disable-passthrough", "Without effect: frames are the elements' own already", FALSE),
      number("latency", "Jitter buffer of an RTSP source, milliseconds", G_MAXUINT, 100),
      number("udp-buffer-size", "Kernel buffer of an RTSP source over UDP, bytes", G_MAXINT, 524288),
      number("select-rtp-protocol", "Transport of RTSP sources: 0 is any, 4 is TCP", 4, 0),
      number("drop-frame-interval", "Hand out every n-th decoded frame; 0 is all", 30, 0),
      number("num-extra-surfaces", "Surfaces of a decoder beyond the least needed", 55, 1),
      number("cudadec-memtype", "Memory of decoded frames; without effect in host memory", 2, 0),
      number("rtsp-reconnect-interval", "Seconds without data after which an RTSP source is "
             "connected to again; 0 is never", G_MAXINT, 0),
      number("init-rtsp-reconnect-interval", "The same before the first frame", G_MAXINT, 0),
      g_param_spec_int("rtsp-reconnect-attempts", "rtsp-reconnect-attempts",
                       "How often in a row it is tried to connect again; -1 is for ever", -1,
                       G_MAXINT, -1, FLAGS),
  };
  G_STATIC_ASSERT(G_N_ELEMENTS(made) == DSBIND_SOURCE_PROPERTIES);
  for (guint i = 0; i < DSBIND_SOURCE_PROPERTIES; i++) specs[i] = made[i];
}

void dsbind_pass_property(GstElement *child, const GParamSpec *own, const GValue *value) {
  GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(child), own->name);
  GValue converted = G_VALUE_INIT;
  if (!spec) return;
  g_value_init(&converted, spec->value_type);
  if (G_IS_PARAM_SPEC_ENUM(spec))
    g_value_set_enum(&converted, (gint)g_value_get_uint(value));
  else
    g_value_copy(value, &converted);
  g_object_set_property(G_OBJECT(child), own->name, &converted);
  g_value_unset(&converted);
}
