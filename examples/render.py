"""Serve a video with what a detector sees over RTSP, or show it in a window.

usage: render.py VIDEO [PORT]

    ffplay rtsp://127.0.0.1:PORT/street
"""

import sys

from dsbind import Flow, Pipeline, RenderMode
from dsbind.data import street_config


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    flow = Flow(Pipeline("render")).batch_capture([sys.argv[1]]).infer(str(street_config()))
    if len(sys.argv) > 2:
        port = int(sys.argv[2])
        flow.render(RenderMode.STREAM, rtsp_port=port, rtsp_mount_point="street", sync=True)()
    else:
        flow.render(RenderMode.DISPLAY, sync=True)()


if __name__ == "__main__":
    main()
