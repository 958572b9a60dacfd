"""Read videos, put their frames together in batches, and say how many frames each source gave.

usage: capture.py VIDEO...
"""

import sys
from collections import Counter

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode
from dsbind.meta import BatchMetadata


class FrameCounter(BatchMetadataOperator):
    """Counts frames by source: the place of its video on the command line."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: Counter[int] = Counter()

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        self.frames.update(frame.source_id for frame in batch_meta.frame_items)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    counter = FrameCounter()
    flow = Flow(Pipeline("capture")).capture(sys.argv[1:]).batch(width=1280, height=720)
    flow.attach(Probe("counter", counter)).render(RenderMode.DISCARD)()
    for source, frames in sorted(counter.frames.items()):
        print(f"{sys.argv[1 + source]}: {frames} frames")


if __name__ == "__main__":
    main()
