/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the surface API that is about NVIDIA hardware: DMA buffers, EGL, CUDA, NVMM.
 * Host memory has none of it, and the answer is the documented error. */
#include <string.h>

#include "exports.h"

#if DSBIND_ABI >= 800
int NvBufSurfaceGetDeviceInfo(NvBufSurfaceDeviceInfo *info) {
  if (!info)
    return -1;
  /* All zero is "unknown driver, unknown platform, no VIC, no integrated GPU": a plain machine. */
  memset(info, 0, sizeof *info);
  return 0;
}
#endif

int NvBufSurfaceFromFd(int dmabuf_fd, void **buffer) {
  (void)dmabuf_fd;
  if (buffer)
    *buffer = NULL;
  return -1;
}

int NvBufSurfaceImport(NvBufSurface **out_nvbuf_surf, const NvBufSurfaceMapParams *in_params) {
  (void)in_params;
  if (out_nvbuf_surf)
    *out_nvbuf_surf = NULL;
  return -1;
}

int NvBufSurfaceGetMapParams(const NvBufSurface *surf, int index, NvBufSurfaceMapParams *params) {
  (void)surf, (void)index, (void)params;
  return -1;
}

int NvBufSurfaceMapEglImage(NvBufSurface *surf, int index) {
  (void)surf, (void)index;
  return -1;
}

int NvBufSurfaceUnMapEglImage(NvBufSurface *surf, int index) {
  (void)surf, (void)index;
  return -1;
}

int NvBufSurfaceMapCudaBuffer(NvBufSurface *surf, int index) {
  (void)surf, (void)index;
  return -1;
}

int NvBufSurfaceUnMapCudaBuffer(NvBufSurface *surf, int index) {
  (void)surf, (void)index;
  return -1;
}

int NvBufSurfaceMapNvmmBuffer(NvBufSurface *surf, int index) {
  (void)surf, (void)index;
  return -1;
}

int NvBufSurfaceUnMapNvmmBuffer(NvBufSurface *surf, int index) {
  (void)surf, (void)index;
  return -1;
}
