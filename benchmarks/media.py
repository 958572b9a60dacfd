"""The clips that benchmarks run on, made once and kept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks.harness import CACHE
from dsbind import clips


def street() -> Path:
    """Return the sample street clip (H.264, 640x272, 250 frames)."""
    return clips.fetch("street")


def street_looped(times: int) -> Path:
    """Return the street clip `times` in a row, remuxed and not encoded again."""
    return looped(street(), times)


def street_hd() -> Path:
    """Return the street clip in 1920 x 1080, encoded anew."""
    path = CACHE / "street-hd.mp4"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    command = (
        f"gst-launch-1.0 -q filesrc location={street()} ! qtdemux ! h264parse ! avdec_h264 "
        "! videoconvertscale ! video/x-raw,format=I420,width=1920,height=1080 "
        "! x264enc speed-preset=veryfast bitrate=6000 key-int-max=50 ! h264parse ! mp4mux "
        f"! filesink location={partial}"
    )
    subprocess.run(command.split(), check=True, timeout=300)
    partial.rename(path)
    return path


def looped(source: Path, times: int) -> Path:
    """Return an H.264 mp4 `times` in a row, remuxed and not encoded again."""
    path = CACHE / f"{source.stem}-x{times}.mp4"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    command = ["gst-launch-1.0", "-q", "concat", "name=c", "!", "h264parse", "!", "mp4mux", "!"]
    command += ["filesink", f"location={partial}"]
    for _ in range(times):
        command += ["filesrc", f"location={source}", "!", "qtdemux", "!", "h264parse", "!"]
        command += ["queue", "max-size-buffers=0", "max-size-bytes=0", "max-size-time=0", "!", "c."]
    subprocess.run(command, check=True, timeout=120)
    partial.rename(path)
    return path
