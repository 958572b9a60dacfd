/* SPDX-License-Identifier: Apache-2.0 */
/* How elements in C++ tell the bus of an Error, and of what a config's reader warned of. */
#ifndef DSBIND_POSTING_H
#define DSBIND_POSTING_H

#include <gst/gst.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../../infer/error.h"

namespace dsbind::elements {

inline void post(void *element, GstMessageType type, GQuark domain, gint code,
                 const std::string &text) {
  GST_WARNING_OBJECT(element, "%s", text.c_str());
  gst_element_message_full(GST_ELEMENT(element), type, domain, code, g_strdup(text.c_str()), nullptr,
                           __FILE__, G_STRFUNC, __LINE__);
}

/* `before` is put before what is no Error of ours. */
inline void post_error(void *element, const std::exception &problem, const char *before = "") {
  const auto *error = dynamic_cast<const infer::Error *>(&problem);
  const std::string text = error ? problem.what() : std::string(before) + problem.what();
  GQuark domain = GST_STREAM_ERROR;
  gint code = GST_STREAM_ERROR_FAILED;
  switch (error ? error->kind() : infer::ErrorKind::Run) {
    case infer::ErrorKind::NotFound:
      domain = GST_RESOURCE_ERROR, code = GST_RESOURCE_ERROR_NOT_FOUND;
      break;
    case infer::ErrorKind::Settings:
      domain = GST_RESOURCE_ERROR, code = GST_RESOURCE_ERROR_SETTINGS;
      break;
    case infer::ErrorKind::Library:
      domain = GST_LIBRARY_ERROR, code = GST_LIBRARY_ERROR_SETTINGS;
      break;
    case infer::ErrorKind::Run: break;
  }
  post(element, GST_MESSAGE_ERROR, domain, code, text);
}

inline void post_warning(void *element, const std::string &text) {
  post(element, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, text);
}

/* The first ones, and how many more there are. */
inline void post_warnings(void *element, const std::vector<std::string> &warnings) {
  constexpr size_t kMost = 16;
  const size_t shown = std::min(warnings.size(), kMost);
  for (size_t i = 0; i < shown; i++) post_warning(element, warnings[i]);
  if (shown < warnings.size())
    post_warning(element,
                 std::to_string(warnings.size() - shown) + " more warnings about the config");
}

}  // namespace dsbind::elements

#endif
