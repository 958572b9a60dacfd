/* SPDX-License-Identifier: Apache-2.0 */
/* Watches the buffers that pass the pads of an element: those it has, and those still to come. */
#ifndef DSBIND_HOOK_H
#define DSBIND_HOOK_H

#include <gst/gst.h>

#include "nvdsmeta.h"

G_BEGIN_DECLS

typedef struct DsbindHook DsbindHook;

/* Sees a buffer, and its batch where it has one: whether it may pass. */
typedef gboolean (*DsbindOnBuffer)(GstElement *element, GstBuffer *buffer, NvDsBatchMeta *batch,
                                   gpointer data);

typedef enum {
  DSBIND_HOOK_ATTACHED,
  DSBIND_HOOK_NO_PAD,   /* no pad of that name, nor one that may come */
  DSBIND_HOOK_SINK_PAD, /* it is a sink pad, where only source pads are watched */
} DsbindHookResult;

typedef enum {
  DSBIND_HOOK_BATCHES = 1 << 0,   /* only buffers with NvDsBatchMeta */
  DSBIND_HOOK_SINK_PADS = 1 << 1, /* also the sink pads of elements that are no sinks */
  DSBIND_HOOK_READS = 1 << 2,     /* leaves buffers as they are, so that shared ones need no copy */
  DSBIND_HOOK_SAMPLED = 1 << 3, /* returns so soon that only some of the calls are timed */
} DsbindHookFlags;

/* `data` is freed once no pad can call any more. It is enabled from the start. */
DsbindHook *dsbind_hook_new(DsbindOnBuffer on_buffer, DsbindHookFlags flags, gpointer data,
                            GDestroyNotify destroy);

/* Watches the pad or the template called `name`; "" is the last source pad, or a sink's own pad.
 * Pads that come later are watched from then on. Once for each hook. */
DsbindHookResult dsbind_hook_attach(DsbindHook *hook, GstElement *element, const char *name);

/* Lets go of every pad, and drops the caller's reference. */
void dsbind_hook_close(DsbindHook *hook);

void dsbind_hook_set_enabled(DsbindHook *hook, gboolean enabled);
gboolean dsbind_hook_is_enabled(DsbindHook *hook);

/* How often `on_buffer` was called, and the nanoseconds it took together. */
void dsbind_hook_cost(DsbindHook *hook, guint64 *calls, guint64 *nanoseconds);

/* Buffers that passed without a batch where only batches are looked at. */
guint64 dsbind_hook_skipped(DsbindHook *hook);

G_END_DECLS

#endif
