# SPDX-License-Identifier: Apache-2.0
"""GStreamer's discoverer: what a file or stream holds."""

from typing import NamedTuple

from dsbind.capi.gst cimport *
from dsbind.capi.gstpbutils cimport *

from dsbind.errors import mask_uri, unreadable, uri_of_path
from dsbind.forked import need_threads
from dsbind.gst import init


class VideoStreamInfo(NamedTuple):
    """One video stream."""

    #: The media type, such as "video/x-h264".
    codec: str
    #: Pixels; the stream's own, before any scaling.
    width: int
    height: int
    #: Frames per second as (numerator, denominator); (0, 1) where it varies or is unknown.
    framerate: tuple


class AudioStreamInfo(NamedTuple):
    """One audio stream."""

    #: The media type, such as "audio/mpeg".
    codec: str
    channels: int
    #: Hertz.
    sampling_rate: int


def discover(str uri not None, double timeout=5.0):
    """Look into a file or stream without playing it.

    Parameters
    ----------
    uri
        Where it is; a path will do.
    timeout
        Seconds to wait for it, from 1 to 3600.

    Returns
    -------
    tuple
        Whether it is live; its duration in nanoseconds, None where it has no end; its streams, those
        of audio first.

    Raises
    ------
    SourceError
        It cannot be read or is of no known kind.
    """
    cdef bytes uri_b = (uri if "://" in uri else uri_of_path(uri)).encode()
    cdef const char *uri_c = uri_b
    # What the discoverer takes; NaN is the least.
    cdef double seconds = min(timeout, 3600.0) if timeout >= 1.0 else 1.0
    cdef GstClockTime limit = <GstClockTime>(seconds * GST_SECOND)
    cdef GError *error = NULL
    cdef GstDiscoverer *discoverer
    cdef GstDiscovererInfo *info = NULL
    cdef GstDiscovererResult result = GST_DISCOVERER_ERROR
    init()
    need_threads()
    with nogil:
        discoverer = gst_discoverer_new(limit, &error)
        if discoverer != NULL:
            info = gst_discoverer_discover_uri(discoverer, uri_c, &error)
            g_object_unref(discoverer)
        if info != NULL:
            result = gst_discoverer_info_get_result(info)
    reason = ""
    if error != NULL:
        reason = mask_uri(error.message.decode("utf-8", "replace"))
        g_error_free(error)
    shown = mask_uri(uri)
    try:
        if result == GST_DISCOVERER_TIMEOUT:
            raise unreadable(shown, f"it did not answer within {seconds:g} s")
        if info == NULL or result not in (GST_DISCOVERER_OK, GST_DISCOVERER_MISSING_PLUGINS):
            raise unreadable(shown, reason or "it is no valid URI")
        return read(info)
    finally:
        if info != NULL:
            gst_discoverer_info_unref(info)


cdef object read(GstDiscovererInfo *info):
    cdef GstClockTime duration = gst_discoverer_info_get_duration(info)
    streams = []
    collect(streams, gst_discoverer_info_get_audio_streams(info), audio)
    collect(streams, gst_discoverer_info_get_video_streams(info), video)
    return (bool(gst_discoverer_info_get_live(info)),
            None if duration in (0, GST_CLOCK_TIME_NONE) else duration, tuple(streams))


ctypedef object (*Reader)(void *)


cdef int collect(list streams, GList *found, Reader reader) except -1:
    cdef GList *link = found
    try:
        while link != NULL:
            streams.append(reader(link.data))
            link = link.next
    finally:
        gst_discoverer_stream_info_list_free(found)
    return 0


cdef object audio(void *data):
    cdef GstDiscovererAudioInfo *stream = <GstDiscovererAudioInfo *>data
    return AudioStreamInfo(codec_of(<GstDiscovererStreamInfo *>stream),
                           gst_discoverer_audio_info_get_channels(stream),
                           gst_discoverer_audio_info_get_sample_rate(stream))


cdef object video(void *data):
    cdef GstDiscovererVideoInfo *stream = <GstDiscovererVideoInfo *>data
    return VideoStreamInfo(codec_of(<GstDiscovererStreamInfo *>stream),
                           gst_discoverer_video_info_get_width(stream),
                           gst_discoverer_video_info_get_height(stream),
                           (gst_discoverer_video_info_get_framerate_num(stream),
                            gst_discoverer_video_info_get_framerate_denom(stream)))


cdef str codec_of(GstDiscovererStreamInfo *stream):
    cdef GstCaps *caps = gst_discoverer_stream_info_get_caps(stream)
    cdef str codec = ""
    if caps != NULL:
        if gst_caps_get_size(caps) > 0:
            codec = gst_structure_get_name(gst_caps_get_structure(caps, 0)).decode()
        gst_caps_unref(caps)
    return codec
