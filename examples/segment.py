"""Colour a video by the classes of its pixels, and say how much each class covers.

usage: segment.py MODEL.onnx VIDEO [OUT.mp4]

The model takes RGB from 0 to 1 and puts out a number for each class and pixel, as U-Net does.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe
from dsbind.meta import BatchMetadata

CONFIG = """
[property]
onnx-file={model}
net-scale-factor=0.00392156862745098
network-type=2
segmentation-threshold=0.5
"""


class Coverage(BatchMetadataOperator):
    """Adds up the pixels of each class; -1 are those of none."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = np.zeros(0, np.int64)

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            for item in frame.segmentation_items:
                map_ = item.as_segmentation()
                counts = np.bincount(map_.class_map.ravel() + 1, minlength=map_.classes + 1)
                self.pixels = counts if not len(self.pixels) else self.pixels + counts


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    model, video = sys.argv[1:3]
    out = sys.argv[3] if len(sys.argv) > 3 else "out.mp4"
    coverage = Coverage()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "segment.txt"
        config.write_text(CONFIG.format(model=Path(model).absolute()))
        pipeline = Pipeline("segment")
        flow = Flow(pipeline).batch_capture([video], width=1280, height=720)
        flow = flow.infer(str(config)).attach(Probe("coverage", coverage))
        # nvsegvisual is an element of its own where a flow ends in a file.
        pipeline.add("nvvideoconvert", "rgba")
        pipeline.add("nvsegvisual", "colors", {"original-background": True, "alpha": 0.5})
        pipeline.link(flow._streams[0].originator, "rgba", "colors")
        Flow(pipeline, ["colors"]).encode(out)()
    shares = coverage.pixels / max(coverage.pixels.sum(), 1)
    for number, share in enumerate(shares, -1):
        print(f"class {number}: {share:.1%}")
    print(f"written to {out}")


if __name__ == "__main__":
    main()
