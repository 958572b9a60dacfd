"""Count who is in a region and who crosses a line, draw it, and write the video.

usage: analytics.py VIDEO [RULES.txt [OUT.mp4]]
"""

import sys
from pathlib import Path

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe
from dsbind.data import street_config
from dsbind.meta import BatchMetadata


class Report(BatchMetadataOperator):
    """Prints each crossing, and keeps the counts of the last frame."""

    def __init__(self) -> None:
        super().__init__()
        self.crossed: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            for user_meta in frame.nvdsanalytics_frame_items:
                counts = user_meta.as_nvdsanalytics_frame()
                self.crossed = counts.obj_lc_cum_cnt
                for region, count in counts.obj_in_roi_cnt.items():
                    self.most[region] = max(count, self.most.get(region, 0))
            for item in frame.object_items:
                for user_meta in item.nvdsanalytics_obj_items:
                    for line in user_meta.as_nvdsanalytics_obj().lc_status:
                        print(
                            f"frame {frame.frame_number}: {item.label} {item.object_id} "
                            f"crosses {line}"
                        )


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rules = sys.argv[2] if len(sys.argv) > 2 else str(Path(__file__).with_name("analytics.txt"))
    out = sys.argv[3] if len(sys.argv) > 3 else "out.mp4"
    report = Report()
    flow = Flow(Pipeline("analytics")).batch_capture([sys.argv[1]], width=1280, height=720)
    flow = flow.infer(str(street_config())).track().analyze(rules)
    flow.attach(Probe("report", report)).encode(out)()
    print(f"crossed: {report.crossed}, most at once: {report.most}, written to {out}")


if __name__ == "__main__":
    main()
