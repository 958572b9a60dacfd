"""Make a video of pictures that NumPy computes.

usage: inject.py OUT.mp4
"""

import sys

import numpy

from dsbind import Buffer, BufferProvider, Flow, Pipeline


class Gradient(BufferProvider):
    """Two seconds of a colour gradient that moves."""

    width, height = 640, 360
    format = "RGB"
    framerate = 30
    device = "cpu"

    def __init__(self) -> None:
        super().__init__()
        self.frame = 0

    def generate(self, size: int) -> Buffer:
        if self.frame == 2 * self.framerate:
            return Buffer()  # the end of the stream
        across = numpy.arange(self.width, dtype=numpy.uint8) + self.frame * 4
        down = numpy.arange(self.height, dtype=numpy.uint8)[:, None]
        picture = numpy.zeros((self.height, self.width, 3), numpy.uint8)
        picture[:, :, 0] = across
        picture[:, :, 1] = down
        self.frame += 1
        return Buffer(picture)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Flow(Pipeline("inject")).inject([Gradient()]).batch(width=640, height=360).encode(sys.argv[1])()


if __name__ == "__main__":
    main()
