"""Tell the colours of what people in a video wear: a detector, then a classifier on its objects.

usage: classify.py VIDEO [OUT.mp4]
"""

import sys
from collections import Counter

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe
from dsbind.data import clothing_config, street_config
from dsbind.meta import BatchMetadata


class ColorCounter(BatchMetadataOperator):
    """Counts the first label of each object's classifiers."""

    def __init__(self) -> None:
        super().__init__()
        self.colors: Counter[str] = Counter()

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            for item in frame.object_items:
                for classifier in item.classifier_items:
                    self.colors[classifier.get_n_label(0)] += 1


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    video = sys.argv[1]
    out = sys.argv[2] if len(sys.argv) > 2 else "out.mp4"
    counter = ColorCounter()
    flow = Flow(Pipeline("classify")).batch_capture([video], width=1280, height=720)
    flow = flow.infer(str(street_config())).infer(str(clothing_config()))
    flow.attach(Probe("colors", counter)).encode(out)()
    print(f"{dict(counter.colors.most_common())}, written to {out}")


if __name__ == "__main__":
    main()
