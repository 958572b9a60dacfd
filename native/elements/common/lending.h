/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded frames that are passed on without a copy stay away from a decoder that has only so many:
 * when all are away it waits, and with it a pipeline that waits for its frames. */
#ifndef DSBIND_LENDING_H
#define DSBIND_LENDING_H

#include "nvmm.h"

G_BEGIN_DECLS

/* What any source can do without. */
#define DSBIND_LENDING_LEAST 2

/* How many frames the source behind a sink pad can do without, as it says. */
guint dsbind_lending_ask(GstPad *sink);

/* Lets a source pad say so. */
void dsbind_lending_offer(GstPad *src, guint frames);

typedef struct _DsbindLoans DsbindLoans;

DsbindLoans *dsbind_loans_new(void);
void dsbind_loans_free(DsbindLoans *self); /* what is lent may outlive it */

/* A buffer with the frames of `frame`, which counts as lent until it is freed. NULL when `most` are
 * lent already. */
GstBuffer *dsbind_loans_take(DsbindLoans *self, GstBuffer *frame, const NvBufSurface *surface,
                             guint most);

G_END_DECLS

#endif
