/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of values: all of the text or nothing, whatever the locale. */
#ifndef DSBIND_INFER_VALUE_H
#define DSBIND_INFER_VALUE_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dsbind::infer {

std::string_view trim(std::string_view text);

/* The parts between ';' (or ','), trimmed; an empty last part is dropped, as in GKeyFile lists. */
std::vector<std::string> split_list(std::string_view text);

bool parse_int(std::string_view text, int64_t *value);
bool parse_float(std::string_view text, double *value); /* finite */

/* The candidate that differs least from `name`, or an empty string when none is near. */
std::string nearest_name(const std::string &name, const std::vector<std::string> &candidates);

}  // namespace dsbind::infer

#endif
