/* SPDX-License-Identifier: Apache-2.0 */
/* Which source plays, which wait, and the change from one to the next. */
#include "nvdsdynamicsrcbin.h"
#include "source_message.h"

static void clear_source(gpointer data) {
  DsbindDynamicSource *source = data;
  g_free(source->uri);
}

DsbindDynamicSource *dsbind_dynamic_source_ref(DsbindDynamicSource *source) {
  return g_atomic_rc_box_acquire(source);
}

void dsbind_dynamic_source_unref(gpointer source) {
  g_atomic_rc_box_release_full(source, clear_source);
}

static DsbindSourceInfo info_of(const DsbindDynamicSource *source) {
  return (DsbindSourceInfo){.id = (guint)source->id, .uri = source->uri};
}

static void tell(const DsbindDynamicSource *source, gboolean added) {
  const DsbindSourceInfo info = info_of(source);
  dsbind_source_post(GST_ELEMENT(source->bin), added, &info);
}

static void source_pad(GstElement *element, GstPad *pad, gpointer source) {
  (void)element;
  dsbind_dynamic_expose(source, pad);
}

static void unref_closure(gpointer source, GClosure *closure) {
  (void)closure;
  dsbind_dynamic_source_unref(source);
}

static void apply_properties(DsbindDynamicSrcBin *self, GstElement *element) {
  GParamSpec *specs[DSBIND_SOURCE_PROPERTIES];
  dsbind_source_properties_new(specs);
  for (guint i = 0; i < DSBIND_SOURCE_PROPERTIES; i++) {
    GValue value = G_VALUE_INIT;
    g_param_spec_ref_sink(specs[i]);
    g_value_init(&value, specs[i]->value_type);
    g_object_get_property(G_OBJECT(self), specs[i]->name, &value);
    dsbind_pass_property(element, specs[i], &value);
    g_value_unset(&value);
    g_param_spec_unref(specs[i]);
  }
}

static gboolean start(DsbindDynamicSource *source) {
  DsbindDynamicSrcBin *self = source->bin;
  char *name = g_strdup_printf("dsnvurisrcbin%d", source->id);
  GstElement *element = gst_element_factory_make("nvurisrcbin", name);
  g_free(name);
  g_mutex_lock(&self->lock);
  source->element = element;
  g_mutex_unlock(&self->lock);
  if (!element) {
    GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN,
                      ("nvdsdynamicsrcbin needs the element nvurisrcbin, which is not there."),
                      ("GST_PLUGIN_PATH must name the folder of dsbind's plugins"));
    return FALSE;
  }
  apply_properties(self, element);
  g_object_set(element, "uri", source->uri, "source-id", source->id, NULL);
  g_signal_connect_data(element, "pad-added", G_CALLBACK(source_pad),
                        dsbind_dynamic_source_ref(source), unref_closure, 0);
  gst_bin_add(GST_BIN(self), element);
  tell(source, TRUE);
  gst_element_sync_state_with_parent(element);
  return TRUE;
}

/* Off the source's own threads, which end here. */
static void retire(DsbindDynamicSource *source) {
  if (!source->element) return;
  gst_element_set_locked_state(source->element, TRUE);
  gst_element_set_state(source->element, GST_STATE_NULL);
  gst_ghost_pad_set_target(GST_GHOST_PAD(source->bin->pad), NULL);
  gst_bin_remove(GST_BIN(source->bin), source->element);
  source->element = NULL;
  tell(source, FALSE);
}

static DsbindDynamicSource *take_ended(DsbindDynamicSrcBin *self) {
  DsbindDynamicSource *ended = NULL;
  g_mutex_lock(&self->lock);
  if (self->current && g_atomic_int_get(&self->current->ended))
    ended = g_steal_pointer(&self->current);
  g_mutex_unlock(&self->lock);
  return ended;
}

/* The next source, which then is the current one; `eos`: there is none and none will come. */
static DsbindDynamicSource *take_next(DsbindDynamicSrcBin *self, gboolean *eos) {
  DsbindDynamicSource *next = NULL;
  g_mutex_lock(&self->lock);
  if (self->playing && !self->current && (next = g_queue_pop_head(&self->waiting)))
    self->current = next;
  *eos = self->playing && !self->current && self->terminated && !self->ended;
  self->ended |= *eos;
  g_mutex_unlock(&self->lock);
  return next;
}

/* Ends what is over and begins what is next. */
static void advance(GstElement *element, gpointer data) {
  DsbindDynamicSrcBin *self = DSBIND_DYNAMIC_SRC_BIN(element);
  gboolean eos = FALSE;
  (void)data;
  g_mutex_lock(&self->changing);
  DsbindDynamicSource *ended = take_ended(self);
  if (ended) {
    retire(ended);
    dsbind_dynamic_source_unref(ended);
  }
  DsbindDynamicSource *next = take_next(self, &eos);
  if (next && !start(next)) g_atomic_int_set(&next->ended, TRUE);
  if (eos) dsbind_dynamic_push_eos(self);
  g_mutex_unlock(&self->changing);
}

/* Never on the thread that asks: it may be one that has to end, or hold locks. */
void dsbind_dynamic_begin(DsbindDynamicSrcBin *self) {
  g_mutex_lock(&self->lock);
  self->playing = TRUE;
  g_mutex_unlock(&self->lock);
  gst_element_call_async(GST_ELEMENT(self), advance, NULL, NULL);
}

static void ask(DsbindDynamicSrcBin *self) {
  gst_element_call_async(GST_ELEMENT(self), advance, NULL, NULL);
}

gint dsbind_dynamic_add(DsbindDynamicSrcBin *self, const char *uri) {
  gint id = -1;
  if (!uri) return id;
  g_mutex_lock(&self->lock);
  if (!self->terminated) {
    DsbindDynamicSource *source = g_atomic_rc_box_new0(DsbindDynamicSource);
    source->bin = self;
    source->id = id = self->next_id++;
    source->uri = g_strdup(uri);
    source->base = GST_CLOCK_TIME_NONE;
    g_queue_push_tail(&self->waiting, source);
  }
  const gboolean playing = self->playing;
  g_mutex_unlock(&self->lock);
  if (playing && id >= 0) ask(self);
  return id;
}

void dsbind_dynamic_source_ended(DsbindDynamicSource *source) {
  if (g_atomic_int_compare_and_exchange(&source->ended, FALSE, TRUE)) ask(source->bin);
}

gboolean dsbind_dynamic_remove(DsbindDynamicSrcBin *self, gint id) {
  DsbindDynamicSource *waiting = NULL, *current = NULL;
  g_mutex_lock(&self->lock);
  if (self->current && self->current->id == id && !g_atomic_int_get(&self->current->ended))
    current = dsbind_dynamic_source_ref(self->current);
  for (GList *link = self->waiting.head; link && !current; link = link->next) {
    if (((DsbindDynamicSource *)link->data)->id != id) continue;
    waiting = link->data;
    g_queue_delete_link(&self->waiting, link);
    break;
  }
  g_mutex_unlock(&self->lock);
  if (current) {
    dsbind_dynamic_source_ended(current);
    dsbind_dynamic_source_unref(current);
  }
  if (waiting) dsbind_dynamic_source_unref(waiting);
  return current || waiting;
}

void dsbind_dynamic_terminate(DsbindDynamicSrcBin *self, gboolean at_once) {
  g_mutex_lock(&self->lock);
  self->terminated = TRUE;
  if (at_once) {
    g_queue_clear_full(&self->waiting, dsbind_dynamic_source_unref);
    if (self->current) g_atomic_int_set(&self->current->ended, TRUE);
  }
  const gboolean playing = self->playing;
  g_mutex_unlock(&self->lock);
  if (playing) ask(self);
}

void dsbind_dynamic_halt(DsbindDynamicSrcBin *self) {
  g_mutex_lock(&self->lock);
  self->playing = FALSE;
  g_mutex_unlock(&self->lock);
}

void dsbind_dynamic_clear(DsbindDynamicSrcBin *self) {
  g_mutex_lock(&self->changing);
  g_mutex_lock(&self->lock);
  DsbindDynamicSource *current = g_steal_pointer(&self->current);
  g_queue_clear_full(&self->waiting, dsbind_dynamic_source_unref);
  self->terminated = self->ended = FALSE;
  self->end = 0;
  g_mutex_unlock(&self->lock);
  if (current) {
    g_atomic_int_set(&current->ended, TRUE);
    retire(current);
    dsbind_dynamic_source_unref(current);
  }
  g_mutex_unlock(&self->changing);
}

gboolean dsbind_dynamic_take_error(DsbindDynamicSrcBin *self, GstMessage *message) {
  DsbindDynamicSource *failed = NULL;
  /* Where downstream failed no other source will do better. */
  if (!dsbind_source_is_to_blame(message)) return FALSE;
  g_mutex_lock(&self->lock);
  if (self->current && GST_MESSAGE_SRC(message) == GST_OBJECT(self->current->element))
    failed = dsbind_dynamic_source_ref(self->current);
  g_mutex_unlock(&self->lock);
  if (!failed) return FALSE;
  if (!g_atomic_int_get(&failed->ended)) {
    const DsbindSourceInfo info = info_of(failed);
    dsbind_source_post_loss(GST_ELEMENT(self), message, FALSE, &info);
  }
  dsbind_dynamic_source_ended(failed);
  dsbind_dynamic_source_unref(failed);
  gst_message_unref(message);
  return TRUE;
}
