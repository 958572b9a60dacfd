/* SPDX-License-Identifier: Apache-2.0 */
/* The pixels of one frame, on the CPU. */
#ifndef DSBIND_TRACKER_PICTURE_H
#define DSBIND_TRACKER_PICTURE_H

#include <cstdint>

#include "nvbufsurface.h"

namespace dsbind::tracker {

struct Picture {
  const uint8_t *pixels = nullptr;
  int width = 0, height = 0;
  int pitch = 0, step = 1; /* bytes of a row and of a pixel */

  /* False where the surface has no pixels that can be read here. */
  bool open(const NvBufSurfaceParams &surface) {
    const bool gray = surface.colorFormat == NVBUF_COLOR_FORMAT_GRAY8;
    if (!gray && surface.colorFormat != NVBUF_COLOR_FORMAT_RGBA) return false;
    const void *data = surface.mappedAddr.addr[0] ? surface.mappedAddr.addr[0] : surface.dataPtr;
    if (!data || surface.layout != NVBUF_LAYOUT_PITCH || surface.width > 32768 ||
        surface.height > 32768)
      return false;
    pixels = static_cast<const uint8_t *>(data);
    width = static_cast<int>(surface.width);
    height = static_cast<int>(surface.height);
    pitch = static_cast<int>(surface.planeParams.pitch[0] ? surface.planeParams.pitch[0]
                                                           : surface.pitch);
    step = gray ? 1 : 4;
    return width > 0 && height > 0 && pitch >= width * step;
  }
};

}  // namespace dsbind::tracker

#endif
