/* SPDX-License-Identifier: Apache-2.0 */
/* Why an RTSP source does not play, in more words than rtspsrc has for it. */
#ifndef DSBIND_RTSP_FAILURE_H
#define DSBIND_RTSP_FAILURE_H

#include <gst/gst.h>

#include "location.h"

/* Where its server is: "host:port". */
char *dsbind_rtsp_place(const DsbindLocation *location);

/* What to tell of an error of rtspsrc with its details; NULL when its own words say enough. May
 * try to connect once more, for half a second. */
char *dsbind_rtsp_failure_text(const DsbindLocation *location, const GError *error,
                               const char *debug);

#endif
