/* SPDX-License-Identifier: Apache-2.0 */
/* Label files: a class a line for detectors, an attribute a line for classifiers. */
#ifndef DSBIND_INFER_LABELS_H
#define DSBIND_INFER_LABELS_H

#include <string>
#include <vector>

namespace dsbind::infer {

/* The labels of each line, between ';'; every line has one at least, which may be empty. UTF-8 text
 * of at most 1 MiB. Throws Error. */
std::vector<std::vector<std::string>> read_labels(const std::string &path);

}  // namespace dsbind::infer

#endif
