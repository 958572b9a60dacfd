"""Detect with a YOLO model, v5 to v11 or X, as exported to ONNX by its own tools.

usage: yolo.py MODEL.onnx VIDEO [LABELS.txt] [--python]

--python reads the boxes here, with NumPy, instead of by nvinfer's own parser (v8 to v11).
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode, Tensor
from dsbind.meta import BatchMetadata

CONFIG = """
[property]
onnx-file={model}
net-scale-factor=0.00392156862745098
maintain-aspect-ratio=1
symmetric-padding=1
cluster-mode=2
{labels}

[class-attrs-all]
pre-cluster-threshold=0.25
nms-iou-threshold=0.45
"""


def parser(layers: dict[str, Tensor]) -> np.ndarray:
    """Return rows of class, confidence and corners, without overlapping ones."""
    (layer,) = layers.values()
    rows = layer.numpy().T
    scores = rows[:, 4:].max(axis=1)
    rows, scores = rows[scores > 0.25], scores[scores > 0.25]
    corners = np.hstack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2])
    kept: list[int] = []
    for i in np.argsort(-scores):
        sides = np.minimum(corners[i, 2:], corners[kept, 2:]) - np.maximum(
            corners[i, :2], corners[kept, :2]
        )
        both = sides.clip(0).prod(axis=1)
        areas = (corners[[i, *kept], 2:] - corners[[i, *kept], :2]).prod(axis=1)
        if (both <= 0.45 * (areas[0] + areas[1:] - both)).all():
            kept.append(int(i))
    classes = rows[kept, 4:].argmax(axis=1)
    return np.column_stack([classes, scores[kept], corners[kept]])


class Counts(BatchMetadataOperator):
    """Counts objects by label, or by class where there are no labels."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            self.found.update(item.label or str(item.class_id) for item in frame.object_items)


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--python"]
    if len(words) < 2:
        sys.exit(__doc__)
    labels = f"labelfile-path={Path(words[2]).absolute()}" if len(words) > 2 else ""
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "yolo.txt"
        config.write_text(CONFIG.format(model=Path(words[0]).absolute(), labels=labels))
        flow = Flow(Pipeline("yolo")).batch_capture([words[1]], width=1280, height=720)
        flow = flow.infer(str(config), parser=parser if "--python" in sys.argv else None)
        flow.attach(Probe("counts", counts)).render(RenderMode.DISCARD)()
    print(dict(counts.found.most_common()))


if __name__ == "__main__":
    main()
