/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <tuple>

#include "config_keys.h"

namespace dsbind::tracker {
namespace {

constexpr std::streamsize kMaxBytes = 1 << 18;

[[noreturn]] void fail(const std::string &path, const YAML::Mark &mark, const std::string &what) {
  throw ConfigError(path + (mark.line >= 0 ? ":" + std::to_string(mark.line + 1) : "") + ": " +
                    what);
}

std::string shown(const std::string &value) {
  return value.size() <= 60 ? value : value.substr(0, 57) + "...";
}

void read_key(const std::string &path, const std::string &section, const YAML::Node &key,
              const YAML::Node &value, Config *config) {
  if (!key.IsScalar()) fail(path, key.Mark(), section + ": expected `key: value` lines");
  const std::string name = key.Scalar();
  const Key *known = find_key(section, name);
  if (!known) {
    std::string nearest = nearest_key(section, name);
    config->warnings.push_back(path + ":" + std::to_string(key.Mark().line + 1) + ": " + section +
                               " has no key " + shown(name) +
                               (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    return;
  }
  if (known->set_list) {
    std::vector<std::string> texts;
    for (const auto &one : value) texts.push_back(one.IsScalar() ? one.Scalar() : "");
    const std::string wrong = known->set_list(texts, config);
    if (!wrong.empty()) fail(path, value.Mark(), section + "." + name + ": " + wrong);
    return;
  }
  if (!known->set) { /* of the SDK's, without a use here */
    if (known->reason)
      config->warnings.push_back(path + ":" + std::to_string(key.Mark().line + 1) + ": " + section +
                                 "." + name + " has no effect: " + known->reason);
    return;
  }
  if (!value.IsScalar()) fail(path, value.Mark(), section + "." + name + " takes one value");
  std::string wrong = known->set(value.Scalar(), config);
  if (!wrong.empty())
    fail(path, value.Mark(),
         section + "." + name + ": " + shown(value.Scalar()) + " is not possible: " + wrong);
}

/* What only all keys together can tell. */
void check(const std::string &path, Config *config) {
  ReidConfig &reid = config->reid;
  if (reid.enabled() && reid.model.empty())
    throw ConfigError(path +
                      ": ReID.reidType needs a model: set onnxFile to one in ONNX format (engines "
                      "and encoded models are TensorRT's, which does not run here), or set "
                      "reidType: 0 to go by where objects are and how they move");
  if (reid.enabled())
    config->warnings.insert(config->warnings.end(), reid.notes.begin(), reid.notes.end());
  reid.notes.clear();
}

}  // namespace

bool VisualConfig::same(const VisualConfig &other) const {
  auto fields = [](const VisualConfig &of) {
    return std::tie(of.enabled, of.colors, of.gradients, of.size_level, of.focus_offset_y,
                    of.learning_rate, of.channel_learning_rate, of.sigma);
  };
  return fields(*this) == fields(other);
}

bool ReidConfig::same_model(const ReidConfig &other) const {
  auto fields = [](const ReidConfig &of) {
    return std::tie(of.associates, of.reassociates, of.output, of.model, of.batch, of.feature_size,
                    of.dims, of.channels_last, of.bgr, of.keep_aspect, of.normalise, of.offsets,
                    of.scale);
  };
  return fields(*this) == fields(other);
}

void read_config(const std::string &text, const std::string &path, Config *config) {
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception &error) {
    fail(path, error.mark, "not valid YAML: " + error.msg);
  }
  if (root.IsNull()) return;
  if (!root.IsMap()) fail(path, root.Mark(), "expected sections such as `BaseConfig:`");
  for (const auto &part : root) {
    if (!part.first.IsScalar()) fail(path, part.first.Mark(), "expected a section's name");
    const std::string section = part.first.Scalar();
    if (!is_section(section)) {
      std::string nearest = nearest_section(section);
      config->warnings.push_back(path + ":" + std::to_string(part.first.Mark().line + 1) +
                                 ": there is no section " + shown(section) +
                                 (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
      continue;
    }
    if (part.second.IsNull()) continue;
    if (!part.second.IsMap())
      fail(path, part.second.Mark(), section + ": expected `key: value` lines below it");
    for (const auto &entry : part.second)
      read_key(path, section, entry.first, entry.second, config);
  }
  check(path, config);
}

Config load_config(const std::string &path) {
  Config config;
  config.path = path;
  if (path.empty()) return config;
  struct stat status;
  if (stat(path.c_str(), &status) != 0)
    throw ConfigError("the tracker's config file '" + path +
                      "' cannot be read: " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    throw ConfigError("the tracker's config file '" + path + "' is not a regular file");
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<size_t>(kMaxBytes) + 1, '\0');
  if (!file)
    throw ConfigError("the tracker's config file '" + path +
                      "' cannot be read: " + std::strerror(errno));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.gcount() > kMaxBytes)
    throw ConfigError("the tracker's config file '" + path + "' is larger than 256 KiB");
  read_config(text, path, &config);
  return config;
}

}  // namespace dsbind::tracker
