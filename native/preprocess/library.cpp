/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <memory>
#include <sstream>

#include "dsbind_runtime.h"
#include "error.h"

namespace dsbind::preprocess {
namespace {

using infer::Error;
using infer::ErrorKind;

constexpr char kSdk[] = "/opt/nvidia/deepstream/deepstream";
constexpr char kOurs[] = "libcustom2d_preprocess.so"; /* the name that the SDK's has */

/* Absolute, links followed; empty when there is no such file. */
std::string real_path(const std::string &path) {
  std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), free);
  return real ? real.get() : "";
}

std::string folder_of(const std::string &path) {
  std::unique_ptr<char, decltype(&g_free)> folder(g_path_get_dirname(path.c_str()), g_free);
  return folder.get();
}

bool below(const std::string &path, const std::string &folder) {
  const std::string real = folder.empty() ? "" : real_path(folder);
  if (real.empty() || real == "/") return false;
  return path.compare(0, real.size() + 1, real + "/") == 0;
}

bool is_allowed(const std::string &path, const std::string &config) {
  const char *sdk = g_getenv("DEEPSTREAM_ROOT");
  if (below(path, folder_of(real_path(config))) || below(path, sdk && *sdk ? sdk : kSdk) ||
      below(path, dsbind_runtime_library_dir()))
    return true;
  const char *more = g_getenv("DSBIND_LIBRARY_PATH");
  std::istringstream folders(more ? more : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (below(path, folder)) return true;
  return false;
}

/* Configs name the SDK's default library: without an SDK it is ours. */
std::string chosen(const Plan &plan) {
  const std::string ours = std::string(dsbind_runtime_library_dir()) + "/" + kOurs;
  if (plan.library.empty()) return real_path(ours);
  std::string path = real_path(plan.library);
  std::unique_ptr<char, decltype(&g_free)> name(g_path_get_basename(plan.library.c_str()), g_free);
  return path.empty() && std::string(name.get()) == kOurs ? real_path(ours) : path;
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
  if (!is_allowed(path_, plan.path))
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
