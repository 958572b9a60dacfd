/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest ONNX models, written by hand: one operator on an image tensor. */
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

/* y = Operator(x); type 1 is float32, 11 float64. */
inline std::string model_of(const std::string &name, const std::vector<int64_t> &from,
                            const std::vector<int64_t> &to, int type = 1) {
  std::string node = bytes(1, "x") + bytes(2, "y") + bytes(4, name);
  std::string graph = bytes(1, node) + bytes(2, "g") + bytes(11, value_info("x", type, from)) +
                      bytes(12, value_info("y", type, to));
  return number(1, 8) + bytes(7, graph) + bytes(8, number(2, 14));
}

inline std::string relu_model(const std::vector<int64_t> &dims, int type = 1) {
  return model_of("Relu", dims, dims, type);
}

/* The places of what is not 0: 4 rows for an image tensor, as many columns as there are. */
inline std::string nonzero_model(const std::vector<int64_t> &dims) {
  std::string node = bytes(1, "x") + bytes(2, "y") + bytes(4, "NonZero");
  std::string graph = bytes(1, node) + bytes(2, "g") + bytes(11, value_info("x", 1, dims)) +
                      bytes(12, value_info("y", 7, {4, -1}));
  return number(1, 8) + bytes(7, graph) + bytes(8, number(2, 14));
}

/* A classifier: how red, green and blue images of h x w are on the whole. */
inline std::string mean_model(int64_t h, int64_t w) {
  return model_of("GlobalAveragePool", {-1, 3, h, w}, {-1, 3, 1, 1});
}

#endif
