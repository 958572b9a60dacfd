"""Encode a video again: to MP4, MOV, MKV or JPEG pictures by the name of the output.

usage: encode.py VIDEO OUT [h264|h265|av1]
"""

import sys

from dsbind import Flow, Pipeline


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    video, out = sys.argv[1:3]
    codec = sys.argv[3] if len(sys.argv) > 3 else "h264"
    flow = Flow(Pipeline("encode")).batch_capture([video], width=1280, height=720)
    flow.encode(out, codec_type=codec, bitrate=4_000_000, iframeinterval=30)()


if __name__ == "__main__":
    main()
