/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DSBIND_NVV4L2DECODER_H
#define DSBIND_NVV4L2DECODER_H

#include <gst/gst.h>

G_DECLARE_FINAL_TYPE(DsbindV4l2Decoder, dsbind_v4l2_decoder, DSBIND, V4L2_DECODER, GstBin)

#endif
