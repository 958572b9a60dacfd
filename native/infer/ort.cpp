/* SPDX-License-Identifier: Apache-2.0 */
#include "ort.h"

#include <dlfcn.h>
#include <glib.h>
#include <malloc.h>

#include <algorithm>
#include <mutex>

#include "device.h"
#include "dsbind_runtime.h"
#include "error.h"

namespace dsbind::infer {
namespace {

/* Larger tensors come from a broken or hostile model, not from a detector. */
constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 30;

/* As the batch-size of nvinfer. */
constexpr int64_t kMaxBatch = 1024;

struct Runtime {
  ort::Api api;
  OrtEnv *env = nullptr;
  OrtAllocator *allocator = nullptr;
  OrtMemoryInfo *memory = nullptr;
};

void log(void *, int, const char *category, const char *, const char *, const char *message) {
  g_debug("onnxruntime: %s: %s", category, message);
}

/* Turns a status into an Error; `what` was tried. */
void check(const ort::Api &api, OrtStatus *status, ErrorKind kind, const std::string &what) {
  if (!status) return;
  std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  throw Error(kind, what + ": " + message);
}

void *open_library() {
  const char *path = dsbind_runtime_onnxruntime();
  void *library = dlopen(path ? path : "libonnxruntime.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library) return library;
  std::string why = dlerror();
  throw Error(ErrorKind::Library,
              "ONNX Runtime cannot be loaded (" + why +
                  "); run `pip install onnxruntime`, or set DSBIND_ONNXRUNTIME to the path of "
                  "libonnxruntime.so");
}

Runtime *load() {
  void *library = open_library();
  auto base_of = reinterpret_cast<const OrtApiBase *(*)()>(dlsym(library, "OrtGetApiBase"));
  const OrtApiBase *base = base_of ? base_of() : nullptr;
  const void *table = base ? base->GetApi(ort::kApiVersion) : nullptr;
  if (!table) {
    std::string version = base ? base->GetVersionString() : "no";
    dlclose(library);
    throw Error(ErrorKind::Library, "the library found as ONNX Runtime offers " + version +
                                        " version of its C API; dsbind needs 1.11 or newer: run "
                                        "`pip install -U onnxruntime`");
  }
  auto runtime = std::make_unique<Runtime>();
  auto slots = static_cast<void *const *>(table);
#define DSBIND_ORT_FILL(slot, name, result, arguments) \
  runtime->api.name = reinterpret_cast<result(*) arguments>(slots[slot]);
  DSBIND_ORT_FUNCTIONS(DSBIND_ORT_FILL)
#undef DSBIND_ORT_FILL
  const ort::Api &api = runtime->api;
  const char *what = "ONNX Runtime cannot be started";
  check(api, api.CreateEnvWithCustomLogger(log, nullptr, ort::kLogError, "dsbind", &runtime->env),
        ErrorKind::Library, what);
  check(api, api.DisableTelemetryEvents(runtime->env), ErrorKind::Library, what);
  check(api, api.GetAllocatorWithDefaultOptions(&runtime->allocator), ErrorKind::Library, what);
  check(api, api.CreateCpuMemoryInfo(ort::kArenaAllocator, ort::kMemTypeDefault, &runtime->memory),
        ErrorKind::Library, what);
  /* One arena for all sessions, which grows by what is asked for: by default each session has its
   * own, which doubles each time. */
  OrtArenaCfg *arena = nullptr;
  check(api, api.CreateArenaCfg(0, ort::kSameAsRequested, -1, -1, &arena), ErrorKind::Library, what);
  OrtStatus *registered = api.CreateAndRegisterAllocator(runtime->env, runtime->memory, arena);
  api.ReleaseArenaCfg(arena);
  /* Refused where the process has one already, of another user of ONNX Runtime: then that is it. */
  if (registered) api.ReleaseStatus(registered);
  return runtime.release();
}

/* One environment per process, kept for ever: sessions of any thread may still use it at exit.
 * A failure is not kept, so that a program can install or name the library and try again. */
const Runtime &runtime() {
  static std::mutex mutex;
  static Runtime *loaded;
  std::lock_guard<std::mutex> lock(mutex);
  if (!loaded) loaded = load();
  return *loaded;
}

struct OptionsDeleter {
  void operator()(OrtSessionOptions *options) const {
    runtime().api.ReleaseSessionOptions(options);
  }
};
struct TypeDeleter {
  void operator()(OrtTypeInfo *type) const { runtime().api.ReleaseTypeInfo(type); }
};
struct ShapeDeleter {
  void operator()(OrtTensorTypeAndShapeInfo *shape) const {
    runtime().api.ReleaseTensorTypeAndShapeInfo(shape);
  }
};

void read_shape(const Runtime &rt, const OrtTensorTypeAndShapeInfo *shape, const std::string &what,
                Tensor *tensor) {
  const ort::Api &api = rt.api;
  size_t rank = 0;
  check(api, api.GetTensorElementType(shape, &tensor->type), ErrorKind::Settings, what);
  check(api, api.GetDimensionsCount(shape, &rank), ErrorKind::Settings, what);
  tensor->dims.assign(rank, 0);
  check(api, api.GetDimensions(shape, tensor->dims.data(), rank), ErrorKind::Settings, what);
}

Tensor describe(const Runtime &rt, OrtSession *session, size_t index, bool input,
                const std::string &what) {
  const ort::Api &api = rt.api;
  Tensor tensor;
  char *name = nullptr;
  check(api,
        input ? api.SessionGetInputName(session, index, rt.allocator, &name)
              : api.SessionGetOutputName(session, index, rt.allocator, &name),
        ErrorKind::Settings, what);
  tensor.name = name;
  check(api, api.AllocatorFree(rt.allocator, name), ErrorKind::Settings, what);

  OrtTypeInfo *raw = nullptr;
  check(api,
        input ? api.SessionGetInputTypeInfo(session, index, &raw)
              : api.SessionGetOutputTypeInfo(session, index, &raw),
        ErrorKind::Settings, what);
  std::unique_ptr<OrtTypeInfo, TypeDeleter> type(raw);
  const OrtTensorTypeAndShapeInfo *shape = nullptr;
  check(api, api.CastTypeInfoToTensorInfo(type.get(), &shape), ErrorKind::Settings, what);
  if (!shape) throw Error(ErrorKind::Settings, what + ": '" + tensor.name + "' is not a tensor");
  read_shape(rt, shape, what, &tensor);
  return tensor;
}

/* Bytes of an element and its name in the NvDs API. */
bool element(int type, size_t *size, NvDsInferDataType *data_type) {
  switch (type) {
    case ort::kFloat: *size = 4, *data_type = FLOAT; return true;
    case ort::kFloat16: *size = 2, *data_type = HALF; return true;
    case ort::kInt8: *size = 1, *data_type = INT8; return true;
#if DSBIND_ABI >= 800
    case ort::kUint8: *size = 1, *data_type = UINT8; return true;
#endif
    case ort::kInt32: *size = 4, *data_type = INT32; return true;
    case ort::kInt64: *size = 8, *data_type = INT64; return true;
    default: return false;
  }
}

/* Elements in a tensor without its batch dimension; throws when there are too many. */
size_t elements(const std::vector<int64_t> &dims, uint64_t bytes, const std::string &what) {
  uint64_t total = 1;
  for (int64_t d : dims) {
    if (d < 0 || __builtin_mul_overflow(total, static_cast<uint64_t>(d), &total) ||
        total > kMaxTensorBytes / bytes)
      throw Error(ErrorKind::Settings,
                  what + " has dimensions " + dims_text(dims) + ", more than the " +
                      std::to_string(kMaxTensorBytes >> 20) + " MiB a tensor may have");
  }
  return static_cast<size_t>(total);
}

/* Adds the GPU to what a session may use; else says why not. */
std::string use_gpu(const Runtime &rt, OrtSessionOptions *options, int gpu) {
  const ort::Api &api = rt.api;
  OrtCUDAProviderOptionsV2 *cuda = nullptr;
  const std::string id = std::to_string(gpu);
  /* A batch of another size would be measured anew, for seconds, by an exhaustive search. */
  const char *const keys[] = {"device_id", "cudnn_conv_algo_search"};
  const char *const values[] = {id.c_str(), "HEURISTIC"};
  dsbind_runtime_open_providers();
  try {
    check(api, api.CreateCUDAProviderOptions(&cuda), ErrorKind::Library, "CUDA");
    check(api, api.UpdateCUDAProviderOptions(cuda, keys, values, 2), ErrorKind::Library, "CUDA");
    check(api, api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda), ErrorKind::Library,
          "CUDA");
    api.ReleaseCUDAProviderOptions(cuda);
    return "";
  } catch (const Error &error) {
    if (cuda) api.ReleaseCUDAProviderOptions(cuda);
    return error.what();
  }
}

}  // namespace

std::string dims_text(const std::vector<int64_t> &dims) {
  std::string text;
  for (int64_t d : dims) text += (text.empty() ? "" : "x") + std::to_string(d);
  return text.empty() ? "none" : text;
}

/* Images in a GPU's memory. */
struct Session::DeviceMemory {
  int gpu;
  CUdeviceptr data = 0;
  OrtMemoryInfo *info = nullptr;

  DeviceMemory(int gpu, size_t bytes) : gpu(gpu) {
    GError *error = nullptr;
    const CUstream stream = dsbind_device_stream(static_cast<guint>(gpu), &error);
    bool ok = stream && dsbind_cuda_enter(gpu, &error);
    if (ok) {
      const DsbindCuda *cuda = dsbind_cuda(nullptr);
      ok = dsbind_cuda_check(cuda->MemAlloc(&data, bytes), "cuMemAlloc", &error) &&
           dsbind_cuda_check(cuda->MemsetD8Async(data, 0, bytes, stream), "cuMemsetD8Async",
                             &error) &&
           dsbind_cuda_check(cuda->StreamSynchronize(stream), "cuStreamSynchronize", &error);
      dsbind_cuda_leave();
    }
    if (!ok) {
      std::string why = error ? error->message : "no memory";
      g_clear_error(&error);
      free();
      throw Error(ErrorKind::Run, "no memory on GPU " + std::to_string(gpu) + " for images: " + why);
    }
    const ort::Api &api = runtime().api;
    OrtStatus *status =
        api.CreateMemoryInfo("Cuda", ort::kDeviceAllocator, gpu, ort::kMemTypeDefault, &info);
    if (status) free();
    check(api, status, ErrorKind::Library, "ONNX Runtime cannot use GPU " + std::to_string(gpu));
  }

  ~DeviceMemory() {
    if (info) runtime().api.ReleaseMemoryInfo(info);
    free();
  }
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

 private:
  void free() {
    if (!data || !dsbind_cuda_enter(gpu, nullptr)) return;
    dsbind_cuda(nullptr)->MemFree(data);
    dsbind_cuda_leave();
  }
};

uint64_t Session::device_images() const { return device_ ? device_->data : 0; }

/* Host memory that a GPU reaches without detours, where there is one. */
class HostMemory {
 public:
  HostMemory() = default;
  HostMemory(size_t bytes, int gpu) : gpu_(gpu) {
    if (gpu_ >= 0 && dsbind_cuda_enter(gpu_, nullptr)) {
      if (dsbind_cuda(nullptr)->MemAllocHost(&pinned_, bytes) != 0) pinned_ = nullptr;
      dsbind_cuda_leave();
    }
    if (!pinned_) plain_.assign(bytes, 0);
  }
  ~HostMemory() {
    if (!pinned_ || !dsbind_cuda_enter(gpu_, nullptr)) return;
    dsbind_cuda(nullptr)->MemFreeHost(pinned_);
    dsbind_cuda_leave();
  }
  HostMemory(HostMemory &&other) noexcept { swap(other); }
  HostMemory &operator=(HostMemory &&other) noexcept {
    swap(other);
    return *this;
  }
  void *data() { return pinned_ ? pinned_ : plain_.data(); }

 private:
  void swap(HostMemory &other) {
    std::swap(gpu_, other.gpu_);
    std::swap(pinned_, other.pinned_);
    plain_.swap(other.plain_);
  }

  int gpu_ = -1;
  void *pinned_ = nullptr;
  std::vector<uint8_t> plain_;
};

/* Where the values of one output go. */
struct Session::Output {
  bool own_memory = false; /* the size is known: ONNX Runtime writes into `bytes` */
  HostMemory bytes;
  void *data = nullptr; /* what the last run wrote */
  size_t image_bytes = 0;
  NvDsInferDataType type = FLOAT;
  size_t element_size = 0;
  NvDsInferDims dims{};
  std::vector<int64_t> shape; /* without the batch */
};

/* The tensors of a run of one batch size. */
struct Session::Plan {
  OrtValue *input = nullptr;
  std::vector<OrtValue *> outputs;
  ~Plan() {
    const ort::Api &api = runtime().api;
    if (input) api.ReleaseValue(input);
    for (OrtValue *value : outputs)
      if (value) api.ReleaseValue(value);
  }
};

namespace {

/* `refusal` says why the GPU cannot be used; then nothing is loaded. */
OrtSession *load_model(const Runtime &rt, const std::string &path, int gpu, const std::string &what,
                       std::string *refusal) {
  const ort::Api &api = rt.api;
  OrtSessionOptions *raw = nullptr;
  check(api, api.CreateSessionOptions(&raw), ErrorKind::Library, what);
  std::unique_ptr<OrtSessionOptions, OptionsDeleter> options(raw);
  check(api, api.SetSessionLogSeverityLevel(raw, ort::kLogError), ErrorKind::Library, what);
  check(api, api.SetSessionGraphOptimizationLevel(raw, ort::kOptimizeAll), ErrorKind::Library,
        what);
  check(api, api.SetIntraOpNumThreads(raw, 1), ErrorKind::Library, what);
  check(api, api.SetInterOpNumThreads(raw, 1), ErrorKind::Library, what);
  check(api, api.AddSessionConfigEntry(raw, "session.intra_op.allow_spinning", "0"),
        ErrorKind::Library, what);
  /* On a GPU it would keep the session from an arena there, and so allocate in every run. */
  if (gpu < 0)
    check(api, api.AddSessionConfigEntry(raw, "session.use_env_allocators", "1"),
          ErrorKind::Library, what);
  if (gpu >= 0) *refusal = use_gpu(rt, raw, gpu);
  if (!refusal->empty()) return nullptr;
  OrtSession *session = nullptr;
  check(api, api.CreateSession(rt.env, path.c_str(), raw, &session), ErrorKind::Settings,
        what + ", export or copy it again");
  malloc_trim(0); /* the graph before its optimisation, several MiB */
  return session;
}

}  // namespace

Session::Session(const std::string &path, int gpu) : path_(path) {
  const Runtime &rt = runtime();
  const ort::Api &api = rt.api;
  std::string what = "the model '" + path + "' cannot be loaded by ONNX Runtime";
  OrtSession *session = nullptr;
  if (gpu >= 0) try {
      session = load_model(rt, path, gpu, what, &refusal_);
    } catch (const Error &error) {
      refusal_ = error.what(); /* the CPU tells whether it is the model */
    }
  if (session) {
    gpu_ = gpu;
  } else {
    std::string none;
    session = load_model(rt, path, -1, what, &none);
  }
  session_ = {session, [](OrtSession *last) { runtime().api.ReleaseSession(last); }};

  size_t inputs = 0, outputs = 0;
  check(api, api.SessionGetInputCount(session, &inputs), ErrorKind::Settings, what);
  check(api, api.SessionGetOutputCount(session, &outputs), ErrorKind::Settings, what);
  if (inputs != 1)
    throw Error(ErrorKind::Settings, "the model '" + path + "' has " + std::to_string(inputs) +
                                         " inputs; nvinfer feeds exactly one image tensor");
  input_ = describe(rt, session, 0, true, what);
  for (size_t i = 0; i < outputs; i++) outputs_.push_back(describe(rt, session, i, false, what));
  for (const Tensor &output : outputs_) output_names_.push_back(output.name.c_str());
}

Session::Session(const Session &loaded)
    : path_(loaded.path_),
      gpu_(loaded.gpu_),
      refusal_(loaded.refusal_),
      session_(loaded.session_),
      input_(loaded.input_),
      outputs_(loaded.outputs_) {
  for (const Tensor &output : outputs_) output_names_.push_back(output.name.c_str());
}

Session::~Session() = default;

void Session::prepare(unsigned batch, unsigned c, unsigned h, unsigned w) {
  image_dims_ = {c, h, w};
  size_t image = elements(image_dims_, sizeof(float), "input '" + input_.name + "'");
  int64_t declared = input_.dims.empty() ? -1 : input_.dims[0];
  fixed_batch_ = declared > 0;
  if (declared > kMaxBatch)
    throw Error(ErrorKind::Settings, "the model '" + path_ + "' has a fixed batch of " +
                                         std::to_string(declared) + " images; at most " +
                                         std::to_string(kMaxBatch) + " are run at once");
  /* Larger batches run in several parts; results do not change. */
  uint64_t most = kMaxTensorBytes / 4 / (image * sizeof(float));
  batch_ = fixed_batch_
               ? static_cast<unsigned>(declared)
               : static_cast<unsigned>(std::min<uint64_t>(batch, std::max<uint64_t>(most, 1)));
  std::vector<int64_t> all = image_dims_;
  all.push_back(batch_);
  image_count_ = image;
  allocate_images(elements(all, sizeof(float), "input '" + input_.name + "'"));

  plans_.clear();
  memory_.clear();
  memory_.resize(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); i++) {
    if (!element(outputs_[i].type, &memory_[i].element_size, &memory_[i].type))
      throw Error(ErrorKind::Settings,
                  "output '" + outputs_[i].name + "' of '" + path_ +
                      "' has an element type that nvinfer has no name for; export it as float32");
  }
  run(1);
  for (size_t i = 0; i < outputs_.size(); i++) {
    Output &output = memory_[i];
    std::vector<int64_t> dims = outputs_[i].dims;
    bool known = !dims.empty();
    for (size_t d = 1; d < dims.size(); d++) known = known && dims[d] > 0;
    if (!known) continue; /* its size may change from run to run */
    std::vector<int64_t> whole = output.shape;
    whole.push_back(batch_);
    output.bytes =
        HostMemory(elements(whole, output.element_size, "output '" + outputs_[i].name + "'") *
                       output.element_size,
                   gpu_);
    output.data = output.bytes.data();
    output.own_memory = true;
  }
  plans_.clear(); /* the first one let ONNX Runtime allocate */
  if (on_gpu() && !fixed_batch_ && session_.use_count() == 1)
    for (unsigned images = 1;; images *= 2) {
      run(std::min(images, batch_));
      if (images >= batch_) break;
    }
}

void Session::allocate_images(size_t count) {
  plans_.clear(); /* they refer to what there was */
  if (on_gpu())
    device_ = std::make_unique<DeviceMemory>(gpu_, count * sizeof(float));
  else
    images_.assign(count, 0.f);
}

Session::Plan &Session::plan(unsigned images) {
  if (plans_.size() <= images) plans_.resize(images + 1);
  if (plans_[images]) return *plans_[images];

  const Runtime &rt = runtime();
  auto plan = std::make_unique<Plan>();
  std::vector<int64_t> dims = image_dims_;
  dims.insert(dims.begin(), images);
  size_t bytes = image_count_ * images * sizeof(float);
  void *data = device_ ? reinterpret_cast<void *>(device_->data) : images_.data();
  const OrtMemoryInfo *place = device_ ? device_->info : rt.memory;
  std::string what = "a tensor for '" + path_ + "' cannot be made";
  check(rt.api,
        rt.api.CreateTensorWithDataAsOrtValue(place, data, bytes, dims.data(), dims.size(),
                                              ort::kFloat, &plan->input),
        ErrorKind::Run, what);
  plan->outputs.assign(outputs_.size(), nullptr);
  for (size_t i = 0; i < outputs_.size(); i++) {
    Output &output = memory_[i];
    if (!output.own_memory) continue;
    dims = output.shape;
    dims.insert(dims.begin(), images);
    check(rt.api,
          rt.api.CreateTensorWithDataAsOrtValue(rt.memory, output.bytes.data(),
                                                output.image_bytes * images, dims.data(),
                                                dims.size(), outputs_[i].type, &plan->outputs[i]),
          ErrorKind::Run, what);
  }
  plans_[images] = std::move(plan);
  return *plans_[images];
}

/* Takes the address and the dimensions of an output that ONNX Runtime allocated. */
void Session::measure(Output &output, OrtValue *value, unsigned images) {
  const Runtime &rt = runtime();
  const Tensor &declared = outputs_[static_cast<size_t>(&output - memory_.data())];
  std::string what = "output '" + declared.name + "' of '" + path_ + "'";
  OrtTensorTypeAndShapeInfo *raw = nullptr;
  check(rt.api, rt.api.GetTensorTypeAndShape(value, &raw), ErrorKind::Run, what);
  std::unique_ptr<OrtTensorTypeAndShapeInfo, ShapeDeleter> info(raw);
  Tensor actual;
  read_shape(rt, raw, what, &actual);
  if (actual.dims.empty() || actual.dims[0] != static_cast<int64_t>(images))
    throw Error(ErrorKind::Settings, what + " has dimensions " + dims_text(actual.dims) +
                                         " for a batch of " + std::to_string(images) +
                                         "; its first dimension must be the batch");
  output.shape.assign(actual.dims.begin() + 1, actual.dims.end());
  if (output.shape.size() > NVDSINFER_MAX_DIMS)
    throw Error(ErrorKind::Settings,
                what + " has more than " + std::to_string(NVDSINFER_MAX_DIMS) + " dimensions");
  size_t count = elements(output.shape, output.element_size, what);
  output.image_bytes = count * output.element_size;
  output.dims = {};
  output.dims.numDims = static_cast<unsigned>(output.shape.size());
  output.dims.numElements = static_cast<unsigned>(count);
  for (size_t d = 0; d < output.shape.size(); d++)
    output.dims.d[d] = static_cast<unsigned>(output.shape[d]);
  check(rt.api, rt.api.GetTensorMutableData(value, &output.data), ErrorKind::Run, what);
}

/* A GPU takes seconds to get ready for a batch of a new size, and no longer for some images more: it
 * is given sizes that double. */
unsigned Session::rounded(unsigned count) const {
  unsigned images = 1;
  while (images < count) images *= 2;
  return std::min(images, batch_);
}

void Session::run(unsigned count) {
  const Runtime &rt = runtime();
  unsigned images = fixed_batch_ ? batch_ : on_gpu() ? rounded(count) : count;
  Plan &tensors = plan(images);
  for (size_t i = 0; i < outputs_.size(); i++) {
    if (memory_[i].own_memory || !tensors.outputs[i]) continue;
    rt.api.ReleaseValue(tensors.outputs[i]);
    tensors.outputs[i] = nullptr;
  }
  const char *name = input_.name.c_str();
  const OrtValue *input = tensors.input;
  check(rt.api,
        rt.api.Run(session_.get(), nullptr, &name, &input, 1, output_names_.data(), outputs_.size(),
                   tensors.outputs.data()),
        ErrorKind::Run, "the model '" + path_ + "' failed to run");
  for (size_t i = 0; i < outputs_.size(); i++)
    if (!memory_[i].own_memory) measure(memory_[i], tensors.outputs[i], images);
}

void Session::layers(unsigned index, std::vector<NvDsInferLayerInfo> *layers) const {
  layers->resize(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); i++) {
    NvDsInferLayerInfo &layer = (*layers)[i];
    layer = {};
    layer.dataType = memory_[i].type;
    layer.inferDims = memory_[i].dims;
    layer.bindingIndex = static_cast<int>(i + 1); /* 0 is the input */
    layer.layerName = outputs_[i].name.c_str();
    layer.buffer = static_cast<uint8_t *>(memory_[i].data) + memory_[i].image_bytes * index;
    layer.isInput = 0;
  }
}

size_t Session::layer_bytes(size_t layer) const { return memory_[layer].image_bytes; }

}  // namespace dsbind::infer
