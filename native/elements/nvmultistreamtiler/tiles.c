/* SPDX-License-Identifier: Apache-2.0 */
#include "tiler.h"

#include <math.h>

void tiler_grid(const TilerSettings *settings, guint sources, guint *rows, guint *columns) {
  *rows = settings->rows;
  *columns = settings->columns;
  if ((guint64)*rows * *columns >= sources && !settings->square_seq_grid) return;
  *columns = (guint)ceil(sqrt(MAX(sources, 1)));
  *rows = settings->square_seq_grid ? *columns : (MAX(sources, 1) + *columns - 1) / *columns;
}

/* Even, so that no tile shares a chroma sample with its neighbour; the last one takes the rest. */
static guint edge(guint side, guint index, guint count) {
  if (index == count) return side;
  return (guint)((guint64)side * index / count) & ~1u;
}

gboolean tiler_tile(const TilerSettings *settings, guint sources, guint source, Tile *tile) {
  guint rows, columns;
  if (settings->show_source >= 0) {
    *tile = (Tile){0, 0, settings->width, settings->height};
    return source == (guint)settings->show_source;
  }
  tiler_grid(settings, sources, &rows, &columns);
  if (source >= rows * columns) return FALSE;
  const guint row = source / columns, column = source % columns;
  tile->left = edge(settings->width, column, columns);
  tile->top = edge(settings->height, row, rows);
  tile->width = edge(settings->width, column + 1, columns) - tile->left;
  tile->height = edge(settings->height, row + 1, rows) - tile->top;
  /* More tiles than pixels: some have none. */
  return tile->width && tile->height;
}
