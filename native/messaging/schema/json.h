/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON: commas by itself, texts escaped and valid UTF-8, numbers whatever the locale. */
#ifndef DSBIND_MESSAGING_JSON_H
#define DSBIND_MESSAGING_JSON_H

#include <cstdint>
#include <string>
#include <string_view>

namespace dsbind::messaging {

class Json {
 public:
  explicit Json(std::string *out) : out_(out) {}

  /* Of an object or array: '{' and '}', '[' and ']'. */
  Json &open(char bracket);
  Json &close(char bracket);
  /* A name within an object; it is one of ours, with nothing to escape. */
  Json &key(std::string_view name);
  /* A name that comes from elsewhere. */
  Json &name(std::string_view name);

  Json &text(std::string_view value);
  Json &text(const char *value) { return text(std::string_view(value ? value : "")); }
  Json &number(double value); /* 0 where it is none */
  Json &number(uint64_t value);
  Json &exact(double value); /* with all its digits */

  /* Names and values that another one wrote. */
  Json &members(std::string_view written);

 private:
  void comma();

  std::string *out_;
  bool first_ = true; /* of its object or array, or behind a name */
};

/* `text` within quotes. */
void append_text(std::string *out, std::string_view text);
void append_number(std::string *out, double value);

}  // namespace dsbind::messaging

#endif
