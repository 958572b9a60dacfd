/* SPDX-License-Identifier: Apache-2.0 */
/* nvmultiurisrcbin: an nvurisrcbin per URI, all into one nvstreammux, whose batches come out.
 *
 * The sources are made when uri-list is set, so that their own properties can be reached before the
 * start: dsnvurisrcbin0::file-loop. */
#ifndef DSBIND_NVMULTIURISRCBIN_H
#define DSBIND_NVMULTIURISRCBIN_H

#include <gst/gst.h>

#include "nvmm.h"

G_DECLARE_FINAL_TYPE(DsbindMultiUriSrcBin, dsbind_multi_uri_src_bin, DSBIND, MULTI_URI_SRC_BIN,
                     GstBin)

#define DSBIND_MULTI_MOST_PROPERTIES 40
#define DSBIND_MULTI_MOST_SOURCES 1024

/* One source: counted, for its failure may be told while the list is made anew. */
typedef struct {
  guint id; /* and the index of its pad of the mux */
  char *uri;
  GstElement *element;
  GstPad *muxpad;
  gint lost; /* failed in this run; atomic */
} DsbindMultiSource;

struct _DsbindMultiUriSrcBin {
  GstBin parent;
  GstElement *mux;     /* owned by the bin; NULL when `missing` is not to be had */
  const char *missing; /* element that this one cannot be without */
  /* Under the object lock. */
  GValue values[DSBIND_MULTI_MOST_PROPERTIES]; /* by property id */
  GPtrArray *sources;                          /* DsbindMultiSource */
};

/* properties.c */
void dsbind_multi_properties_install(GObjectClass *klass);
void dsbind_multi_properties_init(DsbindMultiUriSrcBin *self);
void dsbind_multi_properties_clear(DsbindMultiUriSrcBin *self);
/* Gives a new source what was set for all. */
void dsbind_multi_properties_apply(DsbindMultiUriSrcBin *self, GstElement *source);
/* The items of uri-list, sensor-id-list or sensor-name-list; without empty ones at the end. */
GStrv dsbind_multi_list(DsbindMultiUriSrcBin *self, const char *name);
guint dsbind_multi_batch_size(DsbindMultiUriSrcBin *self); /* 0: as many as there are sources */

/* sources.c */
void dsbind_multi_sources_make(DsbindMultiUriSrcBin *self);  /* anew, of uri-list */
void dsbind_multi_sources_clear(DsbindMultiUriSrcBin *self);
void dsbind_multi_sources_announce(DsbindMultiUriSrcBin *self);
void dsbind_multi_sources_restore(DsbindMultiUriSrcBin *self); /* those lost may start again */
/* Whether the message was an error of a source, which then is taken care of. Takes it if so. */
gboolean dsbind_multi_sources_take_error(DsbindMultiUriSrcBin *self, GstMessage *message);

#endif
