"""Count large objects by label with NumPy, drop the small ones, and draw a box around the rest.

usage: columns.py VIDEO OUT.mp4
"""

import sys

import numpy

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe
from dsbind.data import street_config
from dsbind.meta import BatchMetadata


class LargeObjects(BatchMetadataOperator):
    """Works on all objects of a batch at once."""

    def __init__(self, area: float) -> None:
        super().__init__()
        self.area = area
        self.counts: dict[str, int] = {}

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        objects = batch_meta.objects
        batch_meta.remove_objects(objects["width"] * objects["height"] < self.area)

        objects, labels = batch_meta.objects, batch_meta.labels
        for index, count in enumerate(numpy.bincount(objects["label_index"])):
            self.counts[labels[index]] = self.counts.get(labels[index], 0) + int(count)

        for index, frame in enumerate(batch_meta.frame_items):
            boxes = objects[objects["frame_index"] == index]
            frame.draw(boxes, [labels[number] for number in boxes["label_index"]])


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    large = LargeObjects(area=1000)
    flow = Flow(Pipeline("columns")).batch_capture([sys.argv[1]], width=640, height=272)
    flow.infer(str(street_config())).attach(Probe("large", large)).encode(sys.argv[2])()
    for label, count in sorted(large.counts.items()):
        print(f"{label or 'without a label'}: {count}")


if __name__ == "__main__":
    main()
