/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder.h"

#include <kernels.h>
#include <string.h>

/* Pixels of bitmaps that are kept before they are drawn: 64 MiB. */
#define MOST_PIXELS (16u << 20)

/* A run of items on one frame; or a blur, which reads what was drawn before it. */
typedef struct {
  DsbindDrawFrame frame;
  guint first, count;
  OsdArea box; /* of the items */
  gboolean is_blur;
  gint tile;
} Step;

struct OsdRecorder {
  guint gpu;
  GArray *items;  /* DsbindDrawItem */
  GArray *pixels; /* guint32 */
  GArray *steps;
  CUdeviceptr memory; /* items, then pixels */
  gsize room;
  GError *error; /* of what had to be drawn early */
};

static DsbindDrawFrame frame_of(const OsdCanvas *canvas) {
  DsbindDrawFrame frame = {
      .luma = (guintptr)canvas->luma,
      .u = (guintptr)canvas->u,
      .v = (guintptr)canvas->v,
      .layout = canvas->layout == OSD_GRAY     ? DSBIND_PIXELS_GRAY
                : canvas->layout == OSD_PACKED ? DSBIND_PIXELS_PACKED
                                               : DSBIND_PIXELS_YUV,
      .width = canvas->width,
      .height = canvas->height,
      .pitch = canvas->pitch,
      .chroma_pitch = canvas->chroma_pitch,
      .chroma_step = canvas->chroma_step,
      .chroma_width = canvas->chroma_width,
      .chroma_height = canvas->chroma_height,
      .step = canvas->step,
      .red = canvas->red,
      .green = canvas->green,
      .blue = canvas->blue,
      .alpha = canvas->alpha,
  };
  if (canvas->matrix != NULL) {
    memcpy(frame.matrix, canvas->matrix->y, sizeof canvas->matrix->y);
    memcpy(frame.matrix + 4, canvas->matrix->u, sizeof canvas->matrix->u);
    memcpy(frame.matrix + 8, canvas->matrix->v, sizeof canvas->matrix->v);
  }
  return frame;
}

static Step *last_step(OsdRecorder *recorder) {
  return recorder->steps->len ? &g_array_index(recorder->steps, Step, recorder->steps->len - 1)
                              : NULL;
}

/* A step for items on that frame: the last one where it can be. */
static Step *step_for(OsdRecorder *recorder, const OsdCanvas *canvas, OsdArea area) {
  Step *last = last_step(recorder);
  if (last != NULL && !last->is_blur && last->frame.luma == (guintptr)canvas->luma) {
    last->box.x0 = MIN(last->box.x0, area.x0);
    last->box.y0 = MIN(last->box.y0, area.y0);
    last->box.x1 = MAX(last->box.x1, area.x1);
    last->box.y1 = MAX(last->box.y1, area.y1);
    return last;
  }
  Step step = {.frame = frame_of(canvas), .first = recorder->items->len, .box = area};
  g_array_append_val(recorder->steps, step);
  return last_step(recorder);
}

static void add_item(OsdRecorder *recorder, const OsdCanvas *canvas, OsdArea area,
                     DsbindDrawItem item) {
  item.x0 = area.x0;
  item.y0 = area.y0;
  item.x1 = area.x1;
  item.y1 = area.y1;
  step_for(recorder, canvas, area)->count++;
  g_array_append_val(recorder->items, item);
}

static void note_fill(const OsdCanvas *canvas, OsdArea area, guint32 color) {
  add_item(canvas->recorder, canvas, area, (DsbindDrawItem){.color = color});
}

static void note_bitmap(const OsdCanvas *canvas, OsdArea area, const guint32 *pixels,
                        gint stride) {
  OsdRecorder *recorder = canvas->recorder;
  const guint width = (guint)(area.x1 - area.x0), height = (guint)(area.y1 - area.y0);
  if (recorder->pixels->len > MOST_PIXELS && recorder->error == NULL)
    osd_recorder_run(recorder, &recorder->error);
  const guint first = recorder->pixels->len;
  for (guint y = 0; y < height; y++)
    g_array_append_vals(recorder->pixels, pixels + (gssize)y * stride, width);
  add_item(recorder, canvas, area, (DsbindDrawItem){.bitmap = 1, .pixels = first});
}

static void note_blur(const OsdCanvas *canvas, OsdArea area, gint tile) {
  OsdRecorder *recorder = canvas->recorder;
  Step step = {.frame = frame_of(canvas), .is_blur = TRUE, .box = area, .tile = tile};
  g_array_append_val(recorder->steps, step);
}

static const OsdCanvasNotes notes = {note_fill, note_bitmap, note_blur};

OsdRecorder *osd_recorder_new(guint gpu) {
  OsdRecorder *recorder = g_new0(OsdRecorder, 1);
  recorder->gpu = gpu;
  recorder->items = g_array_new(FALSE, FALSE, sizeof(DsbindDrawItem));
  recorder->pixels = g_array_new(FALSE, FALSE, sizeof(guint32));
  recorder->steps = g_array_new(FALSE, FALSE, sizeof(Step));
  return recorder;
}

static void free_memory(OsdRecorder *recorder) {
  if (recorder->memory && dsbind_cuda_enter((int)recorder->gpu, NULL)) {
    dsbind_cuda(NULL)->MemFree(recorder->memory);
    dsbind_cuda_leave();
  }
  recorder->memory = 0;
  recorder->room = 0;
}

void osd_recorder_free(OsdRecorder *recorder) {
  if (recorder == NULL)
    return;
  free_memory(recorder);
  g_array_unref(recorder->items);
  g_array_unref(recorder->pixels);
  g_array_unref(recorder->steps);
  g_clear_error(&recorder->error);
  g_free(recorder);
}

void osd_recorder_take(OsdRecorder *recorder, OsdCanvas *canvas) {
  canvas->recorder = recorder;
  canvas->notes = &notes;
}

/* Brings items and bitmaps to the GPU. */
static gboolean upload(OsdRecorder *recorder, CUdeviceptr *bitmaps, GError **error) {
  const gsize items = recorder->items->len * sizeof(DsbindDrawItem);
  const gsize pixels = recorder->pixels->len * sizeof(guint32);
  const gsize size = items + pixels;
  CUstream stream = dsbind_device_stream(recorder->gpu, error);
  const DsbindCuda *cuda = dsbind_cuda(NULL);
  if (stream == NULL)
    return FALSE;
  *bitmaps = 0;
  if (size == 0)
    return TRUE;
  if (size > recorder->room)
    free_memory(recorder);
  if (!dsbind_cuda_enter((int)recorder->gpu, error))
    return FALSE;
  gboolean ok = TRUE;
  if (recorder->memory == 0) {
    recorder->room = MAX(size + size / 2, 1 << 16);
    ok = dsbind_cuda_check(cuda->MemAlloc(&recorder->memory, recorder->room), "cuMemAlloc", error);
    if (!ok)
      recorder->memory = recorder->room = 0;
  }
  if (ok && items)
    ok = dsbind_cuda_check(
        cuda->MemcpyHtoDAsync(recorder->memory, recorder->items->data, items, stream),
        "cuMemcpyHtoDAsync", error);
  if (ok && pixels)
    ok = dsbind_cuda_check(
        cuda->MemcpyHtoDAsync(recorder->memory + items, recorder->pixels->data, pixels, stream),
        "cuMemcpyHtoDAsync", error);
  dsbind_cuda_leave();
  *bitmaps = recorder->memory + items;
  return ok;
}

static gboolean blur(OsdRecorder *recorder, const Step *step, GError **error) {
  const DsbindDrawFrame *frame = &step->frame;
  const OsdArea *box = &step->box;
  DsbindBlur task = {.pitch = frame->pitch, .step = frame->step, .x0 = box->x0, .y0 = box->y0,
                     .x1 = box->x1, .y1 = box->y1, .tile = step->tile};
  const guint channels = frame->layout == DSBIND_PIXELS_PACKED ? 3 : 1;
  for (guint c = 0; c < channels; c++) {
    task.plane = frame->luma + c;
    if (!dsbind_kernel_blur(recorder->gpu, &task, error))
      return FALSE;
  }
  if (frame->layout != DSBIND_PIXELS_YUV)
    return TRUE;
  task = (DsbindBlur){.plane = frame->u, .pitch = frame->chroma_pitch, .step = frame->chroma_step,
                      .x0 = box->x0 / 2, .y0 = box->y0 / 2,
                      .x1 = MIN((box->x1 + 1) / 2, frame->chroma_width),
                      .y1 = MIN((box->y1 + 1) / 2, frame->chroma_height), .tile = step->tile / 2};
  if (!dsbind_kernel_blur(recorder->gpu, &task, error))
    return FALSE;
  task.plane = frame->v;
  return dsbind_kernel_blur(recorder->gpu, &task, error);
}

static gboolean draw(OsdRecorder *recorder, GError **error) {
  CUdeviceptr bitmaps;
  if (!upload(recorder, &bitmaps, error))
    return FALSE;
  for (guint i = 0; i < recorder->steps->len; i++) {
    const Step *step = &g_array_index(recorder->steps, Step, i);
    const OsdArea *box = &step->box;
    const gboolean ok =
        step->is_blur
            ? blur(recorder, step, error)
            : dsbind_kernel_draw(recorder->gpu, &step->frame,
                                 recorder->memory + step->first * sizeof(DsbindDrawItem),
                                 step->count, bitmaps, box->x0, box->y0, box->x1, box->y1, error);
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

gboolean osd_recorder_run(OsdRecorder *recorder, GError **error) {
  gboolean ok = recorder->error == NULL || error == &recorder->error;
  if (!ok)
    g_propagate_error(error, g_steal_pointer(&recorder->error));
  if (ok && recorder->steps->len > 0) {
    ok = draw(recorder, error);
    /* Also after a failure: what was begun reads memory that is used anew. */
    const gboolean done = dsbind_device_wait(recorder->gpu, ok ? error : NULL);
    ok = ok && done;
  }
  g_array_set_size(recorder->items, 0);
  g_array_set_size(recorder->pixels, 0);
  g_array_set_size(recorder->steps, 0);
  return ok;
}
