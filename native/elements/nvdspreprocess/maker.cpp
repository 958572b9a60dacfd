/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"

#include <algorithm>

#include "error.h"
#include "nvmm.h"
#include "payload.h"

namespace dsbind::preprocess {
namespace {

using infer::Error;
using infer::ErrorKind;

constexpr size_t kBatchesAtOnce = 3;

class MetaLock {
 public:
  explicit MetaLock(NvDsBatchMeta *batch) : batch_(batch) { nvds_acquire_meta_lock(batch_); }
  ~MetaLock() { nvds_release_meta_lock(batch_); }
  MetaLock(const MetaLock &) = delete;
  MetaLock &operator=(const MetaLock &) = delete;

 private:
  NvDsBatchMeta *batch_;
};

const char *words(NvDsPreProcessStatus status) {
  switch (status) {
    case NVDSPREPROCESS_CONFIG_FAILED: return "its configuration is wrong";
    case NVDSPREPROCESS_CUSTOM_LIB_FAILED: return "the library failed";
    case NVDSPREPROCESS_CUSTOM_TRANSFORMATION_FAILED: return "the frames cannot be scaled";
    case NVDSPREPROCESS_CUSTOM_TENSOR_FAILED: return "the tensor cannot be made";
    case NVDSPREPROCESS_INVALID_PARAMS: return "the parameters are wrong";
    case NVDSPREPROCESS_CUDA_ERROR: return "CUDA failed";
    case NVDSPREPROCESS_RESOURCE_ERROR: return "there is no memory";
    default: return "it gave no reason that is known";
  }
}

uint64_t elements_of(const std::vector<int> &shape) {
  uint64_t elements = 1;
  for (int side : shape) {
    if (side < 0 || (side > 0 && elements > UINT64_MAX / static_cast<uint64_t>(side))) return 0;
    elements *= static_cast<uint64_t>(side);
  }
  return elements;
}

}  // namespace

Maker::Maker(Plan plan)
    : plan_(std::move(plan)),
      library_(std::make_shared<Library>(plan_)),
      pool_(std::make_shared<Pool>(plan_.tensor_buffers, plan_.tensor.buffer_size)) {
  GstVideoInfo info;
  gst_video_info_set_format(&info,
                            plan_.tensor.network_color_format == NvDsPreProcessFormat_GRAY
                                ? GST_VIDEO_FORMAT_GRAY8
                                : GST_VIDEO_FORMAT_RGBA,
                            plan_.width, plan_.height);
  GError *error = nullptr;
  scaled_ = dsbind_pool_new(&info, plan_.batch(), 0, 0, &error);
  if (!scaled_) {
    const std::string why = error->message;
    g_error_free(error);
    throw Error(ErrorKind::Run, "there are no surfaces to scale into: " + why);
  }
}

Maker::~Maker() {
  gst_buffer_pool_set_active(scaled_, FALSE);
  gst_object_unref(scaled_);
}

/* One surface with `count` images of the processing size. */
std::shared_ptr<GstBuffer> Maker::scale(const Image *images, unsigned count,
                                        const NvBufSurface &from) {
  GstBuffer *buffer = nullptr;
  if (gst_buffer_pool_acquire_buffer(scaled_, &buffer, nullptr) != GST_FLOW_OK)
    throw Error(ErrorKind::Run, "there is no surface to scale into");
  std::shared_ptr<GstBuffer> owner(buffer, gst_buffer_unref);
  NvBufSurface *surface = dsbind_buffer_surface(buffer);
  if (!surface) throw Error(ErrorKind::Run, "there is no surface to scale into");

  /* Neighbours with one transformation go together. */
  for (unsigned first = 0; first < count;) {
    unsigned end = first + 1;
    while (end < count && images[end].group == images[first].group) end++;
    std::vector<NvBufSurfaceParams> entries;
    std::vector<NvBufSurfTransformRect> source, target;
    for (unsigned i = first; i < end; i++) {
      entries.push_back(from.surfaceList[images[i].frame->batch_id]);
      source.push_back(images[i].from);
      target.push_back(images[i].to);
      if (images[i].to.width < plan_.width || images[i].to.height < plan_.height)
        NvBufSurfaceMemSet(surface, static_cast<int>(i), -1, 0); /* what lies around is black */
    }
    NvBufSurface input = from, output = *surface;
    input.surfaceList = entries.data();
    input.batchSize = input.numFilled = end - first;
    output.surfaceList = surface->surfaceList + first;
    output.batchSize = output.numFilled = end - first;
    CustomTransformParams params{};
    NvBufSurfTransformGetSessionParams(&params.transform_config_params);
    params.transform_params.transform_flag = NVBUFSURF_TRANSFORM_FILTER |
                                             NVBUFSURF_TRANSFORM_CROP_SRC |
                                             NVBUFSURF_TRANSFORM_CROP_DST;
    params.transform_params.transform_filter = plan_.filter;
    params.transform_params.src_rect = source.data();
    params.transform_params.dst_rect = target.data();
    NvDsPreProcessStatus status =
        library_->transform(images[first].group->transformation, &input, &output, &params);
    if (params.sync_obj) {
      if (NvBufSurfTransformSyncObjWait(params.sync_obj, -1) != NvBufSurfTransformError_Success)
        status = NVDSPREPROCESS_CUSTOM_TRANSFORMATION_FAILED;
      NvBufSurfTransformSyncObjDestroy(&params.sync_obj);
    }
    if (status != NVDSPREPROCESS_SUCCESS)
      throw Error(ErrorKind::Run, "the transformation of '" + library_->path() +
                                      "' failed: " + words(status));
    first = end;
  }
  surface->numFilled = count;
  return owner;
}

bool Maker::prepare(GstBuffer *buffer, NvDsBatchMeta *batch, const NvBufSurface &surface,
                    const Image *images, unsigned count, bool last) {
  std::shared_ptr<GstBuffer> scaled = scale(images, count, surface);
  NvBufSurface *converted = dsbind_buffer_surface(scaled.get());
  NvDsPreProcessBatch work{};
  work.inbuf = buffer;
  work.inbuf_batch_num = batches_;
  work.push_buffer = last;
  work.converted_buf = scaled.get();
  work.scaling_pool_format = plan_.tensor.network_color_format == NvDsPreProcessFormat_GRAY
                                 ? NvDsPreProcessFormat_GRAY
                                 : NvDsPreProcessFormat_RGBA;
  work.batch_meta = batch;
  work.pitch = converted->surfaceList[0].planeParams.pitch[0];
  std::vector<NvDsRoiMeta> rois;
  for (unsigned i = 0; i < count; i++) {
    NvDsPreProcessUnit unit{};
    unit.obj_meta = images[i].object;
    unit.frame_meta = images[i].frame;
    unit.batch_index = images[i].frame->batch_id;
    unit.frame_num = static_cast<gulong>(images[i].frame->frame_num);
    unit.input_surf_params = &surface.surfaceList[unit.batch_index];
    unit.converted_frame_ptr = converted->surfaceList[i].dataPtr;
    unit.roi_meta = roi_of(images[i]);
    unit.roi_meta.converted_buffer = &converted->surfaceList[i];
    rois.push_back(unit.roi_meta);
    work.units.push_back(std::move(unit));
  }

  CustomTensorParams params;
  params.params = plan_.tensor;
  NvDsPreProcessCustomBuf *filled = nullptr;
  const NvDsPreProcessStatus status = library_->prepare(&work, &filled, &params, pool_.get());
  /* The pool outlives the element with the tensors in it. */
  std::shared_ptr<void> memory(filled, [pool = pool_](void *custom) {
    if (custom) pool->release(static_cast<NvDsPreProcessCustomBuf *>(custom));
  });
  if (status == NVDSPREPROCESS_TENSOR_NOT_READY) return true;
  if (status == NVDSPREPROCESS_RESOURCE_ERROR && !filled) return false;
  if (status != NVDSPREPROCESS_SUCCESS || !filled)
    throw Error(ErrorKind::Run, "the tensor preparation of '" + library_->path() + "' failed: " +
                                    (filled ? words(status) : "it gave no tensor"));
  const uint64_t of_plan = elements_of(plan_.tensor.network_input_shape);
  const uint64_t of_tensor = elements_of(params.params.network_input_shape);
  if (of_tensor == 0 || of_tensor > of_plan)
    throw Error(ErrorKind::Run, "the tensor preparation of '" + library_->path() +
                                    "' gave a shape that its buffer has no room for");
  if (!params.seq_params.roi_vector.empty()) rois = std::move(params.seq_params.roi_vector);

  auto tensor = std::make_shared<Tensor>();
  tensor->memory = std::move(memory);
  tensor->images = std::move(scaled);
  tensor->meta.raw_tensor_buffer = filled->memory_ptr;
  tensor->meta.buffer_size = plan_.tensor.buffer_size / of_plan * of_tensor;
  tensor->meta.tensor_shape = params.params.network_input_shape;
  tensor->meta.data_type = plan_.tensor.data_type;
  tensor->meta.tensor_name = plan_.tensor.tensor_name;
  tensor->meta.maintain_aspect_ratio = plan_.keep_aspect;
  tensor->meta.private_data = tensor.get();

  MetaLock lock(batch);
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  if (!user) throw Error(ErrorKind::Run, "no memory for the metadata of tensors");
  carry(user, std::move(tensor), plan_.targets, std::move(rois));
  nvds_add_user_meta_to_batch(batch, user);
  return true;
}

bool Maker::make(GstBuffer *buffer, NvDsBatchMeta *batch, NvBufSurface *surface) {
  if (surface->memType != NVBUF_MEM_SYSTEM && surface->memType != NVBUF_MEM_DEFAULT)
    throw Error(ErrorKind::Run,
                "nvdspreprocess reads frames in the memory of the CPU, and these lie on a GPU; let "
                "nvinfer make its own tensors: leave preprocess() out");
  const std::vector<Image> images = images_of(plan_, batch, *surface);
  draw_rois(plan_, batch);
  /* Tensors stay with their batch: of several for each, no batch may wait for its own, nor for those
   * that a queue and the sink hold. */
  const size_t tensors = (images.size() + plan_.batch() - 1) / plan_.batch();
  if (tensors > 1) pool_->reserve(kBatchesAtOnce * tensors);
  for (size_t first = 0; first < images.size(); first += plan_.batch()) {
    const size_t count = std::min<size_t>(plan_.batch(), images.size() - first);
    if (!prepare(buffer, batch, *surface, images.data() + first, static_cast<unsigned>(count),
                 first + count == images.size()))
      return false;
  }
  batches_++;
  return true;
}

}  // namespace dsbind::preprocess
