/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of nvurisrcbin that bins of several sources have too, for all of them. */
#ifndef DSBIND_SOURCE_PROPERTIES_H
#define DSBIND_SOURCE_PROPERTIES_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define DSBIND_SOURCE_PROPERTIES 13

/* New specs, floating, to be installed. */
void dsbind_source_properties_new(GParamSpec *specs[DSBIND_SOURCE_PROPERTIES]);

/* Sets the property of that name where the child has one. A number becomes its enumeration. */
void dsbind_pass_property(GstElement *child, const GParamSpec *spec, const GValue *value);

G_END_DECLS

#endif
