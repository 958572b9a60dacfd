/* SPDX-License-Identifier: Apache-2.0 */
#include "dsbind_runtime.h"

#include <dlfcn.h>
#include <gst/gst.h>
#include <stdio.h>
#include <string.h>

#include "nvds_version.h"
#include "opening.h"
#include "plugins.h"
#include "table.h"

#define EXPORT __attribute__((visibility("default")))
#define MAX_LIBRARIES 8
/* The first of dsbind_library_names: metadata and surfaces. */
#define CORE_LIBRARIES 4
#define SDK_ROOT "/opt/nvidia/deepstream/deepstream"

enum { SDK, NVIDIA, BUNDLED, ORIGINS };

static const char *const origin_names[ORIGINS] = {"sdk", "nvidia", "bundled"};

/* Callers keep strings that they were given, so what is replaced is never freed: each different
 * text is kept once. Takes the text. */
static const char *keep(char *text) {
  const char *kept = g_intern_string(text);
  g_free(text);
  return kept;
}

/* Guards all below; recursive because an NvDs call may come from within an open. */
static GRecMutex mutex;
static char *nvidia_dir;
static char *nvidia_packages;
static const char *onnxruntime_path;
static int chosen = -1;
static DsbindLibrary libraries[MAX_LIBRARIES + 1];
static DsbindLibrary origins[ORIGINS + 1];
static gboolean plugins_registered;

EXPORT G_DEFINE_QUARK(dsbind-runtime-error-quark, dsbind_runtime_error)

/* Folder of this library: everything bundled lies relative to it. */
static const char *bundle_dir(void) {
  static char *dir;
  if (g_once_init_enter(&dir)) {
    Dl_info info;
    char *found = NULL;
    if (dladdr((void *)bundle_dir, &info) && info.dli_fname)
      found = g_canonicalize_filename(info.dli_fname, NULL);
    char *parent = found ? g_path_get_dirname(found) : g_strdup(".");
    g_free(found);
    g_once_init_leave(&dir, parent);
  }
  return dir;
}

EXPORT const char *dsbind_runtime_library_dir(void) { return bundle_dir(); }

EXPORT const char *dsbind_runtime_plugin_dir(void) {
  static char *dir;
  if (g_once_init_enter(&dir)) {
    char *path = g_build_filename(bundle_dir(), "..", "plugins", NULL);
    char *canonical = g_canonicalize_filename(path, NULL);
    g_free(path);
    g_once_init_leave(&dir, canonical);
  }
  return dir;
}

EXPORT void dsbind_runtime_set_nvidia_dir(const char *dir) {
  g_rec_mutex_lock(&mutex);
  g_free(nvidia_dir);
  nvidia_dir = g_strdup(dir);
  g_rec_mutex_unlock(&mutex);
}

EXPORT void dsbind_runtime_set_nvidia_packages(const char *dirs) {
  g_rec_mutex_lock(&mutex);
  g_free(nvidia_packages);
  nvidia_packages = g_strdup(dirs);
  g_rec_mutex_unlock(&mutex);
}

/* Programs that start without Python find the wheel beside the bundle, as pip lays them out. */
static void find_nvidia(void) {
  char *packages = g_build_filename(bundle_dir(), "..", "..", "..", "nvidia", NULL);
  char *root = g_canonicalize_filename(packages, NULL);
  char *dir = g_build_filename(root, "deepstream_videodecode", "_libs", NULL);
  if (!nvidia_dir && g_file_test(dir, G_FILE_TEST_IS_DIR)) nvidia_dir = g_strdup(dir);
  if (!nvidia_packages) nvidia_packages = g_strdup(root);
  g_free(dir);
  g_free(root);
  g_free(packages);
}

char *dsbind_sdk_root(void) {
  const char *root = g_getenv("DEEPSTREAM_ROOT");
  return g_canonicalize_filename(root && *root ? root : SDK_ROOT, NULL);
}

/* The folder where an origin's libraries lie, or NULL when it is not installed. */
static char *origin_dir(int origin) {
  if (origin == BUNDLED) return g_strdup(bundle_dir());
  if (origin == NVIDIA) return nvidia_dir && *nvidia_dir ? g_strdup(nvidia_dir) : NULL;
  char *root = dsbind_sdk_root();
  /* `dsbind samples install` lays out a tree of the same names, whose libraries are the bundle's. */
  char *mark = g_build_filename(root, ".dsbind-samples", NULL);
  char *dir = g_build_filename(root, "lib", NULL);
  if (g_file_test(mark, G_FILE_TEST_EXISTS) || !g_file_test(dir, G_FILE_TEST_IS_DIR))
    g_clear_pointer(&dir, g_free);
  g_free(mark);
  g_free(root);
  return dir;
}

/* What to do where an origin that was asked for is not there. */
static char *how_to_install(int origin) {
  if (origin == NVIDIA) return g_strdup("not installed: pip install \"dsbind[nvidia]\"");
  char *root = dsbind_sdk_root();
  char *text = g_strdup_printf("not installed in %s: install the DeepStream SDK, or name its folder "
                               "by DEEPSTREAM_ROOT", root);
  g_free(root);
  return text;
}

/* The version in the name of the wheel's dist-info, which lies beside its packages: the wheel has no
 * library that tells it. */
static gboolean wheel_version(unsigned *major, unsigned *minor) {
  char *site = g_build_filename(nvidia_dir, "..", "..", "..", NULL);
  GDir *dir = g_dir_open(site, 0, NULL);
  gboolean found = FALSE;
  const char *name, *dash;
  while (dir && !found && (name = g_dir_read_name(dir)))
    found = g_str_has_prefix(name, "nvidia_deepstream_videodecode") &&
            g_str_has_suffix(name, ".dist-info") && (dash = strchr(name, '-')) &&
            sscanf(dash, "-%u.%u", major, minor) == 2;
  if (dir) g_dir_close(dir);
  g_free(site);
  return found;
}

/* The version that the opened libraries tell, where there is one to ask. */
static gboolean ask_version(int origin, void *const *handles, unsigned *major, unsigned *minor) {
  if (origin == NVIDIA) return wheel_version(major, minor);
  for (unsigned i = 0; i < dsbind_library_count; i++) {
    if (!handles[i] || strcmp(dsbind_library_names[i], "libnvds_utils.so") != 0) continue;
    void (*version)(unsigned *, unsigned *) = dlsym(handles[i], "nvds_version");
    if (!version) continue;
    version(major, minor);
    return TRUE;
  }
  return FALSE;
}

/* Checks it against the layouts compiled in. Those of metadata and surfaces are the same in 9.0 and
 * 9.1. */
static gboolean check_version(int origin, void *const *handles, char **why) {
  unsigned major = 0, minor = 0;
  if (!ask_version(origin, handles, &major, &minor) || major == NVDS_VERSION_MAJOR) return TRUE;
  const char *abi = major == 7 ? "7.1" : major == 8 ? "8.0" : major == 9 ? "9.1" : NULL;
  *why = abi ? g_strdup_printf("its ABI is DeepStream %u.%u, dsbind was built for %d.%d; build it "
                               "for the other: pip install --no-binary dsbind --force-reinstall "
                               "dsbind -C cmake.define.DSBIND_ABI=%s",
                               major, minor, NVDS_VERSION_MAJOR, NVDS_VERSION_MINOR, abi)
             : g_strdup_printf("its ABI is DeepStream %u.%u, dsbind was built for %d.%d, and knows "
                               "7.1, 8.0 and 9.1",
                               major, minor, NVDS_VERSION_MAJOR, NVDS_VERSION_MINOR);
  return FALSE;
}

/* A library finds what it needs by its own search path, where one without a SONAME is recognised
 * only as the same file: another file of that name would be a second copy, with a GstMeta of its
 * own. */
static gboolean check_single_copies(void *const *handles, char **const paths, char **why) {
  static const struct {
    unsigned user, used;
    const char *symbol;
  } needs[] = {{1, 0, "nvds_create_batch_meta"}, {3, 2, "NvBufSurfaceCreate"}};
  for (unsigned i = 0; i < G_N_ELEMENTS(needs); i++) {
    void *reached = dlsym(handles[needs[i].user], needs[i].symbol);
    Dl_info info;
    if (!reached || reached == dlsym(handles[needs[i].used], needs[i].symbol)) continue;
    *why = g_strdup_printf("%s uses %s instead of %s: take the other one's folder out of "
                           "LD_LIBRARY_PATH",
                           paths[needs[i].user],
                           dladdr(reached, &info) ? info.dli_fname : "another library",
                           paths[needs[i].used]);
    return FALSE;
  }
  return TRUE;
}

/* Looks all symbols up before any is published. The bundle leaves out what belongs to audio, and
 * 9.0 lacks some queries of 9.1; that metadata or surfaces of another origin lack one means that its
 * version does not fit. */
static gboolean find_symbols(int origin, void *const *handles, void **addresses, char **why) {
  for (unsigned i = 0; i < dsbind_symbol_count; i++) {
    const DsbindSymbol *symbol = &dsbind_symbols[i];
    addresses[i] = dlsym(handles[symbol->library], symbol->name);
    if (addresses[i] || origin == BUNDLED || symbol->library >= CORE_LIBRARIES) continue;
    *why = g_strdup_printf("%s lacks %s, which dsbind was built for",
                           dsbind_library_names[symbol->library], symbol->name);
    return FALSE;
  }
  return TRUE;
}

/* Opens all libraries of one origin, or none. The metadata and surface libraries must be there; for
 * the others the bundle stands in. */
static gboolean try_origin(int origin, DsbindRuntimeError *code, char **why) {
  void *handles[MAX_LIBRARIES] = {NULL};
  char *paths[MAX_LIBRARIES] = {NULL};
  const char *from[MAX_LIBRARIES] = {NULL};
  void **addresses = g_new(void *, dsbind_symbol_count);
  char *dir = origin_dir(origin);
  gboolean ok = FALSE;

  *code = DSBIND_RUNTIME_ERROR_LOAD;
  if (!dir) {
    *why = how_to_install(origin);
    goto done;
  }
  for (unsigned i = 0; i < dsbind_library_count; i++) {
    const char *name = dsbind_library_names[i];
    from[i] = origin_names[origin];
    paths[i] = g_build_filename(dir, name, NULL);
    handles[i] = dsbind_open_library(paths[i], nvidia_packages, why);
    if (!handles[i] && i >= CORE_LIBRARIES && origin != BUNDLED) {
      g_clear_pointer(why, g_free);
      g_free(paths[i]);
      from[i] = origin_names[BUNDLED];
      paths[i] = g_build_filename(bundle_dir(), name, NULL);
      handles[i] = dsbind_open_library(paths[i], nvidia_packages, why);
    }
    if (!handles[i]) goto done;
  }
  if (!check_single_copies(handles, paths, why)) goto done;
  if (!check_version(origin, handles, why) || !find_symbols(origin, handles, addresses, why)) {
    *code = DSBIND_RUNTIME_ERROR_ABI;
    goto done;
  }
  for (unsigned i = 0; i < dsbind_library_count; i++) {
    libraries[i] = (DsbindLibrary){dsbind_library_names[i], from[i], paths[i], NULL};
    paths[i] = NULL; /* kept for ever, by the list */
  }
  for (unsigned i = 0; i < dsbind_symbol_count; i++)
    g_atomic_pointer_set(&dsbind_symbols[i].address, addresses[i]);
  ok = TRUE;
done:
  for (unsigned i = 0; i < dsbind_library_count; i++) {
    if (!ok && handles[i]) dlclose(handles[i]);
    g_free(paths[i]);
  }
  g_free(addresses);
  g_free(dir);
  return ok;
}

EXPORT gboolean dsbind_runtime_open(GError **error) {
  gboolean ok = FALSE;
  g_rec_mutex_lock(&mutex);
  if (chosen >= 0) {
    g_rec_mutex_unlock(&mutex);
    return TRUE;
  }
  const char *want = g_getenv("DSBIND_RUNTIME");
  gboolean automatic = !want || !*want || strcmp(want, "auto") == 0;
  int only = -1;
  for (int i = 0; i < ORIGINS && !automatic; i++)
    if (strcmp(want, origin_names[i]) == 0) only = i;
  if (!automatic && only < 0) {
    g_set_error(error, DSBIND_RUNTIME_ERROR, DSBIND_RUNTIME_ERROR_CHOICE,
                "DSBIND_RUNTIME=%s names no origin: use auto, sdk, nvidia or bundled", want);
    g_rec_mutex_unlock(&mutex);
    return FALSE;
  }
  find_nvidia();
  for (int i = 0; i < ORIGINS; i++) {
    char *why = NULL;
    DsbindRuntimeError code;
    origins[i] = (DsbindLibrary){origin_names[i], origin_names[i], keep(origin_dir(i)), NULL};
    if (!automatic && i != only) {
      why = g_strdup_printf("DSBIND_RUNTIME=%s", want);
    } else if (automatic && i != BUNDLED && !origins[i].path) {
      why = g_strdup("not installed");
    } else if (automatic && i != BUNDLED && chosen < 0 && !dsbind_has_gpu(&why)) {
      /* Their surfaces lie in its memory. */
    } else if (chosen < 0 && try_origin(i, &code, &why)) {
      chosen = i;
      ok = TRUE;
    } else if (chosen < 0 && error && !*error && (!automatic || i == BUNDLED)) {
      g_set_error(error, DSBIND_RUNTIME_ERROR, code, "the %s libraries cannot be used: %s",
                  origin_names[i], why);
    }
    if (chosen >= 0 && chosen != i && !why)
      why = g_strdup_printf("%s comes first", origin_names[chosen]);
    origins[i].error = keep(why);
  }
  /* Read by NVIDIA's decoder when it starts. */
  if (chosen == NVIDIA) {
    char *plugins = g_build_filename(nvidia_dir, "v4l_plugins", NULL);
    g_setenv("LIBV4L2_PLUGIN_DIR", plugins, FALSE);
    g_free(plugins);
  }
  g_rec_mutex_unlock(&mutex);
  return ok;
}

EXPORT const char *dsbind_runtime_origin(void) {
  g_rec_mutex_lock(&mutex);
  const char *name = chosen >= 0 ? origin_names[chosen] : NULL;
  g_rec_mutex_unlock(&mutex);
  return name;
}

EXPORT const DsbindLibrary *dsbind_runtime_libraries(void) {
  g_rec_mutex_lock(&mutex);
  const DsbindLibrary *list = chosen >= 0 ? libraries : &libraries[MAX_LIBRARIES];
  g_rec_mutex_unlock(&mutex);
  return list;
}

EXPORT const DsbindLibrary *dsbind_runtime_origins(void) { return origins; }

void *dsbind_symbol_resolve(unsigned index) {
  GError *error = NULL;
  if (!dsbind_runtime_open(&error)) g_error("dsbind: %s", error->message);
  void *address = g_atomic_pointer_get(&dsbind_symbols[index].address);
  /* There is no value to return that would be right for every caller. */
  if (!address)
    g_error("dsbind: %s of the %s libraries lacks %s",
            dsbind_library_names[dsbind_symbols[index].library], dsbind_runtime_origin(),
            dsbind_symbols[index].name);
  return address;
}

EXPORT void *dsbind_runtime_symbol(const char *name) {
  for (unsigned i = 0; i < dsbind_symbol_count; i++)
    if (strcmp(dsbind_symbols[i].name, name) == 0)
      return g_atomic_pointer_get(&dsbind_symbols[i].address);
  return NULL;
}

/* The plugins of the origin that was chosen, in place of the bundle's. The mutex is held. */
static gboolean register_origin(GError **error) {
  const char *bundle = dsbind_runtime_plugin_dir();
  char *why = NULL;
  gboolean ok = TRUE;
  if (chosen == NVIDIA) {
    ok = dsbind_register_nvidia(nvidia_dir, bundle, nvidia_packages, &why);
  } else if (chosen == SDK) {
    char *dir = g_build_filename(origins[SDK].path, "gst-plugins", NULL);
    dsbind_register_sdk(dir, bundle);
    g_free(dir);
  }
  if (!ok)
    g_set_error(error, DSBIND_RUNTIME_ERROR, DSBIND_RUNTIME_ERROR_PLUGIN,
                "a GStreamer plugin of the %s libraries cannot be used: %s", origin_names[chosen],
                why);
  g_free(why);
  return ok;
}

EXPORT gboolean dsbind_runtime_register_plugins(GError **error) {
  g_rec_mutex_lock(&mutex);
  if (!plugins_registered && dsbind_runtime_open(error)) {
    if (!dsbind_register_bundle(dsbind_runtime_plugin_dir()))
      g_set_error(error, DSBIND_RUNTIME_ERROR, DSBIND_RUNTIME_ERROR_PLUGIN,
                  "GStreamer finds no plugins in %s: reinstall dsbind",
                  dsbind_runtime_plugin_dir());
    else
      plugins_registered = register_origin(error);
  }
  gboolean ok = plugins_registered;
  g_rec_mutex_unlock(&mutex);
  return ok;
}

EXPORT void dsbind_runtime_set_onnxruntime(const char *path) {
  g_rec_mutex_lock(&mutex);
  onnxruntime_path = g_intern_string(path);
  g_rec_mutex_unlock(&mutex);
}

/* The library within site-packages/onnxruntime, for programs that start without Python. */
static char *onnxruntime_beside_bundle(void) {
  char *capi = g_build_filename(bundle_dir(), "..", "..", "..", "onnxruntime", "capi", NULL);
  GDir *dir = g_dir_open(capi, 0, NULL);
  char *found = NULL;
  const char *name;
  while (dir && !found && (name = g_dir_read_name(dir)))
    if (g_str_has_prefix(name, "libonnxruntime.so")) found = g_build_filename(capi, name, NULL);
  if (dir) g_dir_close(dir);
  g_free(capi);
  return found;
}

EXPORT const char *dsbind_runtime_onnxruntime(void) {
  g_rec_mutex_lock(&mutex);
  if (!onnxruntime_path) {
    const char *named = g_getenv("DSBIND_ONNXRUNTIME");
    onnxruntime_path = keep(named && *named ? g_strdup(named) : onnxruntime_beside_bundle());
  }
  const char *path = onnxruntime_path;
  g_rec_mutex_unlock(&mutex);
  return path;
}

EXPORT void dsbind_runtime_open_providers(void) {
  const char *runtime = dsbind_runtime_onnxruntime();
  char *dir = runtime ? g_path_get_dirname(runtime) : g_strdup(".");
  char *provider = g_build_filename(dir, "libonnxruntime_providers_cuda.so", NULL);
  char *why = NULL;
  g_rec_mutex_lock(&mutex);
  /* Whether it opens, ONNX Runtime tells when it does so itself: by now it finds the rest. */
  if (g_file_test(provider, G_FILE_TEST_EXISTS)) {
    dsbind_open_library(provider, nvidia_packages, &why);
    dsbind_open_beside("libcudnn.so.9", nvidia_packages);
  }
  g_rec_mutex_unlock(&mutex);
  g_free(why);
  g_free(provider);
  g_free(dir);
}
