/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong between a config file and a detection, in words for the user. */
#ifndef DSBIND_INFER_ERROR_H
#define DSBIND_INFER_ERROR_H

#include <stdexcept>
#include <string>

namespace dsbind::infer {

enum class ErrorKind {
  NotFound, /* a file that was named is not there */
  Settings, /* a config or a model that cannot be used as it is */
  Library,  /* ONNX Runtime or a custom library */
  Run,      /* a frame could not be inferred */
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string &what) : std::runtime_error(what), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace dsbind::infer

#endif
