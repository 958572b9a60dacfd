// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <atomic>
#include <set>

#include "config_file.h"
#include "error.h"
#include "value.h"

namespace dsbind::messaging {

using infer::ConfigEntry;
using infer::Error;
using infer::ErrorKind;

namespace {

class Loader {
 public:
  explicit Loader(const std::string &path) : path_(path) {}

  Config load() {
    const auto entries = infer::read_config_file(path_);
    for (const ConfigEntry &entry : entries) {
      if (entry.key == "enable" && infer::trim(entry.value) == "0") disabled_.insert(entry.group);
    }
    for (const ConfigEntry &entry : entries)
      if (!disabled_.count(entry.group)) read(entry);
    return std::move(config_);
  }

 private:
  [[noreturn]] void fail(const ConfigEntry &entry, const std::string &text) const {
    throw Error(ErrorKind::Settings, path_ + ", line " + std::to_string(entry.line) + ": [" +
                                         entry.group + "] " + entry.key + ": " + text);
  }

  Position position(const ConfigEntry &entry) const {
    Position found;
    const auto parts = infer::split_list(entry.value);
    if (parts.size() != 3) fail(entry, "three numbers between semicolons are needed");
    for (size_t i = 0; i < 3; i++)
      if (!infer::parse_float(parts[i], &found.values[i])) fail(entry, "this is no number");
    return found;
  }

  void read(const ConfigEntry &entry) {
    static const char *const kinds[] = {"sensor", "place", "analytics"};
    for (const char *kind : kinds) {
      const std::string prefix(kind);
      int64_t id;
      if (entry.group.compare(0, prefix.size(), prefix) != 0 ||
          !infer::parse_int(std::string_view(entry.group).substr(prefix.size()), &id))
        continue;
      if (id < 0 || id > 1000000) fail(entry, "the number of the group is out of range");
      const int index = static_cast<int>(id);
      if (prefix == "sensor")
        read_sensor(entry, &config_.sensors[index]);
      else if (prefix == "place")
        read_place(entry, &config_.places[index]);
      else
        read_analytics(entry, &config_.analytics[index]);
      return;
    }
  }

  void read_sensor(const ConfigEntry &entry, Sensor *sensor) {
    if (entry.key == "id") sensor->id = entry.value;
    else if (entry.key == "type") sensor->type = entry.value;
    else if (entry.key == "description") sensor->description = entry.value;
    else if (entry.key == "location") sensor->location = position(entry);
    else if (entry.key == "coordinate") sensor->coordinate = position(entry);
  }

  void read_place(const ConfigEntry &entry, Place *place) {
    if (entry.key == "id") place->id = entry.value;
    else if (entry.key == "type") place->type = entry.value;
    else if (entry.key == "name") place->name = entry.value;
    else if (entry.key == "location") place->location = position(entry);
    else if (entry.key == "coordinate") place->coordinate = position(entry);
    else if (entry.key == "place-sub-field1") place->sub_fields[0] = entry.value;
    else if (entry.key == "place-sub-field2") place->sub_fields[1] = entry.value;
    else if (entry.key == "place-sub-field3") place->sub_fields[2] = entry.value;
  }

  void read_analytics(const ConfigEntry &entry, Analytics *module) {
    if (entry.key == "id") module->id = entry.value;
    else if (entry.key == "description") module->description = entry.value;
    else if (entry.key == "source") module->source = entry.value;
    else if (entry.key == "version") module->version = entry.value;
  }

  const std::string path_;
  std::set<std::string> disabled_;
  Config config_;
};

}  // namespace

uint64_t next_serial() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

Config load_config(const std::string &path) { return Loader(path).load(); }

}  // namespace dsbind::messaging
