/* SPDX-License-Identifier: Apache-2.0 */
/* Config files as groups of keys, read the same from INI and YAML. */
#ifndef DSBIND_INFER_CONFIG_FILE_H
#define DSBIND_INFER_CONFIG_FILE_H

#include <string>
#include <vector>

namespace dsbind::infer {

struct ConfigEntry {
  std::string group;
  std::string key;
  std::string value; /* lists are joined by ';' */
  int line = 0;
};

/* Reads a file of at most 1 MiB; .yml and .yaml are YAML, anything else is INI. Nothing in it can
 * make reading expensive: YAML is taken as events, two levels deep, without aliases. Throws Error
 * with the line. */
std::vector<ConfigEntry> read_config_file(const std::string &path);

/* All bytes of a regular file up to `limit`; `what` names it in errors. */
std::string read_small_file(const std::string &path, size_t limit, const std::string &what);

}  // namespace dsbind::infer

#endif
