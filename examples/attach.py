"""Probes by name: frames per second of each source, and a probe of one's own with a property.

usage: attach.py VIDEO...
"""

import sys

from dsbind import BatchMetadataOperator, Flow, Pipeline, RenderMode, osd, probe
from dsbind.meta import BatchMetadata


@probe(name="frame_stamp", params={"size": ("integer", 24, "height of the text in points")})
class FrameStamp(BatchMetadataOperator):
    """Writes the number of each frame into its corner."""

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            text = osd.Text()
            text.display_text = f"frame {frame.frame_number}"
            text.font.name = osd.FontFamily.Serif
            text.font.size = self.get_property("size")
            display = batch_meta.acquire_display_meta()
            display.add_text(text)
            frame.append(display)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    flow = Flow(Pipeline("attach")).batch_capture(sys.argv[1:])
    flow = flow.attach("measure_fps_probe", "fps", properties={"interval": 1})
    flow = flow.attach("frame_stamp", "stamp", properties={"size": 32})
    flow.render(RenderMode.DISCARD, sync=True)()


if __name__ == "__main__":
    main()
