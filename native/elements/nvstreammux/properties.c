/* SPDX-License-Identifier: Apache-2.0 */
/* The mux's properties, by DeepStream's names and with its defaults. */
#include "streammux.h"

enum {
  PROP_0,
  PROP_BATCH_SIZE,
  PROP_BATCHED_PUSH_TIMEOUT,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_ENABLE_PADDING,
  PROP_LIVE_SOURCE,
  PROP_GPU_ID,
  PROP_NVBUF_MEMORY_TYPE,
  PROP_COMPUTE_HW,
  PROP_INTERPOLATION_METHOD,
  PROP_NUM_SURFACES_PER_FRAME,
  PROP_BUFFER_POOL_SIZE,
  PROP_ATTACH_SYS_TS,
  PROP_SYNC_INPUTS,
  PROP_MAX_LATENCY,
  PROP_FRAME_DURATION,
  PROP_DROP_PIPELINE_EOS,
  PROP_FRAME_NUM_RESET_ON_EOS,
  PROP_FRAME_NUM_RESET_ON_STREAM_RESET,
  PROP_ASYNC_PROCESS,
};

static GType enum_type(const gchar *name, const GEnumValue *values) {
  const GType type = g_enum_register_static(name, values);
  gst_type_mark_as_plugin_api(type, 0);
  return type;
}

static GType memory_type(void) {
  static const GEnumValue values[] = {
      {NVBUF_MEM_DEFAULT, "What the surface library prefers", "nvbuf-mem-default"},
      {NVBUF_MEM_CUDA_PINNED, "Pinned host memory", "nvbuf-mem-cuda-pinned"},
      {NVBUF_MEM_CUDA_DEVICE, "GPU memory", "nvbuf-mem-cuda-device"},
      {NVBUF_MEM_CUDA_UNIFIED, "Unified memory", "nvbuf-mem-cuda-unified"},
      {NVBUF_MEM_SURFACE_ARRAY, "Surface array (Jetson)", "nvbuf-mem-surface-array"},
      {0, NULL, NULL},
  };
  return enum_type("DsbindStreamMuxMemoryType", values);
}

static GType compute_type(void) {
  static const GEnumValue values[] = {
      {NvBufSurfTransformCompute_Default, "What the transform library prefers", "Default"},
      {NvBufSurfTransformCompute_GPU, "GPU", "GPU"},
      {NvBufSurfTransformCompute_VIC, "VIC (Jetson)", "VIC"},
      {0, NULL, NULL},
  };
  return enum_type("DsbindStreamMuxCompute", values);
}

static GType interpolation_type(void) {
  static const GEnumValue values[] = {
      {NvBufSurfTransformInter_Nearest, "Nearest", "Nearest"},
      {NvBufSurfTransformInter_Bilinear, "Bilinear", "Bilinear"},
      {NvBufSurfTransformInter_Algo1, "GPU cubic, VIC 5 taps", "Algo-1"},
      {NvBufSurfTransformInter_Algo2, "GPU super-sampling, VIC 10 taps", "Algo-2"},
      {NvBufSurfTransformInter_Algo3, "GPU Lanczos, VIC smart", "Algo-3"},
      {NvBufSurfTransformInter_Algo4, "VIC nicest", "Algo-4"},
      {NvBufSurfTransformInter_Default, "Nearest", "Default"},
      {0, NULL, NULL},
  };
  return enum_type("DsbindStreamMuxInterpolation", values);
}

void mux_settings_init(MuxSettings *settings) {
  *settings = (MuxSettings){
      .batch_size = 1,
      .batched_push_timeout = -1,
      .interpolation_method = NvBufSurfTransformInter_Bilinear,
      .num_surfaces_per_frame = 1,
      .buffer_pool_size = 4,
      .frame_duration = GST_CLOCK_TIME_NONE,
      .attach_sys_ts = TRUE,
  };
}

MuxSettings mux_settings(StreamMux *mux) {
  g_mutex_lock(&mux->lock);
  const MuxSettings settings = mux->settings;
  g_mutex_unlock(&mux->lock);
  return settings;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  StreamMux *mux = DSBIND_STREAM_MUX(object);
  MuxSettings *set = &mux->settings;

  g_mutex_lock(&mux->lock);
  switch (id) {
    case PROP_BATCH_SIZE: set->batch_size = g_value_get_uint(value); break;
    case PROP_BATCHED_PUSH_TIMEOUT: set->batched_push_timeout = g_value_get_int(value); break;
    case PROP_WIDTH: set->width = g_value_get_uint(value); break;
    case PROP_HEIGHT: set->height = g_value_get_uint(value); break;
    case PROP_ENABLE_PADDING: set->enable_padding = g_value_get_boolean(value); break;
    case PROP_LIVE_SOURCE: set->live_source = g_value_get_boolean(value); break;
    case PROP_GPU_ID: set->gpu_id = g_value_get_uint(value); break;
    case PROP_NVBUF_MEMORY_TYPE: set->nvbuf_memory_type = (guint)g_value_get_enum(value); break;
    case PROP_COMPUTE_HW: set->compute_hw = (guint)g_value_get_enum(value); break;
    case PROP_INTERPOLATION_METHOD:
      set->interpolation_method = (guint)g_value_get_enum(value);
      set->interpolation_set = TRUE;
      break;
    case PROP_NUM_SURFACES_PER_FRAME: set->num_surfaces_per_frame = g_value_get_uint(value); break;
    case PROP_BUFFER_POOL_SIZE: set->buffer_pool_size = g_value_get_uint(value); break;
    case PROP_ATTACH_SYS_TS: set->attach_sys_ts = g_value_get_boolean(value); break;
    case PROP_SYNC_INPUTS: set->sync_inputs = g_value_get_boolean(value); break;
    case PROP_MAX_LATENCY: set->max_latency = g_value_get_uint64(value); break;
    case PROP_FRAME_DURATION: set->frame_duration = g_value_get_uint64(value); break;
    case PROP_DROP_PIPELINE_EOS: set->drop_pipeline_eos = g_value_get_boolean(value); break;
    case PROP_FRAME_NUM_RESET_ON_EOS:
      set->frame_num_reset_on_eos = g_value_get_boolean(value);
      break;
    case PROP_FRAME_NUM_RESET_ON_STREAM_RESET:
      set->frame_num_reset_on_stream_reset = g_value_get_boolean(value);
      break;
    case PROP_ASYNC_PROCESS: set->async_process = g_value_get_boolean(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec); break;
  }
  /* A new batch size, timeout or drop-pipeline-eos can end what the task waits for. */
  g_cond_signal(&mux->ready);
  g_mutex_unlock(&mux->lock);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  const MuxSettings set = mux_settings(DSBIND_STREAM_MUX(object));

  switch (id) {
    case PROP_BATCH_SIZE: g_value_set_uint(value, set.batch_size); break;
    case PROP_BATCHED_PUSH_TIMEOUT: g_value_set_int(value, set.batched_push_timeout); break;
    case PROP_WIDTH: g_value_set_uint(value, set.width); break;
    case PROP_HEIGHT: g_value_set_uint(value, set.height); break;
    case PROP_ENABLE_PADDING: g_value_set_boolean(value, set.enable_padding); break;
    case PROP_LIVE_SOURCE: g_value_set_boolean(value, set.live_source); break;
    case PROP_GPU_ID: g_value_set_uint(value, set.gpu_id); break;
    case PROP_NVBUF_MEMORY_TYPE: g_value_set_enum(value, (gint)set.nvbuf_memory_type); break;
    case PROP_COMPUTE_HW: g_value_set_enum(value, (gint)set.compute_hw); break;
    case PROP_INTERPOLATION_METHOD: g_value_set_enum(value, (gint)set.interpolation_method); break;
    case PROP_NUM_SURFACES_PER_FRAME: g_value_set_uint(value, set.num_surfaces_per_frame); break;
    case PROP_BUFFER_POOL_SIZE: g_value_set_uint(value, set.buffer_pool_size); break;
    case PROP_ATTACH_SYS_TS: g_value_set_boolean(value, set.attach_sys_ts); break;
    case PROP_SYNC_INPUTS: g_value_set_boolean(value, set.sync_inputs); break;
    case PROP_MAX_LATENCY: g_value_set_uint64(value, set.max_latency); break;
    case PROP_FRAME_DURATION: g_value_set_uint64(value, set.frame_duration); break;
    case PROP_DROP_PIPELINE_EOS: g_value_set_boolean(value, set.drop_pipeline_eos); break;
    case PROP_FRAME_NUM_RESET_ON_EOS: g_value_set_boolean(value, set.frame_num_reset_on_eos); break;
    case PROP_FRAME_NUM_RESET_ON_STREAM_RESET:
      g_value_set_boolean(value, set.frame_num_reset_on_stream_reset);
      break;
    case PROP_ASYNC_PROCESS: g_value_set_boolean(value, set.async_process); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec); break;
  }
}

static const GParamFlags fixed = (GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                               GST_PARAM_MUTABLE_READY);
static const GParamFlags live = (GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                              GST_PARAM_MUTABLE_PLAYING);

static void install_flag(GObjectClass *klass, guint id, const gchar *name, const gchar *blurb,
                         gboolean value) {
  g_object_class_install_property(
      klass, id, g_param_spec_boolean(name, name, blurb, value, live));
}

static void install_uint(GObjectClass *klass, guint id, const gchar *name, const gchar *blurb,
                         guint min, guint max, guint value, GParamFlags flags) {
  g_object_class_install_property(
      klass, id, g_param_spec_uint(name, name, blurb, min, max, value, flags));
}

static void install_batching(GObjectClass *klass) {
  install_uint(klass, PROP_BATCH_SIZE, "batch-size", "Most frames in a batch", 1, 1024, 1, live);
  g_object_class_install_property(
      klass, PROP_BATCHED_PUSH_TIMEOUT,
      g_param_spec_int("batched-push-timeout", "batched-push-timeout",
                       "Microseconds after the first frame of a batch until it is pushed, even "
                       "when it is not complete; -1 waits for ever", -1, G_MAXINT, -1, live));
  install_flag(klass, PROP_LIVE_SOURCE, "live-source",
               "Sources are live: a batch takes frames as they come and adds its timeout to the "
               "latency", FALSE);
  install_flag(klass, PROP_SYNC_INPUTS, "sync-inputs",
               "Batch only frames whose times lie within half a frame of the earliest", FALSE);
  g_object_class_install_property(
      klass, PROP_MAX_LATENCY,
      g_param_spec_uint64("max-latency", "max-latency",
                          "Nanoseconds that sources may be late, added to the latency", 0,
                          G_MAXUINT64, 0, live));
}

static void install_frames(GObjectClass *klass) {
  install_uint(klass, PROP_WIDTH, "width",
               "Width of every frame that comes out; 0 takes that of the first source", 0,
               DSBIND_MAX_SIDE, 0, fixed);
  install_uint(klass, PROP_HEIGHT, "height",
               "Height of every frame that comes out; 0 takes that of the first source", 0,
               DSBIND_MAX_SIDE, 0, fixed);
  install_flag(klass, PROP_ENABLE_PADDING, "enable-padding",
               "Keep the aspect of the source and fill up with black; else stretch", FALSE);
  install_uint(klass, PROP_GPU_ID, "gpu-id", "GPU that scales", 0, G_MAXINT, 0, fixed);
  g_object_class_install_property(
      klass, PROP_NVBUF_MEMORY_TYPE,
      g_param_spec_enum("nvbuf-memory-type", "nvbuf-memory-type",
                        "Memory of frames that are scaled; on a machine without a GPU it is host "
                        "memory", memory_type(), NVBUF_MEM_DEFAULT, fixed));
  g_object_class_install_property(
      klass, PROP_COMPUTE_HW,
      g_param_spec_enum("compute-hw", "compute-hw", "Hardware that scales", compute_type(),
                        NvBufSurfTransformCompute_Default, fixed));
  g_object_class_install_property(
      klass, PROP_INTERPOLATION_METHOD,
      g_param_spec_enum("interpolation-method", "interpolation-method", "How frames are scaled",
                        interpolation_type(), NvBufSurfTransformInter_Bilinear, fixed));
  install_uint(klass, PROP_NUM_SURFACES_PER_FRAME, "num-surfaces-per-frame",
               "Surfaces that each buffer of a source carries, e.g. after a dewarper", 1, 4, 1,
               fixed);
  install_uint(klass, PROP_BUFFER_POOL_SIZE, "buffer-pool-size",
               "Frames made at once for scaling; more are made as needed", 4, 1024, 4, fixed);
  install_flag(klass, PROP_ASYNC_PROCESS, "async-process",
               "Scale while the next frames come; sources always scale on their own threads here",
               FALSE);
}

static void install_times_and_end(GObjectClass *klass) {
  install_flag(klass, PROP_ATTACH_SYS_TS, "attach-sys-ts",
               "ntp_timestamp is the system's time; else the sender's (reference timestamp of the "
               "buffer), or the PTS where there is none", TRUE);
  g_object_class_install_property(
      klass, PROP_FRAME_DURATION,
      g_param_spec_uint64("frame-duration", "frame-duration",
                          "Milliseconds of a frame, duration of the batch where the source tells "
                          "none; -1 leaves it open", 0, G_MAXUINT64, GST_CLOCK_TIME_NONE, fixed));
  install_flag(klass, PROP_DROP_PIPELINE_EOS, "drop-pipeline-eos",
               "Do not end when all sources have ended: more may be added. Setting it to FALSE "
               "then, or an EOS event sent to this element, ends the output", FALSE);
  install_flag(klass, PROP_FRAME_NUM_RESET_ON_EOS, "frame-num-reset-on-eos",
               "Number the frames of a source from 0 again when it starts after its end", FALSE);
  install_flag(klass, PROP_FRAME_NUM_RESET_ON_STREAM_RESET, "frame-num-reset-on-stream-reset",
               "Number the frames of a source from 0 again when it was reset, e.g. reconnected",
               FALSE);
}

void mux_properties_install(GObjectClass *klass) {
  klass->set_property = set_property;
  klass->get_property = get_property;
  install_batching(klass);
  install_frames(klass);
  install_times_and_end(klass);
}
