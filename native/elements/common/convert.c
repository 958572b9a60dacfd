/* SPDX-License-Identifier: Apache-2.0 */
#include "convert.h"

#include <string.h>

#include "convert_caps.h"
#include "pointer.h"
#include "staging.h"

typedef struct {
  GstCaps *only;   /* limits what comes out, or NULL */
  gboolean ranked; /* its first format is preferred */
  /* Under the object lock. */
  DsbindConvertSettings settings;
  gboolean same; /* what comes in and goes out, by the caps */
  gint in_width, in_height, out_width, out_height;
  /* Of the negotiated stream; used by the streaming thread only. */
  GstVideoInfo in, out;
  gboolean in_nvmm, out_nvmm;
  GstBufferPool *pool;
  guint pool_batch;
  DsbindStaging *reader, *writer; /* for system memory */
  NvBufSurfTransformRect *rects;  /* two per frame of the largest batch seen */
  guint rect_count;
} DsbindConvertPrivate;

G_DEFINE_TYPE_WITH_PRIVATE(DsbindConvert, dsbind_convert, GST_TYPE_BASE_TRANSFORM)

GST_DEBUG_CATEGORY_STATIC(convert_debug);
#define GST_CAT_DEFAULT convert_debug

#define PRIVATE(object) \
  ((DsbindConvertPrivate *)dsbind_convert_get_instance_private(DSBIND_CONVERT(object)))

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(DSBIND_NVMM_CAPS ";" GST_VIDEO_CAPS_MAKE(GST_VIDEO_FORMATS_ALL)));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(DSBIND_NVMM_CAPS ";" GST_VIDEO_CAPS_MAKE(GST_VIDEO_FORMATS_ALL)));

DsbindConvertSettings dsbind_convert_get_settings(DsbindConvert *self) {
  GST_OBJECT_LOCK(self);
  DsbindConvertSettings settings = PRIVATE(self)->settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

static void update_passthrough(DsbindConvert *self) {
  GST_OBJECT_LOCK(self);
  const DsbindConvertSettings s = PRIVATE(self)->settings;
  const gboolean same = PRIVATE(self)->same;
  GST_OBJECT_UNLOCK(self);
  gst_base_transform_set_passthrough(
      GST_BASE_TRANSFORM(self),
      same && !s.always && !s.flip && !s.source.width && !s.target.width);
}

static void set_same(DsbindConvert *self, gboolean same) {
  GST_OBJECT_LOCK(self);
  PRIVATE(self)->same = same;
  GST_OBJECT_UNLOCK(self);
}

void dsbind_convert_set_settings(DsbindConvert *self, const DsbindConvertSettings *settings) {
  GST_OBJECT_LOCK(self);
  const gboolean turned = (PRIVATE(self)->settings.flip ^ settings->flip) != 0;
  PRIVATE(self)->settings = *settings;
  GST_OBJECT_UNLOCK(self);
  update_passthrough(self);
  if (turned) gst_base_transform_reconfigure_src(GST_BASE_TRANSFORM(self));
}

DsbindConvert *dsbind_convert_new(const char *name, const char *out, gboolean keep_format) {
  DsbindConvert *self = g_object_new(DSBIND_TYPE_CONVERT, "name", name, NULL);
  PRIVATE(self)->only = gst_caps_from_string(out);
  PRIVATE(self)->ranked = !keep_format;
  return self;
}

static gboolean is_turned(NvBufSurfTransform_Flip flip) {
  return flip == NvBufSurfTransform_Rotate90 || flip == NvBufSurfTransform_Rotate270 ||
         flip == NvBufSurfTransform_Transpose || flip == NvBufSurfTransform_InvTranspose;
}

static GstCaps *convert_transform_caps(GstBaseTransform *base, GstPadDirection direction,
                                       GstCaps *caps, GstCaps *filter) {
  DsbindConvertPrivate *p = PRIVATE(base);
  GstCaps *result = dsbind_convert_caps_reachable(caps);
  if (p->only && direction == GST_PAD_SINK) {
    GstCaps *limited = gst_caps_intersect_full(p->only, result, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(result);
    result = limited;
  }
  if (filter) {
    GstCaps *filtered = gst_caps_intersect_full(filter, result, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(result);
    result = filtered;
  }
  return result;
}

static GstCaps *convert_fixate_caps(GstBaseTransform *base, GstPadDirection direction,
                                    GstCaps *caps, GstCaps *choices) {
  DsbindConvertPrivate *p = PRIVATE(base);
  const DsbindConvertSettings s = dsbind_convert_get_settings(DSBIND_CONVERT(base));
  if (gst_caps_is_empty(choices)) return choices;
  DsbindConvertCapsFlags flags = 0;
  if (is_turned(s.flip)) flags |= DSBIND_CONVERT_CAPS_TURNED;
  if (direction == GST_PAD_SINK) {
    if (p->ranked) flags |= DSBIND_CONVERT_CAPS_RANKED;
    if (s.crop_to_even) flags |= DSBIND_CONVERT_CAPS_EVEN;
  }
  return dsbind_convert_caps_nearest(caps, choices, flags);
}

static void forget_stream(DsbindConvert *self) {
  DsbindConvertPrivate *p = PRIVATE(self);
  set_same(self, FALSE);
  if (p->pool) gst_buffer_pool_set_active(p->pool, FALSE);
  gst_clear_object(&p->pool);
  p->pool_batch = 0;
  g_clear_pointer(&p->reader, dsbind_staging_free);
  g_clear_pointer(&p->writer, dsbind_staging_free);
}

static gboolean convert_set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out) {
  DsbindConvertPrivate *p = PRIVATE(base);
  GError *error = NULL;
  forget_stream(DSBIND_CONVERT(base));
  if (!gst_video_info_from_caps(&p->in, in) || !gst_video_info_from_caps(&p->out, out))
    return FALSE;
  if (!dsbind_check_size(p->in.width, p->in.height, &error) ||
      !dsbind_check_size(p->out.width, p->out.height, &error)) {
    GST_ELEMENT_ERROR(base, STREAM, FORMAT, ("%s", error->message), (NULL));
    g_error_free(error);
    return FALSE;
  }
  p->in_nvmm = dsbind_caps_are_nvmm(in);
  p->out_nvmm = dsbind_caps_are_nvmm(out);
  GST_OBJECT_LOCK(base);
  p->in_width = p->in.width, p->in_height = p->in.height;
  p->out_width = p->out.width, p->out_height = p->out.height;
  GST_OBJECT_UNLOCK(base);
  if (!p->in_nvmm) p->reader = dsbind_staging_new_reader(&p->in, &p->out);
  if (!p->out_nvmm) p->writer = dsbind_staging_new_writer(&p->in, &p->out);
  set_same(DSBIND_CONVERT(base),
           p->in_nvmm == p->out_nvmm && gst_video_info_is_equal(&p->in, &p->out));
  update_passthrough(DSBIND_CONVERT(base));
  return TRUE;
}

static gboolean convert_transform_size(GstBaseTransform *base, GstPadDirection direction,
                                       GstCaps *caps, gsize size, GstCaps *other_caps,
                                       gsize *other_size) {
  GstVideoInfo info;
  (void)base, (void)direction, (void)caps, (void)size;
  if (!gst_video_info_from_caps(&info, other_caps)) return FALSE;
  *other_size = dsbind_caps_are_nvmm(other_caps) ? sizeof(NvBufSurface) : info.size;
  return TRUE;
}

static gboolean convert_propose_allocation(GstBaseTransform *base, GstQuery *decided,
                                           GstQuery *query) {
  GstBaseTransformClass *parent = GST_BASE_TRANSFORM_CLASS(dsbind_convert_parent_class);
  if (!parent->propose_allocation(base, decided, query)) return FALSE;
  /* Decoders may then hand out their own padded frames. */
  if (decided && !PRIVATE(base)->in_nvmm)
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
  return TRUE;
}

/* NVMM buffers come from a pool of ours; system memory from the one that downstream wants. */
static gboolean convert_decide_allocation(GstBaseTransform *base, GstQuery *query) {
  GstBaseTransformClass *parent = GST_BASE_TRANSFORM_CLASS(dsbind_convert_parent_class);
  DsbindConvertPrivate *p = PRIVATE(base);
  GstBufferPool *pool = NULL;
  guint size = (guint)p->out.size, min = 0, max = 0;
  GstCaps *caps = NULL;

  if (p->out_nvmm) {
    while (gst_query_get_n_allocation_pools(query)) gst_query_remove_nth_allocation_pool(query, 0);
    return TRUE;
  }
  const gboolean offered = gst_query_get_n_allocation_pools(query) > 0;
  if (offered) gst_query_parse_nth_allocation_pool(query, 0, &pool, &size, &min, &max);
  if (!pool) pool = gst_video_buffer_pool_new();
  size = MAX(size, (guint)p->out.size);
  gst_query_parse_allocation(query, &caps, NULL);
  GstStructure *config = gst_buffer_pool_get_config(pool);
  gst_buffer_pool_config_set_params(config, caps, size, min, max);
  if (gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL))
    gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config(pool, config);
  if (offered)
    gst_query_set_nth_allocation_pool(query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool(query, pool, size, min, max);
  gst_object_unref(pool);
  return parent->decide_allocation(base, query);
}

static gboolean ensure_pool(DsbindConvert *self, guint batch) {
  DsbindConvertPrivate *p = PRIVATE(self);
  GError *error = NULL;
  if (p->pool && p->pool_batch >= batch) return TRUE;
  if (p->pool) gst_buffer_pool_set_active(p->pool, FALSE);
  gst_clear_object(&p->pool);
  const guint surfaces = dsbind_convert_get_settings(self).surfaces;
  const DsbindPlace place = {.gpu = dsbind_convert_get_settings(self).gpu};
  p->pool = dsbind_pool_new_at(&p->out, batch, surfaces, 0, place, &error);
  p->pool_batch = batch;
  if (p->pool) return TRUE;
  GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("%s", error->message), (NULL));
  g_error_free(error);
  return FALSE;
}

static GstFlowReturn convert_prepare_output(GstBaseTransform *base, GstBuffer *in,
                                            GstBuffer **out) {
  GstBaseTransformClass *klass = GST_BASE_TRANSFORM_GET_CLASS(base);
  DsbindConvertPrivate *p = PRIVATE(base);
  guint batch = 1;

  if (!p->out_nvmm || gst_base_transform_is_passthrough(base))
    return GST_BASE_TRANSFORM_CLASS(dsbind_convert_parent_class)
        ->prepare_output_buffer(base, in, out);
  if (p->in_nvmm) {
    const NvBufSurface *surface = dsbind_buffer_surface(in);
    if (surface) batch = MAX(surface->batchSize, 1);
  }
  if (!ensure_pool(DSBIND_CONVERT(base), batch)) return GST_FLOW_ERROR;
  const GstFlowReturn flow = gst_buffer_pool_acquire_buffer(p->pool, out, NULL);
  if (flow != GST_FLOW_OK) return flow;
  klass->copy_metadata(base, in, *out);
  return GST_FLOW_OK;
}

/* All metadata but what describes the old memory. */
static gboolean convert_transform_meta(GstBaseTransform *base, GstBuffer *out, GstMeta *meta,
                                       GstBuffer *in) {
  (void)base, (void)out, (void)in;
  return !gst_meta_api_type_has_tag(meta->info->api,
                                    g_quark_from_static_string(GST_META_TAG_MEMORY_STR));
}

/* What `dst` shows around the target rectangle is black. */
static void clear_frames(NvBufSurface *dst, GstVideoFormat format) {
  const gboolean yuv = format == GST_VIDEO_FORMAT_NV12 || format == GST_VIDEO_FORMAT_I420;
  const guint planes = dst->surfaceList[0].planeParams.num_planes;
  for (guint plane = 0; plane < planes; plane++)
    NvBufSurfaceMemSet(dst, -1, (int)plane, !yuv ? 0 : plane == 0 ? 16 : 128);
}

static void fill_rects(DsbindConvertPrivate *p, const DsbindConvertSettings *s, guint count) {
  if (p->rect_count < count) {
    p->rects = g_renew(NvBufSurfTransformRect, p->rects, 2 * (gsize)count);
    p->rect_count = count;
  }
  for (guint i = 0; i < count; i++) {
    p->rects[i] = s->source;
    p->rects[count + i] = s->target;
  }
}

static NvBufSurfTransform_Error run_transform(DsbindConvert *self, NvBufSurface *src,
                                              NvBufSurface *dst) {
  DsbindConvertPrivate *p = PRIVATE(self);
  DsbindConvertSettings s = dsbind_convert_get_settings(self);
  NvBufSurfTransformParams params = {.transform_flip = s.flip, .transform_filter = s.filter};

  if (s.crop_to_even && !s.source.width && (p->in.width ^ p->out.width) <= 1 &&
      (p->in.height ^ p->out.height) <= 1) {
    s.source.width = (guint)p->out.width;
    s.source.height = (guint)p->out.height;
  }
  fill_rects(p, &s, src->numFilled);
  if (s.flip) params.transform_flag |= NVBUFSURF_TRANSFORM_FLIP;
  if (s.filter != NvBufSurfTransformInter_Default)
    params.transform_flag |= NVBUFSURF_TRANSFORM_FILTER;
  if (s.source.width) {
    params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_SRC | NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP;
    params.src_rect = p->rects;
  }
  if (s.target.width) {
    params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_DST | NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP;
    params.dst_rect = p->rects + src->numFilled;
    clear_frames(dst, GST_VIDEO_INFO_FORMAT(&p->out));
  }
  return dsbind_transform(src, dst, &params, s.compute, s.gpu);
}

static GstFlowReturn convert_frames(DsbindConvert *self, NvBufSurface *src, NvBufSurface *dst) {
  DsbindConvertPrivate *p = PRIVATE(self);
  dst->numFilled = src->numFilled;
  const NvBufSurfTransform_Error code = run_transform(self, src, dst);
  if (code == NvBufSurfTransformError_Success) return GST_FLOW_OK;
  const DsbindConvertSettings s = dsbind_convert_get_settings(self);
  GST_ELEMENT_ERROR(
      self, STREAM, FORMAT,
      ("Frames of %d x %d %s cannot become %d x %d %s: %s.", p->in.width, p->in.height,
       gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&p->in)), p->out.width, p->out.height,
       gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&p->out)), dsbind_transform_error(code)),
      ("source rectangle %u:%u:%u:%u, target rectangle %u:%u:%u:%u (left:top:width:height)",
       s.source.left, s.source.top, s.source.width, s.source.height, s.target.left, s.target.top,
       s.target.width, s.target.height));
  return GST_FLOW_ERROR;
}

static GstFlowReturn unreadable(DsbindConvert *self, gboolean nvmm) {
  GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                    ("A buffer does not hold %s, as its caps say.",
                     nvmm ? "a surface (memory:NVMM)" : "a frame in system memory"),
                    ("Look at the element before this one."));
  return GST_FLOW_ERROR;
}

static GstFlowReturn convert_transform(GstBaseTransform *base, GstBuffer *in, GstBuffer *out) {
  DsbindConvert *self = DSBIND_CONVERT(base);
  DsbindConvertPrivate *p = PRIVATE(self);
  NvBufSurface *src = p->in_nvmm ? dsbind_buffer_surface(in) : dsbind_staging_read(p->reader, in);
  if (!src) return unreadable(self, p->in_nvmm);

  GstFlowReturn flow = GST_FLOW_ERROR;
  if (p->out_nvmm) {
    NvBufSurface *dst = dsbind_buffer_surface(out);
    flow = dst ? convert_frames(self, src, dst) : unreadable(self, TRUE);
  } else if (src->numFilled == 0) {
    flow = GST_BASE_TRANSFORM_FLOW_DROPPED;
  } else if (src->numFilled > 1) {
    GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                      ("A batch of %u frames cannot become one frame in system memory. Put "
                       "nvmultistreamtiler before it, which makes one picture of them.",
                       src->numFilled), (NULL));
  } else {
    NvBufSurface *dst = dsbind_staging_begin(p->writer, out);
    flow = dst ? convert_frames(self, src, dst) : unreadable(self, FALSE);
    if (dst) dsbind_staging_finish(p->writer);
  }
  if (!p->in_nvmm) dsbind_staging_done(p->reader);
  return flow;
}

/* On the thread of whoever moves the mouse. */
static gboolean convert_src_event(GstBaseTransform *base, GstEvent *event) {
  DsbindConvertPrivate *p = PRIVATE(base);
  if (GST_EVENT_TYPE(event) == GST_EVENT_NAVIGATION) {
    GST_OBJECT_LOCK(base);
    const DsbindMotion motion = {.source = p->settings.source,
                                 .target = p->settings.target,
                                 .flip = p->settings.flip,
                                 .in_width = p->in_width,
                                 .in_height = p->in_height,
                                 .out_width = p->out_width,
                                 .out_height = p->out_height};
    GST_OBJECT_UNLOCK(base);
    event = dsbind_pointer_move(event, &motion);
  }
  return GST_BASE_TRANSFORM_CLASS(dsbind_convert_parent_class)->src_event(base, event);
}

static gboolean convert_stop(GstBaseTransform *base) {
  forget_stream(DSBIND_CONVERT(base));
  return TRUE;
}

static void convert_finalize(GObject *object) {
  DsbindConvertPrivate *p = PRIVATE(object);
  forget_stream(DSBIND_CONVERT(object));
  gst_clear_caps(&p->only);
  g_free(p->rects);
  G_OBJECT_CLASS(dsbind_convert_parent_class)->finalize(object);
}

static GstStateChangeReturn convert_change_state(GstElement *element, GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !dsbind_element_open_runtime(element))
    return GST_STATE_CHANGE_FAILURE;
  return GST_ELEMENT_CLASS(dsbind_convert_parent_class)->change_state(element, transition);
}

static void dsbind_convert_class_init(DsbindConvertClass *klass) {
  GstBaseTransformClass *transform = GST_BASE_TRANSFORM_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);

  GST_DEBUG_CATEGORY_INIT(convert_debug, "dsbindconvert", 0, "frames between NVMM and system");
  G_OBJECT_CLASS(klass)->finalize = convert_finalize;
  element->change_state = convert_change_state;
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "Frame converter", "Filter/Converter/Video",
                                        "Converts between NVMM and system memory", "dsbind");
  transform->passthrough_on_same_caps = FALSE;
  transform->transform_caps = convert_transform_caps;
  transform->fixate_caps = convert_fixate_caps;
  transform->set_caps = convert_set_caps;
  transform->transform_size = convert_transform_size;
  transform->propose_allocation = convert_propose_allocation;
  transform->decide_allocation = convert_decide_allocation;
  transform->prepare_output_buffer = convert_prepare_output;
  transform->transform_meta = convert_transform_meta;
  transform->transform = convert_transform;
  transform->src_event = convert_src_event;
  transform->stop = convert_stop;
}

static void dsbind_convert_init(DsbindConvert *self) {
  DsbindConvertPrivate *p = PRIVATE(self);
  p->settings.filter = NvBufSurfTransformInter_Default;
  p->settings.surfaces = 2;
  gst_video_info_init(&p->in);
  gst_video_info_init(&p->out);
}
