/* SPDX-License-Identifier: Apache-2.0 */
/* An extension of another project, in C: it goes through each entry of dsbind's C API. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

#include "dsbind.h"
#include "gstnvdsmeta.h"

static const DsbindApi *api;
static long long calls, destroyed;

/* Rewraps a batch under a lease of its own, gives it to a function, and closes the lease. */
static PyObject *show(PyObject *self, PyObject *args) {
  PyObject *view, *function, *lease, *mine, *result = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "OO", &view, &function)) return NULL;
  NvDsBatchMeta *batch = api->unwrap_batch(view);
  if (!batch || !(lease = api->lease_new())) return NULL;
  mine = api->wrap_batch(batch, lease);
  if (mine) result = PyObject_CallOneArg(function, mine);
  Py_XDECREF(mine);
  if (api->lease_close(lease) < 0) Py_CLEAR(result);
  Py_DECREF(lease);
  return result;
}

/* (frame, objects...) of the first frame, all new views. */
static PyObject *first(PyObject *self, PyObject *view) {
  (void)self;
  NvDsBatchMeta *batch = api->unwrap_batch(view);
  if (!batch) return NULL;
  PyObject *lease = api->lease_new();
  NvDsFrameMeta *frame = batch->frame_meta_list->data;
  PyObject *made = PyList_New(0), *item = api->wrap_frame(frame, lease);
  PyList_Append(made, item);
  Py_XDECREF(item);
  for (GList *l = frame->obj_meta_list; l; l = l->next) {
    item = api->wrap_object(l->data, lease);
    PyList_Append(made, item);
    Py_XDECREF(item);
  }
  Py_DECREF(lease);
  return made;
}

static PyObject *frame_number(PyObject *self, PyObject *view) {
  (void)self;
  NvDsFrameMeta *frame = api->unwrap_frame(view);
  return frame ? PyLong_FromLong(frame->frame_num) : NULL;
}

static PyObject *class_id(PyObject *self, PyObject *view) {
  (void)self;
  NvDsObjectMeta *object = api->unwrap_object(view);
  return object ? PyLong_FromLong(object->class_id) : NULL;
}

static PyObject *frames(PyObject *self, PyObject *view) {
  (void)self;
  GstBuffer *buffer = api->unwrap_buffer(view);
  if (!buffer) return NULL;
  /* By its plain name, from libdsbind_runtime. */
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  return PyLong_FromUnsignedLong(batch ? batch->num_frames_in_batch : 0);
}

static PyObject *width(PyObject *self, PyObject *view) {
  (void)self;
  NvBufSurface *surface = api->unwrap_surface(view);
  return surface ? PyLong_FromUnsignedLong(surface->surfaceList[0].width) : NULL;
}

static PyObject *make_surface(PyObject *self, PyObject *args) {
  NvBufSurfaceCreateParams params = {.colorFormat = NVBUF_COLOR_FORMAT_RGBA};
  NvBufSurface *surface = NULL;
  (void)self;
  if (!PyArg_ParseTuple(args, "II", &params.width, &params.height)) return NULL;
  if (NvBufSurfaceCreate(&surface, 1, &params) != 0)
    return PyErr_Format(PyExc_MemoryError, "no surface");
  surface->numFilled = 1;
  return api->wrap_surface(surface);
}

static PyObject *element_name(PyObject *self, PyObject *args) {
  PyObject *pipeline;
  const char *name;
  (void)self;
  if (!PyArg_ParseTuple(args, "Os", &pipeline, &name)) return NULL;
  GstElement *element = api->unwrap_element(pipeline, name);
  return element ? PyUnicode_FromString(GST_OBJECT_NAME(gst_element_get_factory(element))) : NULL;
}

static int count(NvDsBatchMeta *batch, void *user) {
  (void)batch;
  ++*(long long *)user;
  ++calls;
  return DSBIND_PROBE_KEEP;
}

static void destroy(void *user) {
  free(user);
  destroyed++;
}

static PyObject *make_probe(PyObject *self, PyObject *name) {
  (void)self;
  return api->probe_new(PyUnicode_AsUTF8(name), count, calloc(1, sizeof(long long)), destroy,
                        DSBIND_PROBE_READS_ONLY);
}

static PyObject *attach(PyObject *self, PyObject *args) {
  PyObject *target, *probe;
  const char *element;
  (void)self;
  if (!PyArg_ParseTuple(args, "OzO", &target, &element, &probe)) return NULL;
  if (api->probe_attach(target, element, probe) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *register_as(PyObject *self, PyObject *name) {
  (void)self;
  if (api->probe_register(PyUnicode_AsUTF8(name), count, calloc(1, sizeof(long long)), destroy, 0) <
      0)
    return NULL;
  Py_RETURN_NONE;
}

static PyObject *seen(PyObject *self, PyObject *none) {
  (void)self, (void)none;
  return Py_BuildValue("LL", calls, destroyed);
}

static PyObject *symbol(PyObject *self, PyObject *name) {
  (void)self;
  void *address = api->symbol(PyUnicode_AsUTF8(name));
  return address ? PyLong_FromVoidPtr(address) : NULL;
}

static PyMethodDef methods[] = {{"show", show, METH_VARARGS, NULL},
                                {"first", first, METH_O, NULL},
                                {"frame_number", frame_number, METH_O, NULL},
                                {"class_id", class_id, METH_O, NULL},
                                {"frames", frames, METH_O, NULL},
                                {"width", width, METH_O, NULL},
                                {"make_surface", make_surface, METH_VARARGS, NULL},
                                {"element_name", element_name, METH_VARARGS, NULL},
                                {"make_probe", make_probe, METH_O, NULL},
                                {"attach", attach, METH_VARARGS, NULL},
                                {"register_as", register_as, METH_O, NULL},
                                {"seen", seen, METH_NOARGS, NULL},
                                {"symbol", symbol, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "viewing", NULL, -1, methods,
                                    NULL,                  NULL,      NULL, NULL};

PyMODINIT_FUNC PyInit_viewing(void) {
#ifdef OTHER_VERSION
  static DsbindApi other;
  other = *dsbind_import();
  other.version++;
  PyObject *package = PyImport_ImportModule("dsbind");
  PyObject_SetAttrString(package, "_C_API", PyCapsule_New(&other, DSBIND_API_CAPSULE, NULL));
  Py_DECREF(package);
#endif
  if (DSBIND_IMPORT(api) < 0) return NULL;
  return PyModule_Create(&module);
}
