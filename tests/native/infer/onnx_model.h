/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest ONNX models, written by hand: one Relu of an image tensor. */
#ifndef DSBIND_TESTS_INFER_ONNX_MODEL_H
#define DSBIND_TESTS_INFER_ONNX_MODEL_H

#include <cstdint>
#include <string>
#include <vector>

/* Protocol buffers, as far as ONNX needs them here. */
inline std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out + static_cast<char>(value);
}
inline std::string number(unsigned field, uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string bytes(unsigned field, const std::string &value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}

/* A ValueInfoProto; a dimension of -1 is named, so open. */
inline std::string value_info(const std::string &name, int type, const std::vector<int64_t> &dims) {
  std::string shape;
  for (int64_t d : dims)
    shape += bytes(1, d < 0 ? bytes(2, "n") : number(1, static_cast<uint64_t>(d)));
  std::string tensor = number(1, static_cast<uint64_t>(type)) + bytes(2, shape);
  return bytes(1, name) + bytes(2, bytes(1, tensor));
}

/* y = Relu(x); type 1 is float32, 11 float64. */
inline std::string relu_model(const std::vector<int64_t> &dims, int type = 1) {
  std::string node = bytes(1, "x") + bytes(2, "y") + bytes(4, "Relu");
  std::string graph = bytes(1, node) + bytes(2, "g") + bytes(11, value_info("x", type, dims)) +
                      bytes(12, value_info("y", type, dims));
  return number(1, 8) + bytes(7, graph) + bytes(8, number(2, 14));
}

#endif
