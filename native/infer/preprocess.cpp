/* SPDX-License-Identifier: Apache-2.0 */
#include "preprocess.h"

#include <algorithm>

#include "device.h"
#include "error.h"
#include "kernels.h"
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

/* Takes the GError. */
[[noreturn]] void fail(const std::string &what, GError *error) {
  std::string why = error ? error->message : "no memory";
  g_clear_error(&error);
  throw Error(ErrorKind::Run, what + ": " + why);
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
      filter_(config.scaling_filter_set
                  ? static_cast<NvBufSurfTransform_Inter>(config.scaling_filter)
                  : dsbind_usual_filter()),
      painted_(batch),
      entries_(batch),
      from_(batch),
      to_(batch) {
  norm_.scale = static_cast<float>(config.scale_factor);
  for (size_t c = 0; c < config.offsets.size(); c++) norm_.mean[c] = config.offsets[c];
  if (!config.mean_file.empty())
    norm_.image = read_mean_file(config.mean_file, network.width, network.height, color_);
}

Preprocessor::~Preprocessor() {
  if (scaled_) NvBufSurfaceDestroy(scaled_);
  if (host_) NvBufSurfaceDestroy(host_);
  if (!device_mean_ || !dsbind_cuda_enter(static_cast<int>(device_gpu_), nullptr)) return;
  dsbind_cuda(nullptr)->MemFree(device_mean_);
  dsbind_cuda_leave();
}

void Preprocessor::allocate(NvBufSurfaceMemType memory, unsigned gpu) {
  if (scaled_) NvBufSurfaceDestroy(scaled_);
  if (host_) NvBufSurfaceDestroy(host_);
  scaled_ = host_ = nullptr;
  NvBufSurfaceCreateParams params{};
  params.gpuId = gpu;
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

static NvBufSurfTransformRect transform_rect(uint32_t top, uint32_t left, uint32_t width,
                                             uint32_t height) {
  NvBufSurfTransformRect rect{};
  rect.top = top;
  rect.left = left;
  rect.width = width;
  rect.height = height;
  return rect;
}

/* Brings the regions to the network's size, in `scaled_`. */
void Preprocessor::scale(const NvBufSurface &source, const Region *regions, unsigned count,
                         NvBufSurfaceMemType memory, Placement *places) {
  if (!scaled_ || scaled_->memType != memory || scaled_->gpuId != source.gpuId)
    allocate(memory, source.gpuId);

  bool crops = false;
  for (unsigned i = 0; i < count; i++) {
    const NvBufSurfaceParams &frame = source.surfaceList[regions[i].frame];
    if (frame.width == 0 || frame.height == 0)
      throw Error(ErrorKind::Run,
                  "frame " + std::to_string(regions[i].frame) + " of the batch is empty");
    entries_[i] = frame;
    Rect &crop = places[i].crop;
    crop = regions[i].crop;
    crops = crops || crop.width != 0;
    if (crop.width == 0) crop = {0, 0, frame.width, frame.height};
    Letterbox &box = places[i].letterbox;
    box = fit_frame(crop.width, crop.height, network_.width, network_.height, keep_aspect_,
                    symmetric_);
    from_[i] = transform_rect(crop.top, crop.left, crop.width, crop.height);
    to_[i] = transform_rect(box.top, box.left, box.width, box.height);
    if (!(painted_[i] == box)) {
      /* The padding is black; it stays so until a region of another shape comes. */
      NvBufSurfaceMemSet(scaled_, static_cast<int>(i), -1, 0);
      painted_[i] = box;
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
    params.dst_rect = to_.data();
  }
  if (crops) {
    params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_SRC;
    params.src_rect = from_.data();
  }
  NvBufSurfTransform_Error code =
      dsbind_transform(&from, &to, &params, NvBufSurfTransformCompute_Default, source.gpuId);
  if (code != NvBufSurfTransformError_Success)
    throw Error(ErrorKind::Run,
                "frames cannot be scaled to the network's " + std::to_string(network_.width) + "x" +
                    std::to_string(network_.height) + ": " + transform_message(code));

}

/* Only what the network sees leaves the GPU. */
const NvBufSurface &Preprocessor::download(unsigned count) {
  if (!dsbind_memory_is_cuda(scaled_->memType)) return *scaled_;
  GError *error = nullptr;
  if (!host_) {
    NvBufSurfaceCreateParams params{};
    params.gpuId = scaled_->gpuId;
    params.width = network_.width;
    params.height = network_.height;
    params.colorFormat = scaled_->surfaceList[0].colorFormat;
    params.layout = NVBUF_LAYOUT_PITCH;
    params.memType = NVBUF_MEM_CUDA_PINNED;
    if (NvBufSurfaceCreate(&host_, batch_, &params) != 0) host_ = nullptr;
  }
  scaled_->numFilled = count;
  if (host_ && dsbind_copy_frames(scaled_, host_, scaled_->gpuId, &error)) return *host_;
  fail("frames cannot be read from GPU " + std::to_string(scaled_->gpuId), error);
}

void Preprocessor::run(const NvBufSurface &source, const Region *regions, unsigned count,
                       float *images, Placement *places) {
  const bool cuda = dsbind_memory_is_cuda(source.memType);
  scale(source, regions, count, cuda ? NVBUF_MEM_CUDA_DEVICE : NVBUF_MEM_SYSTEM, places);
  const NvBufSurface &pictures = download(count);

  size_t image = static_cast<size_t>(network_.channels) * network_.width * network_.height;
  for (unsigned i = 0; i < count; i++) {
    const NvBufSurfaceParams &entry = pictures.surfaceList[i];
    const auto *pixels = static_cast<const uint8_t *>(entry.dataPtr);
    if (color_ == ColorFormat::Gray)
      planar_from_gray(pixels, entry.planeParams.pitch[0], network_.width, network_.height, norm_,
                       images + i * image);
    else
      planar_from_rgba(pixels, entry.planeParams.pitch[0], network_.width, network_.height,
                       color_ == ColorFormat::Bgr, norm_, images + i * image);
  }
}

void Preprocessor::run_on_gpu(const NvBufSurface &source, const Region *regions, unsigned count,
                              unsigned gpu, uint64_t images, bool channels_last,
                              Placement *places) {
  GError *error = nullptr;
  if (dsbind_memory_is_cuda(source.memType) && source.gpuId != gpu)
    throw Error(ErrorKind::Settings, "the frames lie on GPU " + std::to_string(source.gpuId) +
                                         ", the model on GPU " + std::to_string(gpu) +
                                         ": give both the same gpu-id");
  scale(source, regions, count, NVBUF_MEM_CUDA_DEVICE, places);
  if (!norm_.image.empty() && !device_mean_) upload_mean(gpu);

  const size_t pixels = static_cast<size_t>(network_.width) * network_.height;
  DsbindPlanar task{};
  task.mean_image = device_mean_;
  std::copy(norm_.mean, norm_.mean + 3, task.mean);
  task.scale = norm_.scale;
  task.pitch = scaled_->surfaceList[0].planeParams.pitch[0];
  task.width = network_.width;
  task.height = network_.height;
  task.channels = network_.channels;
  task.pixel_stride = channels_last ? network_.channels : 1;
  task.channel_stride = channels_last ? 1 : static_cast<uint32_t>(pixels);
  task.swapped = color_ == ColorFormat::Bgr;
  bool ok = true;
  for (unsigned first = 0; ok && first < count; first += DSBIND_MOST_PICTURES) {
    const unsigned some = std::min<unsigned>(count - first, DSBIND_MOST_PICTURES);
    for (unsigned i = 0; i < some; i++)
      task.pixels[i] = reinterpret_cast<uint64_t>(scaled_->surfaceList[first + i].dataPtr);
    task.planes = images + first * pixels * network_.channels * sizeof(float);
    ok = dsbind_kernel_planar(gpu, &task, some, &error);
  }
  if (!ok || !dsbind_device_wait(gpu, &error))
    fail("frames cannot be normalised on GPU " + std::to_string(gpu), error);
}

void Preprocessor::upload_mean(unsigned gpu) {
  GError *error = nullptr;
  const size_t bytes = norm_.image.size() * sizeof(float);
  const CUstream stream = dsbind_device_stream(gpu, &error);
  bool ok = stream && dsbind_cuda_enter(static_cast<int>(gpu), &error);
  if (ok) {
    const DsbindCuda *cuda = dsbind_cuda(nullptr);
    CUdeviceptr memory = 0;
    ok = dsbind_cuda_check(cuda->MemAlloc(&memory, bytes), "cuMemAlloc", &error);
    if (ok) {
      device_mean_ = memory;
      device_gpu_ = gpu;
      ok = dsbind_cuda_check(cuda->MemcpyHtoDAsync(memory, norm_.image.data(), bytes, stream),
                             "cuMemcpyHtoDAsync", &error);
    }
    dsbind_cuda_leave();
  }
  if (!ok) fail("the mean image cannot be brought to GPU " + std::to_string(gpu), error);
}

}  // namespace dsbind::infer
