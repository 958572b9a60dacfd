# SPDX-License-Identifier: Apache-2.0
"""Which libraries are opened, and what is said when none can be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsbind import runtime


def python(code, **environment):
    """Run code in a process of its own: the choice of libraries is made once per process."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_opening_twice_is_fine():
    runtime.open()
    runtime.open()
    assert runtime.origin() in ("sdk", "nvidia", "bundled")


def test_every_library_is_there():
    runtime.open()
    libraries = runtime.libraries()
    names = {library["name"] for library in libraries}
    assert {"libnvds_meta.so", "libnvdsgst_meta.so", "libnvbufsurface.so"} <= names
    for library in libraries:
        assert os.path.isabs(library["path"])
        assert os.path.exists(library["path"])
        assert library["error"] is None


def test_every_origin_is_told():
    runtime.open()
    origins = {origin["name"]: origin for origin in runtime.origins()}
    assert set(origins) == {"sdk", "nvidia", "bundled"}
    assert origins[runtime.origin()]["error"] is None


def test_folders_exist():
    assert Path(runtime.library_dir(), "libdsbind_runtime.so").is_file()
    assert os.path.isabs(runtime.plugin_dir())


def test_nothing_is_opened_by_the_import():
    result = python("from dsbind import runtime; print(runtime.origin(), runtime.libraries())")
    assert result.stdout == "None []\n", result.stderr


def test_the_bundle_can_be_chosen():
    result = python(
        "from dsbind import runtime; runtime.open(); print(runtime.origin())",
        DSBIND_RUNTIME="bundled",
    )
    assert result.stdout == "bundled\n", result.stderr


def test_an_unknown_choice_is_a_config_error():
    code = """
from dsbind import runtime
from dsbind.errors import ConfigError
try:
    runtime.open()
except ConfigError as error:
    print(error)
"""
    result = python(code, DSBIND_RUNTIME="bundeld")
    assert "DSBIND_RUNTIME=bundeld" in result.stdout
    assert "bundled" in result.stdout


def test_an_sdk_that_is_not_there_is_told(tmp_path):
    code = """
from dsbind.errors import RuntimeNotFoundError
from dsbind.meta import BatchMetadata
try:
    BatchMetadata.create()
except RuntimeNotFoundError as error:
    print(error)
"""
    result = python(code, DSBIND_RUNTIME="sdk", DEEPSTREAM_ROOT=str(tmp_path / "none"))
    assert "sdk" in result.stdout
    assert "not installed" in result.stdout
    assert "dsbind doctor" in result.stdout
    assert result.returncode == 0, result.stderr


def test_onnxruntime_is_found_without_importing_it():
    pytest.importorskip("onnxruntime")
    code = """
import sys
from dsbind import runtime
print(runtime.onnxruntime())
assert "onnxruntime" not in sys.modules
"""
    result = python(code)
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).name.startswith("libonnxruntime.so")


def test_onnxruntime_can_be_named():
    result = python(
        "from dsbind import runtime; print(runtime.onnxruntime())",
        DSBIND_ONNXRUNTIME="/somewhere/libonnxruntime.so",
    )
    assert result.stdout == "/somewhere/libonnxruntime.so\n"


def test_elements_tell_their_plugin():
    from dsbind import gst

    gst.init()
    assert runtime.find_element("fakesink").endswith(".so")
    assert runtime.find_element("nosuchelement") is None
