/* SPDX-License-Identifier: Apache-2.0 */
#include "label.h"

#include <pango/pangocairo.h>
#include <string.h>
#include "canvas.h"

#define MAX_TEXT 4096
#define MAX_WIDTH 4096
#define MAX_HEIGHT 2048
#define MAX_FONT_SIZE 512
#define MAX_BYTES (8 << 20)
#define MARGIN 2
#define DEFAULT_FONT "Serif"
#define DEFAULT_FONT_SIZE 10

/* What a label looks like depends on this, and on nothing else. */
typedef struct {
  const char *text, *font;
  guint size;
  guint32 color, background;
} Key;

typedef struct {
  Key key; /* first: an entry is its own key */
  OsdLabel label;
  GList link;
} Entry;

struct OsdLabels {
  GHashTable *entries;
  GQueue recent; /* most recent first */
  gsize bytes;
  PangoContext *context;
  PangoLayout *layout;
};

static guint key_hash(gconstpointer data) {
  const Key *key = data;
  return g_str_hash(key->text) ^ (g_str_hash(key->font) * 31) ^ (key->size * 2654435761u) ^
         key->color ^ (key->background * 17);
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  const Key *x = a, *y = b;
  return x->size == y->size && x->color == y->color && x->background == y->background &&
         strcmp(x->text, y->text) == 0 && strcmp(x->font, y->font) == 0;
}

static gsize entry_bytes(const Entry *entry) {
  return sizeof *entry + (gsize)entry->label.stride * entry->label.height * 4;
}

static void entry_free(gpointer data) {
  Entry *entry = data;
  g_free((char *)entry->key.text);
  g_free((char *)entry->key.font);
  g_free(entry->label.pixels);
  g_free(entry);
}

OsdLabels *osd_labels_new(void) {
  OsdLabels *labels = g_new0(OsdLabels, 1);
  labels->entries = g_hash_table_new_full(key_hash, key_equal, NULL, entry_free);
  g_queue_init(&labels->recent);
  /* A font map of its own: the default one belongs to the thread that asks for it. */
  PangoFontMap *fonts = pango_cairo_font_map_new();
  labels->context = pango_font_map_create_context(fonts);
  g_object_unref(fonts);
  labels->layout = pango_layout_new(labels->context);
  pango_layout_set_width(labels->layout, MAX_WIDTH * PANGO_SCALE);
  pango_layout_set_ellipsize(labels->layout, PANGO_ELLIPSIZE_END);
  return labels;
}

void osd_labels_free(OsdLabels *labels) {
  if (labels == NULL)
    return;
  g_hash_table_unref(labels->entries);
  g_object_unref(labels->layout);
  g_object_unref(labels->context);
  g_free(labels);
}

/* Pango aligns and cuts lines at the width of the layout, so the extents are trusted only within
 * the limits. */
static void render(OsdLabels *labels, const Key *key, OsdLabel *label) {
  gsize length = strnlen(key->text, MAX_TEXT);
  char *text = g_utf8_make_valid(key->text, length);
  pango_layout_set_text(labels->layout, text, -1);
  g_free(text);
  PangoFontDescription *font = pango_font_description_new();
  pango_font_description_set_family(font, key->font);
  pango_font_description_set_size(font, key->size * PANGO_SCALE);
  pango_layout_set_font_description(labels->layout, font);
  pango_font_description_free(font);

  PangoRectangle extents;
  pango_layout_get_pixel_extents(labels->layout, NULL, &extents);
  gint width = CLAMP(extents.width, 0, MAX_WIDTH) + 2 * MARGIN;
  gint height = CLAMP(extents.height, 0, MAX_HEIGHT);
  if (height == 0)
    return;
  label->width = label->stride = width;
  label->height = height;
  label->pixels = g_new(guint32, (gsize)width * height);
  for (gsize i = 0; i < (gsize)width * height; i++)
    label->pixels[i] = key->background;
  cairo_surface_t *surface = cairo_image_surface_create_for_data(
      (guchar *)label->pixels, CAIRO_FORMAT_ARGB32, width, height, width * 4);
  cairo_t *cr = cairo_create(surface);
  double alpha = (key->color >> 24) / 255.0;
  if (alpha > 0) {
    cairo_set_source_rgba(cr, (key->color >> 16 & 255) / 255.0 / alpha,
                          (key->color >> 8 & 255) / 255.0 / alpha,
                          (key->color & 255) / 255.0 / alpha, alpha);
    cairo_move_to(cr, MARGIN - extents.x, -extents.y);
    pango_cairo_show_layout(cr, labels->layout);
  }
  cairo_destroy(cr);
  cairo_surface_flush(surface);
  cairo_surface_destroy(surface);
}

static void forget_oldest(OsdLabels *labels) {
  while (labels->bytes > MAX_BYTES && labels->recent.length > 1) {
    Entry *oldest = g_queue_peek_tail(&labels->recent);
    g_queue_unlink(&labels->recent, &oldest->link);
    labels->bytes -= entry_bytes(oldest);
    g_hash_table_remove(labels->entries, &oldest->key);
  }
}

const OsdLabel *osd_labels_get(OsdLabels *labels, const NvOSD_TextParams *text) {
  const NvOSD_FontParams *font = &text->font_params;
  if (text->display_text == NULL || text->display_text[0] == '\0')
    return NULL;
  Key key = {
      .text = text->display_text,
      .font = font->font_name != NULL && font->font_name[0] != '\0' ? font->font_name
                                                                    : DEFAULT_FONT,
      .size = font->font_size == 0 ? DEFAULT_FONT_SIZE : MIN(font->font_size, MAX_FONT_SIZE),
      .color = osd_color(&font->font_color),
      .background = text->set_bg_clr ? osd_color(&text->text_bg_clr) : 0,
  };
  if (key.color >> 24 == 0 && key.background >> 24 == 0)
    return NULL;
  Entry *entry = g_hash_table_lookup(labels->entries, &key);
  if (entry != NULL) {
    g_queue_unlink(&labels->recent, &entry->link);
  } else {
    entry = g_new0(Entry, 1);
    entry->key = key;
    entry->key.text = g_strdup(key.text);
    entry->key.font = g_strdup(key.font);
    entry->link.data = entry;
    render(labels, &entry->key, &entry->label);
    g_hash_table_add(labels->entries, entry);
    labels->bytes += entry_bytes(entry);
  }
  g_queue_push_head_link(&labels->recent, &entry->link);
  forget_oldest(labels);
  return entry->label.height > 0 ? &entry->label : NULL;
}
