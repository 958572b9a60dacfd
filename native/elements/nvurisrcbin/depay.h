/* SPDX-License-Identifier: Apache-2.0 */
/* Whole pictures out of RTP packets, whatever the sender says of their ends. */
#ifndef DSBIND_DEPAY_H
#define DSBIND_DEPAY_H

#include <gst/gst.h>

typedef struct {
  const char *factory; /* of the depayloader */
  const char *caps;    /* of what it shall hand out */
} DsbindDepay;

/* How to take a stream of RTP apart; NULL when that is left to parsebin.
 *
 * parsebin has H.264 and H.265 handed out NAL by NAL and its parser put them together again, which
 * begins a new picture at every parameter set. Servers repeat those before each slice of a key
 * frame (rtph264pay config-interval=-1), and each slice would become a picture of its own, torn.
 * A depayloader that makes access units goes by the end of the packets' picture, and keeps the
 * parameter sets out of it. */
const DsbindDepay *dsbind_depay_for(const GstCaps *rtp);

/* Looks after the markers of the packets that a pad is about to hand out: they tell the end of a
 * picture, but some cameras set one for every slice. */
void dsbind_depay_watch_markers(GstPad *rtp);

#endif
