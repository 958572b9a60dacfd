/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DSBIND_SURFACE_SESSION_H
#define DSBIND_SURFACE_SESSION_H

#include "exports.h"

/* Hands out a completed object for work that ended with `result`; passes an error on. */
NvBufSurfTransform_Error sync_object(NvBufSurfTransform_Error result,
                                     NvBufSurfTransformSyncObj_t *out);

#endif
