/* SPDX-License-Identifier: Apache-2.0 */
/* A parser function out of a user's library (custom-lib-path, parse-bbox-func-name). */
#ifndef DSBIND_INFER_PARSER_H
#define DSBIND_INFER_PARSER_H

#include "config.h"
#include "nvdsinfer_custom_impl.h"

namespace dsbind::infer {

/* Loads the function. Configs may come from strangers, so the library must lie, symbolic links
 * followed, below the config's own folder, the SDK, the bundle, or a folder that the program
 * allows by DSBIND_LIBRARY_PATH (':' between folders). It stays loaded: it may have started
 * threads or handed out its code. */
NvDsInferParseCustomFunc load_parser(const Config &config);

}  // namespace dsbind::infer

#endif
