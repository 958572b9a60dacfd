/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <algorithm>

#include "error.h"

namespace dsbind::infer {
namespace {

enum {
  PROP_0,
  PROP_UNIQUE_ID,
  PROP_PROCESS_MODE,
  PROP_NETWORK_TYPE,
  PROP_CONFIG_FILE_PATH,
  PROP_INFER_ON_GIE_ID,
  PROP_INFER_ON_CLASS_IDS,
  PROP_FILTER_OUT_CLASS_IDS,
  PROP_MODEL_ENGINE_FILE,
  PROP_BATCH_SIZE,
  PROP_INTERVAL,
  PROP_GPU_ID,
  PROP_OUTPUT_TENSOR_META,
  PROP_INPUT_TENSOR_META,
  PROP_PARALLEL_BATCHES,
};

GType process_mode_type() {
  static gsize type = 0;
  if (g_once_init_enter(&type)) {
    static const GEnumValue values[] = {{1, "Primary (whole frames)", "primary"},
                                        {2, "Secondary (objects)", "secondary"},
                                        {0, nullptr, nullptr}};
    g_once_init_leave(&type, g_enum_register_static("DsbindInferProcessMode", values));
  }
  return type;
}

std::string string_value(const GValue *value) {
  const char *text = g_value_get_string(value);
  return text ? text : "";
}

bool is_onnx(const std::string &path) { return g_str_has_suffix(path.c_str(), ".onnx"); }

}  // namespace

void install_properties(GObjectClass *object_class) {
  auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                        GST_PARAM_MUTABLE_READY);
  auto live = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                       GST_PARAM_MUTABLE_PLAYING);
  auto add = [object_class](guint id, GParamSpec *spec) {
    g_object_class_install_property(object_class, id, spec);
  };
  add(PROP_UNIQUE_ID, g_param_spec_uint("unique-id", "Unique ID",
                                        "Id of this element, unique_component_id of its objects", 0,
                                        G_MAXINT, 15, live));
  add(PROP_PROCESS_MODE,
      g_param_spec_enum("process-mode", "Process mode", "Infer on whole frames or on objects",
                        process_mode_type(), 1, flags));
  add(PROP_NETWORK_TYPE,
      g_param_spec_int("network-type", "Network type",
                       "What the model is, as the key of the config; -1 asks the config", -1, 100,
                       -1, flags));
  add(PROP_CONFIG_FILE_PATH,
      g_param_spec_string("config-file-path", "Config file",
                          "The nvinfer config file, INI or YAML; set while running, it is loaded "
                          "beside the stream and then used",
                          "", live));
  add(PROP_INFER_ON_GIE_ID,
      g_param_spec_int("infer-on-gie-id", "Infer on GIE id",
                       "Whose objects to infer on in process-mode=2; -1 is anyone's", -1, G_MAXINT,
                       -1, flags));
  add(PROP_INFER_ON_CLASS_IDS,
      g_param_spec_string("infer-on-class-ids", "Infer on class ids",
                          "Classes to infer on in process-mode=2, such as 0:2:3", "", flags));
  add(PROP_FILTER_OUT_CLASS_IDS,
      g_param_spec_string("filter-out-class-ids", "Filter out class ids",
                          "Classes whose objects are not attached, such as 0;2;3", "", flags));
  add(PROP_MODEL_ENGINE_FILE,
      g_param_spec_string("model-engine-file", "Model engine file",
                          "An ONNX model in place of the config's onnx-file; set while running, it "
                          "is loaded beside the stream and then used",
                          "", live));
  add(PROP_BATCH_SIZE,
      g_param_spec_uint("batch-size", "Batch size",
                        "Most frames, or objects, of one inference; 0 asks the config", 0, 1024, 0,
                        flags));
  add(PROP_INTERVAL, g_param_spec_uint("interval", "Interval", "Batches to skip between inferences",
                                       0, G_MAXINT - 1, 0, live));
  add(PROP_GPU_ID, g_param_spec_uint("gpu-id", "GPU id", "GPU that the model runs on, where frames lie on one", 0,
                                     G_MAXUINT, 0, flags));
  add(PROP_OUTPUT_TENSOR_META,
      g_param_spec_boolean("output-tensor-meta", "Output tensor metadata",
                           "Attach the output tensors to every frame or object", FALSE, flags));
  add(PROP_INPUT_TENSOR_META,
      g_param_spec_boolean("input-tensor-meta", "Input tensor metadata",
                           "Infer on tensors that nvdspreprocess attached", FALSE,
                           flags));
  add(PROP_PARALLEL_BATCHES,
      g_param_spec_uint("parallel-batches", "Parallel batches",
                        "Batches inferred at the same time, each on one thread", 1, 64,
                        Settings().parallel_batches, flags));
}

bool set_property(Settings *set, LiveSettings *live, guint id, const GValue *value,
                  bool *reloads) {
  *reloads = id == PROP_CONFIG_FILE_PATH || id == PROP_MODEL_ENGINE_FILE;
  switch (id) {
    case PROP_UNIQUE_ID:
      live->unique_id = g_value_get_uint(value);
      set->unique_id_set = true;
      break;
    case PROP_PROCESS_MODE:
      set->process_mode = static_cast<unsigned>(g_value_get_enum(value));
      live->process_mode = *set->process_mode;
      break;
    case PROP_NETWORK_TYPE: set->network_type = g_value_get_int(value); break;
    case PROP_CONFIG_FILE_PATH: set->config_path = string_value(value); break;
    case PROP_INFER_ON_GIE_ID: set->gie_id = g_value_get_int(value); break;
    case PROP_INFER_ON_CLASS_IDS: set->class_ids = string_value(value); break;
    case PROP_FILTER_OUT_CLASS_IDS: set->filter_out = string_value(value); break;
    case PROP_MODEL_ENGINE_FILE: set->engine_path = string_value(value); break;
    case PROP_BATCH_SIZE: set->batch_size = g_value_get_uint(value); break;
    case PROP_INTERVAL:
      live->interval = g_value_get_uint(value);
      set->interval_set = true;
      break;
    case PROP_GPU_ID: set->gpu_id = g_value_get_uint(value); break;
    case PROP_OUTPUT_TENSOR_META: set->tensor_meta = g_value_get_boolean(value); break;
    case PROP_INPUT_TENSOR_META: set->input_tensor_meta = g_value_get_boolean(value); break;
    case PROP_PARALLEL_BATCHES: set->parallel_batches = g_value_get_uint(value); break;
    default: return false;
  }
  return true;
}

bool get_property(const Settings &set, const LiveSettings &live, guint id, GValue *value) {
  switch (id) {
    case PROP_UNIQUE_ID: g_value_set_uint(value, live.unique_id); break;
    case PROP_PROCESS_MODE:
      g_value_set_enum(value, static_cast<gint>(live.process_mode.load()));
      break;
    case PROP_NETWORK_TYPE: g_value_set_int(value, set.network_type.value_or(-1)); break;
    case PROP_CONFIG_FILE_PATH: g_value_set_string(value, set.config_path.c_str()); break;
    case PROP_INFER_ON_GIE_ID: g_value_set_int(value, set.gie_id.value_or(-1)); break;
    case PROP_INFER_ON_CLASS_IDS:
      g_value_set_string(value, set.class_ids.value_or("").c_str());
      break;
    case PROP_FILTER_OUT_CLASS_IDS:
      g_value_set_string(value, set.filter_out.value_or("").c_str());
      break;
    case PROP_MODEL_ENGINE_FILE: g_value_set_string(value, set.engine_path.c_str()); break;
    case PROP_BATCH_SIZE: g_value_set_uint(value, set.batch_size); break;
    case PROP_INTERVAL: g_value_set_uint(value, live.interval); break;
    case PROP_GPU_ID: g_value_set_uint(value, set.gpu_id); break;
    case PROP_OUTPUT_TENSOR_META:
      g_value_set_boolean(value, set.tensor_meta.value_or(false));
      break;
    case PROP_INPUT_TENSOR_META: g_value_set_boolean(value, set.input_tensor_meta); break;
    case PROP_PARALLEL_BATCHES: g_value_set_uint(value, set.parallel_batches); break;
    default: return false;
  }
  return true;
}

Config effective_config(const Settings &set) {
  if (set.config_path.empty())
    throw Error(ErrorKind::NotFound,
                "nvinfer has no config: set config-file-path to an nvinfer config file");
  Overrides overrides;
  overrides.process_mode = set.process_mode;
  if (const int type = set.network_type.value_or(-1); type >= 0) {
    overrides.network_type = network_type_of(type);
    if (!overrides.network_type)
      throw Error(ErrorKind::Settings,
                  "the property network-type=" + std::to_string(type) + " " + kNetworkTypes);
  }
  if (is_onnx(set.engine_path)) overrides.onnx_file = set.engine_path;
  Config config = load_config(set.config_path, overrides);
  config.input_from_meta = config.input_from_meta || set.input_tensor_meta;
  if (!set.engine_path.empty() && overrides.onnx_file.empty())
    config.warnings.push_back("model-engine-file=" + set.engine_path +
                              " is a TensorRT engine, which cannot be used here; the model of "
                              "onnx-file runs instead");
  if (set.batch_size) config.batch_size = set.batch_size;
  if (set.gpu_id) config.gpu_id = set.gpu_id;
  if (set.tensor_meta) config.output_tensor_meta = *set.tensor_meta;
  if (set.gie_id) config.objects.gie_id = *set.gie_id;
  if (set.class_ids) {
    std::string ids = *set.class_ids;
    std::replace(ids.begin(), ids.end(), ':', ';');
    config.objects.class_ids = parse_class_ids(ids, "infer-on-class-ids=" + *set.class_ids);
  }
  if (set.filter_out) {
    config.filter_out_class_ids =
        parse_class_ids(*set.filter_out, "filter-out-class-ids=" + *set.filter_out);
    if (config.num_classes) check_class_ids(config, config.num_classes, "the number of classes");
  }
  return config;
}

}  // namespace dsbind::infer
