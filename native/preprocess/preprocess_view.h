/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata of nvdspreprocess, which is C++, as plain C. Strings belong to the metadata. */
#ifndef DSBIND_PREPROCESS_VIEW_H
#define DSBIND_PREPROCESS_VIEW_H

#include "nvds_roi_meta.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DSBIND_TENSOR_DIMS 8

typedef struct {
  const char *name; /* NULL: there is no tensor */
  guint meta_id;
  NvDsDataType data_type;
  void *data;
  guint64 size; /* bytes */
  unsigned n_dims;
  int dims[DSBIND_TENSOR_DIMS];
} DsbindTensorView;

size_t dsbind_preprocess_rois(const void *batch_meta);
NvDsRoiMeta *dsbind_preprocess_roi(void *batch_meta, size_t index);
void dsbind_preprocess_tensor(const void *batch_meta, DsbindTensorView *view);

/* Makes `user` carry a tensor for the model `target`; `release(owner)` is called when the last copy
 * of the metadata goes; at once where the result is FALSE, for there is no memory. */
gboolean dsbind_preprocess_carry(NvDsUserMeta *user, const DsbindTensorView *tensor,
                                 guint64 target, void (*release)(void *owner), void *owner);

#ifdef __cplusplus
}
#endif

#endif
