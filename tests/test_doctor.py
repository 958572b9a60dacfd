# SPDX-License-Identifier: Apache-2.0
"""`dsbind doctor`: what it finds, and what it says when something is missing."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys

import pytest

from dsbind import doctor


@pytest.fixture(scope="module")
def found():
    return doctor.report()


def test_the_report_names_what_matters(found):
    assert found["python"]["path"] == sys.executable
    assert found["gstreamer"]["version"].startswith("1.")
    assert found["origin"] in ("sdk", "nvidia", "bundled")
    assert os.path.isdir(found["plugin_path"])
    assert found["onnxruntime"]["path"]
    assert "CPUExecutionProvider" in found["onnxruntime"]["providers"]


def test_every_library_and_element_has_an_origin_and_a_path(found):
    names = {item["name"] for item in found["elements"]}
    assert set(doctor.ELEMENTS) <= names
    for item in [*found["libraries"], *found["elements"]]:
        if item["error"] is None:
            assert item["origin"] in ("sdk", "nvidia", "bundled", "system"), item
            assert os.path.exists(item["path"]), item


def test_our_elements_are_there(found):
    ours = [item for item in found["elements"] if item["name"] in doctor.ELEMENTS]
    assert [item["name"] for item in ours if item["error"]] == []


def test_the_table_shows_every_element(found, capsys):
    status = doctor.run()
    printed = capsys.readouterr().out
    for name in (*doctor.ELEMENTS, "GStreamer", "GST_PLUGIN_PATH", "libnvds_meta.so"):
        assert name in printed
    assert status == (0 if found["ok"] else 1)


def test_json_is_the_report(found, capsys):
    doctor.run(json=True)
    assert json.loads(capsys.readouterr().out) == found


def test_the_command_is_the_function():
    result = subprocess.run(
        [sys.executable, "-m", "dsbind", "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    report = json.loads(result.stdout)
    assert result.returncode == (0 if report["ok"] else 1)


def test_a_missing_element_comes_with_its_package(monkeypatch, capsys):
    monkeypatch.setitem(doctor.SYSTEM_ELEMENTS, "nosuchdec", ("gstreamer1.0-nosuch", "decoding X"))
    assert doctor.run() == 1
    printed = capsys.readouterr().out
    assert "MISSING: nosuchdec (for decoding X)" in printed
    assert "apt-get install gstreamer1.0-nosuch" in printed
    assert "cannot be used" in printed


def test_an_optional_element_does_not_fail(monkeypatch, found, capsys):
    monkeypatch.setitem(doctor.OPTIONAL_ELEMENTS, "nosuchsink", ("gstreamer1.0-nosuch", "Y"))
    assert doctor.run() == (0 if found["ok"] else 1)
    assert "optional: nosuchsink" in capsys.readouterr().out


def test_a_choice_that_cannot_be_met_is_told():
    result = subprocess.run(
        [sys.executable, "-m", "dsbind", "doctor"],
        env={**os.environ, "DSBIND_RUNTIME": "sdk", "DEEPSTREAM_ROOT": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "the sdk libraries cannot be used: not installed in /nonexistent: " in result.stdout
    assert "unset DSBIND_RUNTIME" in result.stdout


@pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="there is a GPU")
def test_what_nvidias_libraries_lack_is_told_with_its_command():
    result = subprocess.run(
        [sys.executable, "-m", "dsbind", "doctor"],
        env={**os.environ, "DSBIND_RUNTIME": "nvidia"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    missing = result.stdout[result.stdout.index("MISSING: the native libraries") :]
    assert "install the NVIDIA driver" in missing or "pip install" in missing


def test_an_element_tells_the_origin_of_its_plugin(tmp_path):
    folders = {"bundled": "/b/plugins", "nvidia": "/n/_libs", "sdk": "/s/lib"}
    for origin, folder in folders.items():
        item = doctor._element("x", lambda name: f"{folder}/libgstx.so", folders)  # noqa: B023
        assert item["origin"] == origin
    assert doctor._element("x", lambda name: "/usr/lib/libgstx.so", folders)["origin"] == "system"


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libgstreamer-1.0.so.0", "libgstreamer1.0-0"),
        ("libgstpbutils-1.0.so.0", "libgstreamer-plugins-base1.0-0"),
        ("libglib-2.0.so.0", "libglib2.0-0"),
    ],
)
def test_without_gstreamer_it_still_reports(monkeypatch, capsys, library, package):
    real_import = builtins.__import__

    def without_gstreamer(name, globals=None, locals=None, fromlist=(), level=0):
        if name == "dsbind" and {"gst", "runtime"} & set(fromlist or ()):
            raise ImportError(f"{library}: cannot open shared object file: No such file")
        return real_import(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", without_gstreamer)
    assert doctor.run() == 1
    printed = capsys.readouterr().out
    assert f"MISSING: {library}" in printed
    assert f"apt-get install {package}" in printed
