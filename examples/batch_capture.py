"""Show the sources that a YAML file names as one mosaic in a video file.

usage: batch_capture.py SOURCES.yaml OUT.mp4

    source-list:
    - uri: street.mp4
      sensor-id: north
      sensor-name: North gate
    - uri: rtsp://127.0.0.1:8554/ds-test
      sensor-id: south
      sensor-name: South gate
"""

import sys

from dsbind import Flow, Pipeline


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    Flow(Pipeline("sources")).batch_capture(sys.argv[1]).encode(sys.argv[2])()


if __name__ == "__main__":
    main()
