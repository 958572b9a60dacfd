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
    path = CACHE / f"street-x{times}.mp4"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    source = street()
    partial = path.with_suffix(f".{os.getpid()}.partial")
    command = ["gst-launch-1.0", "-q", "concat", "name=c", "!", "h264parse", "!", "mp4mux", "!"]
    command += ["filesink", f"location={partial}"]
    for _ in range(times):
        command += ["filesrc", f"location={source}", "!", "qtdemux", "!", "h264parse", "!"]
        command += ["queue", "max-size-buffers=0", "max-size-bytes=0", "max-size-time=0", "!", "c."]
    subprocess.run(command, check=True, timeout=120)
    partial.rename(path)
    return path
