"""Follow objects through a video: how long each was seen, and a video with ids.

usage: track.py VIDEO [OUT.mp4]
"""

import sys
from collections import Counter

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe
from dsbind.data import street_config, tracker_config
from dsbind.meta import BatchMetadata


class Tracks(BatchMetadataOperator):
    """Counts the frames of each object."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: Counter[tuple[str, int]] = Counter()

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            self.frames.update((item.label, item.object_id) for item in frame.object_items)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    video = sys.argv[1]
    out = sys.argv[2] if len(sys.argv) > 2 else "out.mp4"
    tracks = Tracks()
    flow = Flow(Pipeline("track")).batch_capture([video], width=1280, height=720)
    # The detector looks at every third frame, the tracker at all of them.
    flow = flow.infer(str(street_config()), interval=2)
    flow = flow.track(ll_config_file=str(tracker_config("NvDCF_perf")))
    flow.attach(Probe("tracks", tracks)).encode(out)()
    for (label, number), frames in tracks.frames.most_common():
        print(f"{label} {number}: {frames} frames")
    print(f"{len(tracks.frames)} objects, written to {out}")


if __name__ == "__main__":
    main()
