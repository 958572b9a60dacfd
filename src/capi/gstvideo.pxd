# SPDX-License-Identifier: Apache-2.0
# gst/video/video.h: what the modules here use of it.
from dsbind.capi.gst cimport *

cdef extern from "gst/video/video.h" nogil:
    ctypedef enum GstVideoFormat:
        GST_VIDEO_FORMAT_UNKNOWN
        GST_VIDEO_FORMAT_ENCODED
        GST_VIDEO_FORMAT_GRAY8
        GST_VIDEO_FORMAT_I420
        GST_VIDEO_FORMAT_NV12
        GST_VIDEO_FORMAT_RGB
        GST_VIDEO_FORMAT_BGR
        GST_VIDEO_FORMAT_RGBA
        GST_VIDEO_FORMAT_BGRA
    ctypedef struct GstVideoFormatInfo:
        const gchar *name
        guint n_planes
    ctypedef struct GstVideoInfo:
        const GstVideoFormatInfo *finfo
        gint width, height
        gsize size
        gint fps_n, fps_d
        gsize *offset
        gint *stride
    gboolean gst_video_info_from_caps(GstVideoInfo *info, const GstCaps *caps)
    gint GST_VIDEO_INFO_COMP_WIDTH(const GstVideoInfo *info, guint component)
    gint GST_VIDEO_INFO_COMP_HEIGHT(const GstVideoInfo *info, guint component)
    gint GST_VIDEO_INFO_COMP_PSTRIDE(const GstVideoInfo *info, guint component)
    gint GST_VIDEO_INFO_COMP_PLANE(const GstVideoInfo *info, guint component)
    GstVideoFormat GST_VIDEO_INFO_FORMAT(const GstVideoInfo *info)
    guint GST_VIDEO_INFO_N_COMPONENTS(const GstVideoInfo *info)
    guint GST_VIDEO_INFO_N_PLANES(const GstVideoInfo *info)
    const gchar *gst_video_format_to_string(GstVideoFormat format)

    ctypedef struct GstVideoMeta:
        GstVideoFormat format
        guint width, height
        guint n_planes
        gsize *offset
        gint *stride
    GstVideoMeta *gst_buffer_get_video_meta(GstBuffer *buffer)
    ctypedef enum GstVideoFrameFlags:
        GST_VIDEO_FRAME_FLAG_NONE
    GstVideoMeta *gst_buffer_add_video_meta_full(GstBuffer *buffer, GstVideoFrameFlags flags,
                                                 GstVideoFormat format, guint width, guint height,
                                                 guint n_planes, const gsize *offset,
                                                 const gint *stride)
    GType GST_VIDEO_META_API_TYPE
    ctypedef struct GstVideoFrame:
        pass
    gboolean gst_video_frame_map(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
                                 GstMapFlags flags)
    void gst_video_frame_unmap(GstVideoFrame *frame)
    gboolean gst_video_frame_copy(GstVideoFrame *target, const GstVideoFrame *source)

cdef extern from "gst/gst.h" nogil:
    ctypedef struct GstQuery:
        pass
    GstQuery *gst_query_new_allocation(GstCaps *caps, gboolean need_pool)
    gboolean gst_query_find_allocation_meta(GstQuery *query, GType api, guint *index)
    gboolean gst_pad_peer_query(GstPad *pad, GstQuery *query)
    void gst_query_unref(GstQuery *query)
