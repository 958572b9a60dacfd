/* SPDX-License-Identifier: Apache-2.0 */
/* nvtracker and nvtrackerbin are one plugin: the bin's class has the properties of nvtracker's, and
 * a plugin that is being registered cannot load another. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS
GType dsbind_tracker_get_type(void);
GType dsbind_tracker_bin_get_type(void);
G_END_DECLS
