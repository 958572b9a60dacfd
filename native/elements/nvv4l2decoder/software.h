/* SPDX-License-Identifier: Apache-2.0 */
/* The software decoder behind nvv4l2decoder. */
#ifndef DSBIND_SOFTWARE_DECODER_H
#define DSBIND_SOFTWARE_DECODER_H

#include <gst/gst.h>

/* A new decoder for `caps`, the installed one of the highest rank, or NULL when there is none. */
GstElement *dsbind_software_decoder_new(const GstCaps *caps);

/* The package that has one, for a message. */
const char *dsbind_software_decoder_package(const GstCaps *caps);

/* Frames as soon as they are decoded: threads work on one frame, not on several. */
void dsbind_software_decoder_set_low_latency(GstElement *decoder, gboolean low);

/* The most threads it works with; 0 leaves it the choice. */
void dsbind_software_decoder_set_threads(GstElement *decoder, guint threads);

#endif
