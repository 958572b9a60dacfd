/* SPDX-License-Identifier: Apache-2.0 */
/* Which caps a converter turns into which. Private to the converter. */
#ifndef DSBIND_CONVERT_CAPS_H
#define DSBIND_CONVERT_CAPS_H

#include "nvmm.h"

/* All caps that frames of `caps` can become, themselves first. */
GstCaps *dsbind_convert_caps_reachable(const GstCaps *caps);

/* The one of `choices` that is nearest to `from`: same memory, same format, same size. With
 * `ranked` the first format of `choices` is taken. Takes `choices`. */
GstCaps *dsbind_convert_caps_nearest(const GstCaps *from, GstCaps *choices, gboolean turned,
                                     gboolean ranked);

#endif
