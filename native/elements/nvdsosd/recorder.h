/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing on frames in a GPU's memory: what painters draw is noted, and then drawn there at once. Only
 * what is drawn goes to the GPU, and no pixel of a frame leaves it. For one thread. */
#ifndef DSBIND_OSD_RECORDER_H
#define DSBIND_OSD_RECORDER_H

#include "canvas.h"

typedef struct OsdRecorder OsdRecorder;

OsdRecorder *osd_recorder_new(guint gpu);
void osd_recorder_free(OsdRecorder *recorder);

/* Turns what is drawn on `canvas`, whose pixels are the GPU's, to the recorder. */
void osd_recorder_take(OsdRecorder *recorder, OsdCanvas *canvas);

/* Draws all that was noted since the last time; done when it returns. */
gboolean osd_recorder_run(OsdRecorder *recorder, GError **error);

#endif
