/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong with a tracker library, in words for the user. */
#ifndef DSBIND_NVTRACKER_ERROR_H
#define DSBIND_NVTRACKER_ERROR_H

#include <stdexcept>
#include <string>

namespace dsbind::nvtracker {

enum class ErrorKind {
  NotFound, /* a file that was named is not there */
  Settings, /* a property or a config that cannot be used */
  Library,  /* the library does not load or does not do its part */
  Run,      /* a batch could not be tracked */
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string &what) : std::runtime_error(what), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace dsbind::nvtracker

#endif
