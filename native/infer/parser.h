/* SPDX-License-Identifier: Apache-2.0 */
/* Functions out of a user's library (custom-lib-path). */
#ifndef DSBIND_INFER_PARSER_H
#define DSBIND_INFER_PARSER_H

#include <functional>
#include <mutex>

#include "config.h"

namespace dsbind::infer {

/* The key that names the parser of a type of network, such as "parse-bbox-func-name". */
const char *parser_key(NetworkType type);

/* Whether the config's parser lies in a library; false where it names none, or a built-in one. */
bool has_custom_parser(const Config &config);

/* Loads the parser function. Configs may come from strangers, so the library must lie, symbolic
 * links followed, below the config's own folder, the SDK, the bundle, or a folder that the program
 * allows by DSBIND_LIBRARY_PATH (':' between folders). It stays loaded: it may have started
 * threads or handed out its code. */
void *load_parser(const Config &config);

/* Calls the library's function, one call at a time under `mutex`: it may keep state. An exception,
 * or the result false, becomes an Error that names the function and the library. */
void call_parser(const Config &config, std::mutex *mutex, const std::function<bool()> &call);

}  // namespace dsbind::infer

#endif
