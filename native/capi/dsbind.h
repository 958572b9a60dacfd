/* SPDX-License-Identifier: Apache-2.0 */
/* Native code in dsbind's pipelines: probes, and the C API for extensions and embedding programs.
 *
 * A probe needs only the first part. Include Python.h before this header for the C API; its
 * functions want the GIL unless said, and report errors as Python exceptions. */
#ifndef DSBIND_H
#define DSBIND_H

#include "nvdsmeta.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Probes */

/* What a probe returns: one of these, or an error code below 0. An error ends the pipeline, and is
 * raised from the flow's call or wait() as dsbind.NativeProbeError, with the probe's name and the
 * code. Any other value is an error too. */
#define DSBIND_PROBE_KEEP 0
#define DSBIND_PROBE_DROP 1

/* Sees a batch on its way, on the streaming thread, without the GIL. `batch` and all that it holds
 * is valid until it returns; nothing else has it, so it may be changed, unless the probe was said
 * to read only. `user` is what was given when the probe was made. On several pads it is called by
 * several threads at once. */
typedef int (*DsbindProbeFunction)(NvDsBatchMeta *batch, void *user);

/* Name of a PyCapsule that holds a DsbindProbeFunction, for dsbind.Probe(name, capsule). */
#define DSBIND_PROBE_CAPSULE "dsbind.probe"

/* How it is called; they are or-ed together. */
#define DSBIND_PROBE_READS_ONLY 1u  /* changes nothing: what other branches hold is not copied */
#define DSBIND_PROBE_ALL_BUFFERS 2u /* also for buffers without a batch, with NULL */

#ifdef Py_PYTHON_H

#include <gst/gst.h>

#include "nvbufsurface.h"

/* The C API */

/* Changes when existing entries do. Entries are only ever added at the end, so that `size` tells
 * which there are. */
#define DSBIND_API_VERSION 1u
#define DSBIND_API_CAPSULE "dsbind._C_API"

typedef struct {
  unsigned version, size;

  /* A lease is how long Python may use native memory: views made with it raise StaleMetadataError
   * once it is closed. Close it before the memory goes. */
  PyObject *(*lease_new)(void);
  int (*lease_close)(PyObject *lease);

  /* Views: BatchMetadata, FrameMetadata, ObjectMetadata, Buffer. The memory stays the caller's. */
  PyObject *(*wrap_batch)(NvDsBatchMeta *batch, PyObject *lease);
  PyObject *(*wrap_frame)(NvDsFrameMeta *frame, PyObject *lease);
  PyObject *(*wrap_object)(NvDsObjectMeta *object, PyObject *lease);
  PyObject *(*wrap_buffer)(GstBuffer *buffer, PyObject *lease);
  /* A Surface; the surface is its own from now on, and destroyed with it. */
  PyObject *(*wrap_surface)(NvBufSurface *surface);

  /* What a view shows, borrowed: good until the callback that the view came from returns. NULL with
   * StaleMetadataError when it has, or TypeError for another object. */
  NvDsBatchMeta *(*unwrap_batch)(PyObject *view);
  NvDsFrameMeta *(*unwrap_frame)(PyObject *view);
  NvDsObjectMeta *(*unwrap_object)(PyObject *view);
  GstBuffer *(*unwrap_buffer)(PyObject *view);
  /* Of a Surface, or of a Buffer that carries one. */
  NvBufSurface *(*unwrap_surface)(PyObject *view);
  /* An element of a Pipeline by name, borrowed from it. */
  GstElement *(*unwrap_element)(PyObject *pipeline, const char *name);

  /* A dsbind.Probe. `destroy` is called with `user` when no pad can call the probe any more, or at
   * once when making it fails; it may be NULL. */
  PyObject *(*probe_new)(const char *name, DsbindProbeFunction probe, void *user,
                         void (*destroy)(void *user), unsigned flags);
  /* At the last source pad of an element, or its only pad where it is a sink. `target` is a
   * Pipeline, or a Flow, whose last element is meant when `element` is NULL. */
  int (*probe_attach)(PyObject *target, const char *element, PyObject *probe);
  /* Makes it available by name, for Pipeline.attach(element, "factory", name) and files. */
  int (*probe_register)(const char *factory, DsbindProbeFunction probe, void *user,
                        void (*destroy)(void *user), unsigned flags);

  /* A function of the NvDs libraries by its name. They are opened when they are not; NULL with
   * ImportError when they cannot, or with LookupError when they have none of that name. */
  void *(*symbol)(const char *name);
} DsbindApi;

/* The table of the installed dsbind, or NULL with ImportError when it does not fit this header. */
static inline const DsbindApi *dsbind_import(void) {
  const DsbindApi *api = (const DsbindApi *)PyCapsule_Import(DSBIND_API_CAPSULE, 0);
  if (!api) return NULL;
  if (api->version != DSBIND_API_VERSION) {
    PyErr_Format(PyExc_ImportError,
                 "this extension was built for version %u of dsbind's C API, the installed dsbind "
                 "has version %u: rebuild the extension with the header in dsbind.get_include()",
                 DSBIND_API_VERSION, api->version);
    return NULL;
  }
  if (api->size < sizeof(DsbindApi)) {
    PyErr_Format(PyExc_ImportError,
                 "this extension was built for a newer dsbind, whose C API has %u bytes, the "
                 "installed one has %u: update dsbind, or rebuild the extension with the header in "
                 "dsbind.get_include()",
                 (unsigned)sizeof(DsbindApi), api->size);
    return NULL;
  }
  return api;
}

/* In a module's init function: if (DSBIND_IMPORT(api) < 0) return NULL; */
#define DSBIND_IMPORT(api) (((api) = dsbind_import()) ? 0 : -1)

#endif /* Py_PYTHON_H */

#ifdef __cplusplus
}
#endif

#endif
