/* SPDX-License-Identifier: Apache-2.0 */
/* Properties: those of the mux and of the sources under one roof, and the lists of sources. */
#include "nvmultiurisrcbin.h"
#include "source_properties.h"

typedef enum {
  OWN,    /* of the bin itself */
  MUX,    /* passed to the mux */
  SOURCE, /* passed to every source */
  BOTH,
} Taker;

/* By property id, from 1. */
static struct {
  GParamSpec *spec;
  Taker taker;
} table[DSBIND_MULTI_MOST_PROPERTIES];
static guint count;

static GParamFlags flags_of(gboolean live) {
  return (GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                       (live ? GST_PARAM_MUTABLE_PLAYING : GST_PARAM_MUTABLE_READY));
}

static void add(Taker taker, GParamSpec *spec) {
  count++;
  g_assert(count < DSBIND_MULTI_MOST_PROPERTIES);
  table[count].spec = spec;
  table[count].taker = taker;
}

static void add_text(const char *name, const char *blurb, const char *value) {
  add(OWN, g_param_spec_string(name, name, blurb, value, flags_of(FALSE)));
}

static void add_flag(Taker taker, const char *name, const char *blurb, gboolean value) {
  add(taker, g_param_spec_boolean(name, name, blurb, value, flags_of(TRUE)));
}

static void add_uint(Taker taker, const char *name, const char *blurb, guint min, guint max,
                     guint value) {
  add(taker, g_param_spec_uint(name, name, blurb, min, max, value, flags_of(FALSE)));
}

static void list_own(void) {
  add_text("uri-list", "URIs or absolute paths to play, separated by commas", NULL);
  add_text("sensor-id-list", "An id for each URI, separated by commas", NULL);
  add_text("sensor-name-list", "A name for each URI, separated by commas", NULL);
  add_uint(OWN, "max-batch-size", "Most frames in a batch; 0 is one of each source", 0,
           DSBIND_MULTI_MOST_SOURCES, 0);
  add_text("ip-address", "Without effect: the sources are those listed, no server is opened",
           "localhost");
  add_text("port", "Without effect: the sources are those listed, no server is opened", "9000");
}

static void list_of_mux(void) {
  add_uint(MUX, "width", "Width of every frame; 0 takes that of the first source", 0,
           DSBIND_MAX_SIDE, 0);
  add_uint(MUX, "height", "Height of every frame; 0 takes that of the first source", 0,
           DSBIND_MAX_SIDE, 0);
  add(MUX, g_param_spec_int("batched-push-timeout", "batched-push-timeout",
                            "Microseconds after the first frame of a batch until it is pushed, "
                            "even when it is not complete; -1 waits for ever", -1, G_MAXINT, -1,
                            flags_of(TRUE)));
  add_uint(MUX, "buffer-pool-size", "Frames made at once for scaling", 4, 1024, 4);
  add(MUX, g_param_spec_uint64("max-latency", "max-latency",
                               "Nanoseconds that sources may be late, added to the latency", 0,
                               G_MAXUINT64, 0, flags_of(TRUE)));
  add_uint(MUX, "num-surfaces-per-frame", "Surfaces that each buffer of a source carries", 1, 4, 1);
  add_uint(MUX, "interpolation-method", "How frames are scaled, as of nvstreammux", 0, 6, 1);
  add_uint(MUX, "compute-hw", "Hardware that scales, as of nvstreammux", 0, 2, 0);
  add_uint(MUX, "nvbuf-memory-type", "Memory of scaled frames, as of nvstreammux", 0, 4, 0);
  add_flag(MUX, "live-source", "Sources are live: a batch takes frames as they come", FALSE);
  add_flag(MUX, "sync-inputs", "Batch only frames of about one time", FALSE);
  add_flag(MUX, "enable-padding", "Keep the aspect of a source; else stretch", FALSE);
  add_flag(MUX, "attach-sys-ts", "ntp_timestamp is the system's time, else the sender's", TRUE);
  add_flag(MUX, "drop-pipeline-eos", "Do not end when all sources have ended", FALSE);
  add_flag(MUX, "frame-num-reset-on-eos", "Number frames from 0 again after the end of a source",
           FALSE);
  add_flag(MUX, "async-process", "Scale while the next frames come", FALSE);
}

static void list_of_sources(void) {
  GParamSpec *specs[DSBIND_SOURCE_PROPERTIES];
  dsbind_source_properties_new(specs);
  for (guint i = 0; i < DSBIND_SOURCE_PROPERTIES; i++)
    add(g_str_equal(specs[i]->name, "gpu-id") ? BOTH : SOURCE, specs[i]);
}

static void pass_to_sources(DsbindMultiUriSrcBin *self, GParamSpec *spec, const GValue *value) {
  GST_OBJECT_LOCK(self);
  GPtrArray *elements = g_ptr_array_new_with_free_func(gst_object_unref);
  for (guint i = 0; self->sources && i < self->sources->len; i++) {
    DsbindMultiSource *source = g_ptr_array_index(self->sources, i);
    g_ptr_array_add(elements, gst_object_ref(source->element));
  }
  GST_OBJECT_UNLOCK(self);
  for (guint i = 0; i < elements->len; i++)
    dsbind_pass_property(g_ptr_array_index(elements, i), spec, value);
  g_ptr_array_unref(elements);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindMultiUriSrcBin *self = DSBIND_MULTI_URI_SRC_BIN(object);
  const Taker taker = table[id].taker;

  if (g_str_equal(spec->name, "uri-list") && GST_STATE(self) > GST_STATE_READY) {
    GST_ELEMENT_WARNING(self, LIBRARY, SETTINGS,
                        ("uri-list cannot change while the sources play: stop first."), (NULL));
    return;
  }
  GST_OBJECT_LOCK(self);
  g_value_copy(value, &self->values[id]);
  GST_OBJECT_UNLOCK(self);
  if ((taker == MUX || taker == BOTH) && self->mux) dsbind_pass_property(self->mux, spec, value);
  if (taker == SOURCE || taker == BOTH) pass_to_sources(self, spec, value);
  if (g_str_equal(spec->name, "uri-list")) dsbind_multi_sources_make(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindMultiUriSrcBin *self = DSBIND_MULTI_URI_SRC_BIN(object);
  (void)spec;
  GST_OBJECT_LOCK(self);
  g_value_copy(&self->values[id], value);
  GST_OBJECT_UNLOCK(self);
}

void dsbind_multi_properties_install(GObjectClass *klass) {
  klass->set_property = set_property;
  klass->get_property = get_property;
  list_own();
  list_of_mux();
  list_of_sources();
  for (guint id = 1; id <= count; id++)
    g_object_class_install_property(klass, id, table[id].spec);
}

void dsbind_multi_properties_init(DsbindMultiUriSrcBin *self) {
  for (guint id = 1; id <= count; id++) {
    g_value_init(&self->values[id], table[id].spec->value_type);
    g_param_value_set_default(table[id].spec, &self->values[id]);
  }
}

void dsbind_multi_properties_clear(DsbindMultiUriSrcBin *self) {
  for (guint id = 1; id <= count; id++) g_value_unset(&self->values[id]);
}

void dsbind_multi_properties_apply(DsbindMultiUriSrcBin *self, GstElement *source) {
  for (guint id = 1; id <= count; id++) {
    GValue value = G_VALUE_INIT;
    if (table[id].taker != SOURCE && table[id].taker != BOTH) continue;
    g_value_init(&value, table[id].spec->value_type);
    get_property(G_OBJECT(self), id, &value, table[id].spec);
    dsbind_pass_property(source, table[id].spec, &value);
    g_value_unset(&value);
  }
}

static void read_value(DsbindMultiUriSrcBin *self, const char *name, GValue *value) {
  GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(self), name);
  g_value_init(value, spec->value_type);
  g_object_get_property(G_OBJECT(self), name, value);
}

GStrv dsbind_multi_list(DsbindMultiUriSrcBin *self, const char *name) {
  GValue value = G_VALUE_INIT;
  read_value(self, name, &value);
  const char *text = g_value_get_string(&value);
  GStrv items = g_strsplit(text ? text : "", ",", -1);
  g_value_unset(&value);
  for (guint i = 0; items[i]; i++) g_strstrip(items[i]);
  for (guint n = g_strv_length(items); n && !*items[n - 1]; n--)
    g_clear_pointer(&items[n - 1], g_free);
  return items;
}

guint dsbind_multi_batch_size(DsbindMultiUriSrcBin *self) {
  GValue value = G_VALUE_INIT;
  read_value(self, "max-batch-size", &value);
  const guint size = g_value_get_uint(&value);
  g_value_unset(&value);
  return size;
}
