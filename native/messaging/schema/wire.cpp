// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <glib.h>

#include <cmath>
#include <cstring>

namespace dsbind::messaging {

namespace {

enum Kind : unsigned { kVarint = 0, kEight = 1, kSized = 2, kFour = 5 };

/* Seven bits a byte, the lowest first; all but the last have the eighth set. */
int encode(uint64_t value, char bytes[10]) {
  int count = 0;
  for (; value >= 0x80; value >>= 7) bytes[count++] = static_cast<char>(value | 0x80);
  bytes[count++] = static_cast<char>(value);
  return count;
}

template <typename Bits, typename Real>
Bits bits_of(Real value) {
  static_assert(sizeof(Bits) == sizeof(Real), "the same bytes");
  Bits bits = 0;
  if (std::isfinite(value)) std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

}  // namespace

void Wire::varint(uint64_t value) {
  char bytes[10];
  out_->append(bytes, static_cast<size_t>(encode(value, bytes)));
}

void Wire::bits(uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++, value >>= 8) out_->push_back(static_cast<char>(value));
}

void Wire::text(unsigned field, std::string_view value) {
  if (value.empty()) return;
  if (!g_utf8_validate_len(value.data(), value.size(), nullptr)) {
    char *valid = g_utf8_make_valid(value.data(), static_cast<gssize>(value.size()));
    text(field, valid);
    g_free(valid);
    return;
  }
  tag(field, kSized);
  varint(value.size());
  out_->append(value);
}

void Wire::number(unsigned field, uint64_t value) {
  if (!value) return;
  tag(field, kVarint);
  varint(value);
}

void Wire::real(unsigned field, float value) {
  const auto bits_of_it = bits_of<uint32_t>(value);
  if (!bits_of_it) return;
  tag(field, kFour);
  bits(bits_of_it, 4);
}

void Wire::real(unsigned field, double value) {
  const auto bits_of_it = bits_of<uint64_t>(value);
  if (!bits_of_it) return;
  tag(field, kEight);
  bits(bits_of_it, 8);
}

void Wire::reals(unsigned field, const float *values, size_t count) {
  if (!count) return;
  tag(field, kSized);
  varint(4 * static_cast<uint64_t>(count));
  for (size_t i = 0; i < count; i++) bits(bits_of<uint32_t>(values[i]), 4);
}

void Wire::entry(unsigned field, std::string_view key, std::string_view value) {
  message(field, [&] {
    text(1, key);
    text(2, value);
  });
}

/* Room for a size of one byte, which most messages have. */
size_t Wire::open(unsigned field) {
  tag(field, kSized);
  out_->push_back(0);
  return out_->size();
}

void Wire::close(size_t begun) {
  char bytes[10];
  const int count = encode(out_->size() - begun, bytes);
  (*out_)[begun - 1] = bytes[0];
  out_->insert(begun, bytes + 1, static_cast<size_t>(count - 1));
}

}  // namespace dsbind::messaging
