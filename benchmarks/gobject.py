"""The peer of retrieve and inject: what a PyGObject program does with appsink and appsrc.

Run by a Python that has PyGObject, which need not be the one of dsbind; it imports nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import cache
from typing import Any


@cache
def interpreter() -> str | None:
    """The first Python here that has PyGObject and GStreamer's classes."""
    code = "import gi; gi.require_version('GstApp', '1.0'); from gi.repository import Gst, GstApp"
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python):
            done = subprocess.run([python, "-c", code], capture_output=True, timeout=60)
            if done.returncode == 0:
                return python
    return None


def measure(what: str, width: int, height: int, frames: int) -> dict[str, float]:
    """Run this in a process of its own, by a Python that has PyGObject."""
    python = interpreter()
    if python is None:
        raise RuntimeError("no Python here has PyGObject")
    command = [python, __file__, what, str(width), str(height), str(frames)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def run_to_end(gst: Any, pipeline: Any) -> None:
    pipeline.set_state(gst.State.PLAYING)
    types = gst.MessageType.EOS | gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(120 * gst.SECOND, types)
    if message is None or message.type != gst.MessageType.EOS:
        raise RuntimeError("the pipeline of the peer did not end")
    pipeline.set_state(gst.State.NULL)


def retrieve(gst: Any, width: int, height: int, frames: int) -> dict[str, float]:
    """Map and copy each frame, in a new-sample callback."""
    caps = f"video/x-raw,format=RGB,width={width},height={height},framerate=30/1"
    pipeline = gst.parse_launch(
        f"videotestsrc num-buffers=1 ! {caps} ! imagefreeze num-buffers={frames} "
        "! appsink name=sink emit-signals=true sync=false max-buffers=4"
    )
    took: list[float] = []

    def on_sample(sink: Any) -> Any:
        buffer = sink.emit("pull-sample").get_buffer()
        begin = time.perf_counter()
        good, info = buffer.map(gst.MapFlags.READ)
        frame = bytes(info.data)
        buffer.unmap(info)
        took.append(time.perf_counter() - begin)
        if not good or len(frame) != width * height * 3:
            raise RuntimeError("the peer got another frame")
        return gst.FlowReturn.OK

    pipeline.get_by_name("sink").connect("new-sample", on_sample)
    run_to_end(gst, pipeline)
    return {"us": sorted(took)[len(took) // 2] * 1e6}


def inject(gst: Any, width: int, height: int, frames: int) -> dict[str, float]:
    """Push each frame as a new buffer with a copy of its bytes: the fastest way there is."""
    from gi.repository import GLib  # type: ignore[import-not-found,unused-ignore]

    caps = f"video/x-raw,format=RGB,width={width},height={height},framerate=30/1"
    pipeline = gst.parse_launch(
        f"appsrc name=src caps={caps.replace(' ', '')} format=time block=true "
        f"max-bytes={4 * width * height * 3} ! fakesink sync=false"
    )
    source = pipeline.get_by_name("src")
    pixels = bytearray(width * height * 3)
    pipeline.set_state(gst.State.PLAYING)
    begin = time.perf_counter()
    for i in range(frames):
        buffer = gst.Buffer.new_wrapped_bytes(GLib.Bytes.new(bytes(pixels)))
        buffer.pts = i * gst.SECOND // 30
        source.emit("push-buffer", buffer)
    source.emit("end-of-stream")
    run_to_end(gst, pipeline)
    return {"us": (time.perf_counter() - begin) / frames * 1e6}


def main() -> None:
    import gi  # type: ignore[import-untyped,import-not-found,unused-ignore]

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst  # type: ignore[import-not-found,unused-ignore]

    Gst.init(None)
    work = {"retrieve": retrieve, "inject": inject}[sys.argv[1]]
    print(json.dumps(work(Gst, *(int(text) for text in sys.argv[2:]))))


if __name__ == "__main__":
    main()
