# SPDX-License-Identifier: Apache-2.0
"""Other projects build on the installed package: Cython, C, and C++ that embeds Python."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest

import dsbind
from dsbind import BufferOperator, Flow, Pipeline, Probe, RenderMode
from dsbind.meta import BatchMetadata
from dsbind.surface import Surface

HERE = Path(__file__).resolve().parent / "embedding"
PROJECT = HERE.parent.parent


def build(tmp_path_factory: pytest.TempPathFactory, kind: str, **environment: str) -> Path:
    """What `setup.py` makes, in a folder of its own."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp(kind) / "source"
    shutil.copytree(HERE / kind, folder)
    done = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("*.so")
    return file


def load(file: Path) -> ModuleType:
    name = file.name.partition(".")[0]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The extension in Cython."""
    pytest.importorskip("Cython")
    return load(build(tmp_path_factory, "cython"))


@pytest.fixture(scope="module")
def viewing(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The extension in C."""
    return load(build(tmp_path_factory, "c"))


def add_objects(batch: BatchMetadata, frame: Any, *confidences: float) -> None:
    for i, confidence in enumerate(confidences):
        item = batch.acquire_object_meta()
        item.class_id, item.confidence = i, confidence
        frame.append(item)


# Files


def test_the_folders_are_those_of_the_installed_package() -> None:
    include = Path(dsbind.get_include())
    for name in ("dsbind.h", "nvdsmeta.h", "gstnvdsmeta.h", "nvbufsurface.h"):
        assert (include / name).is_file()
    assert (Path(dsbind.get_cmake_dir()) / "dsbindConfig.cmake").is_file()
    assert (Path(dsbind.get_pkgconfig_dir()) / "dsbind.pc").is_file()


def test_a_makefile_can_ask_for_them() -> None:
    command = [sys.executable, "-m", "dsbind.building", "--include", "--cmake-dir"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == [dsbind.get_include(), dsbind.get_cmake_dir()]


def test_a_plain_compiler_builds_with_pkg_config(tmp_path: Path) -> None:
    environment = {**os.environ, "PKG_CONFIG_PATH": dsbind.get_pkgconfig_dir()}
    (tmp_path / "version.c").write_text(
        '#include <stdio.h>\n#include "nvds_version.h"\n'
        'int main(void) { unsigned a, b; nvds_version(&a, &b); printf("%u", a); return 0; }\n'
    )
    flags = subprocess.check_output(
        ["pkg-config", "--cflags", "--libs", "dsbind"], env=environment, text=True
    ).split()
    command = ["cc", "version.c", "-o", "version", *flags]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert subprocess.check_output(["./version"], cwd=tmp_path, timeout=30) == b"9"


# Cython


def test_a_cython_extension_reads_metadata_of_ours(
    counting: Any, batch: BatchMetadata, frame: Any
) -> None:
    add_objects(batch, frame, 0.25, 0.5)
    assert counting.total_confidence(batch) == pytest.approx(0.75)
    batch.close()
    with pytest.raises(dsbind.StaleMetadataError):
        counting.total_confidence(batch)
    with pytest.raises(TypeError):
        counting.total_confidence("text")


def test_a_cython_function_is_a_native_probe(counting: Any, clip: Path) -> None:
    frames = numpy.zeros(1, numpy.int64)
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=64)
    flow.attach(Probe("count", counting.__pyx_capi__["count"], frames))
    flow.render(RenderMode.DISCARD, sync=False)()
    assert frames[0] == 60


# C


def test_c_unwraps_and_wraps_metadata(viewing: Any, batch: BatchMetadata, frame: Any) -> None:
    add_objects(batch, frame, 0.5, 0.5, 0.5)
    assert viewing.frame_number(frame) == 7
    assert [viewing.class_id(item) for item in frame.object_items] == [2, 1, 0]
    again, *objects = viewing.first(batch)
    assert again.source_id == 3
    assert [item.class_id for item in objects] == [2, 1, 0]


def test_views_that_c_made_end_with_their_lease(
    viewing: Any, batch: BatchMetadata, frame: Any
) -> None:
    kept = []

    def look(view: BatchMetadata) -> int:
        kept.extend([view, view.frame_items[0]])
        return view.n_frames

    assert viewing.show(batch, look) == 1
    for use in (lambda: viewing.show(kept[0], look), lambda: viewing.frame_number(kept[1])):
        with pytest.raises(dsbind.StaleMetadataError):
            use()
    assert batch.n_frames == 1


def test_c_gets_errors_for_what_it_cannot_unwrap(viewing: Any, batch: BatchMetadata) -> None:
    for function in (viewing.frame_number, viewing.class_id, viewing.frames, viewing.width):
        with pytest.raises(TypeError, match="this takes"):
            function(batch)
    with pytest.raises(TypeError):
        viewing.element_name(batch, "mux")


def test_c_makes_and_reads_surfaces(viewing: Any) -> None:
    made = viewing.make_surface(48, 32)
    assert isinstance(made, Surface)
    assert viewing.width(made) == 48
    made.close()
    with pytest.raises(RuntimeError):
        viewing.width(made)


def test_c_sees_the_buffers_of_a_pipeline(viewing: Any, clip: Path) -> None:
    found: list[tuple[int, int]] = []
    kept = []

    class Look(BufferOperator):
        def handle_buffer(self, buffer: Any) -> bool:
            found.append((viewing.frames(buffer), viewing.width(buffer)))
            kept.append(buffer)
            return True

    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=48)
    flow.attach(Probe("look", Look())).render(RenderMode.DISCARD, sync=False)()
    assert found == [(1, 64)] * 60
    with pytest.raises(dsbind.StaleMetadataError):
        viewing.frames(kept[0])


def test_c_makes_attaches_and_registers_probes(viewing: Any, clip: Path) -> None:
    pipeline = Pipeline("p")
    flow = Flow(pipeline).batch_capture([str(clip)], width=64, height=48)
    viewing.register_as("counter_in_c")
    probe = viewing.make_probe("first")
    assert isinstance(probe, Probe)
    viewing.attach(flow, None, probe)
    flow.attach("counter_in_c", "second")
    flow.render(RenderMode.DISCARD, sync=False)
    sink = next(name for name in pipeline._graph.elements if name.startswith("render-sink"))
    viewing.attach(pipeline, sink, viewing.make_probe("third"))
    assert viewing.element_name(pipeline, sink) == "fakesink"
    flow()
    calls, destroyed = viewing.seen()
    assert (calls, destroyed) == (180, 0)
    with pytest.raises(dsbind.ProbeError):
        viewing.attach(pipeline, sink, viewing.make_probe("third"))
    # That one is gone with the error; the others with the pipeline.
    del pipeline, flow, probe
    import gc

    gc.collect()
    assert viewing.seen()[1] == 3


def test_c_looks_up_functions(viewing: Any) -> None:
    assert viewing.symbol("nvds_create_batch_meta") > 0
    with pytest.raises(LookupError, match="no function 'nvds_no_such_thing'"):
        viewing.symbol("nvds_no_such_thing")


def test_an_extension_for_another_version_says_how_to_rebuild(
    viewing: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = build(tmp_path_factory, "c", CFLAGS="-DOTHER_VERSION")
    command = [sys.executable, "-c", "import viewing"]
    done = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=60)
    assert "ImportError: this extension was built for version 1" in done.stderr
    assert "rebuild the extension with the header in dsbind.get_include()" in done.stderr


# C++


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that embeds Python."""
    folder = tmp_path_factory.mktemp("cmake")
    shutil.copytree(HERE / "cmake", folder / "source")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in (
        ["cmake", "-S", "source", "-B", "build", f"-DPython_EXECUTABLE={sys.executable}"]
        + [f"-Ddsbind_DIR={dsbind.get_cmake_dir()}", "-DCMAKE_BUILD_TYPE=Release"],
        ["cmake", "--build", "build"],
    ):
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "embedding"


def test_a_program_that_embeds_python_runs_a_flow(program: Path, clip: Path) -> None:
    done = subprocess.run([program, clip, "0"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "frames=60 deepstream=9." in done.stdout


def test_an_error_of_its_probe_reaches_it(program: Path, clip: Path) -> None:
    done = subprocess.run([program, clip, "10"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "NativeProbeError: native probe 'count' returned -7" in done.stderr
    assert "frames=10" in done.stdout
