/* SPDX-License-Identifier: Apache-2.0 */
/* nvdspreprocess: makes the input tensors of a model from regions, frames or objects.
 *
 * A library scales and normalises: the user's, or ours. The tensors go with the batch as metadata,
 * to nvinfer with input-tensor-meta, or to whoever reads them. The config is read and the library
 * loaded between READY and PAUSED. */
#include <gst/base/gstbasetransform.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include "error.h"
#include "gstnvdsmeta.h"
#include "maker.h"
#include "nvmm.h"
#include "posting.h"
#include "value.h"

GST_DEBUG_CATEGORY_STATIC(dsbind_preprocess_debug);
#define GST_CAT_DEFAULT dsbind_preprocess_debug

using namespace dsbind::preprocess;
using dsbind::elements::post_error;
using dsbind::elements::post_warnings;
using dsbind::infer::Error;
using dsbind::infer::ErrorKind;

namespace {


/* What properties said; unset ones leave the word to the config file. Under the object lock. */
struct Settings {
  std::string config_path;
  std::optional<guint> unique_id;
  std::optional<bool> on_frames;
  std::optional<std::string> targets;
  std::optional<int> gie_id;
  guint gpu_id = 0;
};

struct State {
  Settings set;
  std::atomic<bool> enable{true};
  std::shared_ptr<Maker> maker; /* under the object lock; between start and stop */
};

enum {
  PROP_0,
  PROP_UNIQUE_ID,
  PROP_ENABLE,
  PROP_CONFIG_FILE,
  PROP_TARGET_UNIQUE_IDS,
  PROP_PROCESS_ON_FRAME,
  PROP_OPERATE_ON_GIE_ID,
  PROP_GPU_ID,
};

}  // namespace

struct DsbindPreprocess {
  GstBaseTransform parent;
  State *state;
};

struct DsbindPreprocessClass {
  GstBaseTransformClass parent_class;
};

static GType dsbind_preprocess_get_type(void);
G_DEFINE_TYPE(DsbindPreprocess, dsbind_preprocess, GST_TYPE_BASE_TRANSFORM)

#define DSBIND_PREPROCESS(object) (reinterpret_cast<DsbindPreprocess *>(object))

static std::vector<guint64> parse_targets(const std::string &text) {
  std::vector<guint64> targets;
  for (const std::string &part : dsbind::infer::split_list(text)) {
    int64_t id;
    if (!dsbind::infer::parse_int(part, &id) || id < 0)
      throw Error(ErrorKind::Settings,
                  "target-unique-ids=" + text + " should be numbers of models, such as 1;2");
    targets.push_back(static_cast<guint64>(id));
  }
  return targets;
}

static std::shared_ptr<Maker> maker_of(DsbindPreprocess *self) {
  GST_OBJECT_LOCK(self);
  std::shared_ptr<Maker> maker = self->state->maker;
  GST_OBJECT_UNLOCK(self);
  return maker;
}

static gboolean dsbind_preprocess_start(GstBaseTransform *base) {
  DsbindPreprocess *self = DSBIND_PREPROCESS(base);
  if (!dsbind_element_open_runtime(GST_ELEMENT(self))) return FALSE;
  GST_OBJECT_LOCK(self);
  Settings set = self->state->set;
  GST_OBJECT_UNLOCK(self);
  try {
    if (set.config_path.empty())
      throw Error(ErrorKind::NotFound,
                  "nvdspreprocess has no config: set config-file to an nvdspreprocess config file");
    Plan plan = load_plan(set.config_path);
    if (set.unique_id) plan.unique_id = *set.unique_id;
    if (set.on_frames) plan.on_frames = *set.on_frames;
    if (set.gie_id) plan.gie_id = *set.gie_id;
    if (set.targets) plan.targets = parse_targets(*set.targets);
    post_warnings(self, plan.warnings);
    auto maker = std::make_shared<Maker>(std::move(plan));
    GST_OBJECT_LOCK(self);
    self->state->maker = std::move(maker);
    GST_OBJECT_UNLOCK(self);
    return TRUE;
  } catch (const std::exception &error) {
    post_error(self, error);
  }
  return FALSE;
}

static gboolean dsbind_preprocess_stop(GstBaseTransform *base) {
  DsbindPreprocess *self = DSBIND_PREPROCESS(base);
  std::shared_ptr<Maker> maker;
  GST_OBJECT_LOCK(self);
  std::swap(maker, self->state->maker);
  GST_OBJECT_UNLOCK(self);
  return TRUE;
}

/* No exception may leave it. */
static GstFlowReturn dsbind_preprocess_transform_ip(GstBaseTransform *base, GstBuffer *buffer) {
  DsbindPreprocess *self = DSBIND_PREPROCESS(base);
  std::shared_ptr<Maker> maker = maker_of(self);
  if (!self->state->enable || !maker->plan().enabled) return GST_FLOW_OK;
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  NvBufSurface *surface = dsbind_buffer_surface(buffer);
  if (!batch || !surface) {
    GST_ELEMENT_ERROR(self, STREAM, WRONG_TYPE,
                      ("nvdspreprocess got a buffer without %s: put nvstreammux upstream of it, "
                       "also for one source",
                       batch ? "a surface" : "batch metadata"),
                      (nullptr));
    return GST_FLOW_ERROR;
  }
  try {
    return maker->make(buffer, batch, surface) ? GST_FLOW_OK : GST_FLOW_FLUSHING;
  } catch (const std::exception &error) {
    post_error(self, error);
  }
  return GST_FLOW_ERROR;
}

/* Whoever waits for a tensor's buffer must not hold up a flush or the end. */
static gboolean dsbind_preprocess_sink_event(GstBaseTransform *base, GstEvent *event) {
  std::shared_ptr<Maker> maker = maker_of(DSBIND_PREPROCESS(base));
  if (maker && GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_START) maker->close();
  if (maker && GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) maker->open();
  return GST_BASE_TRANSFORM_CLASS(dsbind_preprocess_parent_class)->sink_event(base, event);
}

static GstStateChangeReturn dsbind_preprocess_change_state(GstElement *element,
                                                           GstStateChange change) {
  std::shared_ptr<Maker> maker = maker_of(DSBIND_PREPROCESS(element));
  if (maker && change == GST_STATE_CHANGE_PAUSED_TO_READY) maker->close();
  return GST_ELEMENT_CLASS(dsbind_preprocess_parent_class)->change_state(element, change);
}

static void dsbind_preprocess_set_property(GObject *object, guint id, const GValue *value,
                                           GParamSpec *spec) {
  State &state = *DSBIND_PREPROCESS(object)->state;
  const char *text = G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : nullptr;
  GST_OBJECT_LOCK(object);
  switch (id) {
    case PROP_UNIQUE_ID: state.set.unique_id = g_value_get_uint(value); break;
    case PROP_ENABLE: state.enable = g_value_get_boolean(value) != FALSE; break;
    case PROP_CONFIG_FILE: state.set.config_path = text ? text : ""; break;
    case PROP_TARGET_UNIQUE_IDS: state.set.targets = text ? text : ""; break;
    case PROP_PROCESS_ON_FRAME: state.set.on_frames = g_value_get_boolean(value) != FALSE; break;
    case PROP_OPERATE_ON_GIE_ID: state.set.gie_id = g_value_get_int(value); break;
    case PROP_GPU_ID: state.set.gpu_id = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

static void dsbind_preprocess_get_property(GObject *object, guint id, GValue *value,
                                           GParamSpec *spec) {
  State &state = *DSBIND_PREPROCESS(object)->state;
  GST_OBJECT_LOCK(object);
  switch (id) {
    case PROP_UNIQUE_ID: g_value_set_uint(value, state.set.unique_id.value_or(0)); break;
    case PROP_ENABLE: g_value_set_boolean(value, state.enable); break;
    case PROP_CONFIG_FILE: g_value_set_string(value, state.set.config_path.c_str()); break;
    case PROP_TARGET_UNIQUE_IDS:
      g_value_set_string(value, state.set.targets.value_or("").c_str());
      break;
    case PROP_PROCESS_ON_FRAME:
      g_value_set_boolean(value, state.set.on_frames.value_or(true));
      break;
    case PROP_OPERATE_ON_GIE_ID: g_value_set_int(value, state.set.gie_id.value_or(-1)); break;
    case PROP_GPU_ID: g_value_set_uint(value, state.set.gpu_id); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

static void dsbind_preprocess_finalize(GObject *object) {
  delete DSBIND_PREPROCESS(object)->state;
  G_OBJECT_CLASS(dsbind_preprocess_parent_class)->finalize(object);
}

static void dsbind_preprocess_init(DsbindPreprocess *self) {
  self->state = new State;
  GstBaseTransform *base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_qos_enabled(base, FALSE);
}

static void install_properties(GObjectClass *object_class) {
  auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                        GST_PARAM_MUTABLE_READY);
  auto live = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                       GST_PARAM_MUTABLE_PLAYING);
  auto add = [object_class](guint id, GParamSpec *spec) {
    g_object_class_install_property(object_class, id, spec);
  };
  add(PROP_UNIQUE_ID, g_param_spec_uint("unique-id", "Unique ID", "Id of this element", 0,
                                        G_MAXINT, 0, flags));
  add(PROP_ENABLE, g_param_spec_boolean("enable", "Enable",
                                        "Whether to make tensors; off, frames pass as they are",
                                        TRUE, live));
  add(PROP_CONFIG_FILE,
      g_param_spec_string("config-file", "Config file",
                          "The nvdspreprocess config file, INI or YAML", "", flags));
  add(PROP_TARGET_UNIQUE_IDS,
      g_param_spec_string("target-unique-ids", "Target unique ids",
                          "Unique ids of the models that the tensors are for, such as 1;2", "",
                          flags));
  add(PROP_PROCESS_ON_FRAME,
      g_param_spec_boolean("process-on-frame", "Process on frame",
                           "Make tensors of frames and regions, or of the objects in them", TRUE,
                           flags));
  add(PROP_OPERATE_ON_GIE_ID,
      g_param_spec_int("operate-on-gie-id", "Operate on GIE id",
                       "Whose objects, without process-on-frame; -1 is anyone's", -1, G_MAXINT, -1,
                       flags));
  add(PROP_GPU_ID, g_param_spec_uint("gpu-id", "GPU id", "Which GPU; the CPU does the work", 0,
                                     G_MAXUINT, 0, flags));
}

static void dsbind_preprocess_class_init(DsbindPreprocessClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS(klass);
  GST_DEBUG_CATEGORY_INIT(dsbind_preprocess_debug, "nvdspreprocess", 0, "input tensors");

  object_class->set_property = dsbind_preprocess_set_property;
  object_class->get_property = dsbind_preprocess_get_property;
  object_class->finalize = dsbind_preprocess_finalize;
  install_properties(object_class);

  static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  gst_element_class_add_static_pad_template(element_class, &sink);
  gst_element_class_add_static_pad_template(element_class, &src);
  gst_element_class_set_static_metadata(element_class, "Input tensors of models", "Filter/Video",
                                        "Makes tensors from regions, frames or objects and "
                                        "attaches them as metadata",
                                        "dsbind");

  element_class->change_state = dsbind_preprocess_change_state;
  transform_class->start = dsbind_preprocess_start;
  transform_class->stop = dsbind_preprocess_stop;
  transform_class->transform_ip = dsbind_preprocess_transform_ip;
  transform_class->sink_event = dsbind_preprocess_sink_event;
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvdspreprocess", GST_RANK_NONE,
                              dsbind_preprocess_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvdspreprocess,
                  "Input tensors from regions, frames or objects", plugin_init, DSBIND_VERSION,
                  "Apache 2.0", "dsbind", "dsbind")
