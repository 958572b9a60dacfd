"""Count what a detector sees in a video, and write the video with boxes.

usage: detect.py VIDEO [OUT.mp4]
"""

import sys
from collections import Counter

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe
from dsbind.data import street_config
from dsbind.meta import BatchMetadata


class ObjectCounter(BatchMetadataOperator):
    """Counts objects by label; called with each batch, on the streaming thread."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: Counter[str] = Counter()
        self.frames = 0

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            self.frames += 1
            self.objects.update(item.label for item in frame.object_items)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    video = sys.argv[1]
    out = sys.argv[2] if len(sys.argv) > 2 else "out.mp4"
    counter = ObjectCounter()
    flow = Flow(Pipeline("detect")).batch_capture([video], width=1280, height=720)
    flow.infer(str(street_config())).attach(Probe("counter", counter)).encode(out)()
    print(f"{counter.frames} frames, {dict(counter.objects)}, written to {out}")


if __name__ == "__main__":
    main()
