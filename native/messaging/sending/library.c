/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

#include "dsbind_runtime.h"

/* The bundle's own of that file name; NULL where it has none. */
static char *own_path(const char *name) {
  const char *folder = dsbind_runtime_library_dir();
  char *file = g_path_get_basename(name);
  char *path = folder ? g_build_filename(folder, file, NULL) : NULL;
  g_free(file);
  if (path && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) g_clear_pointer(&path, g_free);
  return path;
}

/* "kafka, mqtt": what there is. */
static char *own_adapters(void) {
  GString *names = g_string_new(NULL);
  const char *folder = dsbind_runtime_library_dir();
  GDir *entries = folder ? g_dir_open(folder, 0, NULL) : NULL;
  const char *entry;
  while (entries && (entry = g_dir_read_name(entries)))
    if (g_str_has_prefix(entry, "libnvds_") && g_str_has_suffix(entry, "_proto.so"))
      g_string_append_printf(names, "%s%s", names->len ? ", " : "", entry);
  if (entries) g_dir_close(entries);
  return g_string_free(names, FALSE);
}

void *dsbind_library_open(const char *name, GError **error) {
  const gboolean is_path = strchr(name, '/') != NULL;
  char *own = is_path && g_file_test(name, G_FILE_TEST_EXISTS) ? NULL : own_path(name);
  void *library = dlopen(own ? own : name, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    char *there = own_adapters();
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "the library %s cannot be loaded: %s. dsbind's own adapters are %s", name,
                reason ? reason : "no reason was given", *there ? there : "not installed");
    g_free(there);
  }
  g_free(own);
  return library;
}

void *dsbind_library_symbol(void *library, const char *symbol) { return dlsym(library, symbol); }
