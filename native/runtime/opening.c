/* SPDX-License-Identifier: Apache-2.0 */
#include "opening.h"

#include <dlfcn.h>
#include <string.h>

/* A library that needs more than this, one after the other, is no library of CUDA's. */
#define MAX_NEEDS 16
#define MAX_DEPTH 4

/* How to get what the NVIDIA libraries need, by the start of its name. */
static const struct {
  const char *start, *command;
} packages_of[] = {
    {"libcuda.so", "install the NVIDIA driver, until nvidia-smi shows the GPU; start a container "
                   "with --gpus all"},
    {"libcudart.so", "pip install nvidia-cuda-runtime"},
    {"libnpp", "pip install nvidia-npp"},
    {"libv4lconvert.so", "apt-get install libv4l-0"},
    {"libgst", "apt-get install libgstreamer-plugins-base1.0-0"},
};

static void add_folder(GPtrArray *folders, const char *first, ...) G_GNUC_NULL_TERMINATED;

static void add_folder(GPtrArray *folders, const char *first, ...) {
  va_list parts;
  va_start(parts, first);
  char *folder = g_build_filename_valist(first, &parts);
  va_end(parts);
  if (g_file_test(folder, G_FILE_TEST_IS_DIR))
    g_ptr_array_add(folders, folder);
  else
    g_free(folder);
}

static void add_toolkit(GPtrArray *folders, const char *root) {
  if (!root || !g_path_is_absolute(root)) return;
  add_folder(folders, root, "lib64", NULL);
#ifdef __aarch64__
  add_folder(folders, root, "targets", "sbsa-linux", "lib", NULL);
#else
  add_folder(folders, root, "targets", "x86_64-linux", "lib", NULL);
#endif
}

static gint by_name(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Calls `add` for the entries of a folder that begin with `prefix`, in the order of their names. */
static void add_each(GPtrArray *folders, const char *root, const char *prefix,
                     void (*add)(GPtrArray *folders, const char *path)) {
  GDir *dir = g_dir_open(root, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  const char *name;
  while (dir && (name = g_dir_read_name(dir)))
    if (g_str_has_prefix(name, prefix)) g_ptr_array_add(names, g_build_filename(root, name, NULL));
  if (dir) g_dir_close(dir);
  g_ptr_array_sort(names, by_name);
  for (guint i = 0; i < names->len; i++) add(folders, names->pdata[i]);
  g_ptr_array_unref(names);
}

static void add_package(GPtrArray *folders, const char *path) {
  add_folder(folders, path, "lib", NULL);
}

/* Where libraries of CUDA lie: nvidia/cu13/lib, nvidia/npp/lib ... of the packages, then toolkits. */
static GPtrArray *cuda_folders(const char *packages) {
  GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
  char **roots = g_strsplit(packages ? packages : "", ":", 0);
  for (char **root = roots; *root; root++)
    if (g_path_is_absolute(*root)) add_each(folders, *root, "", add_package);
  g_strfreev(roots);
  add_toolkit(folders, g_getenv("CUDA_HOME"));
  add_toolkit(folders, g_getenv("CUDA_PATH"));
  add_each(folders, "/usr/local", "cuda", add_toolkit);
  return folders;
}

/* The name of the library that the loader did not find; NULL where it is something else. */
static char *missing_name(const char *message) {
  const char *end = strstr(message, ": cannot open shared object file");
  if (!end || end == message) return NULL;
  char *name = g_strndup(message, (gsize)(end - message));
  if (strchr(name, '/')) g_clear_pointer(&name, g_free);
  return name;
}

static char *explain(const char *path, const char *missing, const char *message) {
  char *name = g_path_get_basename(path);
  char *text = NULL;
  for (guint i = 0; missing && !text && i < G_N_ELEMENTS(packages_of); i++)
    if (g_str_has_prefix(missing, packages_of[i].start))
      text = g_strdup_printf("%s needs %s, which is not here: %s", name, missing,
                             packages_of[i].command);
  if (!text)
    text = strstr(message, name) ? g_strdup(message) : g_strdup_printf("%s: %s", name, message);
  g_free(name);
  return text;
}

static void *open_with_needs(const char *path, const GPtrArray *folders, int depth, char **why) {
  char *before = NULL;
  for (int i = 0; i < MAX_NEEDS; i++) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle) {
      g_free(before);
      return handle;
    }
    char *message = g_strdup(dlerror());
    char *missing = missing_name(message);
    void *found = NULL;
    char *other = NULL;
    /* Having opened it once, the loader knows it by its SONAME. */
    for (guint k = 0; missing && depth < MAX_DEPTH && !found && k < folders->len &&
                      g_strcmp0(missing, before) != 0; k++) {
      char *candidate = g_build_filename(folders->pdata[k], missing, NULL);
      if (g_file_test(candidate, G_FILE_TEST_EXISTS)) {
        g_clear_pointer(&other, g_free);
        found = open_with_needs(candidate, folders, depth + 1, &other);
      }
      g_free(candidate);
    }
    if (!found) *why = other ? g_strdup(other) : explain(path, missing, message);
    g_free(other);
    g_free(message);
    g_free(before);
    before = missing;
    if (!found) break;
  }
  if (!*why) *why = g_strdup_printf("%s needs too many libraries that are not here", path);
  g_free(before);
  return NULL;
}

void *dsbind_open_library(const char *path, const char *packages, char **why) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle) return handle;
  GPtrArray *folders = cuda_folders(packages);
  handle = open_with_needs(path, folders, 0, why);
  g_ptr_array_unref(folders);
  return handle;
}

void dsbind_open_beside(const char *name, const char *packages) {
  if (dlopen(name, RTLD_NOW | RTLD_LOCAL)) return;
  GPtrArray *folders = cuda_folders(packages);
  char *why = NULL;
  for (guint i = 0; i < folders->len; i++) {
    char *path = g_build_filename(folders->pdata[i], name, NULL);
    const gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);
    void *opened = there ? open_with_needs(path, folders, 0, &why) : NULL;
    g_clear_pointer(&why, g_free);
    g_free(path);
    if (opened) break;
  }
  g_ptr_array_unref(folders);
}

gboolean dsbind_has_gpu(char **why) {
  /* Of desktops and servers, of the Windows Subsystem for Linux, of Jetson. */
  static const char *const devices[] = {"/dev/nvidiactl", "/dev/dxg", "/dev/nvgpu", "/dev/nvmap"};
  const char *visible = g_getenv("CUDA_VISIBLE_DEVICES");
  if (visible && (!*visible || strcmp(visible, "-1") == 0)) {
    *why = g_strdup_printf("CUDA_VISIBLE_DEVICES=%s hides the GPUs", visible);
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS(devices); i++)
    if (g_file_test(devices[i], G_FILE_TEST_EXISTS)) return TRUE;
  *why = g_strdup("this machine has no NVIDIA GPU");
  return FALSE;
}
