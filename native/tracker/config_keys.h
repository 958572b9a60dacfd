/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys there are, and what each may be. */
#ifndef DSBIND_TRACKER_CONFIG_KEYS_H
#define DSBIND_TRACKER_CONFIG_KEYS_H

#include <functional>
#include <string>
#include <vector>

#include "config.h"

namespace dsbind::tracker {

struct Key {
  const char *section;
  const char *name;
  /* Sets the value; returns what is wrong with it, or nothing. Empty for a key without effect. */
  std::function<std::string(const std::string &, Config *)> set;
  /* Why a key has no effect; NULL where nobody would expect one. */
  const char *reason;
  /* The same as `set` for a key that takes a list. */
  std::function<std::string(const std::vector<std::string> &, Config *)> set_list = {};
};

bool is_section(const std::string &name);
const Key *find_key(const std::string &section, const std::string &name);

/* The name that differs least, or nothing when none is near. */
std::string nearest_key(const std::string &section, const std::string &name);
std::string nearest_section(const std::string &name);

}  // namespace dsbind::tracker

#endif
