/* SPDX-License-Identifier: Apache-2.0 */
/* The software encoders behind ours. */
#ifndef DSBIND_SOFTWARE_ENCODER_H
#define DSBIND_SOFTWARE_ENCODER_H

#include <gst/gst.h>

/* What an encoder can be told; each follows what it can. */
typedef struct {
  guint bitrate, peak_bitrate; /* bits per second */
  guint vbv_size;              /* bits; 0: by the control rate */
  guint key_interval, b_frames;
  guint effort;                /* 0 fastest to 5 smallest stream */
  guint qp_min, qp_max;        /* qp_max 0: the encoder's own range */
  guint quality;               /* of JPEG, 0 to 100 */
  gboolean constant_rate, no_delay, insert_aud, insert_vui;
} DsbindEncoderSettings;

/* The first of `factories` that is installed, or NULL; the list ends with NULL. */
GstElement *dsbind_software_encoder_new(const char *const *factories);
void dsbind_software_encoder_configure(GstElement *encoder, const DsbindEncoderSettings *settings);

#endif
