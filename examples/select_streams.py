"""Capture two videos and go on with one of them.

usage: select_streams.py VIDEO VIDEO OUT.mp4
"""

import sys

from dsbind import Flow, MediaType, Pipeline


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    captured = Flow(Pipeline("select")).capture(sys.argv[1:3])
    second = captured._streams[1].originator
    captured.select(MediaType.VIDEO, originator=second).batch().encode(sys.argv[3])()


if __name__ == "__main__":
    main()
