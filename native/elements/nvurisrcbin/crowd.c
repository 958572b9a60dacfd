/* SPDX-License-Identifier: Apache-2.0 */
#include "crowd.h"

/* Beyond this a picture may need more than one core to come in time. */
#define LARGEST_OF_ONE_THREAD (1920 * 1088)

static gint sources; /* of the process, atomic */

void dsbind_crowd_join(void) { g_atomic_int_inc(&sources); }

void dsbind_crowd_leave(void) { g_atomic_int_add(&sources, -1); }

/* With more sources than cores, threads that share a stream's work only wait for each other: a tenth
 * of the time of decoding, and a frame of memory for each. */
guint dsbind_crowd_threads(const GstCaps *caps) {
  const GstStructure *structure = gst_caps_get_structure(caps, 0);
  gint width = 0, height = 0;
  gst_structure_get_int(structure, "width", &width);
  gst_structure_get_int(structure, "height", &height);
  if ((gint64)width * height > LARGEST_OF_ONE_THREAD) return 0;
  return g_atomic_int_get(&sources) > (gint)g_get_num_processors() ? 1 : 0;
}
