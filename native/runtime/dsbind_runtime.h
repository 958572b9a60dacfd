/* SPDX-License-Identifier: Apache-2.0 */
/* Where the NvDs libraries come from: the SDK, NVIDIA's wheel, or the bundle.
 *
 * Metadata and surface libraries come from one origin per process. They are opened by the first
 * call of dsbind_runtime_open() or of any NvDs function; DSBIND_RUNTIME=auto|sdk|nvidia|bundled
 * chooses. All functions are thread-safe. Strings live as long as the process. */
#ifndef DSBIND_RUNTIME_H
#define DSBIND_RUNTIME_H

#include <glib.h>

G_BEGIN_DECLS

#define DSBIND_RUNTIME_ERROR (dsbind_runtime_error_quark())

typedef enum {
  DSBIND_RUNTIME_ERROR_CHOICE, /* DSBIND_RUNTIME names no origin */
  DSBIND_RUNTIME_ERROR_LOAD,   /* the libraries of the origin do not load here */
  DSBIND_RUNTIME_ERROR_ABI,    /* they load, but are of another version */
  DSBIND_RUNTIME_ERROR_PLUGIN, /* a GStreamer plugin does not load */
} DsbindRuntimeError;

/* A library or an origin as dsbind saw it. */
typedef struct {
  const char *name;   /* file name, or the origin's name */
  const char *origin; /* sdk, nvidia or bundled */
  const char *path;   /* absolute, or NULL when not found */
  const char *error;  /* why it is not used, or NULL */
} DsbindLibrary;

GQuark dsbind_runtime_error_quark(void);

/* Folder of NVIDIA's libraries within the Python environment, and the folders of its packages named
 * "nvidia", ':' between them, which hold libraries of CUDA; "" where there are none. Call them before
 * opening; without, they are looked for beside the bundle. */
void dsbind_runtime_set_nvidia_dir(const char *dir);
void dsbind_runtime_set_nvidia_packages(const char *dirs);

/* Opens the libraries. Returns FALSE and sets `error` when no origin fits; an NvDs function that is
 * called then ends the process, because it has no way to fail. */
gboolean dsbind_runtime_open(GError **error);

/* The chosen origin, or NULL before the libraries are open. */
const char *dsbind_runtime_origin(void);

/* The libraries of the chosen origin; NULL-terminated by name. Empty before opening. */
const DsbindLibrary *dsbind_runtime_libraries(void);

/* Every origin that was tried and why it was not taken; NULL-terminated by name. */
const DsbindLibrary *dsbind_runtime_origins(void);

/* The address of an NvDs function by its name, once the libraries are open; NULL for one that they
 * do not have. */
void *dsbind_runtime_symbol(const char *name);

/* Folders of the bundle: its libraries and its GStreamer plugins. */
const char *dsbind_runtime_library_dir(void);
const char *dsbind_runtime_plugin_dir(void);

/* The library that a program or a config names: absolute, links followed. Where there is no such file,
 * or "" was named, the bundle's `ours`, which may be NULL; of another name only `path` counts. To be
 * freed; NULL when there is none. */
char *dsbind_runtime_find_library(const char *path, const char *ours);

/* Whether the library at an absolute path without links may be loaded: it lies below the folder of
 * the config that names it, in the SDK, in the bundle, or in a folder of DSBIND_LIBRARY_PATH (':'
 * between them). */
gboolean dsbind_runtime_may_load(const char *path, const char *config);

/* Registers the plugins of the bundle with GStreamer, once, and those of the chosen origin in their
 * place; gst_init() has been called. */
gboolean dsbind_runtime_register_plugins(GError **error);

/* Path of libonnxruntime: what was set, DSBIND_ONNXRUNTIME, or the wheel beside the bundle.
 * NULL when there is none. */
void dsbind_runtime_set_onnxruntime(const char *path);
const char *dsbind_runtime_onnxruntime(void);

/* Opens what ONNX Runtime's CUDA provider needs and the loader does not find by itself. */
void dsbind_runtime_open_providers(void);

G_END_DECLS

#endif
