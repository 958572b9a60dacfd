/* SPDX-License-Identifier: Apache-2.0 */
#include "properties.h"

#include "nvmm.h"

namespace dsbind::nvtracker {
namespace {

enum {
  PROP_0,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_GPU_ID,
  PROP_LIBRARY,
  PROP_CONFIG,
  PROP_SURFACE_TYPE,
  PROP_DISPLAY_ID,
  PROP_RESET_MODE,
  PROP_INPUT_TENSOR_META,
  PROP_TENSOR_META_GIE_ID,
  PROP_COMPUTE,
  PROP_POOL_SIZE,
  PROP_SUB_BATCHES,
  PROP_RECOVERY_TRIALS,
  PROP_CLASS_IDS,
};

std::string text_of(const GValue *value) {
  const char *text = g_value_get_string(value);
  return text ? text : "";
}

GType compute_type() {
  static gsize type = 0;
  if (g_once_init_enter(&type)) {
    static const GEnumValue values[] = {{0, "Default", "Default"},
                                        {1, "GPU", "GPU"},
                                        {2, "VIC, Jetson only", "VIC"},
                                        {0, nullptr, nullptr}};
    g_once_init_leave(&type, g_enum_register_static("DsbindTrackerComputeHw", values));
  }
  return type;
}

GType reset_mode_type() {
  static gsize type = 0;
  if (g_once_init_enter(&type)) {
    static const GEnumValue values[] = {
        {kResetNever, "Ids go on", "mode-default"},
        {kResetOnRestart, "New ids after a stream was reset", "mode-stream-reset"},
        {kResetOnEos, "Ids from 0 after a stream's end", "mode-eos"},
        {kResetOnBoth, "Both", "mode-stream-reset-eos"},
        {0, nullptr, nullptr}};
    g_once_init_leave(&type, g_enum_register_static("DsbindTrackerResetMode", values));
  }
  return type;
}

}  // namespace

void install_properties(GObjectClass *object_class) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                              GST_PARAM_MUTABLE_READY);
  const Properties defaults;
  auto add = [object_class](guint id, GParamSpec *spec) {
    g_object_class_install_property(object_class, id, spec);
  };
  auto number = [&](guint id, const char *name, const char *what, guint least, guint most,
                    guint value) {
    add(id, g_param_spec_uint(name, name, what, least, most, value, flags));
  };
  auto text = [&](guint id, const char *name, const char *what) {
    add(id, g_param_spec_string(name, name, what, "", flags));
  };
  auto flag = [&](guint id, const char *name, const char *what, gboolean value) {
    add(id, g_param_spec_boolean(name, name, what, value, flags));
  };
  number(PROP_WIDTH, "tracker-width", "Width of the pictures that the library works on", 1,
         DSBIND_MAX_SIDE, defaults.width);
  number(PROP_HEIGHT, "tracker-height", "Height of the pictures that the library works on", 1,
         DSBIND_MAX_SIDE, defaults.height);
  number(PROP_GPU_ID, "gpu-id", "Which GPU the library may use", 0, G_MAXUINT, 0);
  text(PROP_LIBRARY, "ll-lib-file",
       "The low-level tracker library; the bundle's own where it is empty");
  add(PROP_CONFIG,
      g_param_spec_string(
          "ll-config-file", "ll-config-file",
          "The library's config file; several between ';', one for each of the sub-batches", "",
          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                   GST_PARAM_MUTABLE_PLAYING)));
  number(PROP_SURFACE_TYPE, "tracking-surface-type", "Which surfaces to track; 0 is all", 0,
         G_MAXUINT, 0);
  flag(PROP_DISPLAY_ID, "display-tracking-id", "Show the ids in the objects' texts",
       defaults.display_id);
  add(PROP_RESET_MODE,
      g_param_spec_enum("tracking-id-reset-mode", "tracking-id-reset-mode",
                        "When the ids of a stream begin anew", reset_mode_type(),
                        static_cast<gint>(defaults.reset_mode), flags));
  flag(PROP_INPUT_TENSOR_META, "input-tensor-meta",
       "Use tensors that nvdspreprocess attached; no library here takes them", FALSE);
  number(PROP_TENSOR_META_GIE_ID, "tensor-meta-gie-id", "Whose tensors, for input-tensor-meta", 0,
         G_MAXUINT, 0);
  add(PROP_COMPUTE, g_param_spec_enum("compute-hw", "compute-hw", "What scales the frames",
                                      compute_type(), 0, flags));
  number(PROP_POOL_SIZE, "user-meta-pool-size",
         "Most lists of past frames, and of terminated and shadow tracks, in use at a time", 1,
         G_MAXINT, defaults.pool_size);
  text(PROP_SUB_BATCHES, "sub-batches",
       "Contexts that work in parallel: their sources as 0,1;2,3 or their sizes as 2:2");
  add(PROP_RECOVERY_TRIALS,
      g_param_spec_int("sub-batch-err-recovery-trial-cnt", "sub-batch-err-recovery-trial-cnt",
                       "How often a context that failed is started anew; -1 is always", -1,
                       G_MAXINT, defaults.recovery_trials, flags));
  text(PROP_CLASS_IDS, "operate-on-class-ids", "Classes to track, such as 0;2; all where empty");
}

bool set_property(Properties *properties, guint id, const GValue *value) {
  switch (id) {
    case PROP_WIDTH: properties->width = g_value_get_uint(value); break;
    case PROP_HEIGHT: properties->height = g_value_get_uint(value); break;
    case PROP_GPU_ID: properties->gpu_id = g_value_get_uint(value); break;
    case PROP_LIBRARY: properties->library = text_of(value); break;
    case PROP_CONFIG: properties->config = text_of(value); break;
    case PROP_SURFACE_TYPE: properties->surface_type = g_value_get_uint(value); break;
    case PROP_DISPLAY_ID: properties->display_id = g_value_get_boolean(value); break;
    case PROP_RESET_MODE:
      properties->reset_mode = static_cast<unsigned>(g_value_get_enum(value));
      break;
    case PROP_INPUT_TENSOR_META: properties->input_tensor_meta = g_value_get_boolean(value); break;
    case PROP_TENSOR_META_GIE_ID: properties->tensor_meta_gie_id = g_value_get_uint(value); break;
    case PROP_COMPUTE: properties->compute = static_cast<unsigned>(g_value_get_enum(value)); break;
    case PROP_POOL_SIZE: properties->pool_size = g_value_get_uint(value); break;
    case PROP_SUB_BATCHES: properties->sub_batches = text_of(value); break;
    case PROP_RECOVERY_TRIALS: properties->recovery_trials = g_value_get_int(value); break;
    case PROP_CLASS_IDS: properties->class_ids = text_of(value); break;
    default: break;
  }
  return id == PROP_CONFIG;
}

void get_property(const Properties &properties, guint id, GValue *value) {
  switch (id) {
    case PROP_WIDTH: g_value_set_uint(value, properties.width); break;
    case PROP_HEIGHT: g_value_set_uint(value, properties.height); break;
    case PROP_GPU_ID: g_value_set_uint(value, properties.gpu_id); break;
    case PROP_LIBRARY: g_value_set_string(value, properties.library.c_str()); break;
    case PROP_CONFIG: g_value_set_string(value, properties.config.c_str()); break;
    case PROP_SURFACE_TYPE: g_value_set_uint(value, properties.surface_type); break;
    case PROP_DISPLAY_ID: g_value_set_boolean(value, properties.display_id); break;
    case PROP_RESET_MODE: g_value_set_enum(value, static_cast<gint>(properties.reset_mode)); break;
    case PROP_INPUT_TENSOR_META: g_value_set_boolean(value, properties.input_tensor_meta); break;
    case PROP_TENSOR_META_GIE_ID: g_value_set_uint(value, properties.tensor_meta_gie_id); break;
    case PROP_COMPUTE: g_value_set_enum(value, static_cast<gint>(properties.compute)); break;
    case PROP_POOL_SIZE: g_value_set_uint(value, properties.pool_size); break;
    case PROP_SUB_BATCHES: g_value_set_string(value, properties.sub_batches.c_str()); break;
    case PROP_RECOVERY_TRIALS: g_value_set_int(value, properties.recovery_trials); break;
    case PROP_CLASS_IDS: g_value_set_string(value, properties.class_ids.c_str()); break;
    default: break;
  }
}

}  // namespace dsbind::nvtracker
