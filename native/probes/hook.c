/* SPDX-License-Identifier: Apache-2.0 */
#include "hook.h"

#include <string.h>
#include <time.h>

#include "gstnvdsmeta.h"

typedef struct {
  GstPad *pad;
  gulong id;
} Watched;

struct DsbindHook {
  gatomicrefcount references;
  DsbindOnBuffer on_buffer;
  DsbindHookFlags flags;
  gpointer data;
  GDestroyNotify destroy;
  gint enabled;
  guint64 calls, timed, nanoseconds, skipped;

  GMutex lock; /* of what is below; never held while a buffer is looked at */
  GstElement *element; /* no reference: it is there while a pad of it or a signal calls */
  GWeakRef watched_element;
  gchar *name; /* of the pads to come: a pad's or a template's */
  gulong added, removed;
  gboolean closed;
  GArray *pads; /* Watched */
};

static DsbindHook *hook_ref(DsbindHook *hook) {
  g_atomic_ref_count_inc(&hook->references);
  return hook;
}

static void hook_unref(gpointer data) {
  DsbindHook *hook = data;
  if (!g_atomic_ref_count_dec(&hook->references)) return;
  if (hook->destroy) hook->destroy(hook->data);
  g_weak_ref_clear(&hook->watched_element);
  g_array_unref(hook->pads);
  g_mutex_clear(&hook->lock);
  g_free(hook->name);
  g_free(hook);
}

static void unref_by_closure(gpointer data, GClosure *closure) {
  (void)closure;
  hook_unref(data);
}

DsbindHook *dsbind_hook_new(DsbindOnBuffer on_buffer, DsbindHookFlags flags, gpointer data,
                            GDestroyNotify destroy) {
  DsbindHook *hook = g_new0(DsbindHook, 1);
  g_atomic_ref_count_init(&hook->references);
  hook->on_buffer = on_buffer;
  hook->flags = flags;
  hook->data = data;
  hook->destroy = destroy;
  hook->enabled = TRUE;
  hook->pads = g_array_new(FALSE, FALSE, sizeof(Watched));
  g_mutex_init(&hook->lock);
  g_weak_ref_init(&hook->watched_element, NULL);
  return hook;
}

/* Buffers */

/* Of so many calls one is timed, where reading the clock costs more than the call. */
#define SAMPLE 16

static guint64 now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (guint64)time.tv_sec * G_GUINT64_CONSTANT(1000000000) + (guint64)time.tv_nsec;
}

static gboolean offer(DsbindHook *hook, GstBuffer **place) {
  NvDsBatchMeta *batch = NULL;
  GstBuffer *buffer = *place;
  if (!g_atomic_int_get(&hook->enabled)) return TRUE;
  if (hook->flags & DSBIND_HOOK_BATCHES) {
    batch = gst_buffer_get_nvds_batch_meta(buffer);
    if (!batch) {
      __atomic_fetch_add(&hook->skipped, 1, __ATOMIC_RELAXED);
      return TRUE;
    }
  }
  /* What a probe writes is not for the other branches of a tee: metadata is copied here, pixels
   * when they are mapped for writing. */
  if (!(hook->flags & DSBIND_HOOK_READS) && !gst_buffer_is_writable(buffer)) {
    *place = buffer = gst_buffer_make_writable(buffer);
    if (batch) batch = gst_buffer_get_nvds_batch_meta(buffer);
  }
  const guint64 call = __atomic_fetch_add(&hook->calls, 1, __ATOMIC_RELAXED);
  if ((hook->flags & DSBIND_HOOK_SAMPLED) && call % SAMPLE)
    return hook->on_buffer(hook->element, buffer, batch, hook->data);
  const guint64 before = now();
  const gboolean passes = hook->on_buffer(hook->element, buffer, batch, hook->data);
  __atomic_fetch_add(&hook->nanoseconds, now() - before, __ATOMIC_RELAXED);
  __atomic_fetch_add(&hook->timed, 1, __ATOMIC_RELAXED);
  return passes;
}

static gboolean on_each(GstBuffer **buffer, guint index, gpointer data) {
  (void)index;
  if (!offer(data, buffer)) {
    gst_buffer_unref(*buffer);
    *buffer = NULL;
  }
  return TRUE;
}

static GstPadProbeReturn on_data(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  DsbindHook *hook = data;
  (void)pad;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *buffer = info->data;
    const gboolean passes = offer(hook, &buffer);
    info->data = buffer;
    return passes ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  }
  if (g_atomic_int_get(&hook->enabled)) {
    info->data = gst_buffer_list_make_writable(info->data);
    gst_buffer_list_foreach(info->data, on_each, hook);
    if (!gst_buffer_list_length(info->data)) return GST_PAD_PROBE_DROP;
  }
  return GST_PAD_PROBE_OK;
}

/* Pads */

static void watch(DsbindHook *hook, GstPad *pad) {
  Watched watched = {.pad = gst_object_ref(pad)};
  for (guint i = 0; i < hook->pads->len; i++) {
    if (g_array_index(hook->pads, Watched, i).pad == pad) {
      gst_object_unref(pad);
      return;
    }
  }
  watched.id = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
                                 on_data, hook_ref(hook), hook_unref);
  g_array_append_val(hook->pads, watched);
}

static void watch_all(DsbindHook *hook, GPtrArray *pads) {
  for (guint i = 0; i < pads->len; i++) watch(hook, g_ptr_array_index(pads, i));
}

static void let_go(Watched *watched) {
  gst_pad_remove_probe(watched->pad, watched->id);
  gst_object_unref(watched->pad);
}

/* Whether a pad is called so, or is of the template that is. */
static gboolean is_named(GstPad *pad, const gchar *name) {
  GstPadTemplate *template = gst_pad_get_pad_template(pad);
  gchar *own = gst_pad_get_name(pad);
  gboolean named = strcmp(own, name) == 0 ||
                   (template && strcmp(GST_PAD_TEMPLATE_NAME_TEMPLATE(template), name) == 0);
  g_free(own);
  if (template) gst_object_unref(template);
  return named;
}

static gboolean is_wanted(DsbindHook *hook, GstPad *pad) {
  if (hook->name[0]) return is_named(pad, hook->name);
  return gst_pad_get_direction(pad) == GST_PAD_SRC;
}

static void on_pad_added(GstElement *element, GstPad *pad, gpointer data) {
  DsbindHook *hook = data;
  (void)element;
  g_mutex_lock(&hook->lock);
  if (!hook->closed && is_wanted(hook, pad)) watch(hook, pad);
  g_mutex_unlock(&hook->lock);
}

static void on_pad_removed(GstElement *element, GstPad *pad, gpointer data) {
  DsbindHook *hook = data;
  Watched gone = {0};
  (void)element;
  g_mutex_lock(&hook->lock);
  for (guint i = 0; i < hook->pads->len; i++) {
    if (g_array_index(hook->pads, Watched, i).pad != pad) continue;
    gone = g_array_index(hook->pads, Watched, i);
    g_array_remove_index(hook->pads, i);
    break;
  }
  g_mutex_unlock(&hook->lock);
  if (gone.pad) let_go(&gone);
}

/* Whether a name of a pad (or "" for any) fits a template such as vsrc_%u. */
static gboolean fits(const GstPadTemplate *template, const gchar *name) {
  const gchar *pattern = GST_PAD_TEMPLATE_NAME_TEMPLATE(template);
  const gchar *percent = strchr(pattern, '%');
  if (!name[0] || strcmp(pattern, name) == 0) return TRUE;
  const gsize fixed = percent ? (gsize)(percent - pattern) : 0;
  return percent && strncmp(pattern, name, fixed) == 0 && g_ascii_isalnum(name[fixed]);
}

static gboolean has_source_template(GstElement *element) {
  for (GList *l = gst_element_get_pad_template_list(element); l; l = l->next)
    if (GST_PAD_TEMPLATE_DIRECTION(l->data) == GST_PAD_SRC) return TRUE;
  return FALSE;
}

typedef struct {
  const gchar *name;
  GstPadDirection direction;
  gboolean all; /* of a template, rather than the last one */
  GPtrArray *found;
} Search;

static gboolean examine(GstElement *element, GstPad *pad, gpointer data) {
  Search *search = data;
  (void)element;
  if (search->name[0] ? !is_named(pad, search->name)
                      : gst_pad_get_direction(pad) != search->direction)
    return TRUE;
  if (!search->all) g_ptr_array_set_size(search->found, 0);
  g_ptr_array_add(search->found, gst_object_ref(pad));
  return TRUE;
}

/* Whether pads that fit may come later. Any source pad does that is not always there. */
static gboolean may_come(GstElement *element, const gchar *name, gboolean sinks) {
  for (GList *l = gst_element_get_pad_template_list(element); l; l = l->next) {
    const GstPadTemplate *template = l->data;
    const GstPadPresence presence = GST_PAD_TEMPLATE_PRESENCE(template);
    if (GST_PAD_TEMPLATE_DIRECTION(template) == GST_PAD_SINK && !(sinks && name[0])) continue;
    if (presence != GST_PAD_ALWAYS && fits(template, name)) return TRUE;
  }
  return FALSE;
}

DsbindHookResult dsbind_hook_attach(DsbindHook *hook, GstElement *element, const char *name) {
  const gboolean is_sink = !has_source_template(element) && !element->numsrcpads;
  const gboolean sinks = is_sink || (hook->flags & DSBIND_HOOK_SINK_PADS);
  Search search = {.name = name,
                   .direction = is_sink ? GST_PAD_SINK : GST_PAD_SRC,
                   .all = strchr(name, '%') != NULL,
                   .found = g_ptr_array_new_with_free_func(gst_object_unref)};
  DsbindHookResult result = DSBIND_HOOK_ATTACHED;
  gst_element_foreach_pad(element, examine, &search);
  const gboolean wait = (search.all || !search.found->len) && may_come(element, name, sinks);
  if (!search.found->len && !wait) result = DSBIND_HOOK_NO_PAD;
  if (search.found->len && !sinks &&
      gst_pad_get_direction(g_ptr_array_index(search.found, 0)) == GST_PAD_SINK)
    result = DSBIND_HOOK_SINK_PAD;
  if (result == DSBIND_HOOK_ATTACHED) {
    g_mutex_lock(&hook->lock);
    hook->element = element;
    hook->name = g_strdup(name);
    g_weak_ref_set(&hook->watched_element, element);
    if (wait) {
      hook->added = g_signal_connect_data(element, "pad-added", G_CALLBACK(on_pad_added),
                                          hook_ref(hook), unref_by_closure, 0);
      hook->removed = g_signal_connect_data(element, "pad-removed", G_CALLBACK(on_pad_removed),
                                            hook_ref(hook), unref_by_closure, 0);
    }
    watch_all(hook, search.found);
    g_mutex_unlock(&hook->lock);
  }
  if (hook->added) {
    /* What came before the signal was connected. */
    g_ptr_array_set_size(search.found, 0);
    gst_element_foreach_pad(element, examine, &search);
    g_mutex_lock(&hook->lock);
    watch_all(hook, search.found);
    g_mutex_unlock(&hook->lock);
  }
  g_ptr_array_unref(search.found);
  return result;
}

void dsbind_hook_close(DsbindHook *hook) {
  GstElement *element = g_weak_ref_get(&hook->watched_element);
  g_mutex_lock(&hook->lock);
  hook->closed = TRUE;
  GArray *pads = hook->pads;
  hook->pads = g_array_new(FALSE, FALSE, sizeof(Watched));
  g_mutex_unlock(&hook->lock);
  if (element) {
    if (hook->added) g_signal_handler_disconnect(element, hook->added);
    if (hook->removed) g_signal_handler_disconnect(element, hook->removed);
    gst_object_unref(element);
  }
  for (guint i = 0; i < pads->len; i++) let_go(&g_array_index(pads, Watched, i));
  g_array_unref(pads);
  hook_unref(hook);
}

void dsbind_hook_set_enabled(DsbindHook *hook, gboolean enabled) {
  g_atomic_int_set(&hook->enabled, enabled);
}

gboolean dsbind_hook_is_enabled(DsbindHook *hook) { return g_atomic_int_get(&hook->enabled); }

void dsbind_hook_cost(DsbindHook *hook, guint64 *calls, guint64 *nanoseconds) {
  *calls = __atomic_load_n(&hook->calls, __ATOMIC_RELAXED);
  *nanoseconds = __atomic_load_n(&hook->nanoseconds, __ATOMIC_RELAXED);
  const guint64 timed = __atomic_load_n(&hook->timed, __ATOMIC_RELAXED);
  /* Those that were not timed took as long as those that were. */
  if (timed && (hook->flags & DSBIND_HOOK_SAMPLED))
    *nanoseconds = (guint64)((double)*nanoseconds / (double)timed * (double)*calls);
}

guint64 dsbind_hook_skipped(DsbindHook *hook) {
  return __atomic_load_n(&hook->skipped, __ATOMIC_RELAXED);
}
