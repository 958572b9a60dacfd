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

const char *parser_key(NetworkType type) {
  switch (type) {
    case NetworkType::Classifier: return "parse-classifier-func-name";
    case NetworkType::Segmentation: return "parse-segmentation-func-name";
    case NetworkType::Instances: return "parse-bbox-instance-mask-func-name";
    default: return "parse-bbox-func-name";
  }
}

bool has_custom_parser(const Config &config) {
  return !config.parser_function.empty() && !config.custom_library.empty();
}

void *load_parser(const Config &config) {
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
                                        "' (" + parser_key(config.network_type) +
                                        "); it must be extern \"C\" and exported");
  return function;
}

void call_parser(const Config &config, std::mutex *mutex, const std::function<bool()> &call) {
  bool ok = false;
  std::string why;
  try {
    std::lock_guard<std::mutex> lock(*mutex);
    ok = call();
  } catch (const std::exception &e) {
    why = std::string(": ") + e.what();
  } catch (...) {
    why = ": it threw";
  }
  if (!ok)
    throw Error(ErrorKind::Run, "the parser " + config.parser_function + " of '" +
                                    config.custom_library + "' failed" + why);
}

}  // namespace dsbind::infer
