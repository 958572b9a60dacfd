/* SPDX-License-Identifier: Apache-2.0 */
/* An encoder element: a bin of our converter, the best software encoder installed, and the caps of
 * the profile asked for. A codec is a description; the element follows from it. */
#ifndef DSBIND_ENCODER_H
#define DSBIND_ENCODER_H

#include "nvmm.h"
#include "software.h"

typedef enum {
  DSBIND_CODEC_VIDEO = 1,    /* a rate, key frames, profiles; else each frame is by itself */
  DSBIND_CODEC_NAL = 2,      /* parameter sets and delimiters in the stream, B frames, QP range */
  DSBIND_CODEC_ANY_SIDE = 4, /* odd sides stay */
  DSBIND_CODEC_DEEP = 8,     /* has profiles of more bits than our frames */
  DSBIND_CODEC_COUNTS = 16,  /* its encoder counts time in whole frames, rounding down */
} DsbindCodecFlags;

typedef struct {
  gint value;
  const char *nick, *name;
  const char *caps; /* fields of the profile in the caps, or "" */
} DsbindCodecProfile;

typedef struct {
  const char *element;           /* nvv4l2h264enc */
  const char *type_name;         /* of its GType */
  const char *codec;             /* for people: H.264 */
  const char *klass;
  const char *input;             /* caps the software encoder is given */
  const char *output;            /* caps of the source pad */
  const char *const *factories;  /* software encoders, best first, then NULL */
  const char *package;           /* of the best one */
  const DsbindCodecProfile *profiles; /* then one without a nick */
  gint min_side;
  DsbindCodecFlags flags;
} DsbindCodec;

/* Registers the element of a codec; `codec` lives as long as the plugin. */
gboolean dsbind_encoder_register(GstPlugin *plugin, const DsbindCodec *codec);

#endif
