# SPDX-License-Identifier: Apache-2.0
"""Streams of cameras, read by flows: whole pictures, and errors that say what to do."""

from __future__ import annotations

import numpy as np
import pytest
from camera import Camera, every_slice, never
from looking import free_port

import dsbind
from dsbind import BufferRetriever, Flow, Pipeline, RenderMode, gst

needs_x265 = pytest.mark.skipif(not gst.has_element("x265enc"), reason="there is no x265enc here")
CODECS = ["H264", pytest.param("H265", marks=needs_x265)]
# Of a picture that is all black or all white.
MOST_NOISE = 24


class Pictures(BufferRetriever):
    """Keeps a row of blocks of each picture's first column, and stops after `most` pictures."""

    def __init__(self, pipeline, most=40):
        self.pipeline = pipeline
        self.most = most
        self.columns = []

    def consume(self, buffer):
        if len(self.columns) < self.most:
            self.columns.append(np.array(buffer.extract(0))[::8, 5, 0].astype(int))
        if len(self.columns) == self.most:
            self.pipeline.stop()
        return 1

    @property
    def torn(self):
        """How many have black and white at once."""
        return sum(np.ptp(column) > MOST_NOISE for column in self.columns)

    @property
    def shades(self):
        return {round(column.mean() / 255) for column in self.columns}


def watched(uri, most=40):
    pipeline = Pipeline("watch")
    pictures = Pictures(pipeline, most)
    flow = Flow(pipeline).batch_capture([uri], width=320, height=240, live_source=True)
    flow.retrieve(pictures)()
    return pictures


# Pictures of several slices


@pytest.mark.parametrize("markers", [None, every_slice, never])
@pytest.mark.parametrize("codec", CODECS)
def test_pictures_of_several_slices_are_whole(codec, markers):
    with Camera(codec, markers=markers) as camera:
        pictures = watched(camera.uri)
    assert len(pictures.columns) == 40
    assert pictures.shades == {0, 1}
    assert pictures.torn == 0


# What goes wrong


def failure_of(uri):
    flow = Flow(Pipeline("watch")).batch_capture([uri], width=320, height=240)
    with pytest.raises(dsbind.SourceError) as caught:
        flow.render(RenderMode.DISCARD)()
    text = str(caught.value)
    assert "secret" not in text and "secret" not in repr(caught.value)
    return text


def test_a_port_that_nobody_listens_at_is_named():
    port = free_port()
    text = failure_of(f"rtsp://user:secret@127.0.0.1:{port}/live")
    assert text.startswith(f"rtsp://***@127.0.0.1:{port}/live cannot be played: the connection to ")
    assert f"127.0.0.1:{port} was refused. Check the port, and that its server runs" in text


def test_a_host_that_does_not_exist_is_named():
    text = failure_of("rtsp://user:secret@no-such-host.invalid/live")
    assert "no-such-host.invalid" in text and "Check the address" in text


def test_a_path_that_the_server_lacks_is_named():
    with Camera() as camera:
        text = failure_of(camera.uri.replace("/live", "/life"))
    assert f"127.0.0.1:{camera.port} has no stream /life (404). Check the path" in text


def test_a_missing_login_is_asked_for():
    with Camera(login="user:secret") as camera:
        text = failure_of(camera.uri)
    assert "asks for a user name and a password (401)" in text
    assert "Write USER:PASSWORD@ before the host" in text


def test_a_wrong_login_is_said_to_be_wrong():
    with Camera(login="user:other") as camera:
        text = failure_of(camera.uri.replace("//", "//user:secret@"))
    assert "does not take this user name and password (401). Check both" in text


def test_a_right_login_is_used():
    with Camera(login="user:s@cret") as camera:
        pictures = watched(camera.uri.replace("//", "//user:s%40cret@"), 3)
    assert len(pictures.columns) == 3


def test_a_server_of_something_else_is_said_to_be_no_rtsp_server():
    with Camera(answer=b"HTTP/1.0 400 Bad Request\r\n\r\n") as camera:
        text = failure_of(camera.uri)
    assert f"what answers at 127.0.0.1:{camera.port} is no RTSP server. Check the port" in text


def test_what_the_server_answers_is_told():
    with Camera(answer=b"RTSP/1.0 503 Service Unavailable\r\nCSeq: 1\r\n\r\n") as camera:
        text = failure_of(camera.uri)
    assert f"127.0.0.1:{camera.port} answers: " in text and "(503)" in text


def test_a_stream_of_sound_alone_is_said_to_have_no_video():
    with Camera("PCMU") as camera:
        text = failure_of(camera.uri)
    assert f"{camera.uri} has no video" in text
