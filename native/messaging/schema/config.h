/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors, places and analytics modules of a message converter's config. */
#ifndef DSBIND_MESSAGING_CONFIG_H
#define DSBIND_MESSAGING_CONFIG_H

#include <map>
#include <string>

namespace dsbind::messaging {

struct Position {
  double values[3] = {0, 0, 0};
};

struct Sensor {
  std::string id, type, description;
  Position location, coordinate;
};

struct Place {
  std::string id, name, type;
  Position location, coordinate;
  std::string sub_fields[3]; /* id, name and level of the aisle, parking spot or entrance */
};

struct Analytics {
  std::string id, description, source, version;
};

struct Config {
  std::map<int, Sensor> sensors;
  std::map<int, Place> places;
  std::map<int, Analytics> analytics;
};

/* Throws dsbind::infer::Error with the line. */
Config load_config(const std::string &path);

}  // namespace dsbind::messaging

#endif
