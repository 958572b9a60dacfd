/* SPDX-License-Identifier: Apache-2.0 */
#include "parser.h"

#include <dlfcn.h>
#include <glib.h>
#include <stdlib.h>

#include <memory>
#include <sstream>

#include "dsbind_runtime.h"
#include "error.h"

namespace dsbind::infer {
namespace {

constexpr char kSdk[] = "/opt/nvidia/deepstream/deepstream";

/* Absolute, links followed; empty when there is no such file. */
std::string real_path(const std::string &path) {
  std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), free);
  return real ? real.get() : "";
}

bool below(const std::string &path, const std::string &folder) {
  if (folder.empty()) return false;
  std::string real = real_path(folder);
  if (real.empty() || real == "/") return false;
  return path.compare(0, real.size() + 1, real + "/") == 0;
}

}  // namespace

NvDsInferParseCustomFunc load_parser(const Config &config) {
  std::string path = real_path(config.custom_library);
  if (path.empty())
    throw Error(ErrorKind::NotFound,
                "the library '" + config.custom_library + "' (custom-lib-path) does not exist");
  std::unique_ptr<char, decltype(&g_free)> own(g_path_get_dirname(real_path(config.path).c_str()),
                                               g_free);
  const char *sdk = g_getenv("DEEPSTREAM_ROOT");
  bool allowed = below(path, own.get()) || below(path, sdk && *sdk ? sdk : kSdk) ||
                 below(path, dsbind_runtime_library_dir());
  const char *more = g_getenv("DSBIND_LIBRARY_PATH");
  std::istringstream folders(more ? more : "");
  for (std::string folder; !allowed && std::getline(folders, folder, ':');)
    allowed = below(path, folder);
  if (!allowed)
    throw Error(ErrorKind::Settings,
                "the library '" + path + "' (custom-lib-path of " + config.path +
                    ") is not loaded: it lies neither below the config's folder nor in the SDK; "
                    "move it there, or allow its folder by DSBIND_LIBRARY_PATH");

  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    std::string why = dlerror();
    throw Error(ErrorKind::Library, "the library '" + path +
                                        "' (custom-lib-path) cannot be "
                                        "loaded: " +
                                        why);
  }
  void *function = dlsym(library, config.parser_function.c_str());
  dlclose(library);
  if (!function)
    throw Error(ErrorKind::Library, "the library '" + path + "' has no function '" +
                                        config.parser_function +
                                        "' (parse-bbox-func-name); it must be extern \"C\" and "
                                        "exported");
  return reinterpret_cast<NvDsInferParseCustomFunc>(function);
}

}  // namespace dsbind::infer
