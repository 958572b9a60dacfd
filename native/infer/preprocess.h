/* SPDX-License-Identifier: Apache-2.0 */
/* Frames into what a network reads: scaled, letterboxed, planar, normalised. */
#ifndef DSBIND_INFER_PREPROCESS_H
#define DSBIND_INFER_PREPROCESS_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "config.h"
#include "nvbufsurftransform.h"
#include "nvdsinfer.h"

namespace dsbind::infer {

/* Pixels of a frame. */
struct Rect {
  unsigned left = 0, top = 0, width = 0, height = 0;
};

/* What to infer on: a part of frame `frame` of a batch, all of it where the width is 0. */
struct Region {
  uint32_t frame = 0;
  Rect crop;
};

/* Where a region lies in the network's input, in pixels of that input. */
struct Letterbox {
  unsigned left = 0, top = 0, width = 0, height = 0;
  float scale_x = 1, scale_y = 1; /* input pixels per pixel of the region */

  bool operator==(const Letterbox &o) const {
    return left == o.left && top == o.top && width == o.width && height == o.height;
  }
};

/* One image: which part of the frame it shows, and where that lies in the input. */
struct Placement {
  Rect crop;
  Letterbox letterbox;
};

/* Padding is on the right or at the bottom; on both sides when `symmetric`. */
Letterbox fit_frame(unsigned frame_width, unsigned frame_height, unsigned width, unsigned height,
                    bool keep_aspect, bool symmetric);

/* y = scale * (x - mean): one mean per channel, or per pixel and channel from a mean image. */
struct Normalization {
  float scale = 1;
  float mean[3] = {0, 0, 0};
  std::vector<float> image; /* planar, or empty */
};

/* Plain loops over one image; `planes` has channels x height x width floats. */
void planar_from_rgba(const uint8_t *pixels, size_t pitch, unsigned width, unsigned height,
                      bool bgr, const Normalization &norm, float *planes);
void planar_from_gray(const uint8_t *pixels, size_t pitch, unsigned width, unsigned height,
                      const Normalization &norm, float *plane);

/* A mean image: binary PPM (P6), 8 bits, of exactly width x height. Planar in `color`'s order. */
std::vector<float> read_mean_file(const std::string &path, unsigned width, unsigned height,
                                  ColorFormat color);

/* Keeps a surface of the network's size that every batch is scaled into. */
class Preprocessor {
 public:
  Preprocessor(const Config &config, const NvDsInferNetworkInfo &network, unsigned batch);
  ~Preprocessor();
  Preprocessor(const Preprocessor &) = delete;
  Preprocessor &operator=(const Preprocessor &) = delete;

  /* Writes regions[0..count) of `source`, count up to the batch, to `images`, one after the other;
   * `places[i]` tells where region i landed. */
  void run(const NvBufSurface &source, const Region *regions, unsigned count, float *images,
           Placement *places);

  /* The same into the memory of a GPU at `images`, where the frames lie too; pixel by pixel where
   * `channels_last`. Done when it returns. */
  void run_on_gpu(const NvBufSurface &source, const Region *regions, unsigned count, unsigned gpu,
                  uint64_t images, bool channels_last, Placement *places);

 private:
  void allocate(NvBufSurfaceMemType memory, unsigned gpu);
  void scale(const NvBufSurface &source, const Region *regions, unsigned count,
             NvBufSurfaceMemType memory, Placement *places);
  const NvBufSurface &download(unsigned count);
  void upload_mean(unsigned gpu);

  NvDsInferNetworkInfo network_;
  unsigned batch_;
  ColorFormat color_;
  bool keep_aspect_, symmetric_;
  NvBufSurfTransform_Inter filter_;
  Normalization norm_;
  NvBufSurface *scaled_ = nullptr;
  NvBufSurface *host_ = nullptr;   /* what the CPU reads of it, where that lies on a GPU */
  uint64_t device_mean_ = 0;       /* the mean image on `device_gpu_` */
  unsigned device_gpu_ = 0;
  std::vector<Letterbox> painted_; /* per entry of scaled_: what is not padding */
  std::vector<NvBufSurfaceParams> entries_;
  std::vector<NvBufSurfTransformRect> from_, to_;
};

}  // namespace dsbind::infer

#endif
