/* SPDX-License-Identifier: Apache-2.0 */
#include "painter.h"

#include <cairo.h>
#include <math.h>
#include <string.h>
#include "label.h"

#define TILE 64
/* Beyond this nothing can touch a frame, and Cairo's fixed point would overflow. */
#define FAR 1e6
#define MAX_STROKE 1024

struct OsdPainter {
  guint32 *pixels;
  cairo_surface_t *surface;
  cairo_t *cr;
  OsdLabels *labels;
};

/* Points joined by straight lines; or, with a radius, a circle round the first one. */
typedef struct {
  double x[4], y[4];
  gint points;
  gboolean closed;
  double radius;
  double stroke;
  const NvOSD_ColorParams *stroke_color; /* NULL is not drawn */
  const NvOSD_ColorParams *fill_color;
} Shape;

OsdPainter *osd_painter_new(void) {
  OsdPainter *painter = g_new0(OsdPainter, 1);
  painter->pixels = g_new0(guint32, TILE * TILE);
  painter->surface = cairo_image_surface_create_for_data(
      (guchar *)painter->pixels, CAIRO_FORMAT_ARGB32, TILE, TILE, TILE * 4);
  painter->cr = cairo_create(painter->surface);
  cairo_set_line_join(painter->cr, CAIRO_LINE_JOIN_MITER);
  painter->labels = osd_labels_new();
  return painter;
}

void osd_painter_free(OsdPainter *painter) {
  if (painter == NULL)
    return;
  cairo_destroy(painter->cr);
  cairo_surface_destroy(painter->surface);
  osd_labels_free(painter->labels);
  g_free(painter->pixels);
  g_free(painter);
}

static gboolean is_near(double value) {
  return value > -FAR && value < FAR; /* false for what is not a number, too */
}

static double distance_to_segment(double x, double y, double x0, double y0, double x1, double y1) {
  double dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
  double t = length > 0 ? CLAMP(((x - x0) * dx + (y - y0) * dy) / length, 0, 1) : 0;
  return hypot(x - x0 - t * dx, y - y0 - t * dy);
}

/* Whether a shape can leave a mark within `reach` of a point. */
static gboolean shape_reaches(const Shape *shape, double x, double y, double reach) {
  if (shape->fill_color != NULL)
    return TRUE;
  reach += shape->stroke * 1.5 + 1; /* corners stick out further than half the stroke */
  if (shape->radius > 0)
    return fabs(hypot(x - shape->x[0], y - shape->y[0]) - shape->radius) <= reach;
  gint last = shape->closed ? shape->points : shape->points - 1;
  for (gint i = 0; i < last; i++) {
    gint j = (i + 1) % shape->points;
    if (distance_to_segment(x, y, shape->x[i], shape->y[i], shape->x[j], shape->y[j]) <= reach)
      return TRUE;
  }
  return FALSE;
}

static OsdArea shape_extents(const Shape *shape) {
  double x0 = shape->x[0], x1 = x0, y0 = shape->y[0], y1 = y0;
  for (gint i = 1; i < shape->points; i++) {
    x0 = MIN(x0, shape->x[i]);
    x1 = MAX(x1, shape->x[i]);
    y0 = MIN(y0, shape->y[i]);
    y1 = MAX(y1, shape->y[i]);
  }
  double margin = shape->radius + shape->stroke * 1.5 + 1;
  return (OsdArea){(gint)floor(x0 - margin), (gint)floor(y0 - margin), (gint)ceil(x1 + margin),
                   (gint)ceil(y1 + margin)};
}

static void set_color(cairo_t *cr, const NvOSD_ColorParams *color) {
  cairo_set_source_rgba(cr, color->red, color->green, color->blue, color->alpha);
}

static void trace(cairo_t *cr, const Shape *shape, double left, double top) {
  cairo_new_path(cr);
  if (shape->radius > 0) {
    cairo_arc(cr, shape->x[0] - left, shape->y[0] - top, shape->radius, 0, 2 * G_PI);
    return;
  }
  for (gint i = 0; i < shape->points; i++)
    cairo_line_to(cr, shape->x[i] - left, shape->y[i] - top);
  if (shape->closed)
    cairo_close_path(cr);
}

static void draw_tile(OsdPainter *painter, const OsdCanvas *canvas, const Shape *shape, gint left,
                      gint top, gint width, gint height) {
  memset(painter->pixels, 0, (gsize)height * TILE * 4);
  cairo_surface_mark_dirty(painter->surface);
  trace(painter->cr, shape, left, top);
  if (shape->fill_color != NULL) {
    set_color(painter->cr, shape->fill_color);
    cairo_fill_preserve(painter->cr);
  }
  if (shape->stroke_color != NULL) {
    set_color(painter->cr, shape->stroke_color);
    cairo_set_line_width(painter->cr, shape->stroke);
    cairo_stroke_preserve(painter->cr);
  }
  cairo_surface_flush(painter->surface);
  osd_canvas_blend(canvas, left, top, painter->pixels, width, height, TILE);
}

static void draw_shape(OsdPainter *painter, const OsdCanvas *canvas, const Shape *shape) {
  OsdArea area = shape_extents(shape);
  if ((shape->stroke_color == NULL && shape->fill_color == NULL) ||
      !osd_canvas_clip(canvas, &area))
    return;
  /* Even corners: no chroma sample is blended by two tiles. */
  area.x0 &= ~1;
  area.y0 &= ~1;
  for (gint y = area.y0; y < area.y1; y += TILE) {
    for (gint x = area.x0; x < area.x1; x += TILE) {
      if (shape_reaches(shape, x + TILE / 2, y + TILE / 2, TILE * G_SQRT2 / 2))
        draw_tile(painter, canvas, shape, x, y, MIN(TILE, area.x1 - x), MIN(TILE, area.y1 - y));
    }
  }
}

static const NvOSD_ColorParams *visible(const NvOSD_ColorParams *color) {
  return color->alpha > 0 ? color : NULL;
}

static void draw_upright(const OsdCanvas *canvas, const NvOSD_RectParams *rect) {
  gint x0 = (gint)lrintf(rect->left), y0 = (gint)lrintf(rect->top);
  gint x1 = (gint)lrintf(rect->left + rect->width), y1 = (gint)lrintf(rect->top + rect->height);
  if (rect->has_bg_color)
    osd_canvas_fill(canvas, (OsdArea){x0, y0, x1, y1}, osd_color(&rect->bg_color));
  gint border = (gint)MIN(rect->border_width, MAX_STROKE);
  if (border == 0)
    return;
  /* Centred on the edge of the box; the two sides between top and bottom, so that no pixel is
   * blended twice. */
  guint32 color = osd_color(&rect->border_color);
  gint out = border / 2, in = border - out;
  OsdArea outer = {x0 - out, y0 - out, x1 + out, y1 + out};
  OsdArea inner = {x0 + in, y0 + in, x1 - in, y1 - in};
  if (inner.x0 >= inner.x1 || inner.y0 >= inner.y1) {
    osd_canvas_fill(canvas, outer, color);
    return;
  }
  osd_canvas_fill(canvas, (OsdArea){outer.x0, outer.y0, outer.x1, inner.y0}, color);
  osd_canvas_fill(canvas, (OsdArea){outer.x0, inner.y1, outer.x1, outer.y1}, color);
  osd_canvas_fill(canvas, (OsdArea){outer.x0, inner.y0, inner.x0, inner.y1}, color);
  osd_canvas_fill(canvas, (OsdArea){inner.x1, inner.y0, outer.x1, inner.y1}, color);
}

static gboolean rect_is_sound(const NvOSD_RectParams *rect) {
  return is_near(rect->left) && is_near(rect->top) && is_near(rect->left + rect->width) &&
         is_near(rect->top + rect->height) && rect->width > 0 && rect->height > 0;
}

/* Clockwise about the centre, in radians. */
static double rotation_of(const NvOSD_RectParams *rect) {
#if DSBIND_ABI >= 900
  return isfinite(rect->rotation_angle) ? rect->rotation_angle : 0;
#else
  (void)rect;
  return 0;
#endif
}

static void draw_rotated(OsdPainter *painter, const OsdCanvas *canvas,
                         const NvOSD_RectParams *rect) {
  double cx = rect->left + rect->width / 2, cy = rect->top + rect->height / 2;
  double c = cos(rotation_of(rect)), s = sin(rotation_of(rect));
  Shape shape = {.points = 4, .closed = TRUE, .stroke = MIN(rect->border_width, MAX_STROKE)};
  for (gint i = 0; i < 4; i++) {
    double dx = (i == 0 || i == 3 ? -0.5 : 0.5) * rect->width;
    double dy = (i < 2 ? -0.5 : 0.5) * rect->height;
    shape.x[i] = cx + dx * c - dy * s;
    shape.y[i] = cy + dx * s + dy * c;
  }
  shape.stroke_color = rect->border_width > 0 ? visible(&rect->border_color) : NULL;
  shape.fill_color = rect->has_bg_color ? visible(&rect->bg_color) : NULL;
  draw_shape(painter, canvas, &shape);
}

void osd_painter_rect(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_RectParams *rect) {
  if (!rect_is_sound(rect))
    return;
  if (rotation_of(rect) == 0)
    draw_upright(canvas, rect);
  else
    draw_rotated(painter, canvas, rect);
}

void osd_painter_mask(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_MaskParams *mask,
                      const NvOSD_RectParams *rect) {
  if (mask->data == NULL || mask->width == 0 || mask->height == 0 || !rect_is_sound(rect) ||
      (guint64)mask->width * mask->height > mask->size / sizeof(float))
    return;
  OsdArea area = {(gint)lrintf(rect->left), (gint)lrintf(rect->top),
                  (gint)lrintf(rect->left + rect->width), (gint)lrintf(rect->top + rect->height)};
  if (!osd_canvas_clip(canvas, &area))
    return;
  NvOSD_ColorParams shade = rect->has_bg_color ? rect->bg_color : rect->border_color;
  if (!rect->has_bg_color)
    shade.alpha *= 0.5;
  guint32 color = osd_color(&shade);
  double sx = mask->width / (double)rect->width, sy = mask->height / (double)rect->height;
  area.x0 &= ~1;
  area.y0 &= ~1;
  for (gint y0 = area.y0; y0 < area.y1; y0 += TILE) {
    for (gint x0 = area.x0; x0 < area.x1; x0 += TILE) {
      gint width = MIN(TILE, area.x1 - x0), height = MIN(TILE, area.y1 - y0);
      for (gint y = 0; y < height; y++) {
        double my = (y0 + y + 0.5 - rect->top) * sy;
        const float *row = mask->data + (gsize)CLAMP(my, 0, mask->height - 1) * mask->width;
        for (gint x = 0; x < width; x++) {
          double mx = (x0 + x + 0.5 - rect->left) * sx;
          gboolean in = mx >= 0 && my >= 0 && row[(gsize)CLAMP(mx, 0, mask->width - 1)] >
                                                  mask->threshold;
          painter->pixels[y * TILE + x] = in ? color : 0;
        }
      }
      osd_canvas_blend(canvas, x0, y0, painter->pixels, width, height, TILE);
    }
  }
}

/* Offsets are unsigned, but what a program computed may have gone below zero. */
static double signed_offset(guint value) {
  return (gint)value;
}

static gboolean segment_is_sound(double x1, double y1, double x2, double y2) {
  return is_near(x1) && is_near(y1) && is_near(x2) && is_near(y2);
}

void osd_painter_line(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_LineParams *line) {
  Shape shape = {
      .x = {signed_offset(line->x1), signed_offset(line->x2)},
      .y = {signed_offset(line->y1), signed_offset(line->y2)},
      .points = 2,
      .stroke = CLAMP(line->line_width, 1, MAX_STROKE),
      .stroke_color = visible(&line->line_color),
  };
  if (segment_is_sound(shape.x[0], shape.y[0], shape.x[1], shape.y[1]))
    draw_shape(painter, canvas, &shape);
}

static void draw_head(OsdPainter *painter, const OsdCanvas *canvas, double x, double y, double ux,
                      double uy, double length, const NvOSD_ColorParams *color) {
  double half = length / 2;
  Shape head = {
      .x = {x, x - ux * length - uy * half, x - ux * length + uy * half},
      .y = {y, y - uy * length + ux * half, y - uy * length - ux * half},
      .points = 3,
      .closed = TRUE,
      .fill_color = color,
  };
  draw_shape(painter, canvas, &head);
}

void osd_painter_arrow(OsdPainter *painter, const OsdCanvas *canvas,
                       const NvOSD_ArrowParams *arrow) {
  double x1 = signed_offset(arrow->x1), y1 = signed_offset(arrow->y1);
  double x2 = signed_offset(arrow->x2), y2 = signed_offset(arrow->y2);
  double length = hypot(x2 - x1, y2 - y1);
  const NvOSD_ColorParams *color = visible(&arrow->arrow_color);
  if (!segment_is_sound(x1, y1, x2, y2) || length < 1 || color == NULL)
    return;
  double width = CLAMP(arrow->arrow_width, 1, MAX_STROKE);
  gboolean start = arrow->arrow_head == START_HEAD || arrow->arrow_head == BOTH_HEAD;
  gboolean end = arrow->arrow_head == END_HEAD || arrow->arrow_head == BOTH_HEAD;
  double head = MIN(MAX(4 * width, 10), length / (start && end ? 2 : 1));
  double ux = (x2 - x1) / length, uy = (y2 - y1) / length;
  /* The shaft ends where a head begins: translucent colours must not add up. */
  double from = start ? head : 0, to = length - (end ? head : 0);
  if (to > from) {
    Shape shaft = {.x = {x1 + ux * from, x1 + ux * to},
                   .y = {y1 + uy * from, y1 + uy * to},
                   .points = 2,
                   .stroke = width,
                   .stroke_color = color};
    draw_shape(painter, canvas, &shaft);
  }
  if (start)
    draw_head(painter, canvas, x1, y1, -ux, -uy, head, color);
  if (end)
    draw_head(painter, canvas, x2, y2, ux, uy, head, color);
}

void osd_painter_circle(OsdPainter *painter, const OsdCanvas *canvas,
                        const NvOSD_CircleParams *circle) {
  Shape shape = {
      .x = {signed_offset(circle->xc)},
      .y = {signed_offset(circle->yc)},
      .points = 1,
      .radius = circle->radius,
      .stroke = CLAMP(circle->circle_width, 1, MAX_STROKE),
      .stroke_color = visible(&circle->circle_color),
      .fill_color = circle->has_bg_color ? visible(&circle->bg_color) : NULL,
  };
  if (is_near(shape.x[0]) && is_near(shape.y[0]) && is_near(shape.radius) && shape.radius > 0)
    draw_shape(painter, canvas, &shape);
}

void osd_painter_text(OsdPainter *painter, const OsdCanvas *canvas, const NvOSD_TextParams *text) {
  const OsdLabel *label = osd_labels_get(painter->labels, text);
  if (label != NULL)
    osd_canvas_blend(canvas, (gint)text->x_offset, (gint)text->y_offset, label->pixels,
                     label->width, label->height, label->stride);
}

void osd_painter_blur(const OsdCanvas *canvas, const NvOSD_RectParams *rect) {
  if (rect_is_sound(rect))
    osd_canvas_blur(canvas, (OsdArea){(gint)floorf(rect->left), (gint)floorf(rect->top),
                                      (gint)ceilf(rect->left + rect->width),
                                      (gint)ceilf(rect->top + rect->height)});
}
