/* SPDX-License-Identifier: Apache-2.0 */
/* Queries between elements that work on batches. The structure and field names are private to the
 * functions here. An answer that was never set parses to FALSE. */
#include "gst-nvquery.h"

#define EXPORT __attribute__((visibility("default")))
#define BATCH_SIZE "nv-batch-size"
#define NUM_STREAMS "nv-num-streams"
#define POOL_SIZE "nv-preprocess-poolsize"
#define UPDATE_CAPS "nv-update-caps"
#define TEXT_EMBEDDING "nv-text-embedding"
#define IMAGE_EMBEDDING "nv-image-embedding"

static GstQuery *new_query(const char *name) {
  return gst_query_new_custom(GST_QUERY_CUSTOM, gst_structure_new_empty(name));
}

static gboolean is_query(GstQuery *query, const char *name) {
  g_return_val_if_fail(GST_IS_QUERY(query), FALSE);
  const GstStructure *structure = gst_query_get_structure(query);
  return GST_QUERY_TYPE(query) == GST_QUERY_CUSTOM && structure &&
         gst_structure_has_name(structure, name);
}

static void set_uint(GstQuery *query, const char *name, const char *field, guint value) {
  g_return_if_fail(is_query(query, name));
  gst_structure_set(gst_query_writable_structure(query), field, G_TYPE_UINT, value, NULL);
}

static gboolean parse_uint(GstQuery *query, const char *name, const char *field, guint *value) {
  guint found = 0;
  if (!is_query(query, name) ||
      !gst_structure_get_uint(gst_query_get_structure(query), field, &found))
    return FALSE;
  if (value) *value = found;
  return TRUE;
}

EXPORT GstQuery *gst_nvquery_batch_size_new(void) { return new_query(BATCH_SIZE); }

EXPORT gboolean gst_nvquery_is_batch_size(GstQuery *query) { return is_query(query, BATCH_SIZE); }

EXPORT void gst_nvquery_batch_size_set(GstQuery *query, guint batch_size) {
  set_uint(query, BATCH_SIZE, "batch-size", batch_size);
}

EXPORT gboolean gst_nvquery_batch_size_parse(GstQuery *query, guint *batch_size) {
  return parse_uint(query, BATCH_SIZE, "batch-size", batch_size);
}

EXPORT GstQuery *gst_nvquery_numStreams_size_new(void) { return new_query(NUM_STREAMS); }

EXPORT gboolean gst_nvquery_is_numStreams_size(GstQuery *query) {
  return is_query(query, NUM_STREAMS);
}

EXPORT void gst_nvquery_numStreams_size_set(GstQuery *query, guint numStreams_size) {
  set_uint(query, NUM_STREAMS, "num-streams", numStreams_size);
}

EXPORT gboolean gst_nvquery_numStreams_size_parse(GstQuery *query, guint *numStreams_size) {
  return parse_uint(query, NUM_STREAMS, "num-streams", numStreams_size);
}

EXPORT GstQuery *gst_nvquery_preprocess_poolsize_new(guint gieid) {
  GstQuery *query = new_query(POOL_SIZE);
  set_uint(query, POOL_SIZE, "gie-id", gieid);
  return query;
}

EXPORT gboolean gst_nvquery_is_preprocess_poolsize(GstQuery *query) {
  return is_query(query, POOL_SIZE);
}

EXPORT void gst_nvquery_preprocess_poolsize_set(GstQuery *query, guint preprocess_poolsize) {
  set_uint(query, POOL_SIZE, "pool-size", preprocess_poolsize);
}

EXPORT gboolean gst_nvquery_preprocess_poolsize_parse(GstQuery *query, guint *preprocess_poolsize) {
  return parse_uint(query, POOL_SIZE, "pool-size", preprocess_poolsize);
}

EXPORT gboolean gst_nvquery_preprocess_poolsize_gieid_parse(GstQuery *query, guint *gieId) {
  return parse_uint(query, POOL_SIZE, "gie-id", gieId);
}

EXPORT gboolean gst_nvquery_is_update_caps(GstQuery *query) { return is_query(query, UPDATE_CAPS); }

/* The caller's value is written to: it may be unset, or hold any fraction. */
EXPORT void gst_nvquery_parse_update_caps(
    GstQuery *query, guint *stream_index, const GValue *frame_rate) {
  if (!parse_uint(query, UPDATE_CAPS, "stream-id", stream_index) || !frame_rate) return;
  const GValue *found = gst_structure_get_value(gst_query_get_structure(query), "frame-rate");
  if (!found) return;
  GValue *out = (GValue *)frame_rate;
  if (!G_IS_VALUE(out)) g_value_init(out, G_VALUE_TYPE(found));
  if (g_value_type_compatible(G_VALUE_TYPE(found), G_VALUE_TYPE(out))) g_value_copy(found, out);
}

/* Takes `str` over, with its fields "stream-id" (uint) and "frame-rate" (fraction). */
EXPORT gboolean gst_nvquery_update_caps_peer_query(GstPad *srcpad, GstStructure *str) {
  g_return_val_if_fail(GST_IS_PAD(srcpad) && str != NULL, FALSE);
  gst_structure_set_name(str, UPDATE_CAPS);
  GstQuery *query = gst_query_new_custom(GST_QUERY_CUSTOM, str);
  gboolean answered = gst_pad_peer_query(srcpad, query);
  gst_query_unref(query);
  return answered;
}

/* What both embedding queries answer: an identified vector of a model. */
static void set_embedding(
    GstQuery *query, const char *name, const gchar *id, guint64 created, const gchar *model,
    const GValue *data) {
  g_return_if_fail(is_query(query, name));
  GstStructure *structure = gst_query_writable_structure(query);
  gst_structure_set(structure, "id", G_TYPE_STRING, id, "created", G_TYPE_UINT64, created,
                    "answer-model", G_TYPE_STRING, model, NULL);
  if (data) gst_structure_set_value(structure, "data", data);
}

static gboolean parse_embedding(
    GstQuery *query, const char *name, const gchar **id, guint64 *created, const gchar **model,
    const GValue **data) {
  if (!is_query(query, name)) return FALSE;
  const GstStructure *structure = gst_query_get_structure(query);
  guint64 when = 0;
  if (!gst_structure_get_uint64(structure, "created", &when)) return FALSE;
  if (id) *id = gst_structure_get_string(structure, "id");
  if (created) *created = when;
  if (model) *model = gst_structure_get_string(structure, "answer-model");
  if (data) *data = gst_structure_get_value(structure, "data");
  return TRUE;
}

EXPORT GstQuery *gst_nvquery_text_embedding_new(const gchar *text_input, const gchar *model) {
  GstQuery *query = new_query(TEXT_EMBEDDING);
  gst_structure_set(gst_query_writable_structure(query), "text", G_TYPE_STRING, text_input, "model",
                    G_TYPE_STRING, model, NULL);
  return query;
}

EXPORT gboolean gst_nvquery_is_text_embedding(GstQuery *query) {
  return is_query(query, TEXT_EMBEDDING);
}

EXPORT void gst_nvquery_text_embedding_set(
    GstQuery *query, const gchar *id, guint64 created, const gchar *model, const GValue *data) {
  set_embedding(query, TEXT_EMBEDDING, id, created, model, data);
}

EXPORT gboolean gst_nvquery_text_embedding_parse(
    GstQuery *query, const gchar **id, guint64 *created, const gchar **model,
    const GValue **data) {
  return parse_embedding(query, TEXT_EMBEDDING, id, created, model, data);
}

EXPORT gboolean gst_nvquery_text_embedding_parse_request(
    GstQuery *query, const gchar **text_input, const gchar **model) {
  if (!is_query(query, TEXT_EMBEDDING)) return FALSE;
  const GstStructure *structure = gst_query_get_structure(query);
  if (text_input) *text_input = gst_structure_get_string(structure, "text");
  if (model) *model = gst_structure_get_string(structure, "model");
  return TRUE;
}

EXPORT GstQuery *gst_nvquery_image_embedding_new(
    const gchar *image_path, const gchar *model, gboolean has_bbox, gdouble bbox_left,
    gdouble bbox_top, gdouble bbox_width, gdouble bbox_height) {
  GstQuery *query = new_query(IMAGE_EMBEDDING);
  gst_structure_set(gst_query_writable_structure(query), "path", G_TYPE_STRING, image_path, "model",
                    G_TYPE_STRING, model, "has-bbox", G_TYPE_BOOLEAN, has_bbox, "left",
                    G_TYPE_DOUBLE, bbox_left, "top", G_TYPE_DOUBLE, bbox_top, "width",
                    G_TYPE_DOUBLE, bbox_width, "height", G_TYPE_DOUBLE, bbox_height, NULL);
  return query;
}

EXPORT gboolean gst_nvquery_is_image_embedding(GstQuery *query) {
  return is_query(query, IMAGE_EMBEDDING);
}

EXPORT void gst_nvquery_image_embedding_set(
    GstQuery *query, const gchar *id, guint64 created, const gchar *model, const GValue *data) {
  set_embedding(query, IMAGE_EMBEDDING, id, created, model, data);
}

EXPORT gboolean gst_nvquery_image_embedding_parse(
    GstQuery *query, const gchar **id, guint64 *created, const gchar **model,
    const GValue **data) {
  return parse_embedding(query, IMAGE_EMBEDDING, id, created, model, data);
}

EXPORT gboolean gst_nvquery_image_embedding_parse_request(
    GstQuery *query, const gchar **image_path, const gchar **model, gboolean *has_bbox,
    gdouble *bbox_left, gdouble *bbox_top, gdouble *bbox_width, gdouble *bbox_height) {
  if (!is_query(query, IMAGE_EMBEDDING)) return FALSE;
  const GstStructure *structure = gst_query_get_structure(query);
  if (image_path) *image_path = gst_structure_get_string(structure, "path");
  if (model) *model = gst_structure_get_string(structure, "model");
  if (has_bbox) gst_structure_get_boolean(structure, "has-bbox", has_bbox);
  if (bbox_left) gst_structure_get_double(structure, "left", bbox_left);
  if (bbox_top) gst_structure_get_double(structure, "top", bbox_top);
  if (bbox_width) gst_structure_get_double(structure, "width", bbox_width);
  if (bbox_height) gst_structure_get_double(structure, "height", bbox_height);
  return TRUE;
}
