# SPDX-License-Identifier: Apache-2.0
"""A progress bar for frames: on a terminal one line that moves, elsewhere a line now and then."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

__all__ = ["Progress"]

_REFRESH_S = 0.1
_LINE_EVERY_S = 3.0
_BAR_WIDTH = 30


class Progress:
    """Shows how many frames are done, how fast, and how long the rest will take.

    Parameters
    ----------
    total
        Number of frames to come, or None where it is not known. More may come.
    stream
        Where to write; standard error by default.
    """

    def __init__(self, total: int | None, stream: TextIO | None = None) -> None:
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._moves = self._stream.isatty()
        self._start = time.monotonic()
        self._next = self._start + (0.0 if self._moves else _LINE_EVERY_S)
        self._width = 0

    def update(self, frames: int) -> None:
        """Show that `frames` are done; cheap enough to be called for each."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + (_REFRESH_S if self._moves else _LINE_EVERY_S)
            self._show(frames, now)

    def close(self, frames: int) -> None:
        """Show the last state and leave the line."""
        if self._moves:
            self._show(frames, time.monotonic())
            self._stream.write("\n")
            self._stream.flush()

    def _show(self, frames: int, now: float) -> None:
        text = self.line(frames, now - self._start)
        if self._moves:
            text = text[: shutil.get_terminal_size().columns - 1]
            padding = " " * (self._width - len(text))
            self._width = len(text)
            self._stream.write(f"\r{text}{padding}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def line(self, frames: int, seconds: float) -> str:
        """Return the text for `frames` done in `seconds`."""
        speed = frames / seconds if seconds > 0 else 0.0
        if self._total is None:
            return f"{frames} frames  {speed:.0f} fps"
        done = min(frames / self._total, 1.0) if self._total > 0 else 1.0
        filled = round(done * _BAR_WIDTH)
        bar = "#" * filled + "." * (_BAR_WIDTH - filled)
        left = max(self._total - frames, 0) / speed if speed > 0 else None
        rest = f"  {_duration(left)} left" if left is not None else ""
        return f"[{bar}] {frames}/{self._total} frames  {done:4.0%}  {speed:.0f} fps{rest}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
