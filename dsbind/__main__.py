# SPDX-License-Identifier: Apache-2.0
"""The `dsbind` command; `python -m dsbind` is the same program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dsbind import __version__
from dsbind.errors import Error

__all__ = ["main"]

_INTERRUPTED = 130


def _demo(arguments: argparse.Namespace) -> int:
    from dsbind import demo

    demo.run(
        arguments.uri,
        out=arguments.out,
        clip=arguments.clip,
        config=arguments.config,
        display=arguments.display,
    )
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from dsbind import doctor

    return doctor.run(arguments.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dsbind",
        description="DeepStream's Flow API for Python, with or without a GPU.",
    )
    parser.add_argument("--version", action="version", version=f"dsbind {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser(
        "demo",
        help="detect objects in a video and write it with boxes and labels",
        description="Detect objects in video. Writes demo.mp4, demo.png and demo.json.",
    )
    demo.add_argument("uri", nargs="*", metavar="URI", help="file or URI instead of a sample clip")
    demo.add_argument("--out", default="out", metavar="DIR", help="where to write (default: out)")
    demo.add_argument(
        "--clip",
        choices=("street", "people"),
        default="street",
        help="sample clip, fetched once (default: street)",
    )
    demo.add_argument("--config", metavar="FILE", help="nvinfer config of another detector")
    demo.add_argument("--display", action="store_true", help="show the video in a window, too")
    demo.set_defaults(run=_demo)

    doctor = commands.add_parser(
        "doctor",
        help="show what dsbind found on this machine, and how to get what is missing",
    )
    doctor.add_argument("--json", action="store_true", help="write JSON")
    doctor.set_defaults(run=_doctor)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except Error as error:
        print(f"dsbind: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dsbind: interrupted", file=sys.stderr)
        return _INTERRUPTED
    return status


if __name__ == "__main__":
    sys.exit(main())
