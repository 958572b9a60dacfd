/* What the probes share with Python: as STATE in state.py. */
#ifndef PROBES_H
#define PROBES_H

#include "dsbind.h"

#define TRACKS 1024

typedef struct {
  guint64 id;
  float middle;
  int used;
} Track;

typedef struct {
  float line;     /* x in pixels of the frame */
  float min_area; /* in square pixels */
  gint64 batches, objects, crossings, removed;
  Track tracks[TRACKS]; /* a hash table: where each object was last */
} State;

#endif
