// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <glib.h>

#include <charconv>
#include <cmath>

namespace dsbind::messaging {

void append_text(std::string *out, std::string_view text) {
  static const char digits[] = "0123456789abcdef";
  if (!g_utf8_validate_len(text.data(), text.size(), nullptr)) {
    char *valid = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
    append_text(out, valid);
    g_free(valid);
    return;
  }
  out->push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out->append("\\u00");
      out->push_back(digits[(c >> 4) & 15]);
      out->push_back(digits[c & 15]);
    } else {
      out->push_back(c);
    }
  }
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
