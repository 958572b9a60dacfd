/* SPDX-License-Identifier: Apache-2.0 */
/* A payload library in use: libnvds_msgconv.so, or one with the same functions. */
#ifndef DSBIND_CONVERTER_H
#define DSBIND_CONVERTER_H

#include "nvdsmeta.h"
#include "nvmsgconv.h"

G_BEGIN_DECLS

typedef struct DsbindConverter DsbindConverter;

typedef struct {
  const char *library, *config;
  guint payload_type;
  gboolean new_api; /* of metadata, not of events */
  const char *dump_folder;
  guint component; /* stamped on payloads */
} DsbindConverterSettings;

/* NULL with an error that tells what to do. */
DsbindConverter *dsbind_converter_new(const DsbindConverterSettings *settings, GError **error);
void dsbind_converter_free(DsbindConverter *self);

/* Adds the payloads for the events of a frame, or for a frame and its objects: how many. -1 where
 * the library made none. The caller holds the batch's lock. */
gint dsbind_converter_events(DsbindConverter *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame,
                             NvDsEvent *events, guint count);
gint dsbind_converter_frame(DsbindConverter *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame);

G_END_DECLS

#endif
