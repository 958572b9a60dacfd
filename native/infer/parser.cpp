/* SPDX-License-Identifier: Apache-2.0 */
#include "parser.h"

#include <dlfcn.h>
#include <glib.h>

#include <memory>

#include "dsbind_runtime.h"
#include "error.h"

namespace dsbind::infer {

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
  std::unique_ptr<char, decltype(&g_free)> found(
      dsbind_runtime_find_library(config.custom_library.c_str(), nullptr), g_free);
  if (!found)
    throw Error(ErrorKind::NotFound,
                "the library '" + config.custom_library + "' (custom-lib-path) does not exist");
  const std::string path = found.get();
  if (!dsbind_runtime_may_load(path.c_str(), config.path.c_str()))
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
