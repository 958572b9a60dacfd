/* SPDX-License-Identifier: Apache-2.0 */
#include "config_file.h"

#include <glib.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <unordered_map>

#include "error.h"
#include "value.h"

namespace dsbind::infer {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr size_t kMaxEntries = 4096;

[[noreturn]] void fail(const std::string &path, int line, const std::string &what) {
  throw Error(ErrorKind::Settings,
              path + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what);
}

/* Group → key → value (a scalar, or a list of scalars), and nothing deeper. */
class YamlReader : public YAML::EventHandler {
 public:
  explicit YamlReader(const std::string &path) : path_(path) {}
  std::vector<ConfigEntry> entries;

  void OnDocumentStart(const YAML::Mark &) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark &mark, YAML::anchor_t) override { scalar(mark, ""); }
  void OnAlias(const YAML::Mark &mark, YAML::anchor_t) override {
    fail(path_, mark.line + 1, "YAML aliases (*name) are not accepted here; write the value out");
  }
  void OnScalar(const YAML::Mark &mark, const std::string &, YAML::anchor_t,
                const std::string &value) override {
    scalar(mark, value);
  }
  void OnSequenceStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    if (depth_ != 2 || !have_key_ || in_list_)
      fail(path_, mark.line + 1, "a list is only accepted as the value of a key");
    in_list_ = true;
    list_.clear();
  }
  void OnSequenceEnd() override {
    in_list_ = false;
    add(list_);
  }
  void OnMapStart(const YAML::Mark &mark, const std::string &, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    bool expected = depth_ == 0 || (depth_ == 1 && have_key_ && !in_list_);
    if (!expected)
      fail(path_, mark.line + 1, "expected `group:` with `key: value` lines below, nothing deeper");
    depth_++;
    if (depth_ == 2) group_ = key_;
    have_key_ = false;
  }
  void OnMapEnd() override {
    depth_--;
    have_key_ = false;
  }

 private:
  void scalar(const YAML::Mark &mark, const std::string &value) {
    if (depth_ == 0) fail(path_, mark.line + 1, "expected groups such as `property:`");
    if (in_list_) {
      list_ += (list_.empty() ? "" : ";") + value;
    } else if (!have_key_) {
      key_ = value;
      line_ = mark.line + 1;
      have_key_ = true;
    } else if (depth_ == 1) {
      if (!value.empty())
        fail(path_, mark.line + 1,
             "'" + key_ + ": " + value +
                 "' lies outside any group; keys go "
                 "below `property:` or `class-attrs-all:`");
      have_key_ = false; /* an empty group */
    } else {
      add(value);
    }
  }
  void add(const std::string &value) {
    entries.push_back({group_, key_, value, line_});
    have_key_ = false;
  }

  std::string path_, group_, key_, list_;
  int depth_ = 0, line_ = 0;
  bool have_key_ = false, in_list_ = false;
};

std::vector<ConfigEntry> read_yaml(const std::string &path, const std::string &text) {
  YamlReader reader(path);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(reader);
    if (parser) fail(path, 0, "more than one YAML document; one is read");
  } catch (const YAML::Exception &e) {
    fail(path, e.mark.line + 1, "not valid YAML: " + e.msg);
  }
  return std::move(reader.entries);
}

/* GKeyFile knows no lines: look the keys up again in the text. The last of two wins there too. */
void find_lines(const std::string &text, std::vector<ConfigEntry> *entries) {
  std::unordered_map<std::string, int> lines;
  std::string group, raw;
  std::istringstream stream(text);
  for (int line = 1; std::getline(stream, raw); line++) {
    std::string_view trimmed = trim(raw);
    if (trimmed.empty() || trimmed.front() == '#') continue;
    if (trimmed.front() == '[')
      group = std::string(trimmed.substr(1, trimmed.find(']') - 1));
    else
      lines[group + '\n' + std::string(trim(trimmed.substr(0, trimmed.find('='))))] = line;
  }
  for (ConfigEntry &entry : *entries) entry.line = lines[entry.group + '\n' + entry.key];
}

std::vector<ConfigEntry> read_ini(const std::string &path, const std::string &text) {
  std::unique_ptr<GKeyFile, decltype(&g_key_file_unref)> file(g_key_file_new(), g_key_file_unref);
  GError *error = nullptr;
  if (!g_key_file_load_from_data(file.get(), text.data(), text.size(), G_KEY_FILE_NONE, &error)) {
    std::string why = error->message;
    g_error_free(error);
    fail(path, 0, "not a valid config file: " + why);
  }
  std::vector<ConfigEntry> entries;
  std::unique_ptr<char *, decltype(&g_strfreev)> groups(g_key_file_get_groups(file.get(), nullptr),
                                                        g_strfreev);
  for (char **group = groups.get(); *group; group++) {
    std::unique_ptr<char *, decltype(&g_strfreev)> keys(
        g_key_file_get_keys(file.get(), *group, nullptr, nullptr), g_strfreev);
    for (char **key = keys.get(); key && *key; key++) {
      std::unique_ptr<char, decltype(&g_free)> value(
          g_key_file_get_value(file.get(), *group, *key, nullptr), g_free);
      entries.push_back({*group, *key, std::string(trim(value ? value.get() : "")), 0});
    }
  }
  find_lines(text, &entries);
  return entries;
}

}  // namespace

std::string read_small_file(const std::string &path, size_t limit, const std::string &what) {
  if (!g_file_test(path.c_str(), G_FILE_TEST_EXISTS))
    throw Error(ErrorKind::NotFound, what + " '" + path + "' does not exist");
  if (!g_file_test(path.c_str(), G_FILE_TEST_IS_REGULAR))
    throw Error(ErrorKind::NotFound, what + " '" + path + "' is not a regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Error(ErrorKind::NotFound,
                what + " '" + path + "' cannot be opened: " + std::strerror(errno));
  std::string text;
  char part[16384];
  while (text.size() <= limit && file) {
    file.read(part, sizeof part);
    text.append(part, static_cast<size_t>(file.gcount()));
  }
  if (text.size() > limit)
    throw Error(ErrorKind::Settings,
                what + " '" + path + "' is larger than " + std::to_string(limit >> 10) + " KiB");
  return text;
}

std::vector<ConfigEntry> read_config_file(const std::string &path) {
  std::string text = read_small_file(path, kMaxConfigBytes, "the config file");
  bool yaml = g_str_has_suffix(path.c_str(), ".yml") || g_str_has_suffix(path.c_str(), ".yaml");
  std::vector<ConfigEntry> entries = yaml ? read_yaml(path, text) : read_ini(path, text);
  if (entries.size() > kMaxEntries)
    fail(path, 0, "more than " + std::to_string(kMaxEntries) + " keys; this is no nvinfer config");
  return entries;
}

}  // namespace dsbind::infer
