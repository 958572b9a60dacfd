/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include <deque>

namespace dsbind::tracker {
namespace {

constexpr size_t kMost = 32;
thread_local std::deque<std::string> waiting;
thread_local std::string current;

}  // namespace

void tell(const std::string &text) noexcept {
  try {
    if (waiting.size() < kMost) waiting.push_back(text);
  } catch (const std::exception &) {
    /* without memory there are no words either */
  }
}

}  // namespace dsbind::tracker

extern "C" __attribute__((visibility("default"))) const char *dsbind_tracker_message() {
  using namespace dsbind::tracker;
  if (waiting.empty()) return nullptr;
  current = std::move(waiting.front());
  waiting.pop_front();
  return current.c_str();
}
