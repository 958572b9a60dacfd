/* SPDX-License-Identifier: Apache-2.0 */
/* The properties of nvtracker, which nvtrackerbin has, too. */
#ifndef DSBIND_NVTRACKER_PROPERTIES_H
#define DSBIND_NVTRACKER_PROPERTIES_H

#include <gst/gst.h>

#include "settings.h"

namespace dsbind::nvtracker {

void install_properties(GObjectClass *object_class);
/* True where a running engine has to know. */
bool set_property(Properties *properties, guint id, const GValue *value);
void get_property(const Properties &properties, guint id, GValue *value);

}  // namespace dsbind::nvtracker

#endif
