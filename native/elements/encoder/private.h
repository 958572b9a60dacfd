/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the encoder element share. */
#ifndef DSBIND_ENCODER_PRIVATE_H
#define DSBIND_ENCODER_PRIVATE_H

#include "encoder.h"

typedef struct {
  GstBin parent;
  GstElement *encoder, *filter;
  DsbindEncoderSettings settings;
  gint profile, preset_level, preset_id, control_rate, tuning;
  guint idr_interval, gpu;
  gboolean insert_sps_pps, max_performance;
  char *bad_range; /* what was set and is no qp-range; told when the stream starts */
} DsbindEncoder;

typedef struct {
  GstBinClass parent;
  const DsbindCodec *codec;
} DsbindEncoderClass;

#define DSBIND_ENCODER(object) ((DsbindEncoder *)(object))
#define DSBIND_ENCODER_CODEC(object) \
  (G_TYPE_INSTANCE_GET_CLASS(object, 0, DsbindEncoderClass)->codec)

void dsbind_encoder_install_properties(GObjectClass *object, const DsbindCodec *codec);
void dsbind_encoder_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec);
void dsbind_encoder_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec);
/* Values of a new encoder. */
void dsbind_encoder_init_properties(DsbindEncoder *self);
/* Passes the properties on to the software encoder. */
void dsbind_encoder_apply(DsbindEncoder *self);
void dsbind_encoder_report_bad_range(DsbindEncoder *self);

#endif
