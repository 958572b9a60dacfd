"""Hand frames to NumPy: the mean colour of each second of a video.

usage: retrieve.py VIDEO
"""

import sys

import numpy

from dsbind import Buffer, BufferRetriever, Flow, Pipeline


class MeanColour(BufferRetriever):
    """Sums the pixels up; called with each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[int, list[numpy.ndarray]] = {}

    def consume(self, buffer: Buffer) -> int:
        frame = numpy.asarray(buffer.extract(0))  # (H, W, 3), RGB, without a copy
        second = buffer.timestamp // 1_000_000_000
        self.seconds.setdefault(second, []).append(frame.mean(axis=(0, 1)))
        return 1


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    retriever = MeanColour()
    Flow(Pipeline("retrieve")).batch_capture([sys.argv[1]]).retrieve(retriever)()
    for second, colours in sorted(retriever.seconds.items()):
        red, green, blue = numpy.mean(colours, axis=0)
        print(f"{second:3} s   R {red:5.1f}   G {green:5.1f}   B {blue:5.1f}")


if __name__ == "__main__":
    main()
