/* SPDX-License-Identifier: Apache-2.0 */
/* kitti_dump_probe: the objects of each frame as a KITTI label file. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "probe.h"

enum { KITTI_DIR, TRACKER_OUTPUT };
enum { FILES, OBJECTS };

typedef struct {
  DsbindProbe probe;
  gchar *folder; /* the one that was made */
  gboolean failed;
} KittiProbe;

static const DsbindProperty properties[] = {
    {"kitti-dir", DSBIND_PATH, 0, 0, 0, "/tmp/kitti", "Folder of the files; it is made"},
    {"tracker-kitti-output", DSBIND_BOOLEAN, 0, 1, 0, NULL,
     "Write what the tracker says of tracked objects, with their ids"},
    DSBIND_GPU_ID,
    {0},
};

static gboolean make_folder(KittiProbe *self, GError **error) {
  const gchar *path = self->probe.values[KITTI_DIR].path;
  if (g_strcmp0(path, self->folder) == 0) return TRUE;
  errno = 0;
  const gboolean made = g_mkdir_with_parents(path, 0777) == 0 && g_access(path, W_OK | X_OK) == 0;
  if (!made) {
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                "kitti_dump_probe cannot write to the folder %s: %s. Choose another kitti-dir",
                path, g_strerror(errno));
    return FALSE;
  }
  g_free(self->folder);
  self->folder = g_strdup(path);
  return TRUE;
}

/* A label in one word, as the format's columns are separated by spaces. */
static void append_label(GString *text, const NvDsObjectMeta *object) {
  if (!object->obj_label[0]) {
    g_string_append_printf(text, "%d", object->class_id);
    return;
  }
  for (gsize i = 0; i < sizeof object->obj_label && object->obj_label[i]; i++)
    g_string_append_c(text, g_ascii_isspace(object->obj_label[i]) ? '_' : object->obj_label[i]);
}

/* A number with a point, whatever the locale. */
static void append_number(GString *text, double value) {
  gchar digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_c(text, ' ');
  g_string_append(text, g_ascii_formatd(digits, sizeof digits, "%.6f", value));
}

/* The columns of KITTI: type, [track], truncated, occluded, alpha, the box, dimensions, location,
 * rotation and score. */
static void append_object(GString *text, const NvDsObjectMeta *object, gboolean tracked) {
  append_label(text, object);
  if (tracked) g_string_append_printf(text, " %" G_GUINT64_FORMAT, object->object_id);
  g_string_append(text, " 0.0 0 0.0");
  const NvBbox_Coords *box = &object->tracker_bbox_info.org_bbox_coords;
  const NvOSD_RectParams *rect = &object->rect_params;
  const double left = tracked ? box->left : rect->left, top = tracked ? box->top : rect->top;
  append_number(text, left);
  append_number(text, top);
  append_number(text, left + (tracked ? box->width : rect->width));
  append_number(text, top + (tracked ? box->height : rect->height));
  g_string_append(text, " 0.0 0.0 0.0 0.0 0.0 0.0 0.0");
  append_number(text, tracked ? object->tracker_confidence : object->confidence);
  g_string_append_c(text, '\n');
}

/* 0, or the errno of what failed. A cut-off file is removed. */
static int write_file(const gchar *path, const GString *text) {
  int failure = 0;
  FILE *file = g_fopen(path, "wbe");
  if (!file) return errno;
  if (fwrite(text->str, 1, text->len, file) != text->len) failure = errno;
  if (fclose(file) != 0 && !failure) failure = errno;
  if (failure) g_unlink(path);
  return failure;
}

static void fail(KittiProbe *self, GstElement *element, const gchar *text, gboolean full) {
  self->failed = TRUE;
  if (full)
    GST_ELEMENT_ERROR(element, RESOURCE, NO_SPACE_LEFT, ("%s", text), (NULL));
  else
    GST_ELEMENT_ERROR(element, RESOURCE, WRITE, ("%s", text), (NULL));
}

static void write_frame(KittiProbe *self, GstElement *element, const NvDsFrameMeta *frame) {
  const gboolean tracked = self->probe.values[TRACKER_OUTPUT].number != 0;
  GString *text = g_string_new(NULL);
  guint objects = 0;
  for (NvDsObjectMetaList *l = frame->obj_meta_list; l; l = l->next) {
    const NvDsObjectMeta *object = l->data;
    if (tracked && object->object_id == UNTRACKED_OBJECT_ID) continue;
    append_object(text, object, tracked);
    objects++;
  }
  gchar *path = g_strdup_printf("%s/%03u_%06lu.txt", self->folder, frame->pad_index,
                                (gulong)frame->frame_num);
  const int failure = write_file(path, text);
  if (failure) {
    gchar *words = g_strdup_printf("kitti_dump_probe cannot write %s: %s. Make room, or choose "
                                   "another kitti-dir", path, g_strerror(failure));
    fail(self, element, words, failure == ENOSPC || failure == EDQUOT);
    g_free(words);
  } else {
    DsbindProbeRow *row = dsbind_probe_row(&self->probe, frame->source_id);
    row->values[FILES] += 1;
    row->values[OBJECTS] += objects;
  }
  g_free(path);
  g_string_free(text, TRUE);
}

static void handle(DsbindProbe *probe, GstElement *element, GstBuffer *buffer,
                   NvDsBatchMeta *batch) {
  KittiProbe *self = (KittiProbe *)probe;
  GError *error = NULL;
  (void)buffer;
  if (self->failed) return;
  if (!make_folder(self, &error)) {
    fail(self, element, error->message, FALSE);
    g_error_free(error);
    return;
  }
  nvds_acquire_meta_lock(batch);
  for (NvDsFrameMetaList *l = batch->frame_meta_list; l && !self->failed; l = l->next)
    write_frame(self, element, l->data);
  nvds_release_meta_lock(batch);
}

static gboolean start(DsbindProbe *probe, GError **error) {
  KittiProbe *self = (KittiProbe *)probe;
  self->failed = FALSE;
  g_clear_pointer(&self->folder, g_free);
  return make_folder(self, error);
}

static void clear(DsbindProbe *probe) { g_free(((KittiProbe *)probe)->folder); }

const DsbindProbeClass dsbind_kitti_probe = {
    .name = "kitti_dump_probe",
    .brief = "Writes the objects of each frame as a KITTI label file",
    .properties = properties,
    .columns = {{"files", TRUE}, {"objects", TRUE}},
    .size = sizeof(KittiProbe),
    .batches = TRUE,
    .start = start,
    .handle = handle,
    .clear = clear,
};
