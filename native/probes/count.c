/* SPDX-License-Identifier: Apache-2.0 */
/* sample_video_probe: counts persons and vehicles, says so and writes it onto the frame. */
#include <string.h>

#include "probe.h"

enum { FONT_SIZE };
enum { FRAME, PERSONS, VEHICLES };

/* Class ids of the documented detector, for objects without a label. */
#define CLASS_VEHICLE 0
#define CLASS_PERSON 2

static const DsbindProperty properties[] = {
    {"font-size", DSBIND_INTEGER, 1, 1000, 12, NULL, "Size of the text, points"},
    DSBIND_GPU_ID,
    {0},
};

static gboolean is_one_of(const char *label, const char *const *names) {
  for (; *names; names++)
    if (g_ascii_strcasecmp(label, *names) == 0) return TRUE;
  return FALSE;
}

static gboolean is_person(const NvDsObjectMeta *object) {
  static const char *const names[] = {"person", "pedestrian", "people", NULL};
  return object->obj_label[0] ? is_one_of(object->obj_label, names)
                              : object->class_id == CLASS_PERSON;
}

static gboolean is_vehicle(const NvDsObjectMeta *object) {
  static const char *const names[] = {"vehicle", "car", "truck", "bus", "van", NULL};
  return object->obj_label[0] ? is_one_of(object->obj_label, names)
                              : object->class_id == CLASS_VEHICLE;
}

static void write_text(NvDsBatchMeta *batch, NvDsFrameMeta *frame, guint font_size, guint persons,
                       guint vehicles) {
  NvDsDisplayMeta *display = nvds_acquire_display_meta_from_pool(batch);
  if (!display) return;
  display->num_labels = 1;
  NvOSD_TextParams *text = &display->text_params[0];
  text->display_text = g_strdup_printf("Person = %u Vehicle = %u", persons, vehicles);
  text->x_offset = 10;
  text->y_offset = 12;
  text->font_params.font_name = (char *)"Serif";
  text->font_params.font_size = font_size;
  text->font_params.font_color = (NvOSD_ColorParams){1, 1, 1, 1};
  text->set_bg_clr = 1;
  text->text_bg_clr = (NvOSD_ColorParams){0, 0, 0, 1};
  nvds_add_display_meta_to_frame(frame, display);
}

static void handle(DsbindProbe *probe, GstElement *element, GstBuffer *buffer,
                   NvDsBatchMeta *batch) {
  GString *lines = g_string_new(NULL);
  (void)element;
  (void)buffer;
  nvds_acquire_meta_lock(batch);
  for (NvDsFrameMetaList *l = batch->frame_meta_list; l; l = l->next) {
    NvDsFrameMeta *frame = l->data;
    guint persons = 0, vehicles = 0;
    for (NvDsObjectMetaList *o = frame->obj_meta_list; o; o = o->next) {
      if (is_person(o->data)) persons++;
      if (is_vehicle(o->data)) vehicles++;
    }
    DsbindProbeRow *row = dsbind_probe_row(probe, frame->source_id);
    row->values[FRAME] = frame->frame_num;
    row->values[PERSONS] = persons;
    row->values[VEHICLES] = vehicles;
    g_string_append_printf(lines,
                           "Object Counter: Pad Idx=%u,Frame Number=%d,Vehicle Count=%u,"
                           " Person Count=%u\n",
                           frame->pad_index, frame->frame_num, vehicles, persons);
    write_text(batch, frame, (guint)probe->values[FONT_SIZE].number, persons, vehicles);
  }
  nvds_release_meta_lock(batch);
  if (lines->len) g_print("%s", lines->str);
  g_string_free(lines, TRUE);
}

const DsbindProbeClass dsbind_count_probe = {
    .name = "sample_video_probe",
    .brief = "Counts persons and vehicles, prints the counts and draws them",
    .properties = properties,
    .columns = {{"frame_number", TRUE}, {"persons", TRUE}, {"vehicles", TRUE}},
    .size = sizeof(DsbindProbe),
    .batches = TRUE,
    .writes = TRUE,
    .handle = handle,
};
