/* SPDX-License-Identifier: Apache-2.0 */
/* nvmultistreamtiler: the frames of a batch side by side on one frame.
 *
 * A source has a tile of its own, by its index, row by row. A tile whose source has no frame in
 * this batch keeps its last picture. The metadata of all frames stays, with coordinates of the
 * tiled frame and batch_id 0, the index of the one surface. */
#ifndef DSBIND_TILER_H
#define DSBIND_TILER_H

#include <gst/base/gstbasetransform.h>
#include <gstnvdsmeta.h>

#include "nvmm.h"

G_BEGIN_DECLS

#define DSBIND_TYPE_STREAM_TILER (dsbind_stream_tiler_get_type())
G_DECLARE_FINAL_TYPE(DsbindStreamTiler, dsbind_stream_tiler, DSBIND, STREAM_TILER,
                     GstBaseTransform)

typedef struct {
  guint rows, columns, width, height;
  gint show_source;
  guint gpu_id, nvbuf_memory_type, compute_hw, interpolation_method, buffer_pool_size;
  gboolean square_seq_grid;
} TilerSettings;

/* The picture of a source: a surface entry and the buffer that keeps its pixels. */
typedef struct {
  GstBuffer *owner; /* NULL: nothing came yet */
  NvBufSurfaceParams entry;
} TilePicture;

typedef struct {
  guint left, top, width, height;
} Tile;

struct _DsbindStreamTiler {
  GstBaseTransform parent;
  GMutex lock; /* of the settings */
  TilerSettings settings;
  /* Of the streaming thread. */
  GstVideoInfo info;
  GstBufferPool *pool;
  GArray *pictures; /* TilePicture, by source */
  NvBufSurfaceParams *entries;
  NvBufSurfTransformRect *rects;
  guint room;
};

/* properties.c */
void tiler_properties_install(GObjectClass *klass);
void tiler_settings_init(TilerSettings *settings);

/* tiles.c */
/* Rows and columns for `sources`: as set, or a grid that has room for all. */
void tiler_grid(const TilerSettings *settings, guint sources, guint *rows, guint *columns);
/* The tile of a source; all tiles together cover the frame. FALSE when it is not shown. */
gboolean tiler_tile(const TilerSettings *settings, guint sources, guint source, Tile *tile);

/* tilemeta.c */
/* Moves the batch metadata of `in` to `out`; a deep copy when somebody else holds `in`. */
NvDsBatchMeta *tiler_take_meta(GstBuffer *in, GstBuffer *out);
/* Moves all that is drawn on a frame of width x height into its tile. */
void tiler_place_frame(NvDsFrameMeta *frame, guint width, guint height, const Tile *tile);

G_END_DECLS

#endif
