/* SPDX-License-Identifier: Apache-2.0 */
/* The software encoder behind nvv4l2h264enc. */
#ifndef DSBIND_SOFTWARE_ENCODER_H
#define DSBIND_SOFTWARE_ENCODER_H

#include <gst/gst.h>

/* The properties of nvv4l2h264enc that an encoder can follow. */
typedef struct {
  guint bitrate, peak_bitrate; /* bits per second */
  guint vbv_size;              /* bits; 0: by the control rate */
  guint key_interval, b_frames;
  guint effort;                /* 0 fastest to 5 smallest stream */
  guint qp_min, qp_max;        /* qp_max 0: the encoder's own range */
  gboolean constant_rate, insert_aud, insert_vui;
} DsbindEncoderSettings;

/* The best one installed, or NULL. */
GstElement *dsbind_software_encoder_new(void);
void dsbind_software_encoder_configure(GstElement *encoder, const DsbindEncoderSettings *settings);

#endif
