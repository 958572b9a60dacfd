/* SPDX-License-Identifier: Apache-2.0 */
#include "convert_caps.h"

static void append_loose(GstCaps *result, const GstStructure *structure, gboolean nvmm) {
  GstStructure *loose = gst_structure_copy(structure);
  GstCaps *formats = gst_caps_from_string(
      nvmm ? DSBIND_NVMM_CAPS : GST_VIDEO_CAPS_MAKE(GST_VIDEO_FORMATS_ALL));
  const GstStructure *any = gst_caps_get_structure(formats, 0);
  gst_structure_set_value(loose, "format", gst_structure_get_value(any, "format"));
  gst_structure_set(loose, "width", GST_TYPE_INT_RANGE, 1, G_MAXINT, "height", GST_TYPE_INT_RANGE,
                    1, G_MAXINT, NULL);
  gst_structure_remove_fields(loose, "colorimetry", "chroma-site", NULL);
  /* Of frames in a GPU's memory. */
  gst_structure_remove_fields(loose, "nvbuf-memory-type", "gpu-id", NULL);
  if (!nvmm) gst_structure_remove_fields(loose, "batch-size", "num-surfaces-per-frame", NULL);
  gst_caps_append_structure_full(
      result, loose, nvmm ? gst_caps_features_new(DSBIND_NVMM_FEATURE, NULL) : NULL);
  gst_caps_unref(formats);
}

GstCaps *dsbind_convert_caps_reachable(const GstCaps *caps) {
  GstCaps *result = gst_caps_copy(caps);
  const guint count = gst_caps_get_size(caps);
  for (guint other = 0; other < 2; other++) {
    for (guint i = 0; i < count; i++) {
      const GstCapsFeatures *features = gst_caps_get_features(caps, i);
      const gboolean nvmm = gst_caps_features_contains(features, DSBIND_NVMM_FEATURE);
      append_loose(result, gst_caps_get_structure(caps, i), other ? !nvmm : nvmm);
    }
  }
  return gst_caps_simplify(result);
}

/* Whether the field may have the value. gst_value_can_intersect() says yes to any two fixed values
 * of one type. */
static gboolean allows(const GstStructure *structure, const char *field, const GValue *value) {
  const GValue *allowed = gst_structure_get_value(structure, field);
  return !allowed || gst_value_intersect(NULL, allowed, value);
}

static gboolean allows_format(const GstStructure *structure, const char *format) {
  GValue wanted = G_VALUE_INIT;
  if (!format) return TRUE;
  g_value_init(&wanted, G_TYPE_STRING);
  g_value_set_static_string(&wanted, format);
  const gboolean allowed = allows(structure, "format", &wanted);
  g_value_unset(&wanted);
  return allowed;
}

static gboolean allows_size(const GstStructure *structure, gint width, gint height) {
  GValue side = G_VALUE_INIT;
  g_value_init(&side, G_TYPE_INT);
  g_value_set_int(&side, width);
  gboolean allowed = allows(structure, "width", &side);
  g_value_set_int(&side, height);
  return allowed && allows(structure, "height", &side);
}

static void fix_format(GstStructure *structure, const char *from) {
  /* When the format has to change: the ones that keep colour, the cheapest first. */
  static const char *const order[] = {"NV12", "I420", "RGBA", "BGRA", "RGB", "BGR"};
  if (from && allows_format(structure, from)) {
    gst_structure_fixate_field_string(structure, "format", from);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
    if (!allows_format(structure, order[i])) continue;
    gst_structure_fixate_field_string(structure, "format", order[i]);
    return;
  }
}

static void fix_size(GstStructure *structure, gint width, gint height) {
  gint fixed_width = 0, fixed_height = 0;
  const gboolean has_width = gst_structure_get_int(structure, "width", &fixed_width);
  const gboolean has_height = gst_structure_get_int(structure, "height", &fixed_height);
  /* One side given: the other one keeps the shape of the picture. */
  if (has_width && !has_height)
    height = (gint)gst_util_uint64_scale_int_round((guint64)height, fixed_width, MAX(width, 1));
  if (has_height && !has_width)
    width = (gint)gst_util_uint64_scale_int_round((guint64)width, fixed_height, MAX(height, 1));
  if (!has_width) gst_structure_fixate_field_nearest_int(structure, "width", MAX(width, 1));
  if (!has_height) gst_structure_fixate_field_nearest_int(structure, "height", MAX(height, 1));
}

static gboolean is_yuv(const GstStructure *structure) {
  const char *format = gst_structure_get_string(structure, "format");
  return GST_VIDEO_FORMAT_INFO_IS_YUV(
      gst_video_format_get_info(gst_video_format_from_string(format ? format : "")));
}

/* Unless another one is asked for, colorimetry stays when the kind of format does. */
static void keep_color(GstStructure *structure, const GstStructure *source) {
  static const char *const fields[] = {"colorimetry", "chroma-site"};
  if (is_yuv(structure) != is_yuv(source)) return;
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
    const GValue *value = gst_structure_get_value(source, fields[i]);
    if (value && !gst_structure_has_field(structure, fields[i]))
      gst_structure_set_value(structure, fields[i], value);
  }
}

GstCaps *dsbind_convert_caps_nearest(const GstCaps *from, GstCaps *choices,
                                     DsbindConvertCapsFlags flags) {
  const gboolean ranked = (flags & DSBIND_CONVERT_CAPS_RANKED) != 0;
  const GstStructure *source = gst_caps_get_structure(from, 0);
  const char *format = gst_structure_get_string(source, "format");
  const gboolean nvmm = dsbind_caps_are_nvmm(from);
  gint width = 0, height = 0, best_score = -1;
  guint best = 0;

  gst_structure_get_int(source, "width", &width);
  gst_structure_get_int(source, "height", &height);
  if (flags & DSBIND_CONVERT_CAPS_EVEN) width -= width % 2, height -= height % 2;
  if (flags & DSBIND_CONVERT_CAPS_TURNED) {
    const gint turned = width;
    width = height;
    height = turned;
  }
  for (guint i = 0; i < gst_caps_get_size(choices); i++) {
    const GstCapsFeatures *features = gst_caps_get_features(choices, i);
    const GstStructure *choice = gst_caps_get_structure(choices, i);
    gint score = 0;
    if (gst_caps_features_contains(features, DSBIND_NVMM_FEATURE) == nvmm) score += 4;
    /* Base transforms put the size that leaves the next element first: no reason to scale here. */
    if (allows_size(choice, width, height)) score += 2;
    if (!ranked && allows_format(choice, format)) score += 1;
    if (score > best_score) best = i, best_score = score;
  }
  GstCaps *result = gst_caps_copy_nth(choices, best);
  GstStructure *structure = gst_caps_get_structure(result, 0);
  gst_caps_unref(choices);
  if (!ranked) fix_format(structure, format);
  fix_size(structure, width, height);
  if (gst_structure_has_field(structure, "pixel-aspect-ratio"))
    gst_structure_fixate_field_nearest_fraction(structure, "pixel-aspect-ratio", 1, 1);
  result = gst_caps_fixate(result);
  keep_color(gst_caps_get_structure(result, 0), source);
  return result;
}
