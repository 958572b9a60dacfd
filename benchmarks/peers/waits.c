/* SPDX-License-Identifier: Apache-2.0 */
/* Times each buffer that a sink takes, on the thread that brings it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <time.h>

#include "dsbind.h"

#define MAX_TIMES 100000

static GstPadChainFunction original;
static double times[MAX_TIMES];
static long count;

static gint64 now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * G_GINT64_CONSTANT(1000000000) + time.tv_nsec;
}

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  const gint64 begun = now();
  const GstFlowReturn flow = original(pad, parent, buffer);
  if (count < MAX_TIMES) times[count++] = (double)(now() - begun) / 1000;
  return flow;
}

/* Of an element by its name in a Pipeline, or of one within it; needs the GIL. */
int watch(PyObject *pipeline, const char *name, const char *child) {
  const DsbindApi *api = dsbind_import();
  GstElement *element = api ? api->unwrap_element(pipeline, name) : NULL;
  if (!element) return 0;
  GstElement *inner = *child ? gst_bin_get_by_name(GST_BIN(element), child)
                             : gst_object_ref(element);
  GstPad *pad = inner ? gst_element_get_static_pad(inner, "sink") : NULL;
  if (!pad) return 0;
  original = GST_PAD_CHAINFUNC(pad);
  gst_pad_set_chain_function(pad, chain);
  gst_object_unref(pad);
  gst_object_unref(inner);
  return 1;
}

/* Microseconds of all buffers so far. */
long taken(double *into, long size) {
  const long number = MIN(count, size);
  for (long i = 0; i < number; i++) into[i] = times[i];
  return number;
}
