/* SPDX-License-Identifier: Apache-2.0 */
/* Events about objects, and messages as bytes, as user metadata of frames.
 *
 * Copies of a batch get copies of both. Whoever attaches holds the batch's lock. */
#ifndef DSBIND_EVENT_H
#define DSBIND_EVENT_H

#include "nvdsmeta.h"
#include "nvdsmeta_schema.h"

G_BEGIN_DECLS

/* An event about an object of a frame: its box in pixels of the source, time, ids, type by label.
 * `label` is used in place of the object's own where it is not NULL. */
NvDsEventMsgMeta *dsbind_event_new(const NvDsObjectMeta *object, const NvDsFrameMeta *frame,
                                   const char *sensor, const char *uri, const char *label);
void dsbind_event_free(NvDsEventMsgMeta *event);

/* Has user metadata carry an event, or a copy of a message. What it carried before is its caller's
 * to release. */
void dsbind_event_carry(NvDsUserMeta *meta, NvDsEventMsgMeta *event);
void dsbind_payload_carry(NvDsUserMeta *meta, const void *bytes, guint size, guint component);

/* Time of a frame as RFC 3339 in UTC with milliseconds: its NTP time, else now. */
#define DSBIND_TIME_SIZE 32
void dsbind_event_time(const NvDsFrameMeta *frame, char *text);

G_END_DECLS

#endif
