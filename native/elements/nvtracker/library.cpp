/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <dsbind_runtime.h>
#include <stdlib.h>

#include <memory>
#include <sstream>

#include "error.h"

namespace dsbind::nvtracker {
namespace {

constexpr char kSdk[] = "/opt/nvidia/deepstream/deepstream";
constexpr char kOurs[] = "libnvds_nvmultiobjecttracker.so";

/* Absolute, links followed; empty when there is no such file. */
std::string real_path(const std::string &path) {
  std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), free);
  return real ? real.get() : "";
}

std::string folder_of(const std::string &path) {
  std::unique_ptr<char, decltype(&g_free)> folder(g_path_get_dirname(path.c_str()), g_free);
  return folder.get();
}

std::string name_of(const std::string &path) {
  std::unique_ptr<char, decltype(&g_free)> name(g_path_get_basename(path.c_str()), g_free);
  return name.get();
}

bool below(const std::string &path, const std::string &folder) {
  if (folder.empty()) return false;
  std::string real = real_path(folder);
  if (real.empty() || real == "/") return false;
  return path.compare(0, real.size() + 1, real + "/") == 0;
}

bool allowed(const std::string &path, const std::string &config_path) {
  const char *sdk = g_getenv("DEEPSTREAM_ROOT");
  std::string config = real_path(config_path);
  if (!config.empty() && below(path, folder_of(config))) return true;
  if (below(path, sdk && *sdk ? sdk : kSdk) || below(path, dsbind_runtime_library_dir()))
    return true;
  const char *more = g_getenv("DSBIND_LIBRARY_PATH");
  std::istringstream folders(more ? more : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (below(path, folder)) return true;
  return false;
}

/* Programs name the SDK's library; without an SDK that is the bundle's. */
std::string chosen(const std::string &name) {
  std::string ours = std::string(dsbind_runtime_library_dir()) + "/" + kOurs;
  if (name.empty()) return real_path(ours);
  std::string path = real_path(name);
  if (path.empty() && name_of(name) == kOurs) return real_path(ours);
  return path;
}

}  // namespace

Library::Library(const std::string &name, const std::string &config_path) : path_(chosen(name)) {
  if (path_.empty())
    throw Error(ErrorKind::NotFound,
                "the tracker library '" + name +
                    "' (ll-lib-file) does not exist; leave ll-lib-file out to use dsbind's own");
  if (!allowed(path_, config_path))
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
