# SPDX-License-Identifier: Apache-2.0
# gst/pbutils/pbutils.h: what the modules here use of it.
from dsbind.capi.gst cimport *

cdef extern from "gst/pbutils/pbutils.h" nogil:
    ctypedef struct GstDiscoverer:
        pass
    ctypedef struct GstDiscovererInfo:
        pass
    ctypedef struct GstDiscovererStreamInfo:
        pass
    ctypedef struct GstDiscovererVideoInfo:
        pass
    ctypedef struct GstDiscovererAudioInfo:
        pass
    ctypedef enum GstDiscovererResult:
        GST_DISCOVERER_OK
        GST_DISCOVERER_URI_INVALID
        GST_DISCOVERER_ERROR
        GST_DISCOVERER_TIMEOUT
        GST_DISCOVERER_BUSY
        GST_DISCOVERER_MISSING_PLUGINS
    GstDiscoverer *gst_discoverer_new(GstClockTime timeout, GError **error)
    GstDiscovererInfo *gst_discoverer_discover_uri(GstDiscoverer *discoverer, const gchar *uri,
                                                   GError **error)
    GstDiscovererResult gst_discoverer_info_get_result(GstDiscovererInfo *info)
    GstClockTime gst_discoverer_info_get_duration(GstDiscovererInfo *info)
    gboolean gst_discoverer_info_get_live(GstDiscovererInfo *info)
    GList *gst_discoverer_info_get_video_streams(GstDiscovererInfo *info)
    GList *gst_discoverer_info_get_audio_streams(GstDiscovererInfo *info)
    void gst_discoverer_info_unref(GstDiscovererInfo *info)
    void gst_discoverer_stream_info_list_free(GList *streams)
    GstCaps *gst_discoverer_stream_info_get_caps(GstDiscovererStreamInfo *info)
    guint gst_discoverer_video_info_get_width(GstDiscovererVideoInfo *info)
    guint gst_discoverer_video_info_get_height(GstDiscovererVideoInfo *info)
    guint gst_discoverer_video_info_get_framerate_num(GstDiscovererVideoInfo *info)
    guint gst_discoverer_video_info_get_framerate_denom(GstDiscovererVideoInfo *info)
    gboolean gst_discoverer_video_info_is_image(GstDiscovererVideoInfo *info)
    guint gst_discoverer_audio_info_get_channels(GstDiscovererAudioInfo *info)
    guint gst_discoverer_audio_info_get_sample_rate(GstDiscovererAudioInfo *info)
