/* SPDX-License-Identifier: Apache-2.0 */
/* The GStreamer plugins of an origin, beside those of the bundle. Private to the runtime. */
#ifndef DSBIND_PLUGINS_H
#define DSBIND_PLUGINS_H

#include <glib.h>

/* Registers the plugins of the bundle: FALSE where GStreamer finds none in `dir`. */
gboolean dsbind_register_bundle(const char *dir);

/* Registers the plugins of the SDK; all its elements take the place of the bundle's. */
void dsbind_register_sdk(const char *dir, const char *bundle);

/* Loads the plugins among NVIDIA's libraries; the decoder and the converter take the place of the
 * bundle's. FALSE and `why` set where one is there and does not load. */
gboolean dsbind_register_nvidia(const char *dir, const char *bundle, const char *packages,
                                char **why);

#endif
