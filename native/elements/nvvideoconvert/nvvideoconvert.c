/* SPDX-License-Identifier: Apache-2.0 */
/* The properties of nvvideoconvert; the work is in the shared converter. */
#include "nvvideoconvert.h"

#include <stdio.h>
#include <string.h>

struct _DsbindVideoConvert {
  DsbindConvert parent;
  /* Kept for reading back; without effect on host memory. */
  gint copy_hw, memory_type;
  gboolean bl_output, contiguous;
  guint flip;     /* value of the flip-method property */
  char *bad_crop; /* what was set and is no crop; told when the stream starts */
};

G_DEFINE_TYPE(DsbindVideoConvert, dsbind_video_convert, DSBIND_TYPE_CONVERT)

enum {
  PROP_0,
  PROP_GPU_ID,
  PROP_COMPUTE_HW,
  PROP_MEMORY_TYPE,
  PROP_SRC_CROP,
  PROP_DEST_CROP,
  PROP_FLIP_METHOD,
  PROP_INTERPOLATION,
  PROP_OUTPUT_BUFFERS,
  PROP_BL_OUTPUT,
  PROP_COPY_HW,
  PROP_CONTIGUOUS,
  PROP_DISABLE_PASSTHROUGH,
};

#define ENUM_TYPE(function, type_name, ...)                           \
  static GType function(void) {                                       \
    static gsize type;                                                \
    static const GEnumValue values[] = {__VA_ARGS__, {0, NULL, NULL}}; \
    if (g_once_init_enter(&type))                                     \
      g_once_init_leave(&type, g_enum_register_static(type_name, values)); \
    return type;                                                      \
  }

ENUM_TYPE(flip_type, "DsbindVideoConvertFlip",
          {0, "Identity (no rotation)", "none"},
          {1, "Rotate counter-clockwise 90 degrees", "counterclockwise"},
          {2, "Rotate 180 degrees", "rotate-180"},
          {3, "Rotate clockwise 90 degrees", "clockwise"},
          {4, "Flip horizontally", "horizontal-flip"},
          {5, "Flip across upper right/lower left diagonal", "upper-right-diagonal"},
          {6, "Flip vertically", "vertical-flip"},
          {7, "Flip across upper left/lower right diagonal", "upper-left-diagonal"})
ENUM_TYPE(interpolation_type, "DsbindVideoConvertInterpolation",
          {NvBufSurfTransformInter_Nearest, "Nearest", "Nearest"},
          {NvBufSurfTransformInter_Bilinear, "Bilinear", "Bilinear"},
          {NvBufSurfTransformInter_Algo1, "GPU - Cubic, VIC - 5 Tap", "Algo-1"},
          {NvBufSurfTransformInter_Algo2, "GPU - Super, VIC - 10 Tap", "Algo-2"},
          {NvBufSurfTransformInter_Algo3, "GPU - Lanczos, VIC - Smart", "Algo-3"},
          {NvBufSurfTransformInter_Algo4, "GPU - Ignored, VIC - Nicest", "Algo-4"},
          {NvBufSurfTransformInter_Default, "Default: nearest", "Default"})
ENUM_TYPE(compute_type, "DsbindVideoConvertCompute",
          {NvBufSurfTransformCompute_Default, "Default: what this machine has", "Default"},
          {NvBufSurfTransformCompute_GPU, "GPU", "GPU"},
          {NvBufSurfTransformCompute_VIC, "VIC (Jetson)", "VIC"})
ENUM_TYPE(memory_type, "DsbindVideoConvertMemory",
          {NVBUF_MEM_DEFAULT, "Default of this machine", "nvbuf-mem-default"},
          {NVBUF_MEM_CUDA_PINNED, "Pinned host memory", "nvbuf-mem-cuda-pinned"},
          {NVBUF_MEM_CUDA_DEVICE, "Device memory", "nvbuf-mem-cuda-device"},
          {NVBUF_MEM_CUDA_UNIFIED, "Unified memory", "nvbuf-mem-cuda-unified"},
          {NVBUF_MEM_SURFACE_ARRAY, "Surface array (Jetson)", "nvbuf-mem-surface-array"})

/* What each flip-method is for NvBufSurfTransform: it turns clockwise and flips about an axis. */
static const NvBufSurfTransform_Flip flips[] = {
    NvBufSurfTransform_None,     NvBufSurfTransform_Rotate270, NvBufSurfTransform_Rotate180,
    NvBufSurfTransform_Rotate90, NvBufSurfTransform_FlipY,     NvBufSurfTransform_InvTranspose,
    NvBufSurfTransform_FlipX,    NvBufSurfTransform_Transpose,
};

/* left:top:width:height; 0:0:0:0 is the whole frame. */
static gboolean parse_crop(const char *text, NvBufSurfTransformRect *rect) {
  guint left, top, width, height;
  int end = 0;
  *rect = (NvBufSurfTransformRect){0};
  if (!text || !*text) return TRUE;
  if (strchr(text, '-') ||
      sscanf(text, "%u:%u:%u:%u%n", &left, &top, &width, &height, &end) != 4 || text[end])
    return FALSE;
  if (left > DSBIND_MAX_SIDE || top > DSBIND_MAX_SIDE || width > DSBIND_MAX_SIDE ||
      height > DSBIND_MAX_SIDE || (width == 0) != (height == 0))
    return FALSE;
  *rect = (NvBufSurfTransformRect){.top = top, .left = left, .width = width, .height = height};
  return TRUE;
}

static char *crop_text(const NvBufSurfTransformRect *rect) {
  return g_strdup_printf("%u:%u:%u:%u", rect->left, rect->top, rect->width, rect->height);
}

static gboolean report_bad_crop(DsbindVideoConvert *self) {
  GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS,
                    ("A crop of \"%s\" is not possible: give left:top:width:height in pixels, "
                     "each 0 to %d, such as 0:0:640:360.", self->bad_crop, DSBIND_MAX_SIDE),
                    (NULL));
  return FALSE;
}

static void set_crop(DsbindVideoConvert *self, const GValue *value, NvBufSurfTransformRect *rect) {
  NvBufSurfTransformRect parsed;
  const char *text = g_value_get_string(value);
  g_clear_pointer(&self->bad_crop, g_free);
  if (parse_crop(text, &parsed)) {
    *rect = parsed;
    return;
  }
  self->bad_crop = g_strdup(text);
  if (GST_STATE(self) >= GST_STATE_PAUSED) report_bad_crop(self);
}

static gboolean start(GstBaseTransform *base) {
  DsbindVideoConvert *self = DSBIND_VIDEO_CONVERT(base);
  return !self->bad_crop || report_bad_crop(self);
}

static void finalize(GObject *object) {
  g_free(DSBIND_VIDEO_CONVERT(object)->bad_crop);
  G_OBJECT_CLASS(dsbind_video_convert_parent_class)->finalize(object);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindVideoConvert *self = DSBIND_VIDEO_CONVERT(object);
  DsbindConvertSettings s = dsbind_convert_get_settings(DSBIND_CONVERT(self));
  switch (id) {
    case PROP_GPU_ID: s.gpu = g_value_get_uint(value); break;
    case PROP_COMPUTE_HW: s.compute = (NvBufSurfTransform_Compute)g_value_get_enum(value); break;
    case PROP_MEMORY_TYPE: self->memory_type = g_value_get_enum(value); break;
    case PROP_SRC_CROP: set_crop(self, value, &s.source); break;
    case PROP_DEST_CROP: set_crop(self, value, &s.target); break;
    case PROP_FLIP_METHOD:
      self->flip = (guint)g_value_get_enum(value);
      s.flip = flips[self->flip];
      break;
    case PROP_INTERPOLATION: s.filter = (NvBufSurfTransform_Inter)g_value_get_enum(value); break;
    case PROP_OUTPUT_BUFFERS: s.surfaces = g_value_get_uint(value); break;
    case PROP_BL_OUTPUT: self->bl_output = g_value_get_boolean(value); break;
    case PROP_COPY_HW: self->copy_hw = g_value_get_enum(value); break;
    case PROP_CONTIGUOUS: self->contiguous = g_value_get_boolean(value); break;
    case PROP_DISABLE_PASSTHROUGH: s.always = g_value_get_boolean(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec); return;
  }
  dsbind_convert_set_settings(DSBIND_CONVERT(self), &s);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindVideoConvert *self = DSBIND_VIDEO_CONVERT(object);
  const DsbindConvertSettings s = dsbind_convert_get_settings(DSBIND_CONVERT(self));
  switch (id) {
    case PROP_GPU_ID: g_value_set_uint(value, s.gpu); break;
    case PROP_COMPUTE_HW: g_value_set_enum(value, (gint)s.compute); break;
    case PROP_MEMORY_TYPE: g_value_set_enum(value, self->memory_type); break;
    case PROP_SRC_CROP: g_value_take_string(value, crop_text(&s.source)); break;
    case PROP_DEST_CROP: g_value_take_string(value, crop_text(&s.target)); break;
    case PROP_FLIP_METHOD: g_value_set_enum(value, (gint)self->flip); break;
    case PROP_INTERPOLATION: g_value_set_enum(value, (gint)s.filter); break;
    case PROP_OUTPUT_BUFFERS: g_value_set_uint(value, s.surfaces); break;
    case PROP_BL_OUTPUT: g_value_set_boolean(value, self->bl_output); break;
    case PROP_COPY_HW: g_value_set_enum(value, self->copy_hw); break;
    case PROP_CONTIGUOUS: g_value_set_boolean(value, self->contiguous); break;
    case PROP_DISABLE_PASSTHROUGH: g_value_set_boolean(value, s.always); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void dsbind_video_convert_class_init(DsbindVideoConvertClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  GST_BASE_TRANSFORM_CLASS(klass)->start = start;
  g_object_class_install_property(
      object, PROP_GPU_ID,
      g_param_spec_uint("gpu-id", "GPU id", "GPU to use; without effect in host memory", 0,
                        G_MAXUINT, 0, flags));
  g_object_class_install_property(
      object, PROP_COMPUTE_HW,
      g_param_spec_enum("compute-hw", "Compute hardware",
                        "Hardware that converts; host memory is always converted by the CPU",
                        compute_type(), NvBufSurfTransformCompute_Default, flags));
  g_object_class_install_property(
      object, PROP_MEMORY_TYPE,
      g_param_spec_enum("nvbuf-memory-type", "Memory type",
                        "Memory of the output; host memory is always used without a GPU",
                        memory_type(), NVBUF_MEM_DEFAULT, flags));
  g_object_class_install_property(
      object, PROP_SRC_CROP,
      g_param_spec_string("src-crop", "Source crop",
                          "Part of the input to convert, left:top:width:height in pixels; "
                          "0:0:0:0 is all", "0:0:0:0", flags));
  g_object_class_install_property(
      object, PROP_DEST_CROP,
      g_param_spec_string("dest-crop", "Destination crop",
                          "Part of the output to fill, left:top:width:height in pixels; the "
                          "rest is black; 0:0:0:0 is all", "0:0:0:0", flags));
  g_object_class_install_property(
      object, PROP_FLIP_METHOD,
      g_param_spec_enum("flip-method", "Flip method", "How to turn or mirror the picture",
                        flip_type(), 0, flags | GST_PARAM_CONTROLLABLE));
  g_object_class_install_property(
      object, PROP_INTERPOLATION,
      g_param_spec_enum("interpolation-method", "Interpolation method", "How to scale",
                        interpolation_type(), NvBufSurfTransformInter_Default, flags));
  g_object_class_install_property(
      object, PROP_OUTPUT_BUFFERS,
      g_param_spec_uint("output-buffers", "Output buffers",
                        "NVMM buffers made when the stream starts; more are made when downstream "
                        "keeps them", 1, 1024, 4, flags));
  g_object_class_install_property(
      object, PROP_BL_OUTPUT,
      g_param_spec_boolean("bl-output", "Block-linear output",
                           "Without effect: host memory is pitch-linear", TRUE, flags));
  g_object_class_install_property(
      object, PROP_COPY_HW,
      g_param_spec_enum("copy-hw", "Copy hardware", "Without effect in host memory",
                        compute_type(), NvBufSurfTransformCompute_Default, flags));
  g_object_class_install_property(
      object, PROP_CONTIGUOUS,
      g_param_spec_boolean("contiguous-buffers", "Contiguous buffers",
                           "Without effect in host memory", FALSE, flags));
  g_object_class_install_property(
      object, PROP_DISABLE_PASSTHROUGH,
      g_param_spec_boolean("disable-passthrough", "Disable passthrough",
                           "Copy frames even when nothing changes", FALSE, flags));
  gst_element_class_set_static_metadata(
      GST_ELEMENT_CLASS(klass), "NvVideoConvert", "Filter/Converter/Video/Scaler",
      "Converts, scales, crops and turns frames in NVMM and system memory", "dsbind");
}

static void dsbind_video_convert_init(DsbindVideoConvert *self) {
  DsbindConvertSettings s = dsbind_convert_get_settings(DSBIND_CONVERT(self));
  self->bl_output = TRUE;
  s.surfaces = 4;
  dsbind_convert_set_settings(DSBIND_CONVERT(self), &s);
}
