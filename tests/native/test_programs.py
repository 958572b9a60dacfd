"""Runs every native test program: plain, with sanitizers, and on NVIDIA's own libraries."""

import importlib.metadata
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NVIDIA_WHEEL = "nvidia-deepstream-videodecode-cu13"

# The first test of a session builds the native tree.
pytestmark = pytest.mark.timeout(1200)


def run_all(build, **environment):
    done = build.ctest(
        *("--no-tests=error", "--output-on-failure", "--timeout", "300"),
        *("--parallel", str(os.cpu_count())),
        **environment,
    )
    assert done.returncode == 0, f"{done.stdout[-20000:]}{done.stderr}"


def test_programs(native_build):
    run_all(native_build)


def test_programs_with_sanitizers(native_build_sanitized):
    run_all(
        native_build_sanitized,
        # Whole call stacks, so that the suppressions can be precise.
        ASAN_OPTIONS="detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=60",
        LSAN_OPTIONS=f"suppressions={HERE / 'leaks.supp'}:print_suppressions=0",
        UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
        # Memory that GLib keeps for reuse would hide what only it still points to.
        G_SLICE="always-malloc",
        # GStreamer's own scanner has no sanitizer runtime: plugins that need one would not load.
        GST_REGISTRY_FORK="no",
    )


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


def run(program: str, environment: dict[str, str]) -> str:
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{program}: status {done.returncode}\n{done.stderr[-8000:]}"
    return done.stdout


def portable_programs() -> list[str]:
    """Those of meta/ that hold for every DeepStream library, as its CMakeLists.txt says."""
    text = (HERE / "meta/CMakeLists.txt").read_text()
    return re.findall(r"^meta_test\((test_\w+)", text, re.MULTILINE)


@pytest.mark.parametrize("name", portable_programs())
def test_same_results_on_nvidia_libraries(name, native_build):
    folder = nvidia_library_folder()
    program = str(native_build.tests / name)
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
