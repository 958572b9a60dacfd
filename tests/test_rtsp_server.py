# SPDX-License-Identifier: Apache-2.0
"""`Pipeline.start_rtsp_server`: a local RTP stream, served again."""

from __future__ import annotations

import socket

import pytest

import dsbind
from dsbind import Pipeline
from dsbind.media import MediaInfo


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def sender(udp_port, name="p"):
    pipeline = Pipeline(name).add("videotestsrc", "src", {"is-live": True})
    pipeline.add("x264enc", "enc", {"speed-preset": "ultrafast", "tune": "zerolatency"})
    pipeline["enc"].set({"key-int-max": 10})
    pipeline.add("rtph264pay", "pay", {"config-interval": 1})
    pipeline.add("udpsink", "out", {"host": "127.0.0.1", "port": udp_port, "async": False})
    return pipeline.link("src", "enc", "pay", "out")


def test_a_udp_stream_is_served_until_the_run_ends():
    rtsp, udp = free_port(), free_port(socket.SOCK_DGRAM)
    pipeline = sender(udp)
    assert pipeline.start_rtsp_server(rtsp, udp, 1 << 19) == rtsp
    pipeline.start()
    found = MediaInfo.discover(f"rtsp://127.0.0.1:{rtsp}/ds-test", 20.0).video
    assert (found.width, found.height, found.codec) == (320, 240, "video/x-h264")
    pipeline.stop().wait(20)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", rtsp), 2)


def test_it_may_be_started_while_the_pipeline_plays_and_serves_two_clients():
    rtsp, udp = free_port(), free_port(socket.SOCK_DGRAM)
    pipeline = sender(udp).start()
    pipeline.start_rtsp_server(rtsp_port=rtsp, udp_port=udp)
    for _ in range(2):
        assert MediaInfo.discover(f"rtsp://127.0.0.1:{rtsp}/ds-test", 20.0).video.width == 320
    pipeline.stop().wait(20)


def test_a_port_in_use_is_an_error_that_names_it():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=str(port)):
            Pipeline("p").start_rtsp_server(port, free_port(socket.SOCK_DGRAM))


@pytest.mark.parametrize(
    "ports",
    [(0, 5400), (8554, 0), (70000, 5400), (8554, -1), (8554, 5400, -1), (8554, 5400, 2**40)],
)
def test_ports_out_of_range_are_refused(ports):
    with pytest.raises(dsbind.ConfigError, match="start_rtsp_server"):
        Pipeline("p").start_rtsp_server(*ports)


@pytest.mark.parametrize("ports", [("8554", 5400), (8554, None), (8554.5, 5400)])
def test_what_is_no_port_is_a_type_error(ports):
    with pytest.raises(dsbind.ArgumentTypeError, match="is a number"):
        Pipeline("p").start_rtsp_server(*ports)


def test_a_pipeline_that_is_dropped_closes_its_server():
    rtsp, udp = free_port(), free_port(socket.SOCK_DGRAM)
    pipeline = sender(udp)
    pipeline.start_rtsp_server(rtsp, udp)
    del pipeline
    import gc

    gc.collect()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", rtsp), 2)
