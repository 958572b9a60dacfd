/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

#include "dsbind_runtime.h"

/* "libnvds_kafka_proto.so, libnvds_mqtt_proto.so": what there is. */
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

/* What to do where a library is not to be had. */
static char *advice_for(const char *property) {
  if (strcmp(property, DSBIND_LIBRARY_ADAPTER) != 0)
    return g_strdup_printf("Leave %s out to use dsbind's own", property);
  char *there = own_adapters();
  char *text = g_strdup_printf("dsbind's own adapters are %s", *there ? there : "not installed");
  g_free(there);
  return text;
}

/* In a folder that the program allowed. */
static char *find_allowed(const char *name) {
  const char *more = g_getenv("DSBIND_LIBRARY_PATH");
  char **folders = g_strsplit(more ? more : "", ":", -1), *found = NULL;
  for (char **folder = folders; *folder && !found; folder++) {
    char *path = g_build_filename(*folder, name, NULL);
    if (**folder) found = dsbind_runtime_find_library(path, NULL);
    g_free(path);
  }
  g_strfreev(folders);
  return found;
}

char *dsbind_library_find(const char *name, const char *property, const char *config,
                          GError **error) {
  char *file = g_path_get_basename(name), *path = NULL;
  if (strchr(name, '/')) {
    path = dsbind_runtime_find_library(name, file);
  } else if (*name) {
    /* A name without a folder is never a file of the working folder. */
    char *own = g_build_filename(dsbind_runtime_library_dir(), file, NULL);
    path = dsbind_runtime_find_library(own, NULL);
    if (!path) path = find_allowed(file);
    g_free(own);
  }
  g_free(file);
  if (path && dsbind_runtime_may_load(path, config)) return path;
  char *advice = advice_for(property);
  if (path)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                "the library %s (%s) is not loaded: it lies neither below the folder of the config "
                "given with it nor in the SDK; move it there, or allow its folder by "
                "DSBIND_LIBRARY_PATH. %s", path, property, advice);
  else
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "the library %s cannot be loaded (%s): there is no such file. %s", name, property,
                advice);
  g_free(advice);
  g_free(path);
  return NULL;
}

void *dsbind_library_open(const char *path, const char *property, GError **error) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    char *advice = advice_for(property);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "the library %s cannot be loaded (%s): %s. %s", path, property,
                reason ? reason : "no reason was given", advice);
    g_free(advice);
  }
  return library;
}

void *dsbind_library_symbol(void *library, const char *symbol) { return dlsym(library, symbol); }
