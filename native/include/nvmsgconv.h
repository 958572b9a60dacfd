/* SPDX-License-Identifier: Apache-2.0 */
/* What makes payloads of metadata: libnvds_msgconv.so, or a library of the user's.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVMSGCONV_H
#define DSBIND_NVMSGCONV_H

#include "nvdsmeta_schema.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct NvDsMsg2pCtx {
  NvDsPayloadType payloadType;
  gpointer privData;
} NvDsMsg2pCtx;

/* What the functions named _new get: a frame, and an object of it or NULL for all. */
typedef struct NvDsMsg2pMetaInfo {
  void *objMeta;
  void *frameMeta;
  gchar *mediaType;
  void *datamap;
} NvDsMsg2pMetaInfo;

NvDsMsg2pCtx *nvds_msg2p_ctx_create(const gchar *file, NvDsPayloadType type);
void nvds_msg2p_ctx_destroy(NvDsMsg2pCtx *ctx);
NvDsPayload *nvds_msg2p_generate(NvDsMsg2pCtx *ctx, NvDsEvent *events, guint size);
NvDsPayload **nvds_msg2p_generate_multiple(NvDsMsg2pCtx *ctx, NvDsEvent *events, guint size,
                                           guint *payloadCount);
NvDsPayload *nvds_msg2p_generate_new(NvDsMsg2pCtx *ctx, void *metadataInfo);
NvDsPayload **nvds_msg2p_generate_multiple_new(NvDsMsg2pCtx *ctx, void *metadataInfo,
                                               guint *payloadCount);
void nvds_msg2p_release(NvDsMsg2pCtx *ctx, NvDsPayload *payload);

#ifdef __cplusplus
}
#endif

#endif
