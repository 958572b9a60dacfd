# SPDX-License-Identifier: Apache-2.0
"""The tree of samples under the SDK's names, the programs that use it, and the examples."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from looking import launch

import dsbind
from dsbind import paths, samples
from dsbind.utils import MediaInfo

PROGRAMS = Path(__file__).parent / "programs"
EXAMPLES = Path(__file__).parent.parent / "examples"
STREAMS = "samples/streams"


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """The samples, laid out by the command."""
    folder = tmp_path_factory.mktemp("samples") / "deepstream"
    done = subprocess.run(
        [sys.executable, "-m", "dsbind", "samples", "install", "--prefix", folder],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert f"samples are at {folder}" in done.stdout
    return folder


def run(words, folder, tree, timeout=60, **more):
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=folder,
        env={**os.environ, "DSBIND_SAMPLES": str(tree), **more},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class TestTree:
    @pytest.mark.parametrize(
        ("name", "codec", "width", "height"),
        [
            ("sample_1080p_h264.mp4", "video/x-h264", 1920, 1080),
            ("sample_1080p_h265.mp4", "video/x-h265", 1920, 1080),
            ("sample_720p.mp4", "video/x-h264", 1280, 720),
            ("sample_720p.h264", "video/x-h264", 1280, 720),
            ("sample_720p.jpg", "image/jpeg", 1280, 720),
        ],
    )
    def test_has_the_sdk_s_streams(self, tree, name, codec, width, height):
        video = MediaInfo.discover(str(tree / STREAMS / name)).video
        assert (video.codec, video.width, video.height) == (codec, width, height)

    def test_has_the_configs_and_libraries_that_programs_name(self, tree):
        for name in (
            "samples/models/Primary_Detector/labels.txt",
            "samples/models/Primary_Detector/resnet18_trafficcamnet_pruned.onnx",
            "samples/configs/deepstream-app/config_infer_primary.yml",
            "samples/configs/deepstream-app/config_tracker_IOU.yml",
            "samples/configs/deepstream-app/config_tracker_NvSORT.yml",
            "samples/configs/deepstream-app/config_tracker_NvDCF_perf.yml",
            "samples/configs/deepstream-app/config_tracker_NvDCF_accuracy.yml",
            *(
                f"sources/apps/sample_apps/deepstream-test{n}/dstest{n}_pgie_config.{kind}"
                for n in (1, 2, 3, 4)
                for kind in ("yml", "txt")
            ),
            "lib/libnvds_meta.so",
        ):
            assert (tree / name).exists(), name

    def test_is_no_sdk_to_the_runtime(self, tree, tmp_path):
        code = "from dsbind import runtime; runtime.open()"
        chosen = {"DEEPSTREAM_ROOT": str(tree), "DSBIND_RUNTIME": "sdk"}
        done = run(["-c", code], tmp_path, tree, **chosen)
        assert done.returncode == 1 and "RuntimeNotFoundError" in done.stderr

    @pytest.mark.parametrize("kind", ["yml", "txt"])
    def test_its_detector_config_detects_cars(self, tree, kind):
        class Labels(dsbind.BatchMetadataOperator):
            found = set()

            def handle_metadata(self, batch_meta):
                for frame in batch_meta.frame_items:
                    self.found.update(item.label for item in frame.object_items)

        config = tree / f"sources/apps/sample_apps/deepstream-test1/dstest1_pgie_config.{kind}"
        flow = dsbind.Flow(dsbind.Pipeline("p")).capture([str(tree / STREAMS / "sample_720p.jpg")])
        flow = flow.batch(width=1280, height=720).infer(str(config))
        flow.attach(dsbind.Probe("labels", Labels())).render(dsbind.RenderMode.DISCARD)()
        assert "car" in Labels.found

    def test_what_a_program_asks_for_is_made_and_nothing_else(self, tmp_path, capsys):
        samples.provide(tmp_path / "tree", "samples/configs/deepstream-app")
        assert (tmp_path / "tree" / "lib").is_dir()
        assert not (tmp_path / "tree" / STREAMS).exists()
        samples.provide(tmp_path / "tree", f"/{STREAMS}/sample_720p.jpg")
        assert os.listdir(tmp_path / "tree" / STREAMS) == ["sample_720p.jpg"]
        (tmp_path / "tree" / STREAMS / "sample_720p.jpg").unlink()
        samples.provide(tmp_path / "tree", f"{STREAMS}/sample_720p.jpg")
        assert os.listdir(tmp_path / "tree" / STREAMS) == ["sample_720p.jpg"]
        samples.provide(tmp_path / "tree", f"{STREAMS}/no_such.mp4")
        assert os.listdir(tmp_path / "tree" / STREAMS) == ["sample_720p.jpg"]
        assert capsys.readouterr().out == ""

    def test_a_stream_that_is_not_among_them_names_those_that_are(self, tree, monkeypatch):
        if os.path.exists(paths.SDK):
            pytest.skip("the SDK, or a tree of samples in its place, is installed")
        monkeypatch.setenv(paths.TREE_VARIABLE, str(tree))
        with pytest.raises(FileNotFoundError, match=r"sample_qHD.mp4.*sample_720p\.mp4"):
            dsbind.Flow(dsbind.Pipeline("p")).capture([f"{paths.SDK}/{STREAMS}/sample_qHD.mp4"])

    def test_a_stream_without_a_file_format_is_the_same_as_within_one(self, tree, tmp_path):
        for name in ("sample_720p.mp4", "sample_720p.h264"):
            launch(
                f"filesrc location={tree / STREAMS / name} ! parsebin ! h264parse !",
                "video/x-h264,stream-format=byte-stream,alignment=nal !",
                f"filesink location={tmp_path / name}",
            )
        bare, boxed = ((tmp_path / name).stat().st_size for name in os.listdir(tmp_path))
        assert bare == pytest.approx(boxed, rel=0.01)

    def test_a_second_install_does_nothing(self, tree):
        assert samples.install(tree) == {}

    def test_a_folder_that_holds_something_else_is_left_alone(self, tmp_path):
        (tmp_path / "mine.txt").write_text("mine")
        with pytest.raises(dsbind.StateError, match="something else"):
            samples.install(tmp_path)
        assert os.listdir(tmp_path) == ["mine.txt"]

    def test_a_folder_that_cannot_be_written_is_named(self):
        with pytest.raises(dsbind.OutputError, match="/proc/deepstream"):
            samples.install("/proc/deepstream")


class TestPaths:
    @pytest.mark.parametrize("root", [paths.SDK, f"{paths.SDK}-9.1", f"file://{paths.SDK}"])
    def test_those_of_the_sdk_lead_to_the_tree(self, tree, root, monkeypatch):
        if os.path.exists(paths.SDK):
            pytest.skip("the SDK, or a tree of samples in its place, is installed")
        monkeypatch.setenv(paths.TREE_VARIABLE, str(tree))
        found = paths.local(f"{root}/{STREAMS}/sample_720p.mp4")
        assert found.removeprefix("file://") == str(tree / STREAMS / "sample_720p.mp4")

    def test_others_stay_as_they_are(self, tree, monkeypatch):
        monkeypatch.setenv(paths.TREE_VARIABLE, str(tree))
        for path in ("x.mp4", "/opt/nvidia/other", f"{paths.SDK}ish/x", "rtsp://127.0.0.1/x"):
            assert paths.local(path) == path

    def test_without_a_tree_the_error_says_how_to_get_one(self, monkeypatch):
        if os.path.exists(paths.SDK):
            pytest.skip("the SDK, or a tree of samples in its place, is installed")
        monkeypatch.delenv(paths.TREE_VARIABLE, raising=False)
        with pytest.raises(FileNotFoundError, match="dsbind samples install"):
            dsbind.Flow(dsbind.Pipeline("p")).batch_capture([f"{paths.SDK}/samples/x.mp4"])


class TestDocumentedPrograms:
    """The programs of the Flow API's documentation, run by `dsbind run` as they are."""

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("capture_on_gpu_1", ""),
            ("inject_lists", "generated 255"),
            ("retrieve_tensor", "retrieved 250"),
            ("discard", ""),
            ("attach_probe", "Vehicle="),
        ],
    )
    def test_without_a_display(self, name, says, tree, tmp_path):
        done = run(["-m", "dsbind", "run", PROGRAMS / f"{name}.py"], tmp_path, tree)
        assert done.returncode == 0, done.stderr
        assert says in done.stdout

    def test_a_jpeg_is_injected_and_decoded(self, tree, tmp_path):
        words = ["-m", "dsbind", "run", PROGRAMS / "inject_jpeg.py"]
        done = run([*words, tree / STREAMS / "sample_720p.jpg"], tmp_path, tree)
        assert done.returncode == 0, done.stderr

    def test_encode_writes_its_file_in_real_time(self, tree, tmp_path):
        begin = time.monotonic()
        done = run(["-m", "dsbind", "run", PROGRAMS / "encode.py"], tmp_path, tree)
        assert done.returncode == 0, done.stderr
        info = MediaInfo.discover(str(tmp_path / "output.mp4"))
        assert (info.video.width, info.video.height) == (640, 360)
        assert info.duration == pytest.approx(10e9, rel=0.05)
        assert time.monotonic() - begin > 8

    @pytest.mark.parametrize("name", ["playback", "batch_four", "batch_capture_four", "infer_four"])
    def test_on_a_display(self, name, tree, tmp_path, screen):
        words = ["-m", "dsbind", "run", PROGRAMS / f"{name}.py"]
        done = run(words, tmp_path, tree, timeout=240, DISPLAY=screen)
        assert done.returncode == 0, done.stderr

    def test_a_detector_a_tracker_and_classifiers(self, tree, tmp_path):
        done = run(["-m", "dsbind", "run", PROGRAMS / "track_two.py"], tmp_path, tree, timeout=240)
        assert done.returncode == 0, done.stderr
        number, highest, labels = map(int, re.findall(r"\d+", done.stdout))
        # Ids are numbers of objects that were followed, not of detections.
        assert 5 <= number <= 60 and highest < 100
        assert labels > 0

    def test_a_fork_serves_writes_and_shows_at_once(self, tree, tmp_path, screen):
        port = free_port()
        program = subprocess.Popen(
            [sys.executable, "-m", "dsbind", "run", PROGRAMS / "fork_three.py", str(port)],
            cwd=tmp_path,
            env={**os.environ, "DSBIND_SAMPLES": str(tree), "DISPLAY": screen},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_for_port(port, program)
            frames = frames_over_rtsp(f"rtsp://127.0.0.1:{port}/ds-test", 25)
            _, errors = program.communicate(timeout=60)
        finally:
            program.kill()
        assert program.returncode == 0, errors
        assert frames == 25
        info = MediaInfo.discover(str(tmp_path / "sample.mp4"))
        assert info.duration == pytest.approx(10e9, rel=0.05)


def wait_for_port(port, process):
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nothing serves that port")


def frames_over_rtsp(uri, count):
    """How many decoded frames a client gets."""
    done = subprocess.run(
        f"gst-launch-1.0 -q rtspsrc location={uri} latency=0 ! rtph264depay ! avdec_h264 ! "
        f"videoconvert ! video/x-raw,format=GRAY8 ! identity eos-after={count + 1} ! "
        "fdsink fd=1".split(),
        capture_output=True,
        timeout=40,
    )
    return len(done.stdout) // (640 * 360)


class TestExamples:
    def test_each_says_how_it_is_used(self, tmp_path, tree):
        for example in sorted(EXAMPLES.glob("*.py")):
            if "len(sys.argv)" in example.read_text():
                done = run([example], tmp_path, tree)
                assert done.returncode == 1 and "usage:" in done.stderr, example

    def run(self, name, *arguments, tree, folder):
        done = run([EXAMPLES / f"{name}.py", *arguments], folder, tree)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @pytest.fixture(autouse=True)
    def prepare(self, tree, tmp_path, clip):
        self.picture = tree / STREAMS / "sample_720p.jpg"
        self.clip = clip
        self.example = lambda name, *words: self.run(name, *words, tree=tree, folder=tmp_path)
        self.folder = tmp_path

    def test_track(self, tree):
        video = tree / STREAMS / "sample_720p.mp4"
        lines = self.example("track", video, "ids.mp4").splitlines()
        assert 5 <= int(lines[-1].split()[0]) <= 60
        # The longest lasts, with two of three frames undetected.
        assert int(lines[0].split()[-2]) > 30
        assert MediaInfo.discover(str(self.folder / "ids.mp4")).video.width == 1280

    def test_capture(self):
        assert self.example("capture", self.clip, self.clip).count("60 frames") == 2

    def test_batch_capture(self):
        sources = self.folder / "sources.yaml"
        entries = [f"- {{uri: {self.clip}, sensor-id: s{n}, sensor-name: n{n}}}" for n in (0, 1)]
        sources.write_text("\n".join(["source-list:", *entries]))
        self.example("batch_capture", sources, "out.mp4")
        assert MediaInfo.discover(str(self.folder / "out.mp4")).video.width == 1920

    def test_inject(self):
        self.example("inject", "out.mp4")
        info = MediaInfo.discover(str(self.folder / "out.mp4"))
        assert (info.video.width, info.video.height) == (640, 360)

    def test_decode(self):
        assert "'car'" in self.example("decode", self.picture)

    def test_retrieve(self):
        lines = self.example("retrieve", self.clip).splitlines()
        assert len(lines) == 2 and lines[0].startswith("  0 s   R ")

    def test_encode(self):
        self.example("encode", self.clip, "out.mkv")
        assert MediaInfo.discover(str(self.folder / "out.mkv")).video.width == 1280

    def test_attach(self):
        assert "**FPS:" in self.example("attach", self.clip)

    def test_select_streams(self, make_clip):
        other = make_clip(frames=30, width=160, height=120)
        self.example("select_streams", self.clip, other, "out.mp4")
        info = MediaInfo.discover(str(self.folder / "out.mp4"))
        assert info.duration == pytest.approx(1e9, rel=0.1)

    def test_pipeline(self):
        assert self.example("pipeline", self.clip).count("frame ") == 60

    def test_fork(self):
        out = self.example("fork", self.clip, "out.mp4", free_port())
        assert "objects, written to out.mp4" in out

    def test_detect(self):
        assert "60 frames" in self.example("detect", self.clip)

    def test_render_serves_until_it_is_interrupted(self):
        port = free_port()
        with subprocess.Popen(
            [sys.executable, EXAMPLES / "render.py", self.clip, str(port)], cwd=self.folder
        ) as program:
            wait_for_port(port, program)
            program.send_signal(signal.SIGINT)
            assert program.wait(timeout=20) != 0
