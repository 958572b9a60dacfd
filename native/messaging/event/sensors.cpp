// SPDX-License-Identifier: Apache-2.0
#include "sensors.h"

#include <yaml-cpp/yaml.h>

#include <cstring>
#include <exception>
#include <memory>
#include <string>

namespace {

constexpr gsize kMaxBytes = 1 << 20;

void free_sensor(gpointer data) {
  auto *sensor = static_cast<DsbindSensor *>(data);
  g_free(sensor->id);
  g_free(sensor->uri);
  g_free(sensor);
}

/* NULL with an error, also for a file that is too large. */
char *read_text(const char *path, GError **error) {
  char *text = nullptr;
  gsize size = 0;
  if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "there is no file %s", path);
    return nullptr;
  }
  if (!g_file_get_contents(path, &text, &size, error)) return nullptr;
  if (size <= kMaxBytes && size == std::strlen(text)) return text;
  g_free(text);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is no text of at most 1 MiB", path);
  return nullptr;
}

char *text_of(const YAML::Node &item, const char *key) {
  const YAML::Node value = item[key];
  return value && value.IsScalar() ? g_strdup(value.Scalar().c_str()) : nullptr;
}

}  // namespace

GPtrArray *dsbind_sensors_load(const char *path, GError **error) {
  char *text = read_text(path, error);
  if (!text) return nullptr;
  std::unique_ptr<GPtrArray, decltype(&g_ptr_array_unref)> found(
      g_ptr_array_new_with_free_func(free_sensor), g_ptr_array_unref);
  try {
    const YAML::Node list = YAML::Load(text)["source-list"];
    if (!list.IsSequence()) throw YAML::Exception(list.Mark(), "there is no source-list");
    for (const YAML::Node &item : list) {
      if (!item.IsMap()) throw YAML::Exception(item.Mark(), "a source is uri and sensor-id");
      auto *sensor = g_new0(DsbindSensor, 1);
      g_ptr_array_add(found.get(), sensor);
      sensor->id = text_of(item, "sensor-id");
      sensor->uri = text_of(item, "uri");
    }
  } catch (const std::exception &failure) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the source config %s cannot be used: %s",
                path, failure.what());
    g_free(text);
    return nullptr;
  }
  g_free(text);
  return found.release();
}

char **dsbind_labels_load(const char *path, GError **error) {
  char *text = read_text(path, error);
  if (!text) return nullptr;
  g_strchomp(text);
  char **lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line; line++) g_strstrip(*line);
  g_free(text);
  return lines;
}
