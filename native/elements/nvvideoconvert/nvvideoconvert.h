/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DSBIND_NVVIDEOCONVERT_H
#define DSBIND_NVVIDEOCONVERT_H

#include "convert.h"

G_DECLARE_FINAL_TYPE(DsbindVideoConvert, dsbind_video_convert, DSBIND, VIDEO_CONVERT,
                     DsbindConvert)

#endif
