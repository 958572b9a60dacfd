# SPDX-License-Identifier: Apache-2.0
"""Progress bars: on a terminal one line that moves, elsewhere a line now and then."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

__all__ = ["VARIABLE", "PlayingTime", "Progress"]

#: Environment: set, each pipeline shows how far it is (`dsbind run --progress`).
VARIABLE = "DSBIND_PROGRESS"

_REFRESH_S = 0.1
_LINE_EVERY_S = 3.0
_BAR_WIDTH = 30


class _Line:
    """A line of text that is replaced now and then."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._moves = self._stream.isatty()
        self._start = time.monotonic()
        self._next = self._start + (0.0 if self._moves else _LINE_EVERY_S)
        self._width = 0

    def _is_due(self, now: float) -> bool:
        if now < self._next:
            return False
        self._next = now + (_REFRESH_S if self._moves else _LINE_EVERY_S)
        return True

    def _write(self, text: str) -> None:
        if self._moves:
            text = text[: shutil.get_terminal_size().columns - 1]
            padding = " " * (self._width - len(text))
            self._width = len(text)
            self._stream.write(f"\r{text}{padding}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def _leave(self) -> None:
        if self._moves:
            self._stream.write("\n")
            self._stream.flush()


class Progress(_Line):
    """Shows how many frames are done, how fast, and how long the rest will take.

    Parameters
    ----------
    total
        Number of frames to come, or None where it is not known. More may come.
    stream
        Where to write; standard error by default.
    """

    def __init__(self, total: int | None, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._total = total

    def update(self, frames: int) -> None:
        """Show that `frames` are done; cheap enough to be called for each."""
        now = time.monotonic()
        if self._is_due(now):
            self._write(self.line(frames, now - self._start))

    def close(self, frames: int) -> None:
        """Show the last state and leave the line."""
        if self._moves:
            self._write(self.line(frames, time.monotonic() - self._start))
            self._leave()

    def line(self, frames: int, seconds: float) -> str:
        """Return the text for `frames` done in `seconds`."""
        speed = frames / seconds if seconds > 0 else 0.0
        if self._total is None:
            return f"{frames} frames  {speed:.0f} fps"
        done = min(frames / self._total, 1.0) if self._total > 0 else 1.0
        left = max(self._total - frames, 0) / speed if speed > 0 else None
        rest = f"  {_duration(left)} left" if left is not None else ""
        return f"{_bar(done)} {frames}/{self._total} frames  {done:4.0%}  {speed:.0f} fps{rest}"


class PlayingTime(_Line):
    """Shows how much of its video a pipeline has played.

    Parameters
    ----------
    name
        The pipeline's.
    stream
        Where to write; standard error by default.
    """

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._name = name

    @property
    def refresh(self) -> float:
        """Seconds between two updates that are worth asking the pipeline for."""
        return _REFRESH_S if self._moves else _LINE_EVERY_S

    def update(
        self, position: Callable[[], int | None], duration: Callable[[], int | None]
    ) -> None:
        """Show what is played, where a new line is due; both give nanoseconds or None."""
        now = time.monotonic()
        if self._is_due(now):
            self._write(self.line(position(), duration(), now - self._start))

    def close(self) -> None:
        """Leave the line."""
        self._leave()

    def line(self, position: int | None, duration: int | None, seconds: float) -> str:
        """Return the text for a position after `seconds` of running."""
        played = (position or 0) / 1e9
        speed = played / seconds if seconds > 0 else 0.0
        if not duration:
            return f"{self._name}: {_duration(played)} played  {speed:.1f}x"
        done = min(played / (duration / 1e9), 1.0)
        left = (duration / 1e9 - played) / speed if speed > 0 else None
        rest = f"  {_duration(max(left, 0.0))} left" if left is not None else ""
        return (
            f"{self._name}: {_bar(done)} {_duration(played)} of {_duration(duration / 1e9)}"
            f"  {done:4.0%}  {speed:.1f}x{rest}"
        )


def _bar(done: float) -> str:
    filled = round(done * _BAR_WIDTH)
    return f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}]"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
