/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of the test's own, and what a failing call said. */
#ifndef DSBIND_TESTS_INFER_FILES_H
#define DSBIND_TESTS_INFER_FILES_H

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "check.h"
#include "error.h"

class Folder {
 public:
  explicit Folder(const std::string &parent = std::filesystem::temp_directory_path().string()) {
    std::string name = parent + "/dsbind-infer-XXXXXX";
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  std::string path(const std::string &name) const { return path_ + "/" + name; }
  std::string write(const std::string &name, const std::string &text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::string path_;
};

/* The message of the Error that `call` throws. */
template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const dsbind::infer::Error &error) {
    return error.what();
  }
  return "no error";
}

inline void check_has(const std::string &text, const std::string &part, int line) {
  if (text.find(part) == std::string::npos)
    check_failed(__FILE__, line, "\"%s\" lacks \"%s\"", text.c_str(), part.c_str());
}
#define CHECK_HAS(text, part) check_has(text, part, __LINE__)

inline void check_same(const std::string &text, const std::string &expected, int line) {
  if (text != expected)
    check_failed(__FILE__, line, "\"%s\" is not \"%s\"", text.c_str(), expected.c_str());
}
#define CHECK_SAME(text, expected) check_same(text, expected, __LINE__)

#endif
