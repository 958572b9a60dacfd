/* SPDX-License-Identifier: Apache-2.0 */
/* Carries NvDs metadata on a GstBuffer.
 *
 * One GstMeta per call of gst_buffer_add_nvds_meta(); the batch metadata of a buffer is the
 * one whose meta_type is NVDS_BATCH_GST_META.
 *
 * DeepStream 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_GSTNVDSMETA_H
#define DSBIND_GSTNVDSMETA_H

#include <gst/gst.h>
#include "nvdsmeta.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NVDS_META_API_TYPE (nvds_meta_api_get_type())
#define NVDS_META_INFO (nvds_meta_get_info())
#define NVDS_META_STRING "nvdsmeta"

typedef enum {
  NVDS_GST_INVALID_META = -1,
  NVDS_BATCH_GST_META = 4097,
  NVDS_DECODER_GST_META = 4098,
  NVDS_DEWARPER_GST_META = 4099,
  NVDS_BUFFER_GST_AS_FRAME_USER_META = 4100,
  NVDS_RESERVED_GST_META = 8192,
  NVDS_GST_META_FORCE32 = 0x7fffffff,
} GstNvDsMetaType;

/* Audio frames share the transport; their metadata is declared elsewhere. */
typedef struct _NvDsAudioFrameMeta NvDsAudioFrameMeta;

/* The GstMeta that carries NvDs metadata on a buffer. */
typedef struct _NvDsMeta {
  GstMeta meta;
  gpointer meta_data;
  gpointer user_data;
  gint meta_type;
  NvDsMetaCopyFunc copyfunc;
  NvDsMetaReleaseFunc freefunc;
  NvDsMetaCopyFunc gst_to_nvds_meta_transform_func;
  NvDsMetaReleaseFunc gst_to_nvds_meta_release_func;
} NvDsMeta;

GType nvds_meta_api_get_type(void);
const GstMetaInfo *nvds_meta_get_info(void);
NvDsMeta *gst_buffer_add_nvds_meta(
    GstBuffer *buffer, gpointer meta_data, gpointer user_data, NvDsMetaCopyFunc copy_func,
    NvDsMetaReleaseFunc release_func);
NvDsMeta *gst_buffer_get_nvds_meta(GstBuffer *buffer);
NvDsBatchMeta *gst_buffer_get_nvds_batch_meta(GstBuffer *buffer);
void nvds_copy_gst_meta_to_frame_meta(
    GstBuffer *src_gst_buffer, NvDsBatchMeta *batch_meta, NvDsFrameMeta *frame_meta);
void nvds_copy_gst_meta_to_audio_frame_meta(
    GstBuffer *src_gst_buffer, NvDsBatchMeta *batch_meta, NvDsAudioFrameMeta *frame_meta);

#ifdef __cplusplus
}
#endif

#endif
