/* SPDX-License-Identifier: Apache-2.0 */
/* The tiler's properties, by DeepStream's names and with its defaults. */
#include "tiler.h"

enum {
  PROP_0,
  PROP_ROWS,
  PROP_COLUMNS,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_SHOW_SOURCE,
  PROP_GPU_ID,
  PROP_NVBUF_MEMORY_TYPE,
  PROP_COMPUTE_HW,
  PROP_INTERPOLATION_METHOD,
  PROP_BUFFER_POOL_SIZE,
  PROP_SQUARE_SEQ_GRID,
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
  return enum_type("DsbindStreamTilerMemoryType", values);
}

static GType compute_type(void) {
  static const GEnumValue values[] = {
      {NvBufSurfTransformCompute_Default, "What the transform library prefers", "Default"},
      {NvBufSurfTransformCompute_GPU, "GPU", "GPU"},
      {NvBufSurfTransformCompute_VIC, "VIC (Jetson)", "VIC"},
      {0, NULL, NULL},
  };
  return enum_type("DsbindStreamTilerCompute", values);
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
  return enum_type("DsbindStreamTilerInterpolation", values);
}

void tiler_settings_init(TilerSettings *settings) {
  *settings = (TilerSettings){
      .rows = 1,
      .columns = 1,
      .width = 1920,
      .height = 1080,
      .show_source = -1,
      .interpolation_method = NvBufSurfTransformInter_Bilinear,
      .buffer_pool_size = 4,
  };
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(object);
  TilerSettings *set = &self->settings;
  g_mutex_lock(&self->lock);
  switch (id) {
    case PROP_ROWS: set->rows = g_value_get_uint(value); break;
    case PROP_COLUMNS: set->columns = g_value_get_uint(value); break;
    case PROP_WIDTH: set->width = g_value_get_uint(value); break;
    case PROP_HEIGHT: set->height = g_value_get_uint(value); break;
    case PROP_SHOW_SOURCE: set->show_source = g_value_get_int(value); break;
    case PROP_GPU_ID: set->gpu_id = g_value_get_uint(value); break;
    case PROP_NVBUF_MEMORY_TYPE: set->nvbuf_memory_type = (guint)g_value_get_enum(value); break;
    case PROP_COMPUTE_HW: set->compute_hw = (guint)g_value_get_enum(value); break;
    case PROP_INTERPOLATION_METHOD:
      set->interpolation_method = (guint)g_value_get_enum(value);
      break;
    case PROP_BUFFER_POOL_SIZE: set->buffer_pool_size = g_value_get_uint(value); break;
    case PROP_SQUARE_SEQ_GRID: set->square_seq_grid = g_value_get_boolean(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec); break;
  }
  g_mutex_unlock(&self->lock);
  if (id == PROP_WIDTH || id == PROP_HEIGHT)
    gst_base_transform_reconfigure_src(GST_BASE_TRANSFORM(self));
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(object);
  g_mutex_lock(&self->lock);
  const TilerSettings set = self->settings;
  g_mutex_unlock(&self->lock);
  switch (id) {
    case PROP_ROWS: g_value_set_uint(value, set.rows); break;
    case PROP_COLUMNS: g_value_set_uint(value, set.columns); break;
    case PROP_WIDTH: g_value_set_uint(value, set.width); break;
    case PROP_HEIGHT: g_value_set_uint(value, set.height); break;
    case PROP_SHOW_SOURCE: g_value_set_int(value, set.show_source); break;
    case PROP_GPU_ID: g_value_set_uint(value, set.gpu_id); break;
    case PROP_NVBUF_MEMORY_TYPE: g_value_set_enum(value, (gint)set.nvbuf_memory_type); break;
    case PROP_COMPUTE_HW: g_value_set_enum(value, (gint)set.compute_hw); break;
    case PROP_INTERPOLATION_METHOD: g_value_set_enum(value, (gint)set.interpolation_method); break;
    case PROP_BUFFER_POOL_SIZE: g_value_set_uint(value, set.buffer_pool_size); break;
    case PROP_SQUARE_SEQ_GRID: g_value_set_boolean(value, set.square_seq_grid); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec); break;
  }
}

static const GParamFlags fixed = (GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                               GST_PARAM_MUTABLE_READY);
static const GParamFlags live = (GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                              GST_PARAM_MUTABLE_PLAYING);

static void install_uint(GObjectClass *klass, guint id, const gchar *name, const gchar *blurb,
                         guint min, guint max, guint value, GParamFlags flags) {
  g_object_class_install_property(
      klass, id, g_param_spec_uint(name, name, blurb, min, max, value, flags));
}

static void install_enum(GObjectClass *klass, guint id, const gchar *name, const gchar *blurb,
                         GType type, gint value) {
  g_object_class_install_property(klass, id,
                                  g_param_spec_enum(name, name, blurb, type, value, fixed));
}

void tiler_properties_install(GObjectClass *klass) {
  klass->set_property = set_property;
  klass->get_property = get_property;
  install_uint(klass, PROP_ROWS, "rows",
               "Rows of tiles; a grid too small for the sources becomes nearly square", 1, 1024, 1,
               live);
  install_uint(klass, PROP_COLUMNS, "columns",
               "Columns of tiles; a grid too small for the sources becomes nearly square", 1, 1024,
               1, live);
  install_uint(klass, PROP_WIDTH, "width", "Width of the frame that comes out", 16,
               DSBIND_MAX_SIDE, 1920, live);
  install_uint(klass, PROP_HEIGHT, "height", "Height of the frame that comes out", 16,
               DSBIND_MAX_SIDE, 1080, live);
  g_object_class_install_property(
      klass, PROP_SHOW_SOURCE,
      g_param_spec_int("show-source", "show-source",
                       "Show this source alone on the whole frame; -1 shows all", -1, G_MAXINT, -1,
                       live));
  install_uint(klass, PROP_GPU_ID, "gpu-id", "GPU that scales", 0, G_MAXINT, 0, fixed);
  install_enum(klass, PROP_NVBUF_MEMORY_TYPE, "nvbuf-memory-type",
               "Memory of the frame that comes out; on a machine without a GPU it is host memory",
               memory_type(), NVBUF_MEM_DEFAULT);
  install_enum(klass, PROP_COMPUTE_HW, "compute-hw", "Hardware that scales", compute_type(),
               NvBufSurfTransformCompute_Default);
  install_enum(klass, PROP_INTERPOLATION_METHOD, "interpolation-method", "How frames are scaled",
               interpolation_type(), NvBufSurfTransformInter_Bilinear);
  install_uint(klass, PROP_BUFFER_POOL_SIZE, "buffer-pool-size",
               "Frames made at once; more are made as needed", 4, 1024, 4, fixed);
  g_object_class_install_property(
      klass, PROP_SQUARE_SEQ_GRID,
      g_param_spec_boolean("square-seq-grid", "square-seq-grid",
                           "As many rows as columns, just enough for the sources", FALSE, live));
}
