/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <charconv>

#include "error.h"

namespace dsbind::nvtracker {
namespace {

constexpr unsigned kMaxSources = 4096;
constexpr size_t kMaxSubBatches = 64;

std::vector<std::string> split(const std::string &text, const char *separators) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = text.find_first_of(separators, begin);
    if (end == std::string::npos) end = text.size();
    std::string part = text.substr(begin, end - begin);
    size_t first = part.find_first_not_of(" \t");
    size_t last = part.find_last_not_of(" \t");
    parts.push_back(first == std::string::npos ? "" : part.substr(first, last - first + 1));
    begin = end + 1;
  }
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  return parts;
}

unsigned number(const std::string &text, unsigned least, unsigned most, const std::string &whole) {
  unsigned value = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size() ||
      value < least || value > most)
    throw Error(ErrorKind::Settings, whole + ": '" + text + "' is no number from " +
                                         std::to_string(least) + " to " + std::to_string(most));
  return value;
}

}  // namespace

std::vector<SubBatch> parse_sub_batches(const std::string &text, const std::string &configs) {
  const std::string whole = "sub-batches=" + text;
  std::vector<SubBatch> all;
  if (text.empty()) {
    all.emplace_back();
  } else if (text.find(':') != std::string::npos) {
    for (const std::string &part : split(text, ":")) {
      all.emplace_back();
      all.back().capacity = number(part, 1, kMaxSources, whole);
    }
  } else {
    std::set<unsigned> known;
    for (const std::string &group : split(text, ";")) {
      all.emplace_back();
      for (const std::string &part : split(group, ",")) {
        unsigned source = number(part, 0, kMaxSources - 1, whole);
        if (!known.insert(source).second)
          throw Error(ErrorKind::Settings,
                      whole + ": source " + std::to_string(source) + " is named twice");
        all.back().sources.insert(source);
      }
      if (all.back().sources.empty())
        throw Error(ErrorKind::Settings, whole + ": a sub-batch without a source; write the source "
                                                 "ids of each as 0,1;2,3 or the sizes as 2:2");
    }
  }
  if (all.empty() || all.size() > kMaxSubBatches)
    throw Error(ErrorKind::Settings,
                whole + ": 1 to " + std::to_string(kMaxSubBatches) + " sub-batches are possible");
  /* Without sub-batches the path is one, whatever is in it. */
  std::vector<std::string> paths =
      all.size() == 1 ? std::vector<std::string>{configs} : split(configs, ";");
  if (paths.empty()) paths.emplace_back();
  if (paths.size() != 1 && paths.size() != all.size())
    throw Error(ErrorKind::Settings,
                "ll-config-file names " + std::to_string(paths.size()) + " files for " +
                    std::to_string(all.size()) + " sub-batches; name one, or one for each");
  for (size_t i = 0; i < all.size(); i++) all[i].config = paths[paths.size() == 1 ? 0 : i];
  return all;
}

std::set<int> parse_class_ids(const std::string &text) {
  std::set<int> ids;
  for (const std::string &part : split(text, ";,:"))
    ids.insert(static_cast<int>(number(part, 0, 65535, "operate-on-class-ids=" + text)));
  return ids;
}

}  // namespace dsbind::nvtracker
