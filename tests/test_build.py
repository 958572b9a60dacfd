"""Building where system packages are missing says which, once; a wheel holds what it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def tools_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("tools_on_path")
def test_missing_packages_are_all_named_in_one_message(tmp_path: Path) -> None:
    environment = {**os.environ, "PKG_CONFIG_LIBDIR": str(tmp_path), "PKG_CONFIG_PATH": ""}
    command = ["cmake", "-S", str(ROOT), "-B", str(tmp_path / "build"), "-G", "Ninja"]
    done = subprocess.run(
        [*command, "-DDSBIND_PYTHON=OFF"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    (message,) = (line for line in done.stderr.splitlines() if "apt-get install" in line)
    for package in ("libgstreamer1.0-dev", "libcairo2-dev", "libpango1.0-dev", "libyaml-cpp-dev"):
        assert package in message


def configure(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["cmake", "-S", str(ROOT), "-B", str(folder), "-G", "Ninja", "-DDSBIND_PYTHON=OFF"]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=100)


@pytest.mark.usefixtures("tools_on_path")
class TestAbi:
    """Which version of the NvDs ABI is built for. native/abi checks the headers of each."""

    @pytest.mark.parametrize("by_tree", [False, True])
    def test_by_its_number_or_by_an_sdk(self, by_tree: bool, tmp_path: Path) -> None:
        (tmp_path / "sdk").mkdir()
        (tmp_path / "sdk/version").write_text("Version: 8.0\nBuild: 1\n")
        option = f"-DDEEPSTREAM_ROOT={tmp_path}/sdk" if by_tree else "-DDSBIND_ABI=8.0"
        done = configure(tmp_path / "build", option)
        assert done.returncode == 0, done.stderr
        assert "NvDs ABI: DeepStream 8.0" in done.stdout
        # What other projects build on says the same.
        header = tmp_path / "build/stage/dsbind/_native/include/dsbind_abi.h"
        assert "#define DSBIND_ABI 800\n" in header.read_text(encoding="utf-8")
        rules = (tmp_path / "build/build.ninja").read_text(encoding="utf-8")
        assert "deepstream-8.0.json" in rules and "deepstream-9.1.json" not in rules

    def test_what_is_none_is_told(self, tmp_path: Path) -> None:
        done = configure(tmp_path / "build", "-DDSBIND_ABI=6.2")
        assert done.returncode != 0
        assert "knows the ABI of DeepStream 7.1, 8.0, 9.0 and 9.1" in done.stderr

    def test_a_tree_without_a_version_is_told(self, tmp_path: Path) -> None:
        done = configure(tmp_path / "build", f"-DDEEPSTREAM_ROOT={tmp_path}")
        assert done.returncode != 0
        assert "There is no DeepStream SDK" in done.stderr


def test_the_list_of_packages_names_what_the_build_asks_for() -> None:
    listed = (ROOT / "packages.txt").read_text(encoding="utf-8")
    asked = (ROOT / "cmake" / "Dependencies.cmake").read_text(encoding="utf-8")
    packages = {
        word.strip(")") for word in asked.split() if word.startswith("lib") and "-dev" in word
    }
    assert packages
    for package in packages:
        assert f"\n{package}\n" in listed


def test_the_installed_package_holds_libraries_plugins_model_and_stubs() -> None:
    from dsbind import runtime

    libraries = Path(runtime.library_dir())
    for name in ("libnvds_meta.so", "libnvdsgst_meta.so", "libnvbufsurface.so"):
        assert (libraries / name).is_file()
    plugins = {path.name for path in Path(runtime.plugin_dir()).iterdir()}
    assert {"libgstnvstreammux.so", "libgstnvinfer.so", "libgstnvdsosd.so"} <= plugins
    package = ROOT / "dsbind"
    assert (package / "py.typed").is_file()
    assert (package / "data" / "street.onnx").stat().st_size > 1_000_000


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_shows_what_it_would_do_without_doing_it() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "pytest" in done.stdout
