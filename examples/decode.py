"""Decode JPEG pictures that come as bytes, and detect objects in them.

usage: decode.py PICTURE.jpg...   (all of one size)
"""

import sys
from pathlib import Path

from dsbind import BatchMetadataOperator, Buffer, BufferProvider, Flow, Pipeline, Probe, RenderMode
from dsbind.data import street_config
from dsbind.meta import BatchMetadata
from dsbind.utils import MediaInfo


class Pictures(BufferProvider):
    """Hands out files, one picture a buffer."""

    format = "JPEG"
    framerate = 0  # stills
    device = "cpu"

    def __init__(self, paths: list[str]) -> None:
        super().__init__()
        self.paths = iter(paths)
        video = MediaInfo.discover(paths[0]).video
        self.width, self.height = video.width, video.height

    def generate(self, size: int) -> Buffer:
        path = next(self.paths, None)
        return Buffer() if path is None else Buffer(Path(path).read_bytes())


class Printer(BatchMetadataOperator):
    """Prints the labels of what is in each picture."""

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            print(sys.argv[1 + frame.frame_number], [item.label for item in frame.object_items])


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    flow = Flow(Pipeline("pictures")).inject([Pictures(sys.argv[1:])]).decode()
    flow = flow.batch(width=1280, height=720).infer(str(street_config()))
    flow.attach(Probe("printer", Printer())).render(RenderMode.DISCARD)()


if __name__ == "__main__":
    main()
