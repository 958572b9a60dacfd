/* SPDX-License-Identifier: Apache-2.0 */
#include "tiler.h"

#include <math.h>

typedef struct {
  double sx, sy;
  const Tile *tile;
} Map;

static void keep(gpointer data, gpointer user_data) { (void)data, (void)user_data; }

static NvDsMeta *find_batch_meta(GstBuffer *buffer) {
  const GType api = NVDS_META_API_TYPE;
  gpointer state = NULL;
  for (GstMeta *meta; (meta = gst_buffer_iterate_meta_filtered(buffer, &state, api));)
    if (((NvDsMeta *)meta)->meta_type == NVDS_BATCH_GST_META) return (NvDsMeta *)meta;
  return NULL;
}

NvDsBatchMeta *tiler_take_meta(GstBuffer *in, GstBuffer *out) {
  NvDsMeta *from = find_batch_meta(in);
  if (!from || !from->meta_data) return NULL;
  const gboolean move = gst_buffer_is_writable(in);
  NvDsBatchMeta *batch =
      move ? from->meta_data : nvds_batch_meta_copy_func(from->meta_data, NULL);
  NvDsMeta *to = gst_buffer_add_nvds_meta(out, batch, NULL, nvds_batch_meta_copy_func,
                                          nvds_batch_meta_release_func);
  to->meta_type = NVDS_BATCH_GST_META;
  if (move) {
    from->freefunc = keep;
    gst_buffer_remove_meta(in, (GstMeta *)from);
  }
  return batch;
}

static float x_of(const Map *map, float x) { return (float)(x * map->sx + map->tile->left); }
static float y_of(const Map *map, float y) { return (float)(y * map->sy + map->tile->top); }
/* Signed, as nvdsosd reads them: what a program computed may lie left of or above the frame. */
static guint px(const Map *map, guint x) {
  return (guint)lround((gint)x * map->sx) + map->tile->left;
}
static guint py(const Map *map, guint y) {
  return (guint)lround((gint)y * map->sy) + map->tile->top;
}

static void place_rect(const Map *map, NvOSD_RectParams *rect) {
  rect->left = x_of(map, rect->left);
  rect->top = y_of(map, rect->top);
  rect->width = (float)(rect->width * map->sx);
  rect->height = (float)(rect->height * map->sy);
}

static void place_text(const Map *map, NvOSD_TextParams *text) {
  text->x_offset = px(map, text->x_offset);
  text->y_offset = py(map, text->y_offset);
}

static void place_display(const Map *map, NvDsDisplayMeta *display) {
  const guint max = MAX_ELEMENTS_IN_DISPLAY_META;
  for (guint i = 0; i < MIN(display->num_rects, max); i++)
    place_rect(map, &display->rect_params[i]);
  for (guint i = 0; i < MIN(display->num_labels, max); i++)
    place_text(map, &display->text_params[i]);
  for (guint i = 0; i < MIN(display->num_lines, max); i++) {
    NvOSD_LineParams *line = &display->line_params[i];
    line->x1 = px(map, line->x1);
    line->x2 = px(map, line->x2);
    line->y1 = py(map, line->y1);
    line->y2 = py(map, line->y2);
  }
  for (guint i = 0; i < MIN(display->num_arrows, max); i++) {
    NvOSD_ArrowParams *arrow = &display->arrow_params[i];
    arrow->x1 = px(map, arrow->x1);
    arrow->x2 = px(map, arrow->x2);
    arrow->y1 = py(map, arrow->y1);
    arrow->y2 = py(map, arrow->y2);
  }
  for (guint i = 0; i < MIN(display->num_circles, max); i++) {
    NvOSD_CircleParams *circle = &display->circle_params[i];
    circle->xc = px(map, circle->xc);
    circle->yc = py(map, circle->yc);
    circle->radius = (guint)lround(circle->radius * MIN(map->sx, map->sy));
  }
}

void tiler_place_frame(NvDsFrameMeta *frame, guint width, guint height, const Tile *tile) {
  const Map map = {
      .sx = (double)tile->width / width, .sy = (double)tile->height / height, .tile = tile};
  for (GList *l = frame->obj_meta_list; l; l = l->next) {
    NvDsObjectMeta *object = l->data;
    place_rect(&map, &object->rect_params);
    place_text(&map, &object->text_params);
  }
  for (GList *l = frame->display_meta_list; l; l = l->next) place_display(&map, l->data);
  frame->batch_id = 0;
}
