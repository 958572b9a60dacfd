/* SPDX-License-Identifier: Apache-2.0 */
#include "preprocess.h"

#include <algorithm>

#include "error.h"
#include "value.h"

namespace dsbind::infer {
namespace {

/* One row of 32-bit pixels into one plane. The shift is the channel's. */
template <unsigned Shift>
void channel_row(const uint32_t *pixels, unsigned width, float scale, float mean, float *out) {
  for (unsigned x = 0; x < width; x++)
    out[x] = (static_cast<float>(static_cast<int32_t>((pixels[x] >> Shift) & 0xff)) - mean) * scale;
}

template <unsigned Shift>
void channel_row(const uint32_t *pixels, unsigned width, float scale, const float *mean,
                 float *out) {
  for (unsigned x = 0; x < width; x++)
    out[x] =
        (static_cast<float>(static_cast<int32_t>((pixels[x] >> Shift) & 0xff)) - mean[x]) * scale;
}

const char *transform_message(NvBufSurfTransform_Error code) {
  switch (code) {
    case NvBufSurfTransformError_ROI_Error: return "a rectangle lies outside its frame";
    case NvBufSurfTransformError_Invalid_Params: return "invalid parameters";
    case NvBufSurfTransformError_Execution_Error: return "execution failed";
    case NvBufSurfTransformError_Unsupported: return "the format or memory is not supported";
    default: return "no error";
  }
}

/* The next word of a PPM header; '#' starts a comment. */
std::string ppm_word(const std::string &data, size_t *at) {
  std::string word;
  while (*at < data.size()) {
    char c = data[*at];
    if (c == '#' && word.empty()) {
      while (*at < data.size() && data[*at] != '\n') ++*at;
      continue;
    }
    ++*at;
    bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (blank && !word.empty()) break;
    if (!blank) word += c;
  }
  return word;
}

}  // namespace

Letterbox fit_frame(unsigned frame_width, unsigned frame_height, unsigned width, unsigned height,
                    bool keep_aspect, bool symmetric) {
  Letterbox box;
  box.width = width;
  box.height = height;
  if (keep_aspect) {
    uint64_t high = uint64_t{width} * frame_height / frame_width;
    uint64_t wide = uint64_t{height} * frame_width / frame_height;
    if (high <= height)
      box.height = static_cast<unsigned>(std::max<uint64_t>(high, 1));
    else
      box.width = static_cast<unsigned>(std::clamp<uint64_t>(wide, 1, width));
    if (symmetric) {
      box.left = (width - box.width) / 2;
      box.top = (height - box.height) / 2;
    }
  }
  box.scale_x = static_cast<float>(box.width) / static_cast<float>(frame_width);
  box.scale_y = static_cast<float>(box.height) / static_cast<float>(frame_height);
  return box;
}

void planar_from_rgba(const uint8_t *pixels, size_t pitch, unsigned width, unsigned height,
                      bool bgr, const Normalization &norm, float *planes) {
  const size_t plane = static_cast<size_t>(width) * height;
  for (unsigned y = 0; y < height; y++) {
    const auto *row = reinterpret_cast<const uint32_t *>(pixels + y * pitch);
    float *first = planes + static_cast<size_t>(y) * width;
    float *second = first + plane, *third = second + plane;
    float *red = bgr ? third : first, *blue = bgr ? first : third;
    if (norm.image.empty()) {
      channel_row<0>(row, width, norm.scale, norm.mean[bgr ? 2 : 0], red);
      channel_row<8>(row, width, norm.scale, norm.mean[1], second);
      channel_row<16>(row, width, norm.scale, norm.mean[bgr ? 0 : 2], blue);
    } else {
      const float *mean = norm.image.data();
      channel_row<0>(row, width, norm.scale, mean + (red - planes), red);
      channel_row<8>(row, width, norm.scale, mean + (second - planes), second);
      channel_row<16>(row, width, norm.scale, mean + (blue - planes), blue);
    }
  }
}

void planar_from_gray(const uint8_t *pixels, size_t pitch, unsigned width, unsigned height,
                      const Normalization &norm, float *plane) {
  for (unsigned y = 0; y < height; y++) {
    const uint8_t *row = pixels + y * pitch;
    float *out = plane + static_cast<size_t>(y) * width;
    const float *image = norm.image.empty() ? nullptr : norm.image.data() + (out - plane);
    for (unsigned x = 0; x < width; x++)
      out[x] = (static_cast<float>(row[x]) - (image ? image[x] : norm.mean[0])) * norm.scale;
  }
}

std::vector<float> read_mean_file(const std::string &path, unsigned width, unsigned height,
                                  ColorFormat color) {
  const size_t plane = static_cast<size_t>(width) * height;
  std::string data = read_small_file(path, plane * 3 + 4096, "the mean file");
  size_t at = 0;
  std::string magic = ppm_word(data, &at);
  int64_t w = 0, h = 0, most = 0;
  bool ok = magic == "P6" && parse_int(ppm_word(data, &at), &w) &&
            parse_int(ppm_word(data, &at), &h) && parse_int(ppm_word(data, &at), &most);
  if (!ok || most != 255)
    throw Error(ErrorKind::Settings,
                "the mean file '" + path + "' is not a binary PPM image (P6) of 8 bits");
  if (w != static_cast<int64_t>(width) || h != static_cast<int64_t>(height) ||
      data.size() - at < plane * 3)
    throw Error(ErrorKind::Settings, "the mean file '" + path + "' is " + std::to_string(w) + "x" +
                                         std::to_string(h) + ", the network's input " +
                                         std::to_string(width) + "x" + std::to_string(height) +
                                         "; they must be the same, with all pixels there");
  const auto *rgb = reinterpret_cast<const uint8_t *>(data.data()) + at;
  std::vector<float> mean(plane * (color == ColorFormat::Gray ? 1 : 3));
  for (size_t i = 0; i < plane; i++) {
    const uint8_t *p = rgb + 3 * i;
    if (color == ColorFormat::Gray) {
      mean[i] = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
    } else {
      bool bgr = color == ColorFormat::Bgr;
      mean[i] = p[bgr ? 2 : 0];
      mean[plane + i] = p[1];
      mean[2 * plane + i] = p[bgr ? 0 : 2];
    }
  }
  return mean;
}

Preprocessor::Preprocessor(const Config &config, const NvDsInferNetworkInfo &network,
                           unsigned batch)
    : network_(network),
      batch_(batch),
      color_(config.color_format),
      keep_aspect_(config.maintain_aspect_ratio),
      symmetric_(config.symmetric_padding),
      filter_(static_cast<NvBufSurfTransform_Inter>(config.scaling_filter)),
      painted_(batch),
      entries_(batch),
      rects_(batch) {
  norm_.scale = static_cast<float>(config.scale_factor);
  for (size_t c = 0; c < config.offsets.size(); c++) norm_.mean[c] = config.offsets[c];
  if (!config.mean_file.empty())
    norm_.image = read_mean_file(config.mean_file, network.width, network.height, color_);
}

Preprocessor::~Preprocessor() {
  if (scaled_) NvBufSurfaceDestroy(scaled_);
}

void Preprocessor::allocate(NvBufSurfaceMemType memory) {
  if (scaled_) NvBufSurfaceDestroy(scaled_);
  scaled_ = nullptr;
  NvBufSurfaceCreateParams params{};
  params.width = network_.width;
  params.height = network_.height;
  params.colorFormat =
      color_ == ColorFormat::Gray ? NVBUF_COLOR_FORMAT_GRAY8 : NVBUF_COLOR_FORMAT_RGBA;
  params.layout = NVBUF_LAYOUT_PITCH;
  params.memType = memory;
  if (NvBufSurfaceCreate(&scaled_, batch_, &params) != 0 || !scaled_) {
    scaled_ = nullptr;
    throw Error(ErrorKind::Run, "no memory for " + std::to_string(batch_) + " frames of " +
                                    std::to_string(network_.width) + "x" +
                                    std::to_string(network_.height) + " to scale into");
  }
  painted_.assign(batch_, Letterbox());
}

void Preprocessor::run(const NvBufSurface &source, const uint32_t *frames, unsigned count,
                       float *images, Letterbox *boxes) {
  /* The loops below read the pixels: where frames live on a GPU, they are scaled into memory that
   * both sides see. */
  bool host = source.memType == NVBUF_MEM_SYSTEM || source.memType == NVBUF_MEM_DEFAULT;
  NvBufSurfaceMemType memory = host ? NVBUF_MEM_SYSTEM : NVBUF_MEM_CUDA_UNIFIED;
  if (!scaled_ || scaled_->memType != memory) allocate(memory);

  for (unsigned i = 0; i < count; i++) {
    const NvBufSurfaceParams &frame = source.surfaceList[frames[i]];
    if (frame.width == 0 || frame.height == 0)
      throw Error(ErrorKind::Run, "frame " + std::to_string(frames[i]) + " of the batch is empty");
    entries_[i] = frame;
    boxes[i] = fit_frame(frame.width, frame.height, network_.width, network_.height, keep_aspect_,
                         symmetric_);
    rects_[i] = {};
    rects_[i].top = boxes[i].top;
    rects_[i].left = boxes[i].left;
    rects_[i].width = boxes[i].width;
    rects_[i].height = boxes[i].height;
    if (!(painted_[i] == boxes[i])) {
      /* The padding is black; it stays so until a frame of another shape comes. */
      NvBufSurfaceMemSet(scaled_, static_cast<int>(i), -1, 0);
      painted_[i] = boxes[i];
    }
  }
  NvBufSurface from = source, to = *scaled_;
  from.surfaceList = entries_.data();
  from.batchSize = from.numFilled = count;
  to.batchSize = to.numFilled = count;
  NvBufSurfTransformParams params{};
  params.transform_flag = NVBUFSURF_TRANSFORM_FILTER;
  params.transform_filter = filter_;
  if (keep_aspect_) {
    params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_DST;
    params.dst_rect = rects_.data();
  }
  NvBufSurfTransform_Error code = NvBufSurfTransform(&from, &to, &params);
  if (code != NvBufSurfTransformError_Success)
    throw Error(ErrorKind::Run,
                "frames cannot be scaled to the network's " + std::to_string(network_.width) + "x" +
                    std::to_string(network_.height) + ": " + transform_message(code));

  size_t image = static_cast<size_t>(network_.channels) * network_.width * network_.height;
  for (unsigned i = 0; i < count; i++) {
    const NvBufSurfaceParams &entry = scaled_->surfaceList[i];
    const auto *pixels = static_cast<const uint8_t *>(entry.dataPtr);
    if (color_ == ColorFormat::Gray)
      planar_from_gray(pixels, entry.planeParams.pitch[0], network_.width, network_.height, norm_,
                       images + i * image);
    else
      planar_from_rgba(pixels, entry.planeParams.pitch[0], network_.width, network_.height,
                       color_ == ColorFormat::Bgr, norm_, images + i * image);
  }
}

}  // namespace dsbind::infer
