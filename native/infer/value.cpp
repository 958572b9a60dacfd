/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dsbind::infer {
namespace {

template <class T>
bool parse_whole(std::string_view text, T *value) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const char *end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, *value);
  return !text.empty() && result.ec == std::errc() && result.ptr == end;
}

size_t edit_distance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view trim(std::string_view text) {
  const char *blank = " \t\r\n";
  size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    size_t end = text.find_first_of(";,");
    parts.emplace_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

bool parse_int(std::string_view text, int64_t *value) { return parse_whole(text, value); }

bool parse_float(std::string_view text, double *value) {
  return parse_whole(text, value) && std::isfinite(*value);
}

std::string nearest_name(const std::string &name, const std::vector<std::string> &candidates) {
  if (name.size() > 64) return {};
  std::string best;
  size_t least = std::max<size_t>(name.size() / 3, 2) + 1;
  for (const std::string &candidate : candidates) {
    size_t distance = edit_distance(name, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace dsbind::infer
