/* SPDX-License-Identifier: Apache-2.0 */
/* An element between two pads: batches go in, what it attached and posted comes out. */
#ifndef DSBIND_TESTS_RIG_H
#define DSBIND_TESTS_RIG_H

#include <gst/gst.h>
#include <gstnvdsmeta.h>

#include <functional>
#include <string>

#include "check.h"
#include "nvmm.h"

class Rig {
 public:
  explicit Rig(const char *factory = "nvinfer") {
    element = gst_element_factory_make(factory, nullptr);
    CHECK(element != nullptr);
    gst_object_ref_sink(element);
    bus_ = gst_bus_new();
    gst_element_set_bus(element, bus_);
    from_ = gst_pad_new("from", GST_PAD_SRC);
    to_ = gst_pad_new("to", GST_PAD_SINK);
    gst_pad_set_element_private(to_, this);
    gst_pad_set_chain_function(to_, keep);
    GstPad *sink = gst_element_get_static_pad(element, "sink");
    GstPad *src = gst_element_get_static_pad(element, "src");
    CHECK_INT(gst_pad_link(from_, sink), GST_PAD_LINK_OK);
    CHECK_INT(gst_pad_link(src, to_), GST_PAD_LINK_OK);
    gst_object_unref(sink);
    gst_object_unref(src);
  }
  ~Rig() {
    stop();
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus_);
    gst_object_unref(from_);
    gst_object_unref(to_);
    gst_object_unref(element);
  }
  Rig(const Rig &) = delete;
  Rig &operator=(const Rig &) = delete;

  /* FALSE when the element refuses to start. */
  bool start(const char *format, int width, int height) {
    gst_pad_set_active(to_, TRUE);
    gst_pad_set_active(from_, TRUE);
    if (gst_element_set_state(element, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) return false;
    gst_video_info_set_format(&info_, gst_video_format_from_string(format),
                              static_cast<guint>(width), static_cast<guint>(height));
    GstCaps *caps = gst_video_info_to_caps(&info_);
    gst_caps_set_features_simple(caps, gst_caps_features_new(DSBIND_NVMM_FEATURE, nullptr));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(from_, gst_event_new_stream_start("test"));
    gst_pad_push_event(from_, gst_event_new_caps(caps));
    gst_pad_push_event(from_, gst_event_new_segment(&segment));
    gst_caps_unref(caps);
    return true;
  }
  void stop() {
    gst_element_set_state(element, GST_STATE_NULL);
    gst_pad_set_active(from_, FALSE);
    gst_pad_set_active(to_, FALSE);
    clear();
  }

  void event(GstEvent *event) { gst_pad_push_event(from_, event); }

  /* A batch of frames that `fill` paints, with its metadata. */
  GstBuffer *batch(unsigned frames, const std::function<void(NvBufSurface *)> &fill = {},
                   bool with_meta = true) {
    GError *error = nullptr;
    NvBufSurface *surface = dsbind_surface_new(&info_, frames, &error);
    CHECK(surface != nullptr);
    surface->numFilled = frames;
    if (fill) fill(surface);
    GstBuffer *buffer = dsbind_buffer_new_surface(surface);
    if (!with_meta) return buffer;
    NvDsBatchMeta *meta = nvds_create_batch_meta(frames);
    meta->max_frames_in_batch = frames;
    for (unsigned i = 0; i < frames; i++) {
      NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(meta);
      frame->batch_id = frame->pad_index = frame->source_id = i;
      nvds_add_frame_meta_to_batch(meta, frame);
    }
    gst_buffer_add_nvds_meta(buffer, meta, nullptr, nvds_batch_meta_copy_func,
                             nvds_batch_meta_release_func)
        ->meta_type = NVDS_BATCH_GST_META;
    return buffer;
  }

  /* The frames' metadata after the element; valid until the next push. NULL on an error. */
  NvDsBatchMeta *push(GstBuffer *buffer) {
    clear();
    if (gst_pad_push(from_, buffer) != GST_FLOW_OK) return nullptr;
    /* A serialised event waits for what is still being inferred. */
    gst_pad_push_event(from_, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM,
                                                   gst_structure_new_empty("after-batch")));
    return out ? gst_buffer_get_nvds_batch_meta(out) : nullptr;
  }

  /* Without waiting for what becomes of it. */
  void send(GstBuffer *buffer) { gst_pad_push(from_, buffer); }

  /* How many messages of a type came since they were last asked for. */
  unsigned count(GstMessageType type) {
    unsigned number = 0;
    while (GstMessage *message = gst_bus_pop_filtered(bus_, type)) {
      gst_message_unref(message);
      number++;
    }
    return number;
  }

  /* The first message of a type since the last call; `code` of its GError. */
  std::string message(GstMessageType type, GQuark *domain = nullptr, int *code = nullptr) {
    std::string text = "no message";
    while (GstMessage *message = gst_bus_pop_filtered(bus_, type)) {
      GError *error = nullptr;
      if (type == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, nullptr);
      else
        gst_message_parse_warning(message, &error, nullptr);
      if (text == "no message") {
        text = error->message;
        if (domain) *domain = error->domain;
        if (code) *code = error->code;
      }
      g_error_free(error);
      gst_message_unref(message);
    }
    return text;
  }

  GstElement *element;
  GstBuffer *out = nullptr;

 private:
  static GstFlowReturn keep(GstPad *pad, GstObject *, GstBuffer *buffer) {
    auto *self = static_cast<Rig *>(gst_pad_get_element_private(pad));
    self->clear();
    self->out = buffer;
    return GST_FLOW_OK;
  }
  void clear() {
    if (out) gst_buffer_unref(out);
    out = nullptr;
  }

  GstBus *bus_;
  GstPad *from_, *to_;
  GstVideoInfo info_{};
};

#endif
