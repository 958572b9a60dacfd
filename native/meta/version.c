/* SPDX-License-Identifier: Apache-2.0 */
#include "nvds_version.h"

#include <gst/gst.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT void nvds_version(unsigned int *major, unsigned int *minor) {
  if (major) *major = NVDS_VERSION_MAJOR;
  if (minor) *minor = NVDS_VERSION_MINOR;
}

EXPORT void nvds_version_print(void) {
  g_print("DeepStream API %d.%d.%d (dsbind)\n", NVDS_VERSION_MAJOR, NVDS_VERSION_MINOR,
          NVDS_VERSION_MICRO);
}

EXPORT void nvds_dependencies_version_print(void) {
  guint major, minor, micro, nano;
  gst_version(&major, &minor, &micro, &nano);
  g_print("GStreamer %u.%u.%u\nGLib %u.%u.%u\n", major, minor, micro, glib_major_version,
          glib_minor_version, glib_micro_version);
}
