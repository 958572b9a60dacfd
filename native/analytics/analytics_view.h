/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata of nvdsanalytics, which is C++, as plain C. Strings belong to the metadata. */
#ifndef DSBIND_ANALYTICS_VIEW_H
#define DSBIND_ANALYTICS_VIEW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  DSBIND_COUNT_IN_ROI = 0,        /* objInROIcnt */
  DSBIND_COUNT_OVERCROWDED = 1,   /* ocStatus, 0 or 1 */
  DSBIND_COUNT_CROSSED = 2,       /* objLCCurrCnt */
  DSBIND_COUNT_CROSSED_TOTAL = 3, /* objLCCumCnt */
  DSBIND_COUNT_CLASS = 4,         /* objCnt */
} DsbindCountKind;

typedef enum {
  DSBIND_STATUS_ROI = 0,
  DSBIND_STATUS_OVERCROWDED = 1,
  DSBIND_STATUS_CROSSED = 2,
  DSBIND_STATUS_DIRECTION = 3,
  DSBIND_STATUS_OBJECT = 4,
} DsbindStatusKind;

typedef struct {
  const char *label; /* NULL for a class */
  int class_id;      /* -1 where there is a label */
  uint64_t value;
} DsbindCount;

/* Types of the user metadata that carry an NvDsAnalyticsFrameMeta and an NvDsAnalyticsObjInfo. */
int dsbind_frame_analytics_type(void);
int dsbind_object_analytics_type(void);

/* Fills up to `capacity` counts of one kind of an NvDsAnalyticsFrameMeta, in any order; gives how
 * many there are. */
size_t dsbind_frame_counts(const void *frame_meta, DsbindCountKind kind, DsbindCount *counts,
                           size_t capacity);
unsigned dsbind_frame_unique_id(const void *frame_meta);

/* One status of an NvDsAnalyticsObjInfo: the label at `index`, NULL past the last one. */
const char *dsbind_object_status(const void *object_info, DsbindStatusKind kind, size_t index);
unsigned dsbind_object_unique_id(const void *object_info);

#ifdef __cplusplus
}
#endif

#endif
