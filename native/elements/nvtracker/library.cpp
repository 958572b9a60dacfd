/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <dsbind_runtime.h>

#include <memory>

#include "error.h"

namespace dsbind::nvtracker {
namespace {

constexpr char kOurs[] = "libnvds_nvmultiobjecttracker.so";

/* Programs name the SDK's library; without an SDK that is the bundle's. */
std::string chosen(const std::string &name) {
  std::unique_ptr<char, decltype(&g_free)> found(dsbind_runtime_find_library(name.c_str(), kOurs),
                                                 g_free);
  return found ? found.get() : "";
}

}  // namespace

Library::Library(const std::string &name, const std::string &config_path) : path_(chosen(name)) {
  if (path_.empty())
    throw Error(ErrorKind::NotFound,
                "the tracker library '" + name +
                    "' (ll-lib-file) does not exist; leave ll-lib-file out to use dsbind's own");
  if (!dsbind_runtime_may_load(path_.c_str(), config_path.c_str()))
    throw Error(ErrorKind::Settings,
                "the tracker library '" + path_ +
                    "' (ll-lib-file) is not loaded: it lies neither below the folder of "
                    "ll-config-file nor in the SDK; move it there, or allow its folder by "
                    "DSBIND_LIBRARY_PATH");
  void *library = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    const std::string why = dlerror();
    throw Error(ErrorKind::Library,
                "the tracker library '" + path_ + "' (ll-lib-file) cannot be loaded: " + why);
  }
  auto find = [&](auto *function, const char *symbol) {
    *function = reinterpret_cast<std::remove_pointer_t<decltype(function)>>(dlsym(library, symbol));
  };
  find(&init, "NvMOT_Init");
  find(&deinit, "NvMOT_DeInit");
  find(&process, "NvMOT_Process");
  find(&query, "NvMOT_Query");
  find(&retrieve, "NvMOT_RetrieveMiscData");
  find(&remove_streams, "NvMOT_RemoveStreams");
  find(&update_params, "NvMOT_UpdateParams");
  find(&message_, "dsbind_tracker_message");
  dlclose(library);
  for (auto [there, symbol] : {std::pair{init != nullptr, "NvMOT_Init"},
                               std::pair{deinit != nullptr, "NvMOT_DeInit"},
                               std::pair{process != nullptr, "NvMOT_Process"}})
    if (!there)
      throw Error(ErrorKind::Library, "the library '" + path_ + "' (ll-lib-file) is no tracker: " +
                                          "it has no function " + symbol);
}

std::vector<std::string> Library::messages() const {
  std::vector<std::string> all;
  if (message_)
    while (const char *text = message_()) all.emplace_back(text);
  return all;
}

}  // namespace dsbind::nvtracker
