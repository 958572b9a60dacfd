/* SPDX-License-Identifier: Apache-2.0 */
/* Keys into the fields of a Config, each checked by itself. */
#ifndef DSBIND_INFER_CONFIG_APPLY_H
#define DSBIND_INFER_CONFIG_APPLY_H

#include "config.h"

namespace dsbind::infer {

/* file:line: [group] key=value, the beginning of every message about an entry. */
std::string entry_text(const Config &config, const ConfigEntry &entry);

void apply_property(Config *config, const ConfigEntry &entry);
void apply_class_attr(Config *config, ClassAttrs *attrs, const ConfigEntry &entry);

}  // namespace dsbind::infer

#endif
