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


def _graph(arguments: argparse.Namespace) -> int:
    from dsbind import sketching

    _need_program(arguments)
    return sketching.run([arguments.program, *arguments.arguments], arguments.out, arguments.wait)


def _inspect(arguments: argparse.Namespace) -> int:
    from dsbind import inspecting

    return inspecting.run(arguments.element, arguments.property, arguments.json)


def _need_program(arguments: argparse.Namespace) -> None:
    if arguments.program is None:
        arguments.parser.error(
            f"name a program, as in `{arguments.parser.prog} program.py`; "
            "without one of your own, `dsbind demo` shows what dsbind does"
        )


def _run(arguments: argparse.Namespace) -> int:
    from dsbind import programs

    _need_program(arguments)
    module = ["-m"] if arguments.module else []
    programs.run([*module, arguments.program, *arguments.arguments], arguments.progress)


def _samples(arguments: argparse.Namespace) -> int:
    from dsbind import samples

    prefix = arguments.prefix or samples.default_prefix()
    for path, about in samples.install(prefix).items():
        print(f"{path:44} {about}")
    print(f"samples are at {prefix}")
    return 0


def _add_program(parser: argparse.ArgumentParser) -> None:
    # Optional to argparse only, whose own words do not help anybody on.
    parser.add_argument("program", nargs="?", metavar="PROGRAM.py")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="the program's")
    parser.set_defaults(parser=parser)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="run a program that was written for pyservicemaker",
        description="Run a program in which `import pyservicemaker` gives dsbind, and in which "
        "paths below /opt/nvidia/deepstream/deepstream lead to samples where there is no SDK.",
    )
    run.add_argument(
        "--progress", action="store_true", help="show how far each pipeline is, on standard error"
    )
    run.add_argument("-m", dest="module", action="store_true", help="PROGRAM is a module's name")
    _add_program(run)
    run.set_defaults(run=_run)


def _add_samples(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    samples = commands.add_parser("samples", help="sample videos, models and configs")
    actions = samples.add_subparsers(dest="action", metavar="ACTION", required=True)
    install = actions.add_parser(
        "install",
        help="lay them out under the names that the DeepStream SDK gives them",
        description="Lay out a tree with the SDK's names: samples/streams, samples/models, "
        "samples/configs, sources/apps/sample_apps, lib.",
    )
    install.add_argument(
        "--prefix",
        metavar="DIR",
        help="where (default: the SDK's own folder where there is no SDK and it can be written, "
        "else a private folder that `dsbind run` uses)",
    )
    install.set_defaults(run=_samples)


def _add_graph(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    graph = commands.add_parser(
        "graph",
        help="draw the pipelines of a program without playing them",
        description="Run a program until it would start its pipelines, and draw them.",
    )
    graph.add_argument(
        "-o", dest="out", metavar="FILE", help="a .svg, .png, .pdf or .dot file (default: NAME.svg)"
    )
    graph.add_argument(
        "--wait",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="time for further pipelines after the first (default: 5)",
    )
    _add_program(graph)
    graph.set_defaults(run=_graph)


def _add_inspect(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    inspect = commands.add_parser(
        "inspect", help="show an element's properties, defaults, ranges, pads and signals"
    )
    inspect.add_argument("element", metavar="ELEMENT")
    inspect.add_argument("property", nargs="?", metavar="PROPERTY", help="only this one, in full")
    inspect.add_argument("--json", action="store_true", help="write JSON")
    inspect.set_defaults(run=_inspect)


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
    _add_run(commands)
    _add_samples(commands)
    _add_graph(commands)
    _add_inspect(commands)
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
