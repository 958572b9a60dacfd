/* SPDX-License-Identifier: Apache-2.0 */
#include "shade.h"

#include <math.h>

#define COLORS 256
#define FAR 1e6f

typedef struct {
  guint8 red, green, blue, alpha; /* alpha of 256 shares, less one */
} Shade;

/* Hues a golden angle apart: neighbours in number never look alike. */
static Shade color_of(guint class_id, guint8 alpha) {
  double hue = fmod(class_id * 0.618033988749895, 1.0) * 6;
  double value = class_id % 2 ? 0.75 : 1.0;
  double up = fmod(hue, 1.0), down = 1 - up;
  double r = 0, g = 0, b = 0;
  switch ((int)hue) {
    case 0: r = 1, g = up; break;
    case 1: r = down, g = 1; break;
    case 2: g = 1, b = up; break;
    case 3: g = down, b = 1; break;
    case 4: r = up, b = 1; break;
    default: r = 1, b = down; break;
  }
  return (Shade){(guint8)lrint(255 * value * r), (guint8)lrint(255 * value * g),
                 (guint8)lrint(255 * value * b), alpha};
}

static inline guint8 mix(guint8 below, guint8 above, guint alpha) {
  return (guint8)((below * (255 - alpha) + above * alpha + 127) / 255);
}

static gboolean is_near(float value) {
  return value > -FAR && value < FAR; /* false for what is not a number, too */
}

void shade_rect(const NvBufSurfaceParams *frame, const NvOSD_RectParams *rect,
                const NvDsInferSegmentationMeta *map, const ShadeStyle *style) {
  if (map->class_map == NULL || map->width == 0 || map->height == 0 || !is_near(rect->left) ||
      !is_near(rect->top) || !(rect->width > 0) || !(rect->height > 0) ||
      !is_near(rect->left + rect->width) || !is_near(rect->top + rect->height))
    return;
  const gint x0 = MAX((gint)lrintf(rect->left), 0), y0 = MAX((gint)lrintf(rect->top), 0);
  const gint x1 = MIN((gint)lrintf(rect->left + rect->width), (gint)frame->width);
  const gint y1 = MIN((gint)lrintf(rect->top + rect->height), (gint)frame->height);
  if (x0 >= x1 || y0 >= y1)
    return;
  const guint8 alpha =
      style->background ? (guint8)lrint(255 * CLAMP(style->alpha, 0, 1)) : 255;
  Shade shades[COLORS];
  for (guint i = 0; i < COLORS; i++)
    shades[i] = color_of(i, alpha);
  const Shade none = {0, 0, 0, style->background ? 0 : 255};
  guint *columns = g_new(guint, x1 - x0);
  for (gint x = x0; x < x1; x++)
    columns[x - x0] = (guint)CLAMP((x + 0.5f - rect->left) * map->width / rect->width, 0,
                                   map->width - 1);
  for (gint y = y0; y < y1; y++) {
    guint row = (guint)CLAMP((y + 0.5f - rect->top) * map->height / rect->height, 0,
                             map->height - 1);
    const gint *classes = map->class_map + (gsize)row * map->width;
    guint8 *pixel = (guint8 *)frame->dataPtr + frame->planeParams.offset[0] +
                    (gsize)y * frame->planeParams.pitch[0] + (gsize)x0 * 4;
    for (gint x = 0; x < x1 - x0; x++, pixel += 4) {
      const gint class_id = classes[columns[x]];
      const Shade *shade = class_id >= 0 ? &shades[class_id % COLORS] : &none;
      pixel[0] = mix(pixel[0], shade->red, shade->alpha);
      pixel[1] = mix(pixel[1], shade->green, shade->alpha);
      pixel[2] = mix(pixel[2], shade->blue, shade->alpha);
    }
  }
  g_free(columns);
}
