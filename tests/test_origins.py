# SPDX-License-Identifier: Apache-2.0
"""The SDK's and the wheel's libraries: where they are found, which elements win, what is said.

NVIDIA's own metadata libraries run without a GPU; in the trees made here the bundle's surface
libraries, which do too, stand beside them.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dsbind import runtime

WHEEL = "nvidia-deepstream-videodecode-cu13"
HAS_GPU = os.path.exists("/dev/nvidiactl")

# Opens the libraries, makes metadata by them, and says where things come from.
PROGRAM = """
from dsbind import gst, runtime
from dsbind.meta import BatchMetadata

runtime.open()
print("origin", runtime.origin())
for library in runtime.libraries():
    print(library["name"], library["origin"], library["path"])
with BatchMetadata.create(2) as batch:
    frame = batch.acquire_frame_meta(source_id=3)
    batch.append(frame)
    item = batch.acquire_object_meta()
    item.label = "car"
    frame.append(item)
    print("labels", [o.label for f in batch.frame_items for o in f.object_items])
gst.init()
for name in ("nvdsosd", "nvvideoconvert", "nvstreammux"):
    print(name, runtime.find_element(name))
"""

# Opens the libraries, or says why not.
OPEN = """
from dsbind import runtime
from dsbind.errors import RuntimeNotFoundError
try:
    runtime.open()
    print("origin", runtime.origin())
except RuntimeNotFoundError as error:
    print("error", error)
for origin in runtime.origins():
    print(origin["name"], origin["error"])
"""

PLUGIN = """
#include <gst/base/gstbasetransform.h>
typedef GstBaseTransform Mine;
typedef GstBaseTransformClass MineClass;
G_DEFINE_TYPE(Mine, mine, GST_TYPE_BASE_TRANSFORM)
static GstStaticPadTemplate sink =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static void mine_class_init(MineClass *klass) {
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  gst_element_class_add_static_pad_template(element, &sink);
  gst_element_class_add_static_pad_template(element, &src);
  gst_element_class_set_static_metadata(element, "of the SDK", "Filter", "of the SDK", "a test");
}
static void mine_init(Mine *self) { (void)self; }
static gboolean start(GstPlugin *plugin) {
  return gst_element_register(plugin, ELEMENT, GST_RANK_NONE, mine_get_type());
}
#define PACKAGE "test"
GST_PLUGIN_DEFINE(1, 20, NAME, "of the SDK", start, "1", "LGPL", "test", "https://example.org")
"""

VERSION = """
void nvds_version(unsigned *major, unsigned *minor) { *major = MAJOR; *minor = MINOR; }
void nvds_version_print(void) {}
void nvds_dependencies_version_print(void) {}
"""


def run(code: str, **environment: str) -> str:
    """What a program prints, in a process of its own: the choice is made once per process."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def compile_library(path: Path, source: str, *flags: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-x", "none", "-o", str(path), *flags]
    subprocess.run(command, input=source, text=True, check=True, timeout=60)
    return path


def wheel_folder() -> Path:
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        message = f"NVIDIA's libraries are missing: pip install --no-deps {WHEEL}"
        if os.environ.get("DSBIND_REQUIRE_NVIDIA_WHEEL") == "1":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    (found,) = (file for file in files if file.name == "libnvds_meta.so")
    return Path(found.locate()).resolve().parent


def fill(folder: Path) -> Path:
    """NVIDIA's metadata libraries and our surface libraries, in one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = wheel_folder()
    for name in ("libnvds_meta.so", "libnvdsgst_meta.so", "libnvdsgst_helper.so"):
        shutil.copy(wheel / name, folder)
    for name in ("libnvbufsurface.so", "libnvbufsurftransform.so"):
        shutil.copy(Path(runtime.library_dir(), name), folder)
    return folder


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """A tree laid out like the SDK."""
    fill(tmp_path / "deepstream/lib")
    return tmp_path / "deepstream"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A folder of Python packages with one laid out like NVIDIA's wheel."""
    for package in ("nvidia", "nvidia/deepstream_videodecode"):
        (tmp_path / "site" / package).mkdir(parents=True)
        (tmp_path / "site" / package / "__init__.py").touch()
    fill(tmp_path / "site/nvidia/deepstream_videodecode/_libs")
    return tmp_path / "site"


class TestSdk:
    def test_its_libraries_are_used_and_the_bundle_helps_out(self, sdk):
        out = run(PROGRAM, DSBIND_RUNTIME="sdk", DEEPSTREAM_ROOT=str(sdk))
        assert "origin sdk" in out
        assert "labels ['car']" in out
        for name in ("libnvds_meta.so", "libnvdsgst_meta.so", "libnvbufsurface.so"):
            assert f"{name} sdk {sdk}/lib/{name}\n" in out
        assert f"libnvds_utils.so bundled {runtime.library_dir()}" in out

    def test_its_elements_come_first(self, sdk):
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "gstreamer-base-1.0"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        # One file is named as the bundle's, one is not.
        for name, element in (("gstnvvideoconvert", "nvvideoconvert"), ("nvdsgst_osd", "nvdsosd")):
            defines = [f'-DELEMENT="{element}"', f"-DNAME={name.removeprefix('gst')}"]
            defines += [f"-DMine={element}Mine", f"-DMineClass={element}MineClass"]
            compile_library(sdk / f"lib/gst-plugins/lib{name}.so", PLUGIN, *defines, *flags)
        out = run(PROGRAM, DSBIND_RUNTIME="sdk", DEEPSTREAM_ROOT=str(sdk))
        assert f"nvvideoconvert {sdk}/lib/gst-plugins/libgstnvvideoconvert.so\n" in out
        assert f"nvdsosd {sdk}/lib/gst-plugins/libnvdsgst_osd.so\n" in out
        assert f"nvstreammux {runtime.plugin_dir()}" in out

    @pytest.mark.parametrize("version", [(9, 0), (9, 1)])
    def test_its_version_is_asked_for(self, sdk, version):
        major, minor = version
        path = compile_library(
            sdk / "lib/libnvds_utils.so", VERSION, f"-DMAJOR={major}", f"-DMINOR={minor}"
        )
        out = run(PROGRAM, DSBIND_RUNTIME="sdk", DEEPSTREAM_ROOT=str(sdk))
        assert f"libnvds_utils.so sdk {path}\n" in out

    @pytest.mark.parametrize(("major", "minor", "abi"), [(7, 1, "7.1"), (8, 0, "8.0")])
    def test_another_version_is_named_and_how_to_build_for_it(self, sdk, major, minor, abi):
        compile_library(
            sdk / "lib/libnvds_utils.so", VERSION, f"-DMAJOR={major}", f"-DMINOR={minor}"
        )
        out = run(OPEN, DSBIND_RUNTIME="sdk", DEEPSTREAM_ROOT=str(sdk))
        assert f"its ABI is DeepStream {abi}, dsbind was built for 9.1" in out
        assert f"-C cmake.define.DSBIND_ABI={abi}" in out

    def test_an_unknown_version_is_told(self, sdk):
        compile_library(sdk / "lib/libnvds_utils.so", VERSION, "-DMAJOR=6", "-DMINOR=2")
        out = run(OPEN, DSBIND_RUNTIME="sdk", DEEPSTREAM_ROOT=str(sdk))
        assert "its ABI is DeepStream 6.2, dsbind was built for 9.1, and knows 7.1, 8.0" in out

    @pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
    def test_without_a_gpu_it_is_used_only_when_named(self, sdk):
        out = run(OPEN, DSBIND_RUNTIME="auto", DEEPSTREAM_ROOT=str(sdk))
        assert "origin bundled" in out
        assert "sdk this machine has no NVIDIA GPU" in out

    def test_a_tree_without_surfaces_is_refused(self, sdk):
        (sdk / "lib/libnvbufsurface.so").unlink()
        out = run(OPEN, DSBIND_RUNTIME="sdk", DEEPSTREAM_ROOT=str(sdk))
        assert "error the sdk libraries cannot be used" in out
        assert "libnvbufsurface.so" in out


class TestWheel:
    def test_its_libraries_are_used(self, wheel):
        out = run(PROGRAM, DSBIND_RUNTIME="nvidia", PYTHONPATH=str(wheel))
        folder = wheel / "nvidia/deepstream_videodecode/_libs"
        assert "origin nvidia" in out
        assert "labels ['car']" in out
        assert f"libnvdsgst_helper.so nvidia {folder}/libnvdsgst_helper.so" in out
        # This tree has no plugins.
        assert f"nvvideoconvert {runtime.plugin_dir()}" in out

    def test_its_decoder_finds_its_driver(self, wheel):
        code = PROGRAM + "import ctypes\n"
        code += "getenv = ctypes.CDLL(None).getenv\ngetenv.restype = ctypes.c_char_p\n"
        code += "print('plugins', getenv(b'LIBV4L2_PLUGIN_DIR').decode())"
        folder = wheel / "nvidia/deepstream_videodecode/_libs/v4l_plugins"
        assert f"plugins {folder}\n" in run(code, DSBIND_RUNTIME="nvidia", PYTHONPATH=str(wheel))

    def test_its_version_is_in_its_name(self, wheel):
        (wheel / "nvidia_deepstream_videodecode_cu13-8.0.3.dist-info").mkdir()
        out = run(OPEN, DSBIND_RUNTIME="nvidia", PYTHONPATH=str(wheel))
        assert "its ABI is DeepStream 8.0, dsbind was built for 9.1" in out

    def test_what_it_needs_of_cuda_comes_from_the_packages(self, wheel):
        libraries = wheel / "nvidia/deepstream_videodecode/_libs"
        cuda = compile_library(
            wheel / "nvidia/cu13/lib/libcudart.so.99",
            "int cuda_started(void) { return 1; }",
            "-Wl,-soname,libcudart.so.99",
        )
        # A library that is there, needing that one.
        (libraries / "libnvdsgst_meta.so").rename(libraries / "libreal.so")
        compile_library(
            libraries / "libnvdsgst_meta.so",
            "int cuda_started(void); int (*needed)(void) = cuda_started;",
            "-Wl,--no-as-needed",
            str(cuda),
            f"-L{libraries}",
            "-l:libreal.so",
            "-Wl,-rpath,$ORIGIN",
        )
        out = run(PROGRAM, DSBIND_RUNTIME="nvidia", PYTHONPATH=str(wheel))
        assert "origin nvidia" in out
        shutil.rmtree(wheel / "nvidia/cu13")
        out = run(OPEN, DSBIND_RUNTIME="nvidia", PYTHONPATH=str(wheel))
        assert "libnvdsgst_meta.so needs libcudart.so.99, which is not here" in out
        assert "pip install nvidia-cuda-runtime" in out

    def test_where_it_is_not_installed_the_command_is_told(self, tmp_path):
        (tmp_path / "nvidia").mkdir()
        (tmp_path / "nvidia/__init__.py").touch()
        out = run(OPEN, DSBIND_RUNTIME="nvidia", PYTHONPATH=str(tmp_path))
        assert 'pip install "dsbind[nvidia]"' in out

    @pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
    def test_without_a_gpu_the_bundle_is_taken(self):
        wheel_folder()
        out = run(OPEN, DSBIND_RUNTIME="auto")
        assert "origin bundled" in out
        assert "nvidia this machine has no NVIDIA GPU" in out

    @pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
    def test_named_without_a_driver_it_says_what_is_missing(self):
        wheel_folder()
        out = run(OPEN, DSBIND_RUNTIME="nvidia")
        assert "error the nvidia libraries cannot be used: libnvbufsurface.so needs lib" in out
        assert "which is not here: " in out
        assert "dsbind doctor" in out


def test_the_extra_brings_what_the_wheel_needs():
    needed = importlib.metadata.requires("dsbind") or []
    extra = {line.split(";")[0].strip().split(">")[0] for line in needed if "nvidia" in line}
    assert {WHEEL, "nvidia-npp", "nvidia-cuda-runtime", "cuda-python"} <= extra
