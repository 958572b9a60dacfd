/* SPDX-License-Identifier: Apache-2.0 */
/* The default library: images of NCHW or NHWC, normalised as y = factor * (x - mean).
 *
 * [user-configs]: pixel-normalization-factor (1), offsets (one number for each channel) or
 * mean-image-file, a PPM of the processing size. */
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "error.h"
#include "nvdspreprocess_interface.h"
#include "preprocess.h"
#include "value.h"

using namespace dsbind::infer;

#define EXPORT extern "C" __attribute__((visibility("default")))

struct CustomCtx {
  Normalization norm;
  std::vector<float> planes; /* one image, channels first */
};

namespace {

/* Bits of the half nearest to a float. */
uint16_t half_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const int32_t exponent = static_cast<int32_t>((bits >> 23) & 0xff) - 112;
  const uint32_t mantissa = bits & 0x7fffff;
  if (exponent >= 31) {
    const bool nan = exponent == 143 && mantissa;
    return static_cast<uint16_t>(sign | 0x7c00 | (nan ? 0x200 : 0));
  }
  uint32_t whole = mantissa | 0x800000;
  int shift = 13;
  uint32_t base = 0;
  if (exponent <= 0) {
    if (exponent < -10) return static_cast<uint16_t>(sign);
    shift = 14 - exponent;
  } else {
    base = static_cast<uint32_t>(exponent) << 10;
    whole = mantissa;
  }
  uint32_t rounded = whole >> shift;
  const uint32_t rest = whole & ((1u << shift) - 1), middle = 1u << (shift - 1);
  if (rest > middle || (rest == middle && (rounded & 1))) rounded++;
  return static_cast<uint16_t>(sign | (base + rounded));
}

template <class To>
void put(float value, void *at) {
  const double least = static_cast<double>(std::numeric_limits<To>::lowest());
  const double most = static_cast<double>(std::numeric_limits<To>::max());
  const double whole = std::nearbyint(static_cast<double>(value));
  const To converted = std::isnan(whole) ? To{0}
                       : whole <= least  ? std::numeric_limits<To>::lowest()
                       : whole >= most ? std::numeric_limits<To>::max()
                                       : static_cast<To>(whole);
  std::memcpy(at, &converted, sizeof converted);
}

using Put = void (*)(float, void *);

/* How a value is written, and in how many bytes. */
Put put_of(NvDsDataType type, size_t *bytes) {
  switch (type) {
    case NvDsDataType_UINT8: *bytes = 1; return put<uint8_t>;
    case NvDsDataType_INT8: *bytes = 1; return put<int8_t>;
    case NvDsDataType_UINT32: *bytes = 4; return put<uint32_t>;
    case NvDsDataType_INT32: *bytes = 4; return put<int32_t>;
#if DSBIND_ABI >= 800
    case NvDsDataType_INT64: *bytes = 8; return put<int64_t>;
    case NvDsDataType_UINT64: *bytes = 8; return put<uint64_t>;
#endif
    case NvDsDataType_FP16:
      *bytes = 2;
      return [](float value, void *at) {
        const uint16_t half = half_of(value);
        std::memcpy(at, &half, 2);
      };
    default: break;
  }
  *bytes = 4;
  return [](float value, void *at) { std::memcpy(at, &value, 4); };
}

struct Image {
  unsigned channels, height, width;
  bool last; /* channels */
};

Image image_of(const NvDsPreProcessTensorParams &params) {
  const std::vector<int> &shape = params.network_input_shape;
  const bool last = params.network_input_order == NvDsPreProcessNetworkInputOrder_kNHWC;
  if (params.network_input_order == NvDsPreProcessNetworkInputOrder_CUSTOM || shape.size() != 4)
    throw Error(ErrorKind::Settings,
                "dsbind's library makes images, of network-input-order 0 or 1; name your own by "
                "custom-lib-path for other tensors");
  return {static_cast<unsigned>(shape[last ? 3 : 1]), static_cast<unsigned>(shape[last ? 1 : 2]),
          static_cast<unsigned>(shape[last ? 2 : 3]), last};
}

void read_normalization(const CustomInitParams &init, const Image &image, Normalization *norm) {
  const bool gray = init.tensor_params.network_color_format == NvDsPreProcessFormat_GRAY;
  for (const auto &[key, value] : init.user_configs) {
    if (key == "pixel-normalization-factor") {
      double factor;
      if (!parse_float(value, &factor))
        throw Error(ErrorKind::Settings, key + "=" + value + " is not a number");
      norm->scale = static_cast<float>(factor);
    } else if (key == "offsets") {
      const std::vector<std::string> parts = split_list(value);
      if (parts.size() != image.channels)
        throw Error(ErrorKind::Settings, key + "=" + value + " should be " +
                                             std::to_string(image.channels) + " number(s)");
      for (size_t i = 0; i < parts.size(); i++) {
        double offset;
        if (!parse_float(parts[i], &offset))
          throw Error(ErrorKind::Settings, key + "=" + value + " has no number in it");
        norm->mean[i] = static_cast<float>(offset);
      }
    } else if (key == "mean-image-file" || key == "mean-file") {
      std::unique_ptr<char, decltype(&g_free)> folder(g_path_get_dirname(init.config_file_path),
                                                      g_free);
      std::unique_ptr<char, decltype(&g_free)> path(
          g_canonicalize_filename(value.c_str(), folder.get()), g_free);
      norm->image = read_mean_file(
          path.get(), image.width, image.height,
          gray ? ColorFormat::Gray
          : init.tensor_params.network_color_format == NvDsPreProcessFormat_BGR ? ColorFormat::Bgr
                                                                                : ColorFormat::Rgb);
    }
  }
}

void write_image(const Image &image, const std::vector<float> &planes, NvDsDataType type,
                 uint8_t *to) {
  const size_t pixels = size_t{image.width} * image.height;
  if (type == NvDsDataType_FP32 && !image.last) {
    std::memcpy(to, planes.data(), pixels * image.channels * sizeof(float));
    return;
  }
  size_t bytes;
  const Put put_value = put_of(type, &bytes);
  for (unsigned c = 0; c < image.channels; c++)
    for (size_t p = 0; p < pixels; p++) {
      const size_t at = image.last ? p * image.channels + c : c * pixels + p;
      put_value(planes[c * pixels + p], to + at * bytes);
    }
}

}  // namespace

EXPORT CustomCtx *initLib(CustomInitParams init) {
  auto context = std::make_unique<CustomCtx>();
  const Image image = image_of(init.tensor_params);
  context->planes.resize(size_t{image.channels} * image.width * image.height);
  read_normalization(init, image, &context->norm);
  return context.release();
}

EXPORT void deInitLib(CustomCtx *context) { delete context; }

EXPORT NvDsPreProcessStatus CustomTransformation(NvBufSurface *from, NvBufSurface *to,
                                                 CustomTransformParams &params) {
  return NvBufSurfTransform(from, to, &params.transform_params) == NvBufSurfTransformError_Success
             ? NVDSPREPROCESS_SUCCESS
             : NVDSPREPROCESS_CUSTOM_TRANSFORMATION_FAILED;
}

EXPORT NvDsPreProcessStatus CustomAsyncTransformation(NvBufSurface *from, NvBufSurface *to,
                                                      CustomTransformParams &params) {
  return NvBufSurfTransformAsync(from, to, &params.transform_params, &params.sync_obj) ==
                 NvBufSurfTransformError_Success
             ? NVDSPREPROCESS_SUCCESS
             : NVDSPREPROCESS_CUSTOM_TRANSFORMATION_FAILED;
}

EXPORT NvDsPreProcessStatus CustomTensorPreparation(CustomCtx *context, NvDsPreProcessBatch *batch,
                                                    NvDsPreProcessCustomBuf *&buffer,
                                                    CustomTensorParams &tensor,
                                                    NvDsPreProcessAcquirer *acquirer) {
  const NvDsPreProcessTensorParams &params = tensor.params;
  const Image image = image_of(params);
  size_t bytes;
  put_of(params.data_type, &bytes);
  const size_t size = size_t{image.channels} * image.width * image.height * bytes;
  buffer = acquirer->acquire();
  if (!buffer) return NVDSPREPROCESS_RESOURCE_ERROR;
  auto *to = static_cast<uint8_t *>(buffer->memory_ptr);
  for (const NvDsPreProcessUnit &unit : batch->units) {
    const auto *pixels = static_cast<const uint8_t *>(unit.converted_frame_ptr);
    if (batch->scaling_pool_format == NvDsPreProcessFormat_GRAY)
      planar_from_gray(pixels, batch->pitch, image.width, image.height, context->norm,
                       context->planes.data());
    else
      planar_from_rgba(pixels, batch->pitch, image.width, image.height,
                       params.network_color_format == NvDsPreProcessFormat_BGR, context->norm,
                       context->planes.data());
    write_image(image, context->planes, params.data_type, to);
    to += size;
  }
  tensor.params.network_input_shape[0] = static_cast<int>(batch->units.size());
  return NVDSPREPROCESS_SUCCESS;
}
