"""Runs every native test program: plain, with sanitizers, and on NVIDIA's own libraries."""

import importlib.metadata
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NVIDIA_WHEEL = "nvidia-deepstream-videodecode-cu13"

# The first test of a session builds the native tree.
pytestmark = pytest.mark.timeout(1200)


def programs(*folders: Path) -> list[str]:
    """The names of the programs that CMake files below these folders declare."""
    return sorted(
        name
        for folder in folders
        for file in folder.rglob("CMakeLists.txt")
        for name in re.findall(r"^\s*\w*_test\(\s*(\w+)", file.read_text(), re.MULTILINE)
    )


ALL = programs(HERE, ROOT / "native")
PORTABLE = [name for name in programs(HERE / "meta") if name.startswith("test_")]


def run(program: Path, environment: dict[str, str]) -> str:
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{program.name}: status {done.returncode}\n{done.stderr[-8000:]}"
    return done.stdout


def nvidia_library_folder() -> Path:
    try:
        files = importlib.metadata.files(NVIDIA_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        message = f"NVIDIA's libraries are missing: pip install --no-deps {NVIDIA_WHEEL}"
        if os.environ.get("DSBIND_REQUIRE_NVIDIA_WHEEL") == "1":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    for file in files:
        if file.name == "libnvds_meta.so":
            return Path(file.locate()).resolve().parent
    pytest.fail(f"{NVIDIA_WHEEL} is installed without libnvds_meta.so", pytrace=False)


@pytest.mark.parametrize("name", ALL)
def test_program(name, native_build):
    run(native_build.tests / name, native_build.environment())


@pytest.mark.parametrize("name", ALL)
def test_program_with_sanitizers(name, native_build_sanitized):
    build = native_build_sanitized
    sanitizers = {
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
        "LSAN_OPTIONS": f"suppressions={HERE / 'leaks.supp'}:print_suppressions=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        # GStreamer scans plugins in a child process, which the sanitizers would slow down.
        "GST_REGISTRY_FORK": "no",
        "G_SLICE": "always-malloc",
    }
    run(build.tests / name, build.environment(**sanitizers))


@pytest.mark.parametrize("name", PORTABLE)
def test_program_on_nvidia_libraries(name, native_build):
    folder = nvidia_library_folder()
    program = native_build.tests / name
    ours = native_build.environment()
    theirs = {**ours, "LD_LIBRARY_PATH": str(folder)}
    loaded = subprocess.run(
        [program], env={**theirs, "LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True
    ).stdout
    libraries = re.findall(r"(libnvds\w+\.so) => (\S+)", loaded)
    assert libraries, loaded
    for library, path in libraries:
        assert Path(path).resolve() == folder / library
    assert run(program, theirs) == run(program, ours)
