/* SPDX-License-Identifier: Apache-2.0 */
/* Which libraries that a config names may be loaded: the one place of that rule. */
#include <stdlib.h>
#include <string.h>

#include "dsbind_runtime.h"
#include "opening.h"

#define EXPORT __attribute__((visibility("default")))

/* Whether the real path lies in a folder; never for the root, which holds everything. */
static gboolean below(const char *path, const char *folder) {
  char *real = folder && *folder ? realpath(folder, NULL) : NULL;
  const size_t length = real ? strlen(real) : 0;
  const gboolean in = length > 1 && strncmp(path, real, length) == 0 && path[length] == '/';
  free(real);
  return in;
}

static gboolean beside(const char *path, const char *config) {
  char *real = config && *config ? realpath(config, NULL) : NULL;
  char *folder = real ? g_path_get_dirname(real) : NULL;
  const gboolean in = below(path, folder);
  g_free(folder);
  free(real);
  return in;
}

EXPORT char *dsbind_runtime_find_library(const char *path, const char *ours) {
  char *own = ours ? g_build_filename(dsbind_runtime_library_dir(), ours, NULL) : NULL;
  char *name = path && *path ? g_path_get_basename(path) : NULL;
  char *real = name ? realpath(path, NULL) : NULL;
  if (!real && own && (!name || strcmp(name, ours) == 0)) real = realpath(own, NULL);
  char *found = g_strdup(real);
  free(real);
  g_free(name);
  g_free(own);
  return found;
}

EXPORT gboolean dsbind_runtime_may_load(const char *path, const char *config) {
  char *sdk = dsbind_sdk_root();
  const gboolean known =
      beside(path, config) || below(path, sdk) || below(path, dsbind_runtime_library_dir());
  g_free(sdk);
  if (known) return TRUE;
  const char *more = g_getenv("DSBIND_LIBRARY_PATH");
  char **folders = g_strsplit(more ? more : "", ":", -1);
  gboolean may = FALSE;
  for (char **folder = folders; *folder && !may; folder++) may = below(path, *folder);
  g_strfreev(folders);
  return may;
}
