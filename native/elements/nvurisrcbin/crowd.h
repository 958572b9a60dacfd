/* SPDX-License-Identifier: Apache-2.0 */
/* How many sources share the processor, and what that leaves to a decoder. */
#ifndef DSBIND_SOURCE_CROWD_H
#define DSBIND_SOURCE_CROWD_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* A source that is to be played, and one no more. */
void dsbind_crowd_join(void);
void dsbind_crowd_leave(void);

/* Threads that a software decoder of a stream of these caps should have; 0 is its own choice. */
guint dsbind_crowd_threads(const GstCaps *caps);

G_END_DECLS

#endif
