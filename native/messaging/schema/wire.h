/* SPDX-License-Identifier: Apache-2.0 */
/* Writes protobuf's wire format, which is frozen and small: not libprotobuf, for two versions of it
 * in one process end the process, and programs bring their own. */
#ifndef DSBIND_MESSAGING_WIRE_H
#define DSBIND_MESSAGING_WIRE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dsbind::messaging {

class Wire {
 public:
  explicit Wire(std::string *out) : out_(out) {}

  /* Fields by their number. What is 0 or empty is left out, as proto3 has it; numbers that are none
   * count as 0, and texts become valid UTF-8: readers refuse a whole message for others. */
  void text(unsigned field, std::string_view value);
  void text(unsigned field, const char *value) { text(field, std::string_view(value ? value : "")); }
  void number(unsigned field, uint64_t value);
  void real(unsigned field, float value);
  void real(unsigned field, double value);
  /* A repeated one. */
  void reals(unsigned field, const float *values, size_t count);
  /* An entry of a map of texts. */
  void entry(unsigned field, std::string_view key, std::string_view value);

  /* A message within; it is there even when it is empty. */
  template <typename Write>
  void message(unsigned field, Write write) {
    const size_t begun = open(field);
    write();
    close(begun);
  }

 private:
  void varint(uint64_t value);
  void tag(unsigned field, unsigned kind) { varint(field << 3 | kind); }
  void bits(uint64_t value, int bytes);
  size_t open(unsigned field);
  void close(size_t begun);

  std::string *out_;
};

}  // namespace dsbind::messaging

#endif
