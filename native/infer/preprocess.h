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

/* Where a frame lies in the network's input, in pixels of that input. */
struct Letterbox {
  unsigned left = 0, top = 0, width = 0, height = 0;
  float scale_x = 1, scale_y = 1; /* input pixels per frame pixel */

  bool operator==(const Letterbox &o) const {
    return left == o.left && top == o.top && width == o.width && height == o.height;
  }
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

  /* Writes frames[0..count) of `source`, count up to the batch, to `images`, one after the other;
   * `boxes[i]` tells where frame i landed. */
  void run(const NvBufSurface &source, const uint32_t *frames, unsigned count, float *images,
           Letterbox *boxes);

 private:
  void allocate(NvBufSurfaceMemType memory);

  NvDsInferNetworkInfo network_;
  unsigned batch_;
  ColorFormat color_;
  bool keep_aspect_, symmetric_;
  NvBufSurfTransform_Inter filter_;
  Normalization norm_;
  NvBufSurface *scaled_ = nullptr;
  std::vector<Letterbox> painted_; /* per entry of scaled_: what is not padding */
  std::vector<NvBufSurfaceParams> entries_;
  std::vector<NvBufSurfTransformRect> rects_;
};

}  // namespace dsbind::infer

#endif
