# SPDX-License-Identifier: Apache-2.0
"""Clips of known content, and what is in a file, a stream or a screenshot, as pixels."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dsbind import BatchMetadataOperator

#: Red, green and blue of the clips that `colour_clip` makes.
COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 30),
    "blue": (30, 30, 220),
    "yellow": (210, 200, 30),
}
WHITE = (255, 255, 255)
#: Width and height of the display that the fixture `screen` starts, in pixels.
SCREEN = (800, 600)


def launch(*words: str, timeout: float = 60) -> None:
    """Run a pipeline of GStreamer's own tools to its end."""
    subprocess.run(["gst-launch-1.0", "-q", *" ".join(words).split()], check=True, timeout=timeout)


def colour_clip(
    folder: Path, colour: str, frames: int = 100, fps: int = 10, width: int = 320, height: int = 240
) -> str:
    """An H.264 clip of one colour."""
    red, green, blue = COLOURS[colour]
    path = folder / f"{colour}{frames}x{fps}.mp4"
    launch(
        "videotestsrc pattern=solid-color",
        f"foreground-color={0xFF000000 + (red << 16) + (green << 8) + blue}",
        f"num-buffers={frames} ! video/x-raw,format=I420,width={width},height={height},",
        f"framerate={fps}/1 ! x264enc speed-preset=ultrafast ! h264parse ! mp4mux !",
        f"filesink location={path}",
    )
    return str(path)


def decode(path: object, width: int, height: int) -> Any:
    """The frames of a file as (N, H, W, 3), RGB."""
    raw = Path(f"{path}.raw")
    launch(
        f"filesrc location={path} ! decodebin ! videoconvert ! video/x-raw,format=RGB !",
        f"filesink location={raw}",
    )
    pixels = np.fromfile(raw, np.uint8)
    raw.unlink()
    # GStreamer pads lines to four bytes.
    pitch = (width * 3 + 3) // 4 * 4
    return pixels.reshape(-1, height, pitch)[:, :, : width * 3].reshape(-1, height, width, 3)


def psnr(first: Any, second: Any) -> float:
    """Decibels of signal to noise: 30 and more look alike."""
    error = np.mean((first.astype(np.float32) - second.astype(np.float32)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-6)))


def is_colour(pixel: Any, colour: tuple[int, int, int], tolerance: int = 24) -> bool:
    """Whether a pixel has a colour, as far as a codec keeps it."""
    return bool(np.all(np.abs(pixel.astype(int) - colour) <= tolerance))


def boxes(left: float, top: float, width: float, height: float) -> BatchMetadataOperator:
    """Adds a white box to each frame, in pixels of the frame."""
    # Here, so that tests of what is loaded when start without it.
    from dsbind import BatchMetadataOperator, osd

    class Boxes(BatchMetadataOperator):
        def handle_metadata(self, batch_meta: Any) -> None:
            for frame in batch_meta.frame_items:
                item = batch_meta.acquire_object_meta()
                rect = item.rect_params
                rect.left, rect.top, rect.width, rect.height = left, top, width, height
                rect.border_width = 6
                rect.border_color = osd.Color(1.0, 1.0, 1.0, 1.0)
                frame.append(item)

    return Boxes()


def has_box(
    picture: Any, left: int, top: int, width: int, height: int, inside: tuple[int, int, int]
) -> bool:
    """Whether a white box is there, with only a colour inside it and around it."""
    right, bottom = left + width, top + height
    middle_x, middle_y = left + width // 2, top + height // 2
    edges = [(middle_y, left), (middle_y, right), (top, middle_x), (bottom, middle_x)]
    # The line lies inside, outside or across the edge.
    lines = [picture[max(y - 6, 0) : y + 7, max(x - 6, 0) : x + 7].reshape(-1, 3) for y, x in edges]
    white = all(any(is_colour(pixel, WHITE, 60) for pixel in line) for line in lines)
    around = [(middle_y, middle_x), (top - 14, left - 14), (bottom + 14, right + 14)]
    return white and all(is_colour(picture[y, x], inside) for y, x in around)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that nobody on this machine has."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
