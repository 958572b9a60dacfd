/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>

#include <memory>

#include "dsbind_runtime.h"
#include "error.h"

namespace dsbind::preprocess {
namespace {

using infer::Error;
using infer::ErrorKind;

constexpr char kOurs[] = "libcustom2d_preprocess.so"; /* the name that the SDK's has */

/* Configs name the SDK's default library: without an SDK it is ours. */
std::string chosen(const Plan &plan) {
  std::unique_ptr<char, decltype(&g_free)> found(
      dsbind_runtime_find_library(plan.library.c_str(), kOurs), g_free);
  return found ? found.get() : "";
}

/* Runs code of the library: what it throws becomes an Error. */
template <class Call>
auto guarded(const std::string &path, const char *what, Call call) {
  try {
    return call();
  } catch (const std::exception &error) {
    throw Error(ErrorKind::Library, std::string(what) + " of '" + path + "' threw: " + error.what());
  } catch (...) {
    throw Error(ErrorKind::Library, std::string(what) + " of '" + path + "' threw");
  }
}

}  // namespace

Library::Library(const Plan &plan) : path_(chosen(plan)), config_path_(plan.path) {
  if (path_.empty())
    throw Error(ErrorKind::NotFound, "the library '" + plan.library +
                                         "' (custom-lib-path of " + plan.path +
                                         ") does not exist; leave custom-lib-path out to use "
                                         "dsbind's own");
  if (!dsbind_runtime_may_load(path_.c_str(), plan.path.c_str()))
    throw Error(ErrorKind::Settings,
                "the library '" + path_ + "' (custom-lib-path of " + plan.path +
                    ") is not loaded: it lies neither below the config's folder nor in the SDK; "
                    "move it there, or allow its folder by DSBIND_LIBRARY_PATH");
  handle_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle_) {
    const std::string why = dlerror();
    throw Error(ErrorKind::Library,
                "the library '" + path_ + "' (custom-lib-path) cannot be loaded: " + why);
  }
  const std::string function =
      plan.tensor_function.empty() ? "CustomTensorPreparation" : plan.tensor_function;
  const auto init = reinterpret_cast<Init>(symbol("initLib", "every library has it"));
  deinit_ = reinterpret_cast<DeInit>(symbol("deInitLib", "every library has it"));
  prepare_ = reinterpret_cast<Prepare>(symbol(function, "custom-tensor-preparation-function"));
  for (const Group &group : plan.groups)
    if (!group.transformation.empty())
      transforms_[group.transformation] = reinterpret_cast<Transform>(
          symbol(group.transformation, "custom-input-transformation-function"));

  CustomInitParams params;
  params.unique_id = plan.unique_id;
  params.tensor_params = plan.tensor;
  params.user_configs.insert(plan.user_configs.begin(), plan.user_configs.end());
  params.config_file_path = config_path_.data();
  context_ = guarded(path_, "initLib()", [&] { return init(params); });
  if (!context_)
    throw Error(ErrorKind::Library,
                "initLib() of '" + path_ + "' refused the config " + plan.path +
                    "; look at its [user-configs] and at what the library printed");
}

Library::~Library() {
  try {
    if (context_) deinit_(context_);
  } catch (...) {
    g_critical("deInitLib() of '%s' threw", path_.c_str());
  }
  if (handle_) dlclose(handle_);
}

void *Library::symbol(const std::string &name, const char *key) const {
  void *found = dlsym(handle_, name.c_str());
  if (found) return found;
  dlclose(handle_);
  throw Error(ErrorKind::Library, "the library '" + path_ + "' has no function '" + name + "' (" +
                                      key + "); it must be extern \"C\" and exported");
}

NvDsPreProcessStatus Library::transform(const std::string &function, NvBufSurface *from,
                                        NvBufSurface *to, CustomTransformParams *params) {
  if (function.empty())
    return NvBufSurfTransform(from, to, &params->transform_params) ==
                   NvBufSurfTransformError_Success
               ? NVDSPREPROCESS_SUCCESS
               : NVDSPREPROCESS_CUSTOM_TRANSFORMATION_FAILED;
  return guarded(path_, function.c_str(),
                 [&] { return transforms_.at(function)(from, to, *params); });
}

NvDsPreProcessStatus Library::prepare(NvDsPreProcessBatch *batch, NvDsPreProcessCustomBuf **buffer,
                                      CustomTensorParams *params,
                                      NvDsPreProcessAcquirer *acquirer) {
  return guarded(path_, "the tensor preparation", [&] {
    return prepare_(context_, batch, *buffer, *params, acquirer);
  });
}

}  // namespace dsbind::preprocess
