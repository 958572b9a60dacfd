"""Bad input is an error that names the file and the next step, within five seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import dsbind
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode
from dsbind.data import street_config, street_labels, street_model
from dsbind.media import MediaInfo

LIMIT_S = 5.0


class Counter(BatchMetadataOperator):
    """Counts frames by source."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: dict[int, int] = {}

    def handle_metadata(self, batch_meta: object) -> None:
        for frame in batch_meta.frame_items:  # type: ignore[attr-defined]
            self.frames[frame.source_id] = self.frames.get(frame.source_id, 0) + 1


def launch(elements: str, out: Path) -> None:
    command = ["gst-launch-1.0", "-q", *elements.split(), "!", "filesink", f"location={out}"]
    subprocess.run(command, check=True, timeout=60)


def encoded(path: Path, width: int, height: int, frames: int = 5) -> Path:
    """Write a Matroska file of JPEG pictures, which has no rule about even sizes."""
    launch(
        f"videotestsrc num-buffers={frames} ! video/x-raw,width={width},height={height} "
        "! jpegenc ! matroskamux",
        path,
    )
    return path


@contextmanager
def raises_soon(kind: type[BaseException], *words: str) -> Iterator[None]:
    """Expect an error of `kind` within the limit, whose text has all `words`; nothing runs on."""
    threads = threading.active_count()
    begin = time.monotonic()
    with pytest.raises(kind) as caught:
        yield
    assert time.monotonic() - begin < LIMIT_S
    assert isinstance(caught.value, dsbind.Error)
    for word in words:
        assert word in str(caught.value)
    assert threading.active_count() <= threads


def capture(*sources: Path | str, **options: object) -> Flow:
    return Flow(Pipeline("bad")).batch_capture(
        [str(source) for source in sources], width=320, height=240, **options
    )


def discard(*sources: Path | str, **options: object) -> None:
    capture(*sources, **options).render(RenderMode.DISCARD)()


def broken_sources(folder: Path, clip: Path) -> dict[str, Path]:
    whole = clip.read_bytes()
    files = {
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "text": b"This is not a video.\n" * 100,
        "noise": bytes(range(256)) * 400,
    }
    made = {}
    for name, content in files.items():
        made[name] = folder / f"{name}.mp4"
        made[name].write_bytes(content)
    made["sound"] = folder / "sound.mp4"
    launch("audiotestsrc num-buffers=20 ! audioconvert ! avenc_aac ! mp4mux", made["sound"])
    made["cut_short"] = folder / "cut_short.mp4"
    front = folder / "front.mp4"
    launch(f"filesrc location={clip} ! qtdemux ! h264parse ! mp4mux faststart=true", front)
    content = front.read_bytes()
    made["cut_short"].write_bytes(content[: len(content) * 2 // 3])
    return made


@pytest.mark.parametrize("kind", ["empty", "truncated", "text", "noise", "sound", "cut_short"])
def test_a_file_that_is_no_video_is_an_error_that_names_it(
    kind: str, tmp_path: Path, clip: Path
) -> None:
    path = broken_sources(tmp_path, clip)[kind]
    with raises_soon(dsbind.SourceError, path.name):
        discard(path)


def test_a_missing_file_is_named_before_anything_runs(tmp_path: Path) -> None:
    with raises_soon(FileNotFoundError, "nowhere.mp4"):
        discard(tmp_path / "nowhere.mp4")


def test_an_unreachable_server_is_an_error_without_its_password() -> None:
    with raises_soon(dsbind.SourceError, "127.0.0.1:9") as _:
        try:
            discard("http://user:secret@127.0.0.1:9/clip.mp4")
        except dsbind.Error as error:
            assert "secret" not in str(error)
            raise


@pytest.mark.parametrize(("width", "height"), [(1, 1), (641, 361), (7680, 4320)])
def test_odd_sizes_are_batched(width: int, height: int, tmp_path: Path) -> None:
    counter = Counter()
    clip = encoded(tmp_path / "odd.mkv", width, height)
    capture(clip).attach(Probe("counter", counter)).render(RenderMode.DISCARD)()
    assert counter.frames == {0: 5}


@pytest.mark.parametrize(("width", "height"), [(641, 361), (64, 65)])
def test_odd_sizes_are_encoded(width: int, height: int, tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "out.mp4"
    flow = Flow(Pipeline("odd")).batch_capture([str(clip)], width=width, height=height)
    flow.encode(str(out))()
    assert MediaInfo.discover(str(out)).video.width in (width, width + width % 2, width - width % 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", -1),
        ("height", -720),
        ("width", 2**31),
        ("height", 2**63),
        ("width", 0),
        ("width", 100_000),
        ("batch_size", -1),
    ],
)
def test_dimensions_out_of_range_are_refused(name: str, value: int, clip: Path) -> None:
    options = {"width": 320, "height": 240, name: value}
    with raises_soon(ValueError, name.replace("_", "-"), str(value)):
        Flow(Pipeline("bad")).batch_capture([str(clip)], **options).render(RenderMode.DISCARD)()


def write_config(folder: Path, change: Callable[[str], str] = str, labels: str = "") -> Path:
    """Write a copy of the sample config with absolute paths, changed by `change`."""
    text = street_config().read_text()
    lines = []
    for line in text.splitlines():
        key = line.split("=")[0].strip()
        if key == "onnx-file":
            line = f"onnx-file={street_model()}"
        elif key == "labelfile-path":
            line = f"labelfile-path={labels or street_labels()}"
        lines.append(line)
    path = folder / "config.txt"
    path.write_text(change("\n".join(lines) + "\n"))
    return path


def infer(config: Path, clip: Path) -> None:
    capture(clip).infer(str(config)).render(RenderMode.DISCARD)()


def test_a_missing_config_is_named(tmp_path: Path, clip: Path) -> None:
    with raises_soon(FileNotFoundError, "nothing.txt"):
        infer(tmp_path / "nothing.txt", clip)


def test_a_missing_model_is_named(tmp_path: Path, clip: Path) -> None:
    config = write_config(tmp_path, lambda text: text.replace("street.onnx", "absent.onnx"))
    with raises_soon(dsbind.ConfigError, "absent.onnx"):
        infer(config, clip)


def test_a_corrupt_model_is_named(tmp_path: Path, clip: Path) -> None:
    model = tmp_path / "corrupt.onnx"
    model.write_bytes(street_model().read_bytes()[:5000])
    config = write_config(tmp_path, lambda text: text.replace(str(street_model()), str(model)))
    with raises_soon(dsbind.ConfigError, "corrupt.onnx"):
        infer(config, clip)


def test_labels_that_do_not_fit_the_model_are_refused(tmp_path: Path, clip: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("car\nbicycle\n")
    with raises_soon(dsbind.ConfigError, "num-detected-classes", "labels.txt"):
        infer(write_config(tmp_path, labels=str(labels)), clip)


def test_a_misspelt_key_warns_with_the_nearest_name(tmp_path: Path, clip: Path) -> None:
    config = write_config(tmp_path, lambda text: text.replace("cluster-mode", "cluster-mod"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        infer(config, clip)
    texts = [str(warning.message) for warning in caught]
    assert any("cluster-mod" in text and "cluster-mode" in text for text in texts), texts


def test_a_value_that_is_no_number_names_its_key(tmp_path: Path, clip: Path) -> None:
    config = write_config(
        tmp_path, lambda text: text.replace("gie-unique-id=1", "gie-unique-id=first")
    )
    with raises_soon(dsbind.ConfigError, "gie-unique-id", "first"):
        infer(config, clip)


def test_an_output_that_cannot_be_written_is_named_at_once(tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "no such folder" / "out.mp4"
    with raises_soon(OSError, "out.mp4"):
        capture(clip).encode(str(out))()
    assert not out.parent.exists()


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_an_output_that_is_an_input_by_another_name_is_refused(
    link: Callable[[Path, Path], None], tmp_path: Path, clip: Path
) -> None:
    video, other = tmp_path / "video.mp4", tmp_path / "other.mp4"
    shutil.copy(clip, video)
    link(video, other)
    with raises_soon(dsbind.OutputError, "other.mp4", "input"):
        capture(video).encode(str(other))()
    assert video.read_bytes() == clip.read_bytes()


def test_a_mosaic_of_many_sources_is_encoded(tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "mosaic.mp4"
    capture(*[clip] * 12, batch_size=5).encode(str(out), width=640, height=480)()
    assert MediaInfo.discover(str(out)).video.height == 480


def test_a_failed_run_leaves_no_output_without_naming_it(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    out = tmp_path / "out.mp4"
    with raises_soon(dsbind.SourceError, "broken.mp4"):
        capture(broken).encode(str(out))()
    assert not out.exists() or out.stat().st_size == 0


def test_one_bad_source_among_four_fails_alone(tmp_path: Path, clip: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    counter = Counter()
    flow = capture(clip, broken, clip, clip).attach(Probe("counter", counter))
    with pytest.raises(dsbind.SourceError, match=r"broken\.mp4"):
        flow.render(RenderMode.DISCARD)()
    whole = dict.fromkeys((0, 2, 3), counter.frames[0])
    assert counter.frames == whole
    assert counter.frames[0] >= 30


def test_on_source_error_raise_stops_at_once(tmp_path: Path, clip: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    with raises_soon(dsbind.SourceError, "broken.mp4"):
        discard(clip, broken, on_source_error="raise")
