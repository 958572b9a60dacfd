/* SPDX-License-Identifier: Apache-2.0 */
/* The properties of nvinfer, and the config that they and the config file make. */
#ifndef DSBIND_NVINFER_SETTINGS_H
#define DSBIND_NVINFER_SETTINGS_H

#include <gst/gst.h>

#include <atomic>
#include <optional>
#include <string>

#include "config.h"

namespace dsbind::infer {

/* What properties said; unset ones leave the word to the config file. */
struct Settings {
  std::string config_path;
  std::string engine_path;
  std::optional<std::string> filter_out, class_ids;
  std::optional<unsigned> process_mode;
  std::optional<int> network_type, gie_id;
  std::optional<bool> tensor_meta;
  unsigned batch_size = 0;
  unsigned gpu_id = 0;
  unsigned parallel_batches = 2;
  bool input_tensor_meta = false;
  bool interval_set = false, unique_id_set = false;
};

/* Those that may change while frames flow, and what the config that is in use says. */
struct LiveSettings {
  std::atomic<unsigned> interval{0}, unique_id{15}, process_mode{1};
};

/* Installs the properties; their ids start at 1. */
void install_properties(GObjectClass *object_class);

/* Sets a property; `reloads` tells whether the model depends on it. False for an unknown id. */
bool set_property(Settings *settings, LiveSettings *live, guint id, const GValue *value,
                  bool *reloads);
bool get_property(const Settings &settings, const LiveSettings &live, guint id, GValue *value);

/* The config file with the properties over it. Throws Error. */
Config effective_config(const Settings &settings);

}  // namespace dsbind::infer

#endif
