// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <glib.h>

#include <charconv>
#include <cmath>

namespace dsbind::messaging {

namespace {

/* Nearly all texts are: the whole check takes longer than to write them. */
bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace

void append_text(std::string *out, std::string_view text) {
  static const char digits[] = "0123456789abcdef";
  if (!is_ascii(text) && !g_utf8_validate_len(text.data(), text.size(), nullptr)) {
    char *valid = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
    append_text(out, valid);
    g_free(valid);
    return;
  }
  out->push_back('"');
  const char *from = text.data(), *const end = from + text.size();
  for (const char *at = from; at < end; at++) {
    const auto c = static_cast<unsigned char>(*at);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(from, at);
    from = at + 1;
    if (c < 0x20) {
      out->append("\\u00");
      out->push_back(digits[(c >> 4) & 15]);
      out->push_back(digits[c & 15]);
    } else {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    }
  }
  out->append(from, end);
  out->push_back('"');
}

void append_number(std::string *out, double value) {
  char digits[32];
  if (!std::isfinite(value)) value = 0;
  /* Six significant digits, as printf("%g") has them: pixels and confidences are floats. */
  auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 6);
  out->append(digits, end.ptr);
}

void Json::comma() {
  if (!first_) out_->push_back(',');
  first_ = false;
}

Json &Json::open(char bracket) {
  comma();
  out_->push_back(bracket);
  first_ = true;
  return *this;
}

Json &Json::close(char bracket) {
  out_->push_back(bracket);
  first_ = false;
  return *this;
}

Json &Json::key(std::string_view name) {
  comma();
  out_->push_back('"');
  out_->append(name);
  out_->append("\":");
  first_ = true;
  return *this;
}

Json &Json::name(std::string_view name) {
  comma();
  append_text(out_, name);
  out_->push_back(':');
  first_ = true;
  return *this;
}

Json &Json::text(std::string_view value) {
  comma();
  append_text(out_, value);
  return *this;
}

Json &Json::members(std::string_view written) {
  comma();
  out_->append(written);
  return *this;
}

Json &Json::number(double value) {
  comma();
  append_number(out_, value);
  return *this;
}

Json &Json::exact(double value) {
  char digits[32];
  comma();
  auto end = std::to_chars(digits, digits + sizeof digits, std::isfinite(value) ? value : 0.0);
  out_->append(digits, end.ptr);
  return *this;
}

Json &Json::number(uint64_t value) {
  comma();
  out_->append(std::to_string(value));
  return *this;
}

}  // namespace dsbind::messaging
