"""Capture, batch and discard, against gst-launch-1.0 decoding the same file to fakesink."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from functools import partial

from benchmarks.harness import Result, Row, alternate, child
from benchmarks.media import street_looped

LOOPS = 10
FRAMES = 250 * LOOPS
WIDTH, HEIGHT = 640, 272


def ours(clip: str, streams: int) -> dict[str, float]:
    """Frames per second between PLAYING and the end of the stream, and the seconds before."""
    begin = time.perf_counter()
    from dsbind import Flow, Pipeline, RenderMode, StateTransitionMessage

    playing = 0.0

    def on_message(message: object) -> None:
        nonlocal playing
        if (
            isinstance(message, StateTransitionMessage)
            and message.origin == "benchmark"
            and message.new_state.name == "PLAYING"
        ):
            playing = time.perf_counter()

    flow = Flow(Pipeline("benchmark")).batch_capture([clip] * streams, width=WIDTH, height=HEIGHT)
    flow.render(RenderMode.DISCARD)(on_message)
    end = time.perf_counter()
    return {"fps": streams * FRAMES / (end - playing), "start": playing - begin}


def peer(clip: str, streams: int) -> dict[str, float]:
    """The same of gst-launch-1.0, which prints how long it played."""
    command = ["gst-launch-1.0"]
    for _ in range(streams):
        command += ["filesrc", f"location={clip}", "!", "qtdemux", "!", "h264parse", "!"]
        command += ["avdec_h264", "!", "fakesink", "sync=false"]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    total = time.perf_counter() - begin
    match = re.search(r"Execution ended after (\d+):(\d+):([\d.]+)", done.stdout)
    if match is None:
        raise RuntimeError(f"gst-launch-1.0 did not say how long it played:\n{done.stdout}")
    hours, minutes, seconds = match.groups()
    played = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return {"fps": streams * FRAMES / played, "start": total - played}


def run(rounds: int) -> Result:
    clip = str(street_looped(LOOPS))
    result = Result("pipeline")
    for streams in (1, 4):
        medians = alternate(
            rounds,
            {
                "ours": partial(child, "benchmarks.pipeline", clip, str(streams)),
                "peer": partial(peer, clip, streams),
            },
        )
        mine, other = medians["ours"], medians["peer"]
        what = f"{streams} stream{'s' if streams > 1 else ''} of {WIDTH}x{HEIGHT}, {FRAMES} frames"
        result.rows.append(
            Row(
                what, mine["fps"], "fps", other["fps"], ratio=mine["fps"] / other["fps"], target=0.9
            )
        )
        result.rows.append(Row(f"{what}: start-up", mine["start"], "s", other["start"]))
    return result


if __name__ == "__main__":
    print(json.dumps(ours(sys.argv[1], int(sys.argv[2]))))
