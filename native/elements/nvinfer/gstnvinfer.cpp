/* SPDX-License-Identifier: Apache-2.0 */
/* nvinfer: runs a model on batched frames, or on their objects, and attaches what it finds.
 *
 * Touches no pixel. Several batches are inferred at a time, each on one thread, and leave in the
 * order they came. The config and the model are loaded between READY and PAUSED, so whatever is
 * wrong with them is told before any frame. Properties that were set override keys of the config
 * file. A model that is set while frames flow is loaded beside them; batches that are being
 * inferred stay with the one that they began with. */
#include <gst/base/gstbasetransform.h>

#include <algorithm>
#include <atomic>

#include "async.h"
#include "error.h"
#include "gstnvdsmeta.h"
#include "job.h"
#include "lanes.h"
#include "nvmm.h"
#include "posting.h"
#include "reload.h"
#include "settings.h"
#include "tensor_input.h"

GST_DEBUG_CATEGORY_STATIC(dsbind_infer_debug);
#define GST_CAT_DEFAULT dsbind_infer_debug

using namespace dsbind::infer;
using dsbind::elements::post_error;
using dsbind::elements::post_warning;
using dsbind::elements::post_warnings;

namespace {

constexpr char kNotOurs[] = "inference failed: ";
constexpr guint64 kPatience = 30; /* batches without an image before that is told */

struct State {
  explicit State(std::function<void()> load) : reload(std::move(load)) {}

  Settings set; /* under the object lock */
  LiveSettings live;
  std::shared_ptr<Model> model; /* under the object lock; these three between start and stop */
  std::unique_ptr<Lanes> lanes;
  std::unique_ptr<Async> async;
  Reload reload;
  guint64 batches = 0;
  guint64 empty_batches = 0; /* in a row from the first on, with input-tensor-meta */
  std::atomic<bool> failed{false}; /* somebody has told of an error */
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

enum { MODEL_UPDATED, SIGNALS };
guint signals[SIGNALS];

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

/* Lanes fail together, when the model or the memory does: the first one tells, the others would
 * only repeat it. */
static GstFlowReturn fail(DsbindInfer *self, const std::exception &problem) {
  if (!self->state->failed.exchange(true)) post_error(self, problem, kNotOurs);
  return GST_FLOW_ERROR;
}

/* Loads what the properties say now. Throws Error. */
static std::shared_ptr<Model> load_model(DsbindInfer *self) {
  State &state = *self->state;
  GST_OBJECT_LOCK(self);
  Settings set = state.set;
  GST_OBJECT_UNLOCK(self);
  Config config = effective_config(set);
  post_warnings(self, config.warnings);
  auto model = std::make_shared<Model>(std::move(config), set.parallel_batches);
  if (!set.interval_set) state.live.interval = model->config().interval;
  if (!set.unique_id_set) state.live.unique_id = model->config().unique_id;
  state.live.process_mode = model->config().process_mode;
  GST_INFO_OBJECT(self, "%s: %ux%u, batch %u", model->config().onnx_file.c_str(),
                  model->engine(0).network().width, model->engine(0).network().height,
                  model->config().batch_size);
  return model;
}

static std::shared_ptr<Model> current_model(DsbindInfer *self) {
  GST_OBJECT_LOCK(self);
  std::shared_ptr<Model> model = self->state->model;
  GST_OBJECT_UNLOCK(self);
  return model;
}

static void use_model(DsbindInfer *self, std::shared_ptr<Model> model) {
  GST_OBJECT_LOCK(self);
  std::swap(self->state->model, model);
  GST_OBJECT_UNLOCK(self);
  /* The old one goes here, unless batches still need it. */
}

/* On a thread of its own. Who set the property is told by a signal; frames flow on in any case. */
static void replace_model(DsbindInfer *self) {
  int status = NVDSINFER_SUCCESS;
  try {
    use_model(self, load_model(self));
  } catch (const std::exception &error) {
    status = NVDSINFER_CONFIG_FAILED;
    GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS,
                        ("the model stays as it is: %s", error.what()), (nullptr));
  }
  GST_OBJECT_LOCK(self);
  std::string path = self->state->set.config_path;
  GST_OBJECT_UNLOCK(self);
  g_signal_emit(self, signals[MODEL_UPDATED], 0, status, path.c_str());
}

static GstFlowReturn work(DsbindInfer *self, unsigned lane, GstBuffer *buffer, Lanes::Task *task);
static GstFlowReturn pass(DsbindInfer *self, GstBuffer *buffer, Lanes::Task *task);

static gboolean dsbind_infer_start(GstBaseTransform *base) {
  DsbindInfer *self = DSBIND_INFER(base);
  State &state = *self->state;
  if (!dsbind_element_open_runtime(GST_ELEMENT(self))) return FALSE;
  try {
    use_model(self, load_model(self));
    state.batches = state.empty_batches = 0;
    state.failed = false;
    state.async = std::make_unique<Async>([self](const std::exception &e) { fail(self, e); });
    GST_OBJECT_LOCK(self);
    unsigned count = state.set.parallel_batches;
    GST_OBJECT_UNLOCK(self);
    state.lanes = std::make_unique<Lanes>(
        count,
        [self](unsigned lane, GstBuffer *buffer, Lanes::Task *task) {
          return work(self, lane, buffer, task);
        },
        [self](GstBuffer *buffer, Lanes::Task *task) { return pass(self, buffer, task); });
    return TRUE;
  } catch (const Error &error) {
    post_error(self, error, kNotOurs);
  } catch (const std::exception &error) {
    GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("nvinfer cannot start: %s", error.what()), (nullptr));
  }
  state.async.reset();
  use_model(self, nullptr);
  return FALSE;
}

static gboolean dsbind_infer_stop(GstBaseTransform *base) {
  DsbindInfer *self = DSBIND_INFER(base);
  State &state = *self->state;
  state.lanes.reset();
  state.async.reset();
  if (std::shared_ptr<Model> model = current_model(self)) {
    Timing t = model->timing();
    double each = t.images ? 1e-6 / static_cast<double>(t.images) : 0;
    if (t.images)
      GST_INFO_OBJECT(base,
                      "%" G_GUINT64_FORMAT
                      " images, ms each: preprocess %.3f, model %.3f, postprocess %.3f",
                      t.images, static_cast<double>(t.preprocess) * each,
                      static_cast<double>(t.model) * each,
                      static_cast<double>(t.postprocess) * each);
  }
  use_model(self, nullptr);
  state.reload.settle();
  use_model(self, nullptr); /* one that came too late */
  return TRUE;
}

/* On a lane's thread: no exception may leave it. */
static GstFlowReturn work(DsbindInfer *self, unsigned lane, GstBuffer *buffer, Lanes::Task *task) {
  auto *job = static_cast<Job *>(task);
  try {
    if (!job->images.empty()) {
      job->model->engine(lane).infer_images(job->images, job->places, &job->found);
      return GST_FLOW_OK;
    }
    if (job->model->config().objects.async || job->regions.empty()) return GST_FLOW_OK;
    job->model->engine(lane).infer(*dsbind_buffer_surface(buffer), job->regions, &job->found);
    return GST_FLOW_OK;
  } catch (const std::exception &error) {
    return fail(self, error);
  }
}

/* In the order of the buffers, so that what one says about an object reaches the next. */
static GstFlowReturn pass(DsbindInfer *self, GstBuffer *buffer, Lanes::Task *task) {
  if (task) {
    try {
      MetaLock lock(gst_buffer_get_nvds_batch_meta(buffer));
      attach_results(static_cast<Job *>(task), self->state->live.unique_id);
    } catch (const std::exception &error) {
      gst_buffer_unref(buffer);
      return fail(self, error);
    }
  }
  return gst_pad_push(GST_BASE_TRANSFORM_SRC_PAD(self), buffer);
}

/* What to do with a buffer, which becomes writable then; NULL for nothing. Throws Error. */
static std::unique_ptr<Job> job_of(DsbindInfer *self, GstBuffer **buffer) {
  State &state = *self->state;
  std::shared_ptr<Model> model = current_model(self);
  const Config &config = model->config();
  const bool secondary = config.process_mode == 2;
  if (!secondary && state.batches++ % (guint64{state.live.interval} + 1) != 0) return nullptr;
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(*buffer);
  NvBufSurface *surface = dsbind_buffer_surface(*buffer);
  if (!batch || !surface) {
    if (!state.failed.exchange(true))
      GST_ELEMENT_ERROR(self, STREAM, WRONG_TYPE,
                        ("nvinfer got a buffer without %s: put nvstreammux upstream of it, also "
                         "for one source",
                         batch ? "a surface" : "batch metadata"),
                        (nullptr));
    throw Error(ErrorKind::Run, "no batch");
  }
  const bool from_meta = config.input_from_meta;
  if (secondary && !from_meta && !concerns(config, batch)) return nullptr;
  /* A shared buffer is copied first: its metadata belongs to others too. */
  *buffer = gst_buffer_make_writable(*buffer);
  batch = gst_buffer_get_nvds_batch_meta(*buffer);
  surface = dsbind_buffer_surface(*buffer);
  if (from_meta) {
    const unsigned id = state.live.unique_id;
    std::unique_ptr<Job> images = make_tensor_job(std::move(model), batch, id);
    if (!images->images.empty())
      state.empty_batches = kPatience; /* they do come */
    else if (state.empty_batches < kPatience && ++state.empty_batches == kPatience)
      post_warning(self, no_images_text(batch, id));
    return images;
  }
  std::unique_ptr<Job> job = make_job(std::move(model), batch, *surface);
  if (job->model->config().objects.async && job->model->remembers()) {
    state.async->offer(*job, *surface);
    job->regions.clear();
    job->targets.clear();
  }
  return job;
}

/* Takes the place of the transform's own queue of one buffer. */
static GstFlowReturn dsbind_infer_submit(GstBaseTransform *base, gboolean, GstBuffer *buffer) {
  DsbindInfer *self = DSBIND_INFER(base);
  std::unique_ptr<Job> job;
  try {
    job = job_of(self, &buffer);
  } catch (const std::exception &error) {
    gst_buffer_unref(buffer);
    return fail(self, error);
  }
  return self->state->lanes->submit(buffer, std::move(job));
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

static void dsbind_infer_set_property(GObject *object, guint id, const GValue *value,
                                      GParamSpec *spec) {
  DsbindInfer *self = DSBIND_INFER(object);
  State &state = *self->state;
  bool reloads = false;
  GST_OBJECT_LOCK(object);
  bool known = set_property(&state.set, &state.live, id, value, &reloads);
  bool running = state.model != nullptr;
  GST_OBJECT_UNLOCK(object);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  if (reloads && running) state.reload.request();
}

static void dsbind_infer_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  State &state = *DSBIND_INFER(object)->state;
  GST_OBJECT_LOCK(object);
  bool known = get_property(state.set, state.live, id, value);
  GST_OBJECT_UNLOCK(object);
  if (!known) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void dsbind_infer_finalize(GObject *object) {
  delete DSBIND_INFER(object)->state;
  G_OBJECT_CLASS(dsbind_infer_parent_class)->finalize(object);
}

static void dsbind_infer_init(DsbindInfer *self) {
  self->state = new State([self] { replace_model(self); });
  GstBaseTransform *base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_qos_enabled(base, FALSE);
}

static void dsbind_infer_class_init(DsbindInferClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS(klass);
  GST_DEBUG_CATEGORY_INIT(dsbind_infer_debug, "nvinfer", 0, "inference");

  object_class->set_property = dsbind_infer_set_property;
  object_class->get_property = dsbind_infer_get_property;
  object_class->finalize = dsbind_infer_finalize;
  install_properties(object_class);
  /* An NvDsInferStatus and the config file, when a model that was set while running is in use. */
  signals[MODEL_UPDATED] =
      g_signal_new("model-updated", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, nullptr,
                   nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_STRING);

  static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  gst_element_class_add_static_pad_template(element_class, &sink);
  gst_element_class_add_static_pad_template(element_class, &src);
  gst_element_class_set_static_metadata(element_class, "Inference", "Filter/Video",
                                        "Runs a neural network on batched frames or their objects "
                                        "and attaches what it finds as metadata",
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
                  "Inference on batched frames and their objects", plugin_init, DSBIND_VERSION,
                  "Apache 2.0", "dsbind", "dsbind")
