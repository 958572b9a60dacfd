# SPDX-License-Identifier: Apache-2.0
"""Sample videos, models and configs under the names that the DeepStream SDK gives them."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from dsbind import clips, data, runtime
from dsbind.buffer import Buffer
from dsbind.errors import OutputError, StateError
from dsbind.paths import SDK, tree_folder
from dsbind.picture import GRAPHS_VARIABLE
from dsbind.pipeline import Pipeline
from dsbind.probes import BufferOperator, Probe

__all__ = ["default_prefix", "install"]

# In the tree's root; holds the version of what is below it.
_STAMP = ".dsbind-samples"
_LAYOUT = "1"

_APPS = "sources/apps/sample_apps"
_PRIMARY = "samples/configs/deepstream-app/config_infer_primary"
_MODELS = "samples/models/Primary_Detector"
_STREAMS = "samples/streams"
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
        Called with a line of text before each step; standard error by default.

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
    root = Path(prefix).absolute()
    if _is_complete(root):
        return {}
    if root.exists() and any(root.iterdir()) and not _is_ours(root):
        raise StateError(f"{root} holds something else already; choose another --prefix")
    say = say or (lambda text: print(f"dsbind: {text}", file=sys.stderr, flush=True))
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / f"{_STAMP}.lock"):
            if _is_complete(root):
                return {}
            (root / _STAMP).write_text("", encoding="utf-8")
            made = {**_configs(root), **_models(root), **_libraries(root), **_streams(root, say)}
            (root / _STAMP).write_text(f"{_LAYOUT}\n", encoding="utf-8")
            return made
    except OSError as error:
        raise OutputError(f"{root} cannot be filled: {error}; choose another --prefix") from error


def _is_ours(root: Path) -> bool:
    return (root / _STAMP).is_file()


def _is_complete(root: Path) -> bool:
    try:
        return (root / _STAMP).read_text(encoding="utf-8").strip() == _LAYOUT
    except OSError:
        return False


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
    return made


def _models(root: Path) -> dict[str, str]:
    folder = root / _MODELS
    folder.mkdir(parents=True, exist_ok=True)
    for name in _MODEL_NAMES:
        shutil.copyfile(data.street_model(), folder / name)
    shutil.copyfile(data.street_labels(), folder / "labels.txt")
    return {_MODELS: "the sample detector: cars, bicycles, persons, road signs"}


def _libraries(root: Path) -> dict[str, str]:
    folder = root / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    for library in Path(runtime.library_dir()).glob("libnv*.so"):
        link = folder / library.name
        link.unlink(missing_ok=True)
        link.symlink_to(library)
    return {"lib": "links to dsbind's native libraries"}


def _streams(root: Path, say: Callable[[str], None]) -> dict[str, str]:
    folder = root / _STREAMS
    folder.mkdir(parents=True, exist_ok=True)
    clip = clips.fetch("street", say)
    made = {}
    for name, size, chain in (
        ("sample_1080p_h264.mp4", (1920, 1080), _H264 + _MP4),
        ("sample_1080p_h265.mp4", (1920, 1080), _H265 + _MP4),
        ("sample_720p.mp4", (1280, 720), _H264 + _MP4),
        ("sample_720p.h264", (1280, 720), (*_H264, _BYTE_STREAM)),
        ("sample_720p.jpg", (1280, 720), _JPEG),
    ):
        say(f"Making {folder / name} ...")
        # Under another name until it is complete.
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            part = Path(scratch) / name
            _transcode(clip, part, size, chain)
            os.replace(part, folder / name)
        made[f"{_STREAMS}/{name}"] = "the street clip"
    return made


# Factory, name and properties of what follows the scaled pictures.
_Step = tuple[str, str, dict[str, object]]
_QUICK = {"speed-preset": "veryfast", "key-int-max": 30}
_H264: tuple[_Step, ...] = (
    ("x264enc", "encoder", {**_QUICK, "bitrate": 4000}),
    ("h264parse", "parser", {}),
)
_H265: tuple[_Step, ...] = (
    ("x265enc", "encoder", {"speed-preset": "ultrafast", "key-int-max": 30, "bitrate": 4000}),
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


def _transcode(
    source: Path, target: Path, size: tuple[int, int], ending: tuple[_Step, ...]
) -> None:
    """Scale a clip to this size and encode it."""
    width, height = size
    steps: tuple[_Step, ...] = (
        ("filesrc", "file", {"location": str(source)}),
        ("qtdemux", "demux", {}),
        ("h264parse", "parse", {}),
        ("avdec_h264", "decode", {}),
        ("videoconvert", "convert", {}),
        # Stretched, as the sample detector was trained to see it.
        ("videoscale", "scale", {"add-borders": False}),
        (
            "capsfilter",
            "size",
            {
                "caps": f"video/x-raw, format=I420, width={width}, height={height}, "
                "pixel-aspect-ratio=1/1"
            },
        ),
        *ending,
        ("filesink", "output", {"location": str(target)}),
    )
    pipeline = Pipeline("samples")
    for factory, name, properties in steps:
        pipeline.add(factory, name, properties)
    pipeline.link(*(name for _, name, _ in steps))
    if ending is _JPEG:
        pipeline.attach("decode", Probe("skip", _Skip(_PICTURE_FRAME)))
    # `dsbind graph` draws the pipelines of the program, not this one.
    drawing = os.environ.pop(GRAPHS_VARIABLE, None)
    try:
        pipeline.start().wait()
    finally:
        if drawing is not None:
            os.environ[GRAPHS_VARIABLE] = drawing


class _Skip(BufferOperator):
    """Drops the first frames."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._frames = frames

    def handle_buffer(self, buffer: Buffer) -> bool:
        self._frames -= 1
        return self._frames < 0
