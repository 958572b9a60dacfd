/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors, places and analytics modules of a message converter's config. */
#ifndef DSBIND_MESSAGING_CONFIG_H
#define DSBIND_MESSAGING_CONFIG_H

#include <cstdint>
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

uint64_t next_serial();

struct Config {
  /* Of no other one in the process: what was made of a config is known by it. */
  uint64_t serial = next_serial();
  std::map<int, Sensor> sensors;
  std::map<int, Place> places;
  std::map<int, Analytics> analytics;
};

/* Throws dsbind::infer::Error with the line. */
Config load_config(const std::string &path);

}  // namespace dsbind::messaging

#endif
