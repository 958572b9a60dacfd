/* SPDX-License-Identifier: Apache-2.0 */
/* nvdsanalytics: watches where the objects of each stream are and which lines they cross.
 *
 * Touches no pixel. The config is read between READY and PAUSED, so whatever is wrong with it is
 * told before any frame; set again while running, it is read at once and used from the next batch
 * on, or refused with a warning and the old one goes on. */
#include <gst/base/gstbasetransform.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

#include "analyzer.h"
#include "attach.h"
#include "draw.h"
#include "error.h"
#include "gst-nvevent.h"
#include "gstnvdsmeta.h"
#include "nvmm.h"
#include "posting.h"

GST_DEBUG_CATEGORY_STATIC(dsbind_analytics_debug);
#define GST_CAT_DEFAULT dsbind_analytics_debug

using namespace dsbind::analytics;
using dsbind::elements::post_error;
using dsbind::elements::post_warnings;
using dsbind::elements::post_warning;
using dsbind::infer::Error;
using dsbind::infer::ErrorKind;

namespace {

constexpr size_t kMaxStreams = 65536;

/* One stream, with its rules in the pixels of its frames. */
struct Stream {
  double width, height;
  Analyzer analyzer;
};

struct State {
  std::mutex lock; /* guards the next three */
  std::string config_path;
  std::shared_ptr<const Rules> next; /* to be used from the next batch on */
  bool started = false;
  std::atomic<bool> enable{true};
  std::atomic<guint> unique_id{0}, gpu_id{0};

  /* Of the streaming thread. */
  std::shared_ptr<const Rules> rules;
  std::map<guint, Stream> streams;
  bool told_of_ids = false;
  std::vector<Seen> seen;
  std::vector<NvDsObjectMeta *> objects;
  std::vector<NvDsAnalyticsObjInfo> infos;
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

enum { PROP_0, PROP_UNIQUE_ID, PROP_ENABLE, PROP_CONFIG_FILE, PROP_GPU_ID };

}  // namespace

struct DsbindAnalytics {
  GstBaseTransform parent;
  State *state;
};

struct DsbindAnalyticsClass {
  GstBaseTransformClass parent_class;
};

static GType dsbind_analytics_get_type(void);
G_DEFINE_TYPE(DsbindAnalytics, dsbind_analytics, GST_TYPE_BASE_TRANSFORM)

#define DSBIND_ANALYTICS(object) (reinterpret_cast<DsbindAnalytics *>(object))

static std::shared_ptr<const Rules> load(DsbindAnalytics *self, const std::string &path) {
  auto rules = std::make_shared<const Rules>(load_rules(path));
  post_warnings(self, rules->warnings);
  return rules;
}

static gboolean dsbind_analytics_start(GstBaseTransform *base) {
  DsbindAnalytics *self = DSBIND_ANALYTICS(base);
  State &state = *self->state;
  if (!dsbind_element_open_runtime(GST_ELEMENT(self))) return FALSE;
  std::string path;
  {
    std::lock_guard<std::mutex> hold(state.lock);
    path = state.config_path;
  }
  try {
    if (path.empty())
      throw Error(ErrorKind::NotFound,
                  "nvdsanalytics has no config: set config-file to an nvdsanalytics config file");
    auto rules = load(self, path);
    std::lock_guard<std::mutex> hold(state.lock);
    state.rules = std::move(rules);
    state.next = nullptr;
    state.started = true;
    state.told_of_ids = false;
    return TRUE;
  } catch (const Error &error) {
    post_error(self, error);
  } catch (const std::exception &error) {
    GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("nvdsanalytics cannot start: %s", error.what()),
                      (nullptr));
  }
  return FALSE;
}

static gboolean dsbind_analytics_stop(GstBaseTransform *base) {
  State &state = *DSBIND_ANALYTICS(base)->state;
  std::lock_guard<std::mutex> hold(state.lock);
  state.started = false;
  state.rules = nullptr;
  state.next = nullptr;
  state.streams.clear();
  return TRUE;
}

/* Reads the config anew while running; called with no lock held. */
static void reload(DsbindAnalytics *self, const std::string &path) {
  State &state = *self->state;
  try {
    auto rules = load(self, path);
    std::lock_guard<std::mutex> hold(state.lock);
    if (state.started) state.next = std::move(rules);
  } catch (const std::exception &error) {
    post_warning(self, std::string(error.what()) + "; the config from before goes on");
  }
}

static Stream make_stream(const Rules &rules, guint source, double width, double height) {
  auto found = rules.streams.find(source);
  if (found == rules.streams.end()) return {width, height, Analyzer({})};
  return {width, height, Analyzer(found->second.scaled(width / rules.width, height / rules.height))};
}

static void use_next_rules(State *state) {
  std::lock_guard<std::mutex> hold(state->lock);
  if (!state->next) return;
  state->rules = std::move(state->next);
  state->next = nullptr;
  for (auto &[source, stream] : state->streams) {
    Stream fresh = make_stream(*state->rules, source, stream.width, stream.height);
    fresh.analyzer.adopt(stream.analyzer);
    stream = std::move(fresh);
  }
}

static Stream &stream_of(State *state, const NvDsFrameMeta *frame, double width, double height) {
  auto found = state->streams.find(frame->source_id);
  if (found != state->streams.end() && found->second.width == width &&
      found->second.height == height)
    return found->second;
  if (found != state->streams.end())
    state->streams.erase(found);
  else if (state->streams.size() >= kMaxStreams)
    state->streams.clear();
  return state->streams
      .emplace(frame->source_id, make_stream(*state->rules, frame->source_id, width, height))
      .first->second;
}

/* Lines and directions need to know an object again. */
static void check_ids(DsbindAnalytics *self, const StreamRules &rules, guint source) {
  State &state = *self->state;
  if (state.told_of_ids || !rules.needs_ids() || state.seen.empty()) return;
  for (const Seen &object : state.seen)
    if (object.tracked) return;
  state.told_of_ids = true;
  post_warning(self, "the objects of stream " + std::to_string(source) +
                         " have no ids, which line crossing and directions need: put nvtracker, "
                         "or track() of a Flow, before nvdsanalytics");
}

static void analyze_frame(DsbindAnalytics *self, NvDsFrameMeta *frame, double width,
                          double height) {
  State &state = *self->state;
  Stream &stream = stream_of(&state, frame, width, height);
  state.seen.clear();
  state.objects.clear();
  for (const GList *l = frame->obj_meta_list; l; l = l->next) {
    auto *object = static_cast<NvDsObjectMeta *>(l->data);
    const NvOSD_RectParams &box = object->rect_params;
    state.objects.push_back(object);
    state.seen.push_back({object->object_id, object->object_id != UNTRACKED_OBJECT_ID,
                          object->class_id,
                          {box.left + box.width / 2.0, static_cast<double>(box.top) + box.height},
                          box.height});
  }
  check_ids(self, stream.analyzer.rules(), frame->source_id);

  const int64_t time = GST_CLOCK_TIME_IS_VALID(frame->buf_pts)
                           ? static_cast<int64_t>(frame->buf_pts)
                           : int64_t{frame->frame_num} * GST_SECOND / 30;
  NvDsAnalyticsFrameMeta result{};
  result.unique_id = state.unique_id;
  stream.analyzer.update(time, state.seen, &state.infos, &result);
  for (size_t i = 0; i < state.objects.size(); i++) {
    state.infos[i].unique_id = state.unique_id;
    attach_object(state.objects[i], std::move(state.infos[i]));
  }
  if (state.rules->osd_mode != OsdMode::Nothing)
    draw(frame, stream.analyzer.rules(), result, state.rules->osd_mode, state.rules->font_size,
         width, height);
  attach_frame(frame, std::move(result));
}

static void analyze_batch(DsbindAnalytics *self, NvDsBatchMeta *batch,
                          const NvBufSurface *surface) {
  MetaLock lock(batch);
  for (const GList *l = batch->frame_meta_list; l; l = l->next) {
    auto *frame = static_cast<NvDsFrameMeta *>(l->data);
    guint width = frame->pipeline_width, height = frame->pipeline_height;
    if ((width == 0 || height == 0) && surface && frame->batch_id < surface->numFilled) {
      width = surface->surfaceList[frame->batch_id].width;
      height = surface->surfaceList[frame->batch_id].height;
    }
    if (width == 0 || height == 0)
      throw Error(ErrorKind::Run, "frame metadata without the size of the frame");
    analyze_frame(self, frame, width, height);
  }
}

/* No exception may leave it. */
static GstFlowReturn dsbind_analytics_transform_ip(GstBaseTransform *base, GstBuffer *buffer) {
  DsbindAnalytics *self = DSBIND_ANALYTICS(base);
  State &state = *self->state;
  use_next_rules(&state);
  if (!state.enable || !state.rules->enabled) return GST_FLOW_OK;
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  if (!batch) {
    GST_ELEMENT_ERROR(self, STREAM, WRONG_TYPE,
                      ("nvdsanalytics got a buffer without batch metadata: put nvstreammux "
                       "upstream of it, also for one source"),
                      (nullptr));
    return GST_FLOW_ERROR;
  }
  try {
    analyze_batch(self, batch, dsbind_buffer_surface(buffer));
    return GST_FLOW_OK;
  } catch (const Error &error) {
    post_error(self, error);
  } catch (const std::exception &error) {
    GST_ELEMENT_ERROR(self, STREAM, FAILED, ("the analytics failed: %s", error.what()), (nullptr));
  }
  return GST_FLOW_ERROR;
}

static gboolean dsbind_analytics_sink_event(GstBaseTransform *base, GstEvent *event) {
  State &state = *DSBIND_ANALYTICS(base)->state;
  if (static_cast<guint>(GST_EVENT_TYPE(event)) == GST_NVEVENT_PAD_DELETED) {
    guint source = 0;
    gst_nvevent_parse_pad_deleted(event, &source);
    state.streams.erase(source);
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
    for (auto &[source, stream] : state.streams) stream.analyzer.restart();
  }
  return GST_BASE_TRANSFORM_CLASS(dsbind_analytics_parent_class)->sink_event(base, event);
}

static void set_config(DsbindAnalytics *self, const char *path) {
  State &state = *self->state;
  bool running;
  {
    std::lock_guard<std::mutex> hold(state.lock);
    state.config_path = path ? path : "";
    running = state.started;
  }
  if (running) reload(self, path ? path : "");
}

static void dsbind_analytics_set_property(GObject *object, guint id, const GValue *value,
                                          GParamSpec *spec) {
  DsbindAnalytics *self = DSBIND_ANALYTICS(object);
  if (id == PROP_CONFIG_FILE) {
    set_config(self, g_value_get_string(value));
    return;
  }
  switch (id) {
    case PROP_UNIQUE_ID: self->state->unique_id = g_value_get_uint(value); break;
    case PROP_ENABLE: self->state->enable = g_value_get_boolean(value) != FALSE; break;
    case PROP_GPU_ID: self->state->gpu_id = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void dsbind_analytics_get_property(GObject *object, guint id, GValue *value,
                                          GParamSpec *spec) {
  State &state = *DSBIND_ANALYTICS(object)->state;
  if (id == PROP_CONFIG_FILE) {
    std::lock_guard<std::mutex> hold(state.lock);
    g_value_set_string(value, state.config_path.c_str());
    return;
  }
  switch (id) {
    case PROP_UNIQUE_ID: g_value_set_uint(value, state.unique_id); break;
    case PROP_ENABLE: g_value_set_boolean(value, state.enable); break;
    case PROP_GPU_ID: g_value_set_uint(value, state.gpu_id); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void dsbind_analytics_finalize(GObject *object) {
  delete DSBIND_ANALYTICS(object)->state;
  G_OBJECT_CLASS(dsbind_analytics_parent_class)->finalize(object);
}

static void dsbind_analytics_init(DsbindAnalytics *self) {
  self->state = new State;
  GstBaseTransform *base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_qos_enabled(base, FALSE);
}

static void install_properties(GObjectClass *object_class) {
  auto live = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                       GST_PARAM_MUTABLE_PLAYING);
  auto add = [object_class](guint id, GParamSpec *spec) {
    g_object_class_install_property(object_class, id, spec);
  };
  add(PROP_UNIQUE_ID,
      g_param_spec_uint("unique-id", "Unique ID", "Id of this element in its metadata", 0,
                        G_MAXUINT, 0, live));
  add(PROP_ENABLE, g_param_spec_boolean("enable", "Enable",
                                        "Whether to analyze; off, frames pass as they are", TRUE,
                                        live));
  add(PROP_CONFIG_FILE,
      g_param_spec_string("config-file", "Config file",
                          "The nvdsanalytics config file, INI or YAML; set while running, it is "
                          "read again",
                          "", live));
  add(PROP_GPU_ID, g_param_spec_uint("gpu-id", "GPU id", "Which GPU; no GPU is needed", 0,
                                     G_MAXUINT, 0, live));
}

static void dsbind_analytics_class_init(DsbindAnalyticsClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS(klass);
  GST_DEBUG_CATEGORY_INIT(dsbind_analytics_debug, "nvdsanalytics", 0, "regions and lines");

  object_class->set_property = dsbind_analytics_set_property;
  object_class->get_property = dsbind_analytics_get_property;
  object_class->finalize = dsbind_analytics_finalize;
  install_properties(object_class);

  static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  gst_element_class_add_static_pad_template(element_class, &sink);
  gst_element_class_add_static_pad_template(element_class, &src);
  gst_element_class_set_static_metadata(element_class, "Analytics of objects", "Filter/Metadata",
                                        "Counts objects in regions and across lines, and tells "
                                        "crowds and directions, as metadata",
                                        "dsbind");

  transform_class->start = dsbind_analytics_start;
  transform_class->stop = dsbind_analytics_stop;
  transform_class->transform_ip = dsbind_analytics_transform_ip;
  transform_class->sink_event = dsbind_analytics_sink_event;
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvdsanalytics", GST_RANK_NONE,
                              dsbind_analytics_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvdsanalytics,
                  "Analytics of objects: regions, lines, crowds, directions", plugin_init,
                  DSBIND_VERSION, "Apache 2.0", "dsbind", "dsbind")
