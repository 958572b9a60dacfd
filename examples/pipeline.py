"""The same as detect.py with the Pipeline API: every element by its name.

usage: pipeline.py VIDEO.mp4
"""

import sys

from dsbind import BatchMetadataOperator, Pipeline, Probe
from dsbind.data import street_config
from dsbind.errors import uri_of_path
from dsbind.meta import BatchMetadata


class Printer(BatchMetadataOperator):
    """Prints what is in each frame."""

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            labels = [item.label for item in frame.object_items]
            print(f"frame {frame.frame_number}: {', '.join(labels) or 'nothing'}")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    pipeline = Pipeline("detect")
    pipeline.add("nvurisrcbin", "source", {"uri": uri_of_path(sys.argv[1])})
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 1280, "height": 720})
    pipeline.add("nvinfer", "infer", {"config-file-path": str(street_config())})
    pipeline.add("fakesink", "sink")
    pipeline.link(("source", "mux"), ("vsrc_%u", "sink_%u")).link("mux", "infer", "sink")
    pipeline.attach("infer", Probe("printer", Printer()))
    pipeline.start().wait()


if __name__ == "__main__":
    main()
