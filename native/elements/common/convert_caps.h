/* SPDX-License-Identifier: Apache-2.0 */
/* Which caps a converter turns into which. Private to the converter. */
#ifndef DSBIND_CONVERT_CAPS_H
#define DSBIND_CONVERT_CAPS_H

#include "nvmm.h"

/* All caps that frames of `caps` can become, themselves first. */
GstCaps *dsbind_convert_caps_reachable(const GstCaps *caps);

typedef enum {
  DSBIND_CONVERT_CAPS_RANKED = 1, /* take the first format of the choices */
  DSBIND_CONVERT_CAPS_TURNED = 2, /* width and height change places */
  DSBIND_CONVERT_CAPS_EVEN = 4,   /* odd sides become one less */
} DsbindConvertCapsFlags;

/* The one of `choices` that is nearest to `from`: same memory, same format, same size. Takes
 * `choices`. */
GstCaps *dsbind_convert_caps_nearest(const GstCaps *from, GstCaps *choices,
                                     DsbindConvertCapsFlags flags);

#endif
