/* SPDX-License-Identifier: Apache-2.0 */
#include "labels.h"

#include <glib.h>

#include <sstream>

#include "config_file.h"
#include "error.h"
#include "value.h"

namespace dsbind::infer {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr size_t kMaxLabels = 65536;

std::vector<std::string> labels_of(std::string_view line) {
  std::vector<std::string> labels;
  for (;;) {
    size_t end = line.find(';');
    labels.emplace_back(trim(line.substr(0, end)));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  /* The last one may end with a ';', too. */
  if (labels.size() > 1 && labels.back().empty()) labels.pop_back();
  return labels;
}

}  // namespace

std::vector<std::vector<std::string>> read_labels(const std::string &path) {
  std::string text = read_small_file(path, kMaxBytes, "the label file");
  if (!g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr))
    throw Error(ErrorKind::Settings, "the label file '" + path + "' is not UTF-8 text");
  std::vector<std::vector<std::string>> lines;
  std::istringstream stream(text);
  size_t count = 0;
  for (std::string line; std::getline(stream, line) && count <= kMaxLabels;) {
    lines.push_back(labels_of(line));
    count += lines.back().size();
  }
  while (!lines.empty() && lines.back().size() == 1 && lines.back().front().empty())
    lines.pop_back();
  if (lines.empty() || count > kMaxLabels)
    throw Error(ErrorKind::Settings,
                "the label file '" + path + "' has " +
                    (lines.empty() ? "no labels" : "more than " + std::to_string(kMaxLabels) +
                                                       " labels") +
                    "; one per class is expected: a line each, or between ';' on one line for "
                    "each output of a classifier");
  return lines;
}

}  // namespace dsbind::infer
