/* SPDX-License-Identifier: Apache-2.0 */
/* Which coded frames need not be decoded. */
#ifndef DSBIND_SKIP_H
#define DSBIND_SKIP_H

#include <gst/gst.h>

typedef enum {
  DSBIND_SKIP_NONE,    /* decode all */
  DSBIND_SKIP_NON_REF, /* leave out frames that no other frame needs */
  DSBIND_SKIP_NON_KEY, /* decode key frames only */
} DsbindSkip;

/* How the frames of a stream are laid out, from its caps. */
typedef struct {
  gboolean h264, h265;
  guint length_size; /* bytes of the length before each NAL unit; 0: start codes */
} DsbindSkipStream;

void dsbind_skip_stream_init(DsbindSkipStream *stream, const GstCaps *caps);
gboolean dsbind_skip_frame(const DsbindSkipStream *stream, DsbindSkip skip, GstBuffer *frame);

#endif
