/* SPDX-License-Identifier: Apache-2.0 */
/* nvtracker: gives the objects of batched frames ids that stay with them.
 *
 * Works in place, on the thread that brings the batch; put a queue before it, or use nvtrackerbin.
 * The library and its config are loaded between READY and PAUSED, so whatever is wrong with them
 * is told before any frame. */
#include <gst-nvevent.h>
#include <gst-nvquery.h>
#include <gst/base/gstbasetransform.h>

#include <algorithm>
#include <utility>

#include "bin.h"
#include "engine.h"
#include "error.h"
#include "gstnvdsmeta.h"
#include "nvmm.h"
#include "posting.h"
#include "properties.h"

GST_DEBUG_CATEGORY_STATIC(dsbind_tracker_debug);
#define GST_CAT_DEFAULT dsbind_tracker_debug

using namespace dsbind::nvtracker;
using dsbind::elements::post_error;
using dsbind::elements::post_warnings;

namespace {

struct State {
  Properties set;                 /* under the object lock */
  bool reload = false;            /* the same; ll-config-file was set since the last batch */
  std::unique_ptr<Engine> engine; /* between start and stop */
};

}  // namespace

struct DsbindTracker {
  GstBaseTransform parent;
  State *state;
};

struct DsbindTrackerClass {
  GstBaseTransformClass parent_class;
};

G_DEFINE_TYPE(DsbindTracker, dsbind_tracker, GST_TYPE_BASE_TRANSFORM)

#define DSBIND_TRACKER(object) (reinterpret_cast<DsbindTracker *>(object))

/* How many streams a batch may hold, as the muxer says; 1 where nobody does. */
static guint batch_size_of(DsbindTracker *self) {
  guint size = 0;
  GstQuery *query = gst_nvquery_batch_size_new();
  if (gst_pad_peer_query(GST_BASE_TRANSFORM_SINK_PAD(self), query))
    gst_nvquery_batch_size_parse(query, &size);
  gst_query_unref(query);
  return std::clamp(size, 1u, 4096u);
}

static gboolean dsbind_tracker_start(GstBaseTransform *base) {
  DsbindTracker *self = DSBIND_TRACKER(base);
  if (!dsbind_element_open_runtime(GST_ELEMENT(self))) return FALSE;
  GST_OBJECT_LOCK(self);
  Properties properties = self->state->set;
  self->state->reload = false;
  GST_OBJECT_UNLOCK(self);
  try {
    self->state->engine = std::make_unique<Engine>(properties, batch_size_of(self));
    post_warnings(self, self->state->engine->take_warnings());
    return TRUE;
  } catch (const Error &error) {
    post_error(self, error);
  } catch (const std::exception &error) {
    GST_ELEMENT_ERROR(self, LIBRARY, INIT, ("nvtracker cannot start: %s", error.what()), (nullptr));
  }
  return FALSE;
}

static gboolean dsbind_tracker_stop(GstBaseTransform *base) {
  DSBIND_TRACKER(base)->state->engine.reset();
  return TRUE;
}

/* Between two batches. */
static void reload(DsbindTracker *self) {
  GST_OBJECT_LOCK(self);
  const bool asked = std::exchange(self->state->reload, false);
  const std::string configs = self->state->set.config;
  GST_OBJECT_UNLOCK(self);
  if (asked) self->state->engine->update(configs);
}

static GstFlowReturn dsbind_tracker_transform_ip(GstBaseTransform *base, GstBuffer *buffer) {
  DsbindTracker *self = DSBIND_TRACKER(base);
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  const NvBufSurface *surface = dsbind_buffer_surface(buffer);
  if (!batch || !surface) {
    GST_ELEMENT_ERROR(self, STREAM, WRONG_TYPE,
                      ("nvtracker got a buffer without %s: put nvstreammux upstream of it, also "
                       "for one source",
                       batch ? "a surface" : "batch metadata"),
                      (nullptr));
    return GST_FLOW_ERROR;
  }
  try {
    reload(self);
    self->state->engine->track(batch, surface);
    post_warnings(self, self->state->engine->take_warnings());
    return GST_FLOW_OK;
  } catch (const Error &error) {
    post_error(self, error);
  } catch (const std::exception &error) {
    GST_ELEMENT_ERROR(self, STREAM, FAILED, ("tracking failed: %s", error.what()), (nullptr));
  }
  return GST_FLOW_ERROR;
}

/* On the streaming thread, as the batches are: events about one stream are serialised. */
static gboolean dsbind_tracker_sink_event(GstBaseTransform *base, GstEvent *event) {
  Engine *engine = DSBIND_TRACKER(base)->state->engine.get();
  guint pad = 0;
  if (engine) {
    switch (static_cast<guint>(GST_EVENT_TYPE(event))) {
      case GST_NVEVENT_PAD_DELETED:
        gst_nvevent_parse_pad_deleted(event, &pad);
        engine->remove(pad);
        break;
      case GST_NVEVENT_STREAM_EOS:
        gst_nvevent_parse_stream_eos(event, &pad);
        engine->stream_eos(pad);
        break;
      case GST_NVEVENT_STREAM_RESET:
        gst_nvevent_parse_stream_reset(event, &pad);
        engine->stream_reset(pad);
        break;
      case GST_EVENT_FLUSH_STOP: engine->flush(); break;
      default: break;
    }
  }
  return GST_BASE_TRANSFORM_CLASS(dsbind_tracker_parent_class)->sink_event(base, event);
}

static void dsbind_tracker_set_property(GObject *object, guint id, const GValue *value,
                                        GParamSpec *) {
  GST_OBJECT_LOCK(object);
  if (set_property(&DSBIND_TRACKER(object)->state->set, id, value))
    DSBIND_TRACKER(object)->state->reload = true;
  GST_OBJECT_UNLOCK(object);
}

static void dsbind_tracker_get_property(GObject *object, guint id, GValue *value, GParamSpec *) {
  GST_OBJECT_LOCK(object);
  get_property(DSBIND_TRACKER(object)->state->set, id, value);
  GST_OBJECT_UNLOCK(object);
}

static void dsbind_tracker_finalize(GObject *object) {
  delete DSBIND_TRACKER(object)->state;
  G_OBJECT_CLASS(dsbind_tracker_parent_class)->finalize(object);
}

static void dsbind_tracker_init(DsbindTracker *self) {
  self->state = new State;
  GstBaseTransform *base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_qos_enabled(base, FALSE);
}

static void dsbind_tracker_class_init(DsbindTrackerClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS(klass);
  GST_DEBUG_CATEGORY_INIT(dsbind_tracker_debug, "nvtracker", 0, "object tracking");

  object_class->set_property = dsbind_tracker_set_property;
  object_class->get_property = dsbind_tracker_get_property;
  object_class->finalize = dsbind_tracker_finalize;
  install_properties(object_class);

  static GstStaticPadTemplate sink = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
  gst_element_class_add_static_pad_template(element_class, &sink);
  gst_element_class_add_static_pad_template(element_class, &src);
  gst_element_class_set_static_metadata(element_class, "Object tracker", "Filter/Video",
                                        "Follows objects from frame to frame and gives them ids",
                                        "dsbind");

  transform_class->start = dsbind_tracker_start;
  transform_class->stop = dsbind_tracker_stop;
  transform_class->transform_ip = dsbind_tracker_transform_ip;
  transform_class->sink_event = dsbind_tracker_sink_event;
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvtracker", GST_RANK_NONE, dsbind_tracker_get_type()) &&
         gst_element_register(plugin, "nvtrackerbin", GST_RANK_NONE, dsbind_tracker_bin_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvtracker,
                  "Object tracking on batched frames", plugin_init, DSBIND_VERSION, "Apache 2.0",
                  "dsbind", "dsbind")
