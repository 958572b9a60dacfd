# SPDX-License-Identifier: Apache-2.0
"""A local RTP stream, served again over RTSP."""

from dsbind.capi.glib cimport *
from dsbind.capi.rtsp cimport *
from dsbind.gst cimport orphaned

from dsbind.errors import ConfigError, Error, OutputError
from dsbind.forked import need_threads
from dsbind.gst import init


cdef class RtspServer:
    """Serves what is sent to a UDP port, H.264 as RTP, at rtsp://127.0.0.1:rtsp_port/ds-test.

    Parameters
    ----------
    rtsp_port, udp_port
        Of this machine's loopback interface.
    buffer_size
        Bytes of the UDP socket's buffer; 0 for the system's default.

    Raises
    ------
    ConfigError
        A port cannot be one.
    OutputError
        A port is taken.
    """

    cdef DsbindRtspRepublish *server

    def __init__(self, guint rtsp_port, guint udp_port, guint buffer_size=0):
        cdef GError *error = NULL
        if self.server != NULL:
            raise Error("an RtspServer cannot be initialised twice")
        init()
        need_threads()
        with nogil:
            self.server = dsbind_rtsp_republish_start(rtsp_port, udp_port, buffer_size, &error)
        if self.server == NULL:
            text = f"no RTSP server at port {rtsp_port}"
            if error != NULL:
                text = f"{text}: {error.message.decode('utf-8', 'replace')}"
                kind = ConfigError if error.code == GST_RESOURCE_ERROR_SETTINGS else OutputError
                g_error_free(error)
            else:
                kind = OutputError
            raise kind(text)

    def close(self):
        """End it, within a second; once more does nothing."""
        cdef DsbindRtspRepublish *server = self.server
        self.server = NULL
        if server != NULL and not orphaned:
            with nogil:
                dsbind_rtsp_republish_stop(server)

    def __dealloc__(self):
        if self.server != NULL and not orphaned:
            with nogil:
                dsbind_rtsp_republish_stop(self.server)
