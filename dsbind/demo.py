# SPDX-License-Identifier: Apache-2.0
"""`dsbind demo`: a real detector on real video, with what it found as video, picture and data."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsbind import clips, data
from dsbind.errors import Error, OutputError, SourceError, missing_file
from dsbind.flow import Flow, RenderMode
from dsbind.media import MediaInfo
from dsbind.pipeline import Pipeline
from dsbind.probes import BatchMetadataOperator, BufferOperator, Probe
from dsbind.progress import Progress

if TYPE_CHECKING:
    from dsbind.buffer import Buffer
    from dsbind.meta import BatchMetadata

__all__ = ["Collector", "run"]

# The picture comes from the beginning of a long video: finding it means decoding up to there.
_PICTURE_WITHIN = 3000
# Of the frame's height: labels fit the frame, whatever its size, and are never below 8 points.
_FONT_SHARE = 72
# Of the frames where no source tells its own.
_SIZE = (1280, 720)
# Confidence from which an object makes a good picture.
_SURE = 0.85


class Collector(BatchMetadataOperator):
    """Keeps what was detected, and writes the confidence on the labels.

    Parameters
    ----------
    progress
        Told of every batch.
    font_size
        Size of the labels in points.
    """

    def __init__(self, progress: Progress, font_size: int) -> None:
        super().__init__()
        self._progress = progress
        self._font_size = font_size
        self._batches = 0
        self._best_score = (0, 0.0, 0.0)
        self.frames = 0
        #: Number of the batch with the most kinds of sure objects, and of those the surest.
        self.best = 0
        self.detections: list[dict[str, Any]] = []

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        labels, sure, confidences = set(), 0.0, 0.0
        for frame in batch_meta.frame_items:
            self.frames += 1
            number, source = frame.frame_number, frame.source_id
            for item in frame.object_items:
                box, label, confidence = item.rect_params, item.label, item.confidence
                text = item.text_params
                text.display_text = f"{label} {confidence:.2f}"
                text.font_params.size = self._font_size
                confidences += confidence
                if confidence >= _SURE:
                    labels.add(label)
                    sure += confidence
                self.detections.append(
                    {
                        "frame": number,
                        "source": source,
                        "class": item.class_id,
                        "label": label,
                        "confidence": round(confidence, 4),
                        "left": round(box.left, 2),
                        "top": round(box.top, 2),
                        "width": round(box.width, 2),
                        "height": round(box.height, 2),
                    }
                )
        score = (len(labels), sure, confidences)
        if score > self._best_score and self._batches < _PICTURE_WITHIN:
            self._best_score, self.best = score, self._batches
        self._batches += 1
        self._progress.update(self.frames)

    def objects(self) -> dict[str, int]:
        """Return how many objects of each label were detected, most frequent first."""
        return dict(Counter(found["label"] for found in self.detections).most_common())


def run(
    uris: Sequence[str] = (),
    *,
    out: str | Path = "out",
    clip: str = "street",
    config: str | Path | None = None,
    display: bool = False,
) -> None:
    """Detect objects in video; write demo.mp4, demo.png and demo.json into `out`.

    Parameters
    ----------
    uris
        Files or URIs, seen side by side when there are several; none is the sample clip.
    out
        Folder to write to; made if it is not there.
    clip
        Which sample clip: ``street`` or ``people``.
    config
        An ``nvinfer`` config file; by default the one of the sample detector.
    display
        Show the video in a window, too.
    """
    from dsbind import runtime

    folder = _output_folder(Path(out))
    sources = list(uris) or [str(clips.fetch(clip, say=_say))]
    width, height, total = _look_at(sources)
    video = folder / "demo.mp4"
    progress = Progress(total)
    collector = Collector(progress, max(8, height // _FONT_SHARE))
    flow = (
        Flow(Pipeline("demo"))
        .batch_capture(sources, width=width, height=height)
        .infer(str(config if config is not None else data.street_config()))
        .attach(Probe("collector", collector))
    )
    mosaic = _mosaic(len(sources), width, height)
    if display:
        flow = _show(flow, mosaic)
    flow.encode(str(video), **mosaic)
    lost = None
    start = time.monotonic()
    try:
        try:
            flow()
        finally:
            seconds = time.monotonic() - start
            progress.close(collector.frames)
    except KeyboardInterrupt:
        if video.exists():
            _say(f"the video so far is in {video}")
        raise
    except SourceError as error:
        # The other sources went on to their end: what they gave is worth keeping.
        if collector.frames == 0:
            raise
        lost = error
    _write_picture(video, collector.best, folder / "demo.png")
    report = {
        "frames": collector.frames,
        "seconds": round(seconds, 3),
        "fps": round(collector.frames / seconds, 2),
        "objects": collector.objects(),
        "origin": runtime.origin(),
        "detections": collector.detections,
    }
    _write_json(report, folder / "demo.json")
    print(_table(report))
    print(f"\nWrote demo.mp4, demo.png and demo.json to {folder}")
    if lost is not None:
        raise lost


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _output_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the output folder {folder} cannot be made: {error.strerror}; "
            "choose another with --out"
        ) from error
    return folder


def _look_at(sources: Sequence[str]) -> tuple[int, int, int | None]:
    """Return the size of the first good source and how many frames all have, if that is known."""
    total: float | None = 0.0
    size = None
    for source in sources:
        try:
            info = MediaInfo.discover(_as_uri(source))
            video = info.video
        except Error:
            # The run says better what is wrong with it, and goes on with the others.
            total = None
            continue
        size = size or (video.width, video.height)
        numerator, denominator = video.framerate
        known = info.duration > 0 and numerator > 0 and denominator > 0
        if known and total is not None:
            total += info.duration / 1e9 * numerator / denominator
        else:
            total = None
    if size is None or min(size) <= 0:
        size = _SIZE
    return *size, round(total) if total is not None else None


def _as_uri(source: str) -> str:
    if "://" in source:
        return source
    path = Path(source)
    if not path.is_file():
        raise missing_file(source, "name a video file or a URI")
    return path.resolve().as_uri()


def _mosaic(sources: int, width: int, height: int) -> dict[str, Any]:
    """Return the size of the frames side by side, at most 1920 pixels wide."""
    if sources == 1:
        return {}
    columns = math.ceil(math.sqrt(sources))
    rows = math.ceil(sources / columns)
    scale = min(1.0, Flow.DEFAULT_PICTURE_WIDTH / (columns * width))
    return {
        "width": max(2, round(columns * width * scale) // 2 * 2),
        "height": max(2, round(rows * height * scale) // 2 * 2),
    }


def _show(flow: Flow, mosaic: dict[str, Any]) -> Flow:
    """Show the frames in a window; return the flow that goes on beside it."""
    pipeline = flow.pipeline
    pipeline.add("tee", "demo-tee").add("queue", "demo-window-queue")
    pipeline.link(flow._streams[0], "demo-tee")
    pipeline.link(("demo-tee", "demo-window-queue"), ("src_%u", ""))
    Flow(pipeline, ["demo-window-queue"], flow).render(RenderMode.DISPLAY, **mosaic)
    return Flow(pipeline, ["demo-tee/src_%u"], flow)


class _Only(BufferOperator):
    """Lets one buffer pass and drops the others."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._left = index

    def handle_buffer(self, buffer: Buffer) -> bool:
        self._left -= 1
        return self._left == -1


def _write_picture(video: Path, index: int, picture: Path) -> None:
    """Write one frame of the finished video as a PNG."""
    pipeline = Pipeline("demo-picture")
    pipeline.add("uridecodebin", "picture-source", {"uri": video.resolve().as_uri()})
    pipeline.add("videoconvert", "picture-convert")
    pipeline.add("capsfilter", "picture-format", {"caps": "video/x-raw, format=RGB"})
    pipeline.add("pngenc", "picture-encoder", {"snapshot": True})
    pipeline.add("filesink", "picture-file", {"location": str(picture)})
    pipeline.link(
        "picture-source", "picture-convert", "picture-format", "picture-encoder", "picture-file"
    )
    pipeline.attach("picture-convert", Probe("picture-frame", _Only(index)))
    pipeline.start().wait()


def _write_json(report: dict[str, Any], path: Path) -> None:
    try:
        path.write_text(json.dumps(report) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _table(report: dict[str, Any]) -> str:
    rows = [
        ("frames", f"{report['frames']}"),
        ("seconds", f"{report['seconds']:.2f}"),
        ("fps", f"{report['fps']:.1f}"),
        *((label, f"{count}") for label, count in report["objects"].items()),
    ]
    left = max(len(name) for name, _ in rows)
    right = max(len(value) for _, value in rows)
    lines = [f"{name:<{left}}  {value:>{right}}" for name, value in rows]
    rule = "-" * (left + 2 + right)
    return "\n".join([rule, *lines[:3], rule, *(lines[3:] or ["no objects"]), rule])
