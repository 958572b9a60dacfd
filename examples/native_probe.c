/* SPDX-License-Identifier: Apache-2.0 */
/* Two native probes for native_probe.py: they run on the streaming thread, without Python. */
#include "dsbind.h"

/* What Python gives as `user`: the same fields, in the same order. */
typedef struct {
  float line;      /* x in pixels of the frame */
  float min_area;  /* in square pixels */
  long long batches, objects, right_of_line, removed;
} State;

/* Counts objects, and those whose middle is right of a line. */
int count_objects(NvDsBatchMeta *batch, void *user) {
  State *state = user;
  state->batches++;
  for (GList *f = batch->frame_meta_list; f; f = f->next) {
    for (GList *o = ((NvDsFrameMeta *)f->data)->obj_meta_list; o; o = o->next) {
      const NvOSD_RectParams *box = &((NvDsObjectMeta *)o->data)->rect_params;
      state->objects++;
      if (box->left + box->width / 2 > state->line) state->right_of_line++;
    }
  }
  return DSBIND_PROBE_KEEP;
}

/* Takes small objects out of the batch. */
int filter_by_area(NvDsBatchMeta *batch, void *user) {
  State *state = user;
  nvds_acquire_meta_lock(batch);
  for (GList *f = batch->frame_meta_list; f; f = f->next) {
    NvDsFrameMeta *frame = f->data;
    for (GList *o = frame->obj_meta_list, *next; o; o = next) {
      NvDsObjectMeta *object = o->data;
      next = o->next;
      if (object->rect_params.width * object->rect_params.height >= state->min_area) continue;
      nvds_remove_obj_meta_from_frame(frame, object);
      state->removed++;
    }
  }
  nvds_release_meta_lock(batch);
  return DSBIND_PROBE_KEEP;
}
