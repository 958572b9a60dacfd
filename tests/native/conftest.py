"""Builds the native test programs once a session, plain and with sanitizers."""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def find_tool(name: str) -> str:
    beside_python = Path(sys.prefix, "bin", name)
    tool = str(beside_python) if beside_python.exists() else shutil.which(name)
    if not tool:
        pytest.fail(f"{name} is not installed: pip install {name}")
    return tool


@dataclass(frozen=True)
class NativeBuild:
    """One build of the native tree: its test programs, the libraries and plugins they use."""

    path: Path

    @property
    def tests(self) -> Path:
        return self.path / "tests"

    @property
    def lib(self) -> Path:
        return self.path / "stage/dsbind/_native/lib"

    @property
    def plugins(self) -> Path:
        return self.path / "stage/dsbind/_native/plugins"

    def environment(self, **extra: str) -> dict[str, str]:
        """The environment for a program: these plugins, and a registry of its own."""
        return {
            **os.environ,
            "GST_PLUGIN_PATH": str(self.plugins),
            "GST_REGISTRY": str(self.path / "registry.bin"),
            **extra,
        }

    def ctest(self, *arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        command = [find_tool("ctest"), "--test-dir", str(self.path), *arguments]
        return subprocess.run(
            command, env=self.environment(**extra), capture_output=True, text=True
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of each kind builds: on a busy machine that takes minutes."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(900))


def build(name: str, *options: str) -> NativeBuild:
    path = ROOT / "build" / name
    path.mkdir(parents=True, exist_ok=True)
    configure = [
        find_tool("cmake"),
        *("-S", str(ROOT), "-B", str(path), "-G", "Ninja"),
        f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}",
        f"-DPython_EXECUTABLE={sys.executable}",
        "-DDSBIND_PYTHON=OFF",
        "-DDSBIND_NATIVE_TESTS=ON",
        "-DDSBIND_WERROR=ON",
        *options,
    ]
    # Several pytest workers share the build.
    with open(path / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (configure, [find_tool("cmake"), "--build", str(path)]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                pytest.fail(f"{' '.join(command)}\n{done.stdout}{done.stderr}", pytrace=False)
    return NativeBuild(path)


@pytest.fixture(scope="session")
def native_build() -> NativeBuild:
    return build("native-tests")


@pytest.fixture(scope="session")
def native_build_sanitized() -> NativeBuild:
    # -O1 compiles in half the time, and reports still name the line.
    return build(
        "native-tests-asan",
        "-DDSBIND_SANITIZE=address,undefined",
        "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -g1",
        "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1",
    )
