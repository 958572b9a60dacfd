/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DSBIND_NVV4L2H264ENC_H
#define DSBIND_NVV4L2H264ENC_H

#include <gst/gst.h>

G_DECLARE_FINAL_TYPE(DsbindV4l2H264Enc, dsbind_v4l2_h264_enc, DSBIND, V4L2_H264_ENC, GstBin)

#endif
