"""Do three things with one stream: serve it over RTSP, write it, and count its objects.

usage: fork.py VIDEO OUT.mp4 PORT
"""

import sys

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode
from dsbind.data import street_config
from dsbind.meta import BatchMetadata


class ObjectCounter(BatchMetadataOperator):
    """Counts objects."""

    objects = 0

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        self.objects += sum(len(frame.object_items) for frame in batch_meta.frame_items)


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    video, out, port = sys.argv[1:]
    counter = ObjectCounter()
    flow = Flow(Pipeline("fork")).batch_capture([video]).infer(str(street_config())).fork()
    flow.encode(f"rtsp://localhost:{port}")
    flow.encode(out)
    flow.attach(Probe("counter", counter)).render(RenderMode.DISCARD)
    flow()
    print(f"{counter.objects} objects, written to {out}")


if __name__ == "__main__":
    main()
