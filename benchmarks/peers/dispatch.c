/* SPDX-License-Identifier: Apache-2.0 */
/* Drives an element with one buffer over and over, so that nothing but its pads is measured. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <time.h>

#include "dsbind.h"
#include "gstnvdsmeta.h"

/* A raw GstElement by its name in a Pipeline; needs the GIL. */
void *element_of(PyObject *pipeline, const char *name) {
  const DsbindApi *api = dsbind_import();
  return api ? api->unwrap_element(pipeline, name) : NULL;
}

int keep(NvDsBatchMeta *batch, void *user) {
  (void)batch, (void)user;
  return DSBIND_PROBE_KEEP;
}

static GstPadProbeReturn pass(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  (void)pad, (void)info, (void)data;
  return GST_PAD_PROBE_OK;
}

/* The floor: what GStreamer itself takes to call a function. */
void add_pad_probe(GstElement *element) {
  GstPad *pad = gst_element_get_static_pad(element, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, pass, NULL,
                    NULL);
  gst_object_unref(pad);
}

/* Pools do the same: the last to let go of the buffer gives it back. */
static gboolean revive(GstMiniObject *buffer) {
  gst_mini_object_ref(buffer);
  return FALSE;
}

typedef struct {
  GstElement *element;
  long count;
  double nanoseconds;
} Job;

static GstBuffer *new_buffer(void) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsMeta *carrier = gst_buffer_add_nvds_meta(buffer, batch, NULL, nvds_batch_meta_copy_func,
                                               nvds_batch_meta_release_func);
  carrier->meta_type = NVDS_BATCH_GST_META;
  batch->base_meta.batch_meta = batch;
  batch->base_meta.copy_func = nvds_batch_meta_copy_func;
  batch->base_meta.release_func = nvds_batch_meta_release_func;
  return buffer;
}

static gpointer work(gpointer data) {
  Job *job = data;
  GstPad *sink = gst_element_get_static_pad(job->element, "sink");
  GstPad *src = gst_pad_new("driver", GST_PAD_SRC);
  GstBuffer *buffer = new_buffer();
  GstSegment segment;
  struct timespec begin, end;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_set_active(src, TRUE);
  gst_pad_link(src, sink);
  gst_pad_push_event(src, gst_event_new_stream_start("driver"));
  gst_pad_push_event(src, gst_event_new_segment(&segment));
  GST_MINI_OBJECT_CAST(buffer)->dispose = revive;
  for (long i = 0; i < job->count / 10; i++) gst_pad_push(src, buffer);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long i = 0; i < job->count; i++) gst_pad_push(src, buffer);
  clock_gettime(CLOCK_MONOTONIC, &end);
  job->nanoseconds =
      (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
  gst_pad_push_event(src, gst_event_new_eos());
  GST_MINI_OBJECT_CAST(buffer)->dispose = NULL;
  gst_buffer_unref(buffer);
  gst_pad_unlink(src, sink);
  gst_pad_set_active(src, FALSE);
  gst_object_unref(src);
  gst_object_unref(sink);
  return NULL;
}

/* Nanoseconds a push, on a thread that Python does not know, as a streaming thread is. */
double drive(GstElement *element, long count) {
  Job job = {element, count, 0};
  g_thread_join(g_thread_new("driver", work, &job));
  return job.nanoseconds / (double)count;
}
