# SPDX-License-Identifier: Apache-2.0
"""Sample videos, models and configs under the names that the DeepStream SDK gives them."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from dsbind import clips, data, runtime
from dsbind.buffer import Buffer
from dsbind.errors import Error, OutputError, StateError
from dsbind.paths import SDK, TREE_VARIABLE, tree_folder
from dsbind.picture import GRAPHS_VARIABLE
from dsbind.pipeline import Pipeline
from dsbind.probes import BufferObserver, BufferOperator, Probe
from dsbind.progress import VARIABLE as PROGRESS_VARIABLE
from dsbind.progress import Progress

__all__ = ["STREAM_NAMES", "default_prefix", "install", "provide"]

# In the tree's root; holds the version of what is below it, and then the parts that are there.
_STAMP = ".dsbind-samples"
_LAYOUT = "3"

_APPS = "sources/apps/sample_apps"
_PRIMARY = "samples/configs/deepstream-app/config_infer_primary"
_SECONDARY = "samples/configs/deepstream-app/config_infer_secondary"
_MODELS = "samples/models/Primary_Detector"
# The SDK's secondary models know makes and types of cars; the sample one knows clothes of persons.
_CLASSIFIERS = {
    "vehicletypes": "samples/models/Secondary_VehicleTypes",
    "vehiclemake": "samples/models/Secondary_VehicleMake",
}
_STREAMS = "samples/streams"
_BASE = "base"
# Seconds without a word.
_PATIENCE = 1.0
# The SDK's own model of the same classes goes by this name in programs' configs.
_MODEL_NAMES = ("street.onnx", "resnet18_trafficcamnet_pruned.onnx")


def default_prefix() -> str:
    """Where `dsbind samples install` puts the tree: the SDK's folder where there is no SDK.

    Where that cannot be written, the private tree that `dsbind run` uses.
    """
    if _is_ours(Path(SDK)):
        return SDK
    parent = Path(SDK).parent
    while not parent.exists():
        parent = parent.parent
    free = not os.path.lexists(SDK)
    return SDK if free and os.access(parent, os.W_OK) else tree_folder()


def install(
    prefix: str | os.PathLike[str], say: Callable[[str], None] | None = None
) -> dict[str, str]:
    """Lay out the tree, unless it is there already.

    Parameters
    ----------
    prefix
        The folder that stands for the SDK's. Several processes may call this at once.
    say
        Called with a line of text before something is downloaded; standard error by default.

    Returns
    -------
    dict
        What was made: path below the prefix, and what it is. Empty when all was there.

    Raises
    ------
    StateError
        Another installation, such as the SDK, is at `prefix`.
    OutputError
        The folder cannot be written.
    MissingFileError
        The sample clip cannot be fetched.
    """
    return _make(Path(prefix).absolute(), [_BASE, *STREAM_NAMES], say or _say)


def provide(prefix: str | os.PathLike[str], path: str) -> None:
    """Lay out what a program asks for by a path below the tree, and no other videos.

    Raises
    ------
    Error
        As for `install`.
    """
    parts = Path(path.strip("/")).parts
    streams: Iterable[str] = []
    if parts[:2] == Path(_STREAMS).parts:
        streams = STREAM_NAMES if len(parts) == 2 else set(parts[2:]).intersection(STREAM_NAMES)
    _make(Path(prefix).absolute(), [_BASE, *streams], _say)


def _say(text: str) -> None:
    print(f"dsbind: {text}", file=sys.stderr, flush=True)


def _make(root: Path, parts: Iterable[str], say: Callable[[str], None]) -> dict[str, str]:
    """Lay out those parts of the tree that are not there."""
    missing = [part for part in parts if part not in _parts_at(root)]
    if not missing:
        return {}
    if root.exists() and any(root.iterdir()) and not _is_ours(root):
        raise StateError(f"{root} holds something else already; choose another --prefix")
    made: dict[str, str] = {}
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / f"{_STAMP}.lock"):
            there = _parts_at(root)
            for part in missing:
                if part in there:
                    continue
                _write_stamp(root, there)
                if part == _BASE:
                    made |= {**_configs(root), **_models(root), **_libraries(root)}
                else:
                    made |= _stream(root, part, say)
                there.append(part)
                _write_stamp(root, there)
            return made
    except OSError as error:
        if isinstance(error, Error):
            raise
        raise OutputError(
            f"{root} cannot be filled: {error}; choose another --prefix, or set {TREE_VARIABLE} "
            "for `dsbind run`"
        ) from error


def _is_ours(root: Path) -> bool:
    return (root / _STAMP).is_file()


def _parts_at(root: Path) -> list[str]:
    """The parts that are there already."""
    try:
        layout, *parts = (root / _STAMP).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return []
    if layout != _LAYOUT:
        return []
    return [part for part in parts if part == _BASE or (root / _STREAMS / part).is_file()]


def _write_stamp(root: Path, parts: list[str]) -> None:
    text = "\n".join([_LAYOUT, *parts])
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        new = Path(scratch) / _STAMP
        new.write_text(f"{text}\n", encoding="utf-8")
        os.replace(new, root / _STAMP)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _configs(root: Path) -> dict[str, str]:
    with resources.as_file(resources.files(data) / "deepstream") as source:
        shutil.copytree(source, root, dirs_exist_ok=True)
    made = {"samples/configs/deepstream-app": "detector and tracker configs"}
    for app in ("test1", "test2", "test3", "test4"):
        folder = f"{_APPS}/deepstream-{app}"
        (root / folder).mkdir(parents=True, exist_ok=True)
        for extension in ("yml", "txt"):
            text = (root / f"{_PRIMARY}.{extension}").read_text(encoding="utf-8")
            text = text.replace("../../models", "../../../../samples/models")
            target = root / folder / f"ds{app}_pgie_config.{extension}"
            target.write_text(text, encoding="utf-8")
        made[folder] = "detector config"
    folder = f"{_APPS}/deepstream-test2"
    for number, name in enumerate(_CLASSIFIERS, 1):
        for extension in ("yml", "txt"):
            text = (root / f"{_SECONDARY}_{name}.{extension}").read_text(encoding="utf-8")
            text = text.replace("../../models", "../../../../samples/models")
            target = root / folder / f"dstest2_sgie{number}_config.{extension}"
            target.write_text(text, encoding="utf-8")
    made[folder] = "detector and classifier configs"
    folder = f"{_APPS}/deepstream-nvdsanalytics-test"
    text = (root / f"{_PRIMARY}.txt").read_text(encoding="utf-8")
    text = text.replace("../../models", "../../../../samples/models")
    (root / folder / "nvdsanalytics_pgie_config.txt").write_text(text, encoding="utf-8")
    made[folder] = "detector config, regions and lines"
    return made


def _models(root: Path) -> dict[str, str]:
    folder = root / _MODELS
    folder.mkdir(parents=True, exist_ok=True)
    for name in _MODEL_NAMES:
        shutil.copyfile(data.street_model(), folder / name)
    shutil.copyfile(data.street_labels(), folder / "labels.txt")
    for name in _CLASSIFIERS.values():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data.clothing_model(), folder / "clothing.onnx")
        shutil.copyfile(data.clothing_labels(), folder / "labels.txt")
    return {
        _MODELS: "the sample detector: cars, bicycles, persons, road signs",
        **dict.fromkeys(_CLASSIFIERS.values(), "the sample classifier: colours of clothes"),
    }


def _libraries(root: Path) -> dict[str, str]:
    folder = root / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    for library in Path(runtime.library_dir()).glob("libnv*.so"):
        link = folder / library.name
        link.unlink(missing_ok=True)
        link.symlink_to(library)
    return {"lib": "links to dsbind's native libraries"}


def _stream(root: Path, name: str, say: Callable[[str], None]) -> dict[str, str]:
    folder = root / _STREAMS
    folder.mkdir(parents=True, exist_ok=True)
    size, ending = _CHAINS[name]
    if name == _BARE and (folder / _BOXED).is_file():
        steps: tuple[_Step, ...] = (
            ("filesrc", "file", {"location": str(folder / _BOXED)}),
            ("qtdemux", "demux", {}),
            ("h264parse", "parser", {}),
            _BYTE_STREAM,
        )
    else:
        steps = (*_decoded(clips.fetch("street", say), size), *ending)
    # Under another name until it is complete.
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        part = Path(scratch) / name
        _write(steps, part, folder / name)
        os.replace(part, folder / name)
    return {f"{_STREAMS}/{name}": "the street clip"}


# Factory, name and properties of what follows the scaled pictures.
_Step = tuple[str, str, dict[str, object]]
_H264: tuple[_Step, ...] = (
    ("x264enc", "encoder", {"speed-preset": "superfast", "key-int-max": 30, "bitrate": 4000}),
    ("h264parse", "parser", {}),
)
# What still costs time in its quickest preset, and is not seen.
_LEFT_OUT = "bframes=0:ref=1:ctu=16:min-cu-size=16:max-tu-size=16:rc-lookahead=0:weightp=0:cutree=0"
_H265: tuple[_Step, ...] = (
    (
        "x265enc",
        "encoder",
        {"speed-preset": "ultrafast", "key-int-max": 30, "qp": 30, "option-string": _LEFT_OUT},
    ),
    ("h265parse", "parser", {}),
)
_MP4: tuple[_Step, ...] = (("mp4mux", "mux", {}),)
_BYTE_STREAM: _Step = (
    "capsfilter",
    "stream",
    {"caps": "video/x-h264, stream-format=byte-stream, alignment=au"},
)
# There, a car, cyclists and pedestrians are in sight.
_PICTURE_FRAME = 120
_JPEG: tuple[_Step, ...] = (("jpegenc", "encoder", {"snapshot": True}),)
# The same, within and without a file format.
_BOXED, _BARE = "sample_720p.mp4", "sample_720p.h264"
_CHAINS: dict[str, tuple[tuple[int, int], tuple[_Step, ...]]] = {
    "sample_720p.jpg": ((1280, 720), _JPEG),
    _BOXED: ((1280, 720), _H264 + _MP4),
    _BARE: ((1280, 720), (*_H264, _BYTE_STREAM)),
    "sample_1080p_h264.mp4": ((1920, 1080), _H264 + _MP4),
    "sample_1080p_h265.mp4": ((1920, 1080), _H265 + _MP4),
}
#: The videos and the picture of the tree.
STREAM_NAMES = tuple(_CHAINS)
# Of the clip.
_FRAMES = 250


def _decoded(clip: Path, size: tuple[int, int]) -> tuple[_Step, ...]:
    """The clip's pictures, scaled."""
    width, height = size
    caps = f"video/x-raw, format=I420, width={width}, height={height}, pixel-aspect-ratio=1/1"
    return (
        ("filesrc", "file", {"location": str(clip)}),
        ("qtdemux", "demux", {}),
        ("h264parse", "parse", {}),
        ("avdec_h264", "decode", {}),
        ("videoconvert", "convert", {}),
        # Stretched, as the sample detector was trained to see it.
        ("videoscale", "scale", {"add-borders": False}),
        ("capsfilter", "size", {"caps": caps}),
    )


def _write(steps: tuple[_Step, ...], target: Path, goal: Path) -> None:
    """Write a file; `goal` is where it goes when it is complete."""
    steps = (*steps, ("filesink", "output", {"location": str(target)}))
    pipeline = Pipeline("samples")
    for factory, name, properties in steps:
        pipeline.add(factory, name, properties)
    pipeline.link(*(name for _, name, _ in steps))
    told = _Told(goal)
    if "size" in pipeline:
        pipeline.attach("size", Probe("told", told))
    if target.suffix == ".jpg":
        pipeline.attach("decode", Probe("skip", _Skip(_PICTURE_FRAME)))
    with _unset(GRAPHS_VARIABLE, PROGRESS_VARIABLE):
        pipeline.start().wait()
    told.close()


@contextmanager
def _unset(*variables: str) -> Iterator[None]:
    """Take variables out of the environment: `dsbind graph` and `run` mean the program's own."""
    kept = {name: os.environ.pop(name) for name in variables if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


class _Told(BufferObserver):
    """Shows how far a file is, once it takes so long that somebody may wonder."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._frames = 0
        self._begin = time.monotonic()
        self._progress: Progress | None = None

    def handle_buffer(self, buffer: Buffer) -> None:
        """Count a frame, and show it."""
        self._frames += 1
        if self._progress is not None:
            self._progress.update(self._frames)
        elif time.monotonic() - self._begin > _PATIENCE:
            _say(f"making {self._path} (once) ...")
            self._progress = Progress(_FRAMES)

    def close(self) -> None:
        """Leave the line."""
        if self._progress is not None:
            self._progress.close(self._frames)


class _Skip(BufferOperator):
    """Drops the first frames."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._frames = frames

    def handle_buffer(self, buffer: Buffer) -> bool:
        self._frames -= 1
        return self._frames < 0
