/* SPDX-License-Identifier: Apache-2.0 */
/* Work on pixels that NvBufSurfTransform does not offer. Compiled ahead to kernels.ptx, by
 * compile.py, so that building and installing need no CUDA toolkit. */
#include "kernel_types.h"

extern "C" {

__global__ void dsbind_planar(const DsbindPlanar task) {
  const unsigned x = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned y = blockIdx.y;
  if (x >= task.width) return;
  const uint8_t *row = (const uint8_t *)task.pixels[blockIdx.z] + (size_t)y * task.pitch;
  const size_t plane = (size_t)task.width * task.height, at = (size_t)y * task.width + x;
  const float *image = (const float *)task.mean_image;
  float *out = (float *)task.planes + blockIdx.z * plane * task.channels + at * task.pixel_stride;
  if (task.channels == 1) {
    *out = ((float)row[x] - (image ? image[at] : task.mean[0])) * task.scale;
    return;
  }
  const uchar4 pixel = ((const uchar4 *)row)[x];
  const float value[3] = {(float)(task.swapped ? pixel.z : pixel.x), (float)pixel.y,
                          (float)(task.swapped ? pixel.x : pixel.z)};
#pragma unroll
  for (int c = 0; c < 3; c++)
    out[(size_t)c * task.channel_stride] =
        (value[c] - (image ? image[c * plane + at] : task.mean[c])) * task.scale;
}

/* The arithmetic is that of canvas.c, to the bit. */
static __device__ int div255(unsigned value) { return (int)(((value + 128) * 257) >> 16 & 255); }

static __device__ uint8_t add_clamped(int value, int more) {
  return (uint8_t)min(max(value + more, 0), 255);
}

static __device__ int weigh(const int32_t *weight, int a, int r, int g, int b) {
  return weight[0] * r + weight[1] * g + weight[2] * b + weight[3] * a;
}

#define A(pixel) ((int)((pixel) >> 24))
#define R(pixel) ((int)((pixel) >> 16 & 255))
#define G(pixel) ((int)((pixel) >> 8 & 255))
#define B(pixel) ((int)((pixel)&255))

static __device__ uint8_t blend_chroma(const int32_t *weight, uint8_t at, unsigned shift, int a,
                                       int r, int g, int b) {
  const int value = (weigh(weight, a, r, g, b) + (1 << (15 + shift))) >> (16 + shift);
  const unsigned keep = (255u << shift) - (unsigned)a, round = 128u << shift;
  return add_clamped(value, (int)(((at * keep + round) * 257) >> (16 + shift) & 255));
}

/* Each thread has two by two pixels, which share a chroma sample. */
__global__ void dsbind_draw(const DsbindDrawFrame frame, const DsbindDrawItem *items, int count,
                            const uint32_t *bitmaps, int left, int top) {
  const int cx = left + (int)(blockIdx.x * blockDim.x + threadIdx.x);
  const int cy = top + (int)(blockIdx.y * blockDim.y + threadIdx.y);
  const int bx = cx * 2, by = cy * 2;
  if (bx >= frame.width || by >= frame.height) return;
  const int wide = min(2, frame.width - bx), high = min(2, frame.height - by);
  uint8_t *pixel[4];
  uint8_t value[4][4];
  uint8_t u = 0, v = 0;
  uint8_t *at_u = 0, *at_v = 0;
  bool loaded = false;
  const int bytes = frame.layout == DSBIND_PIXELS_PACKED ? frame.step : 1;
  for (int i = 0; i < 4; i++)
    pixel[i] = (uint8_t *)frame.luma + (size_t)(by + min(i >> 1, high - 1)) * frame.pitch +
               (size_t)(bx + min(i & 1, wide - 1)) * bytes;
  const bool chroma = frame.layout == DSBIND_PIXELS_YUV && cx < frame.chroma_width &&
                      cy < frame.chroma_height;
  if (chroma) {
    const size_t at = (size_t)cy * frame.chroma_pitch + (size_t)cx * frame.chroma_step;
    at_u = (uint8_t *)frame.u + at;
    at_v = (uint8_t *)frame.v + at;
  }
  const unsigned shift = (wide > 1) + (high > 1);
  for (int n = 0; n < count; n++) {
    const DsbindDrawItem item = items[n];
    if (bx + wide <= item.x0 || bx >= item.x1 || by + high <= item.y0 || by >= item.y1) continue;
    if (!loaded) {
      for (int i = 0; i < 4; i++)
        for (int k = 0; k < bytes; k++) value[i][k] = pixel[i][k];
      if (chroma) u = *at_u, v = *at_v;
      loaded = true;
    }
    int a = 0, r = 0, g = 0, b = 0;
    for (int i = 0; i < 4; i++) {
      const int x = bx + (i & 1), y = by + (i >> 1);
      if ((i & 1) >= wide || (i >> 1) >= high) continue;
      if (x < item.x0 || x >= item.x1 || y < item.y0 || y >= item.y1) continue;
      uint32_t color = item.color;
      if (item.bitmap)
        color = bitmaps[item.pixels + (size_t)(y - item.y0) * (item.x1 - item.x0) + (x - item.x0)];
      if (!color) continue;
      const unsigned keep = 255u - (unsigned)A(color);
      a += A(color), r += R(color), g += G(color), b += B(color);
      uint8_t *to = value[i];
      if (frame.layout == DSBIND_PIXELS_PACKED) {
        to[frame.red] = add_clamped(R(color), div255(to[frame.red] * keep));
        to[frame.green] = add_clamped(G(color), div255(to[frame.green] * keep));
        to[frame.blue] = add_clamped(B(color), div255(to[frame.blue] * keep));
        if (frame.alpha >= 0)
          to[frame.alpha] = add_clamped(A(color), div255(to[frame.alpha] * keep));
      } else {
        const int luma =
            (weigh(frame.matrix, A(color), R(color), G(color), B(color)) + 32768) >> 16;
        to[0] = add_clamped(luma, div255(to[0] * keep));
      }
    }
    if (chroma && a) {
      u = blend_chroma(frame.matrix + 4, u, shift, a, r, g, b);
      v = blend_chroma(frame.matrix + 8, v, shift, a, r, g, b);
    }
  }
  if (!loaded) return;
  for (int i = 0; i < 4; i++) {
    if ((i & 1) >= wide || (i >> 1) >= high) continue;
    for (int k = 0; k < bytes; k++) pixel[i][k] = value[i][k];
  }
  if (chroma) *at_u = u, *at_v = v;
}

/* A block has one tile. */
__global__ void dsbind_blur(const DsbindBlur task) {
  __shared__ unsigned long long sum;
  const int x0 = task.x0 + (int)blockIdx.x * task.tile, y0 = task.y0 + (int)blockIdx.y * task.tile;
  const int width = min(task.tile, task.x1 - x0), height = min(task.tile, task.y1 - y0);
  const int samples = width * height;
  uint8_t *plane = (uint8_t *)task.plane;
  unsigned long long mine = 0;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  for (int i = (int)threadIdx.x; i < samples; i += (int)blockDim.x)
    mine += plane[(size_t)(y0 + i / width) * task.pitch + (size_t)(x0 + i % width) * task.step];
  atomicAdd(&sum, mine);
  __syncthreads();
  const uint8_t mean = (uint8_t)(sum / (unsigned)samples);
  for (int i = (int)threadIdx.x; i < samples; i += (int)blockDim.x)
    plane[(size_t)(y0 + i / width) * task.pitch + (size_t)(x0 + i % width) * task.step] = mean;
}

}
