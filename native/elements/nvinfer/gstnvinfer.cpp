/* SPDX-License-Identifier: Apache-2.0 */
/* nvinfer: finds objects in batched frames and attaches them as metadata.
 *
 * Touches no pixel. Several batches are inferred at a time, each on one thread, and leave in the
 * order they came. The config and the model are loaded between READY and PAUSED, so whatever is
 * wrong with them is told before any frame. Properties that were set override keys of the config
 * file. */
#include <gst/base/gstbasetransform.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "attach.h"
#include "detector.h"
#include "error.h"
#include "gstnvdsmeta.h"
#include "lanes.h"
#include "nvmm.h"

GST_DEBUG_CATEGORY_STATIC(dsbind_infer_debug);
#define GST_CAT_DEFAULT dsbind_infer_debug

using namespace dsbind::infer;

namespace {

constexpr unsigned kDefaultUniqueId = 15;
constexpr unsigned kDefaultParallelBatches = 2;
constexpr size_t kMaxWarnings = 16;

/* What properties said; unset ones leave the word to the config file. */
struct Overrides {
  std::string config_path;
  std::string engine_path;
  std::optional<std::string> filter_out;
  std::string infer_on_class_ids;
  std::optional<unsigned> process_mode;
  std::optional<bool> tensor_meta;
  unsigned batch_size = 0;
  int infer_on_gie_id = -1;
  unsigned gpu_id = 0;
  unsigned parallel_batches = kDefaultParallelBatches;
  bool input_tensor_meta = false;
  bool interval_set = false, unique_id_set = false;
};

/* What one thread works with. */
struct Lane {
  std::unique_ptr<Detector> detector;
  std::vector<uint32_t> frames;
  std::vector<NvDsFrameMeta *> metas;
  std::vector<Detections> results;
};

struct State {
  Overrides set; /* under the object lock */
  std::atomic<unsigned> interval{0}, unique_id{kDefaultUniqueId}; /* may change while running */
  std::vector<Lane> lane;
  std::unique_ptr<Lanes> lanes; /* between start and stop */
  guint64 batches = 0;
  std::atomic<bool> failed{false}; /* a lane has told of its error */
};

class MetaLock {
 public:
  explicit MetaLock(NvDsBatchMeta *batch) : batch_(batch) { nvds_acquire_meta_lock(batch_); }
  ~MetaLock() { nvds_release_meta_lock(batch_); }
  MetaLock(const MetaLock &) = delete;
  MetaLock &operator=(const MetaLock &) = delete;

 private:
  NvDsBatchMeta *batch_;
};

enum {
  PROP_0,
  PROP_UNIQUE_ID,
  PROP_PROCESS_MODE,
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

}  // namespace

struct DsbindInfer {
  GstBaseTransform parent;
  State *state;
};

struct DsbindInferClass {
  GstBaseTransformClass parent_class;
};

static GType dsbind_infer_get_type(void);
G_DEFINE_TYPE(DsbindInfer, dsbind_infer, GST_TYPE_BASE_TRANSFORM)

#define DSBIND_INFER(object) (reinterpret_cast<DsbindInfer *>(object))

static GType process_mode_type(void) {
  static gsize type = 0;
  if (g_once_init_enter(&type)) {
    static const GEnumValue values[] = {{1, "Primary (whole frames)", "primary"},
                                        {2, "Secondary (objects)", "secondary"},
                                        {0, nullptr, nullptr}};
    g_once_init_leave(&type, g_enum_register_static("DsbindInferProcessMode", values));
  }
  return type;
}

static void post_error(DsbindInfer *self, const Error &error) {
  switch (error.kind()) {
    case ErrorKind::NotFound:
      GST_ELEMENT_ERROR(self, RESOURCE, NOT_FOUND, ("%s", error.what()), (nullptr));
      break;
    case ErrorKind::Settings:
      GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("%s", error.what()), (nullptr));
      break;
    case ErrorKind::Library:
      GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("%s", error.what()), (nullptr));
      break;
    case ErrorKind::Run:
      GST_ELEMENT_ERROR(self, STREAM, FAILED, ("%s", error.what()), (nullptr));
      break;
  }
}

/* The config file with the properties over it. */
static Config effective_config(DsbindInfer *self) {
  State &state = *self->state;
  GST_OBJECT_LOCK(self);
  Overrides set = state.set;
  GST_OBJECT_UNLOCK(self);

  if (set.config_path.empty())
    throw Error(ErrorKind::NotFound,
                "nvinfer has no config: set config-file-path to an nvinfer config file");
  Config config = load_config(set.config_path);
  if (set.process_mode.value_or(1) != 1)
    throw Error(ErrorKind::Settings,
                "process-mode=2 (inference on objects) is not offered; only "
                "process-mode=1, whole frames");
  if (set.input_tensor_meta)
    throw Error(ErrorKind::Settings,
                "input-tensor-meta=true needs nvdspreprocess, which is not "
                "part of the bundle; leave it false");
  if (!set.engine_path.empty())
    config.warnings.push_back("model-engine-file=" + set.engine_path +
                              " is a TensorRT engine, which cannot be used here; the model of "
                              "onnx-file runs instead");
  if (set.batch_size) config.batch_size = set.batch_size;
  if (set.tensor_meta) config.output_tensor_meta = *set.tensor_meta;
  if (set.filter_out) {
    config.filter_out_class_ids =
        parse_class_ids(*set.filter_out, "filter-out-class-ids=" + *set.filter_out);
    if (config.num_classes) check_class_ids(config, config.num_classes, "the number of classes");
  }
  if (!set.interval_set) state.interval = config.interval;
  if (!set.unique_id_set) state.unique_id = config.unique_id;
  return config;
}

static void post_warnings(DsbindInfer *self, const std::vector<std::string> &warnings) {
  size_t shown = std::min(warnings.size(), kMaxWarnings);
  for (size_t i = 0; i < shown; i++)
    GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS, ("%s", warnings[i].c_str()), (nullptr));
  if (shown < warnings.size())
    GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS,
                        ("%zu more warnings about the config", warnings.size() - shown), (nullptr));
}

static GstFlowReturn infer_buffer(DsbindInfer *self, Lane *lane, GstBuffer *buffer);

static gboolean dsbind_infer_start(GstBaseTransform *base) {
  DsbindInfer *self = DSBIND_INFER(base);
  State &state = *self->state;
  if (!dsbind_element_open_runtime(GST_ELEMENT(self))) return FALSE;
  try {
    Config config = effective_config(self);
    post_warnings(self, config.warnings);
    GST_OBJECT_LOCK(self);
    unsigned count = state.set.parallel_batches;
    GST_OBJECT_UNLOCK(self);
    state.lane.clear();
    state.lane.resize(count);
    state.lane[0].detector = std::make_unique<Detector>(std::move(config));
    for (unsigned i = 1; i < count; i++)
      state.lane[i].detector = std::make_unique<Detector>(*state.lane[0].detector);
    state.lanes = std::make_unique<Lanes>(
        count,
        [self](unsigned lane, GstBuffer *buffer) {
          return infer_buffer(self, &self->state->lane[lane], buffer);
        },
        [base](GstBuffer *buffer) {
          return gst_pad_push(GST_BASE_TRANSFORM_SRC_PAD(base), buffer);
        });
    state.batches = 0;
    state.failed = false;
    const Detector &detector = *state.lane[0].detector;
    GST_INFO_OBJECT(self, "%s: %ux%u, batch %u", detector.config().onnx_file.c_str(),
                    detector.network().width, detector.network().height,
                    detector.config().batch_size);
    return TRUE;
  } catch (const Error &error) {
    post_error(self, error);
  } catch (const std::exception &error) {
    GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("nvinfer cannot start: %s", error.what()), (nullptr));
  }
  state.lane.clear();
  return FALSE;
}

static gboolean dsbind_infer_stop(GstBaseTransform *base) {
  State &state = *DSBIND_INFER(base)->state;
  state.lanes.reset();
  Timing t;
  for (const Lane &lane : state.lane) {
    if (!lane.detector) continue;
    const Timing &each = lane.detector->timing();
    t.preprocess += each.preprocess;
    t.model += each.model;
    t.postprocess += each.postprocess;
    t.frames += each.frames;
  }
  if (t.frames) {
    double per_frame = 1e-6 / static_cast<double>(t.frames);
    GST_INFO_OBJECT(base,
                    "%" G_GUINT64_FORMAT
                    " frames, ms each: preprocess %.3f, model %.3f, "
                    "postprocess %.3f",
                    t.frames, static_cast<double>(t.preprocess) * per_frame,
                    static_cast<double>(t.model) * per_frame,
                    static_cast<double>(t.postprocess) * per_frame);
  }
  state.lane.clear();
  return TRUE;
}

/* The frames of the batch; each must have a surface. */
static void collect_frames(Lane *lane, const NvDsBatchMeta *batch, const NvBufSurface *surface) {
  lane->frames.clear();
  lane->metas.clear();
  for (const GList *l = batch->frame_meta_list; l; l = l->next) {
    auto *frame = static_cast<NvDsFrameMeta *>(l->data);
    if (frame->batch_id >= surface->numFilled)
      throw Error(ErrorKind::Run, "frame metadata with batch_id " +
                                      std::to_string(frame->batch_id) + ", but the batch has " +
                                      std::to_string(surface->numFilled) + " frames");
    lane->frames.push_back(frame->batch_id);
    lane->metas.push_back(frame);
  }
}

static void infer_batch(DsbindInfer *self, Lane *lane, NvDsBatchMeta *batch,
                        const NvBufSurface *surface) {
  collect_frames(lane, batch, surface);
  lane->detector->detect(*surface, lane->frames, &lane->results);

  const unsigned unique_id = self->state->unique_id;
  const Config &config = lane->detector->config();
  MetaLock lock(batch);
  for (size_t i = 0; i < lane->metas.size(); i++) {
    attach_objects(lane->metas[i], config, unique_id, lane->results[i].boxes);
    if (config.output_tensor_meta)
      attach_tensors(lane->metas[i], *lane->detector, unique_id,
                     std::move(lane->results[i].tensors));
    lane->metas[i]->bInferDone = TRUE;
  }
}

/* Lanes fail together, when the model or the memory does: the first one tells, the others would
 * only repeat it. */
static bool fails_first(DsbindInfer *self) { return !self->state->failed.exchange(true); }

/* On a lane's thread: no exception may leave it. */
static GstFlowReturn infer_buffer(DsbindInfer *self, Lane *lane, GstBuffer *buffer) {
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  NvBufSurface *surface = dsbind_buffer_surface(buffer);
  if (!batch || !surface) {
    if (fails_first(self))
      GST_ELEMENT_ERROR(self, STREAM, WRONG_TYPE,
                        ("nvinfer got a buffer without %s: put nvstreammux upstream of it, also "
                         "for one source",
                         batch ? "a surface" : "batch metadata"),
                        (nullptr));
    return GST_FLOW_ERROR;
  }
  try {
    infer_batch(self, lane, batch, surface);
    return GST_FLOW_OK;
  } catch (const Error &error) {
    if (fails_first(self)) post_error(self, error);
  } catch (const std::exception &error) {
    if (fails_first(self))
      GST_ELEMENT_ERROR(self, STREAM, FAILED, ("inference failed: %s", error.what()), (nullptr));
  }
  return GST_FLOW_ERROR;
}

/* Takes the place of the transform's own queue of one buffer. A shared buffer is copied first:
 * its metadata belongs to others too. */
static GstFlowReturn dsbind_infer_submit(GstBaseTransform *base, gboolean, GstBuffer *buffer) {
  State &state = *DSBIND_INFER(base)->state;
  bool infer = state.batches++ % (guint64{state.interval} + 1) == 0;
  return state.lanes->submit(infer ? gst_buffer_make_writable(buffer) : buffer, infer);
}

/* The lanes push. */
static GstFlowReturn dsbind_infer_generate(GstBaseTransform *, GstBuffer **buffer) {
  *buffer = nullptr;
  return GST_FLOW_OK;
}

/* Serialised events keep their place among the buffers. */
static gboolean dsbind_infer_sink_event(GstBaseTransform *base, GstEvent *event) {
  State &state = *DSBIND_INFER(base)->state;
  if (state.lanes && GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
    state.lanes->reset();
    state.failed = false;
  } else if (state.lanes && GST_EVENT_IS_SERIALIZED(event)) {
    state.lanes->drain();
  }
  return GST_BASE_TRANSFORM_CLASS(dsbind_infer_parent_class)->sink_event(base, event);
}

static std::string string_value(const GValue *value) {
  const char *text = g_value_get_string(value);
  return text ? text : "";
}

static void dsbind_infer_set_property(GObject *object, guint id, const GValue *value,
                                      GParamSpec *spec) {
  State &state = *DSBIND_INFER(object)->state;
  GST_OBJECT_LOCK(object);
  switch (id) {
    case PROP_UNIQUE_ID:
      state.unique_id = g_value_get_uint(value);
      state.set.unique_id_set = true;
      break;
    case PROP_PROCESS_MODE:
      state.set.process_mode = static_cast<unsigned>(g_value_get_enum(value));
      break;
    case PROP_CONFIG_FILE_PATH: state.set.config_path = string_value(value); break;
    case PROP_INFER_ON_GIE_ID: state.set.infer_on_gie_id = g_value_get_int(value); break;
    case PROP_INFER_ON_CLASS_IDS: state.set.infer_on_class_ids = string_value(value); break;
    case PROP_FILTER_OUT_CLASS_IDS: state.set.filter_out = string_value(value); break;
    case PROP_MODEL_ENGINE_FILE: state.set.engine_path = string_value(value); break;
    case PROP_BATCH_SIZE: state.set.batch_size = g_value_get_uint(value); break;
    case PROP_INTERVAL:
      state.interval = g_value_get_uint(value);
      state.set.interval_set = true;
      break;
    case PROP_GPU_ID: state.set.gpu_id = g_value_get_uint(value); break;
    case PROP_OUTPUT_TENSOR_META: state.set.tensor_meta = g_value_get_boolean(value); break;
    case PROP_INPUT_TENSOR_META: state.set.input_tensor_meta = g_value_get_boolean(value); break;
    case PROP_PARALLEL_BATCHES: state.set.parallel_batches = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

static void dsbind_infer_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  State &state = *DSBIND_INFER(object)->state;
  GST_OBJECT_LOCK(object);
  const Overrides &set = state.set;
  switch (id) {
    case PROP_UNIQUE_ID: g_value_set_uint(value, state.unique_id); break;
    case PROP_PROCESS_MODE:
      g_value_set_enum(value, static_cast<gint>(set.process_mode.value_or(1)));
      break;
    case PROP_CONFIG_FILE_PATH: g_value_set_string(value, set.config_path.c_str()); break;
    case PROP_INFER_ON_GIE_ID: g_value_set_int(value, set.infer_on_gie_id); break;
    case PROP_INFER_ON_CLASS_IDS: g_value_set_string(value, set.infer_on_class_ids.c_str()); break;
    case PROP_FILTER_OUT_CLASS_IDS:
      g_value_set_string(value, set.filter_out.value_or("").c_str());
      break;
    case PROP_MODEL_ENGINE_FILE: g_value_set_string(value, set.engine_path.c_str()); break;
    case PROP_BATCH_SIZE: g_value_set_uint(value, set.batch_size); break;
    case PROP_INTERVAL: g_value_set_uint(value, state.interval); break;
    case PROP_GPU_ID: g_value_set_uint(value, set.gpu_id); break;
    case PROP_OUTPUT_TENSOR_META:
      g_value_set_boolean(value, set.tensor_meta.value_or(false));
      break;
    case PROP_INPUT_TENSOR_META: g_value_set_boolean(value, set.input_tensor_meta); break;
    case PROP_PARALLEL_BATCHES: g_value_set_uint(value, set.parallel_batches); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

static void dsbind_infer_finalize(GObject *object) {
  delete DSBIND_INFER(object)->state;
  G_OBJECT_CLASS(dsbind_infer_parent_class)->finalize(object);
}

static void dsbind_infer_init(DsbindInfer *self) {
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
  add(PROP_UNIQUE_ID, g_param_spec_uint("unique-id", "Unique ID",
                                        "Id of this element, unique_component_id of its objects", 0,
                                        G_MAXINT, kDefaultUniqueId, live));
  add(PROP_PROCESS_MODE,
      g_param_spec_enum("process-mode", "Process mode", "Infer on whole frames or on objects",
                        process_mode_type(), 1, flags));
  add(PROP_CONFIG_FILE_PATH,
      g_param_spec_string("config-file-path", "Config file", "The nvinfer config file, INI or YAML",
                          "", flags));
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
                          "A TensorRT engine; not usable here, onnx-file of the config is", "",
                          flags));
  add(PROP_BATCH_SIZE,
      g_param_spec_uint("batch-size", "Batch size",
                        "Most frames of one inference; 0 asks the config", 0, 1024, 0, flags));
  add(PROP_INTERVAL, g_param_spec_uint("interval", "Interval", "Batches to skip between inferences",
                                       0, G_MAXINT - 1, 0, live));
  add(PROP_GPU_ID, g_param_spec_uint("gpu-id", "GPU id", "Which GPU; the model runs on the CPU", 0,
                                     G_MAXUINT, 0, flags));
  add(PROP_OUTPUT_TENSOR_META,
      g_param_spec_boolean("output-tensor-meta", "Output tensor metadata",
                           "Attach the output tensors to every frame", FALSE, flags));
  add(PROP_INPUT_TENSOR_META,
      g_param_spec_boolean("input-tensor-meta", "Input tensor metadata",
                           "Infer on tensors that nvdspreprocess attached; not offered here", FALSE,
                           flags));
  add(PROP_PARALLEL_BATCHES,
      g_param_spec_uint("parallel-batches", "Parallel batches",
                        "Batches inferred at the same time, each on one thread", 1, 64,
                        kDefaultParallelBatches, flags));
}

static void dsbind_infer_class_init(DsbindInferClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS(klass);
  GST_DEBUG_CATEGORY_INIT(dsbind_infer_debug, "nvinfer", 0, "object detection");

  object_class->set_property = dsbind_infer_set_property;
  object_class->get_property = dsbind_infer_get_property;
  object_class->finalize = dsbind_infer_finalize;
  install_properties(object_class);

  static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  gst_element_class_add_static_pad_template(element_class, &sink);
  gst_element_class_add_static_pad_template(element_class, &src);
  gst_element_class_set_static_metadata(element_class, "Object detector", "Filter/Video",
                                        "Runs a neural network on batched frames and attaches what "
                                        "it finds as metadata",
                                        "dsbind");

  transform_class->start = dsbind_infer_start;
  transform_class->stop = dsbind_infer_stop;
  transform_class->submit_input_buffer = dsbind_infer_submit;
  transform_class->generate_output = dsbind_infer_generate;
  transform_class->sink_event = dsbind_infer_sink_event;
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvinfer", GST_RANK_NONE, dsbind_infer_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvinfer,
                  "Object detection on batched frames", plugin_init, DSBIND_VERSION, "Apache 2.0",
                  "dsbind", "dsbind")
