/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in system memory as surfaces. A format that surfaces lack goes through a frame between,
 * converted by GStreamer. Private to the converter; for one thread. */
#ifndef DSBIND_STAGING_H
#define DSBIND_STAGING_H

#include "nvmm.h"

typedef struct _DsbindStaging DsbindStaging;

/* For what comes in as `in` and for what goes out as `out`. */
DsbindStaging *dsbind_staging_new_reader(const GstVideoInfo *in, const GstVideoInfo *out);
DsbindStaging *dsbind_staging_new_writer(const GstVideoInfo *in, const GstVideoInfo *out);
void dsbind_staging_free(DsbindStaging *self);

/* A surface of the frame in `buffer`, until done; NULL when it cannot be mapped. */
NvBufSurface *dsbind_staging_read(DsbindStaging *self, GstBuffer *buffer);
void dsbind_staging_done(DsbindStaging *self);

/* A surface to fill; what was filled is in `buffer` after finish. NULL as above. */
NvBufSurface *dsbind_staging_begin(DsbindStaging *self, GstBuffer *buffer);
void dsbind_staging_finish(DsbindStaging *self);

#endif
