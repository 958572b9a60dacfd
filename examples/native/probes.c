/* Three native probes in C. They run on the streaming thread, without Python. */
#include "probes.h"

/* Counts batches and objects. */
int count(NvDsBatchMeta *batch, void *user) {
  State *state = user;
  state->batches++;
  for (GList *f = batch->frame_meta_list; f; f = f->next)
    state->objects += ((NvDsFrameMeta *)f->data)->num_obj_meta;
  return DSBIND_PROBE_KEEP;
}

/* Where an object was last; NULL where the table is full. */
static Track *track_of(State *state, guint64 id) {
  for (guint i = 0; i < TRACKS; i++) {
    Track *track = &state->tracks[(id + i) % TRACKS];
    if (!track->used || track->id == id) return track;
  }
  return NULL;
}

/* Counts the tracked objects whose middle goes over a line, in either direction. */
int count_crossings(NvDsBatchMeta *batch, void *user) {
  State *state = user;
  for (GList *f = batch->frame_meta_list; f; f = f->next) {
    for (GList *o = ((NvDsFrameMeta *)f->data)->obj_meta_list; o; o = o->next) {
      const NvDsObjectMeta *object = o->data;
      const float middle = object->rect_params.left + object->rect_params.width / 2;
      if (object->object_id == UNTRACKED_OBJECT_ID) continue;
      Track *track = track_of(state, object->object_id);
      if (!track) continue;
      if (track->used && (track->middle > state->line) != (middle > state->line))
        state->crossings++;
      *track = (Track){object->object_id, middle, 1};
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
