/* SPDX-License-Identifier: Apache-2.0 */
/* GStreamer takes plugin files for the same when they have the same name, wherever they lie, and
 * keeps the first; of elements with the same name it keeps the last. */
#include "plugins.h"

#include <gst/gst.h>
#include <string.h>

#include "opening.h"

/* Forgets the bundle's plugin of that file name. */
static void make_room(const char *name, const char *bundle) {
  GstRegistry *registry = gst_registry_get();
  char *path = g_build_filename(bundle, name, NULL);
  GstPlugin *plugin = gst_registry_lookup(registry, path);
  if (plugin) {
    if (g_strcmp0(gst_plugin_get_filename(plugin), path) == 0)
      gst_registry_remove_plugin(registry, plugin);
    gst_object_unref(plugin);
  }
  g_free(path);
}

gboolean dsbind_register_bundle(const char *dir) {
  gst_registry_scan_path(gst_registry_get(), dir);
  GstElementFactory *factory = gst_element_factory_find("nvstreammux");
  if (!factory) return FALSE;
  gst_object_unref(factory);
  return TRUE;
}

void dsbind_register_sdk(const char *dir, const char *bundle) {
  GDir *files = g_dir_open(dir, 0, NULL);
  const char *name;
  while (files && (name = g_dir_read_name(files)))
    if (g_str_has_suffix(name, ".so")) make_room(name, bundle);
  if (files) g_dir_close(files);
  gst_registry_scan_path(gst_registry_get(), dir);
}

gboolean dsbind_register_nvidia(const char *dir, const char *bundle, const char *packages,
                                char **why) {
  static const struct {
    const char *file, *element;
  } plugins[] = {
      {"libgstnvvideoconvert.so", "nvvideoconvert"},
      {"libgstnvvideo4linux2.so", "nvv4l2decoder"},
  };
  GstRegistry *registry = gst_registry_get();
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < G_N_ELEMENTS(plugins); i++) {
    char *path = g_build_filename(dir, plugins[i].file, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
      /* In this process, where what it needs is open: GStreamer's scanner would find none of it. */
      GError *error = NULL;
      GList *ours = gst_registry_get_feature_list(registry, GST_TYPE_ELEMENT_FACTORY);
      GstPlugin *plugin = NULL;
      make_room(plugins[i].file, bundle);
      if (dsbind_open_library(path, packages, why)) plugin = gst_plugin_load_file(path, &error);
      ok = plugin != NULL;
      if (!ok && !*why) *why = g_strdup(error ? error->message : path);
      g_clear_error(&error);
      /* The decoder's plugin also brings encoders, which not every GPU has: the bundle's look. */
      for (GList *item = ours; item; item = item->next) {
        const char *name = GST_OBJECT_NAME(item->data);
        GstPluginFeature *now = gst_registry_lookup_feature(registry, name);
        if (now && now != item->data && strcmp(name, plugins[i].element) != 0)
          gst_registry_add_feature(registry, item->data);
        if (now) gst_object_unref(now);
      }
      gst_plugin_feature_list_free(ours);
      if (plugin) gst_object_unref(plugin);
    }
    g_free(path);
  }
  return ok;
}
