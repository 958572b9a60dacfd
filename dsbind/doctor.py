# SPDX-License-Identifier: Apache-2.0
"""`dsbind doctor`: what is here, where it comes from, and how to get what is missing."""

from __future__ import annotations

import ctypes
import importlib
import json as jsonlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dsbind
from dsbind.errors import Error

__all__ = ["report", "run"]

ELEMENTS = (
    "nvurisrcbin",
    "nvmultiurisrcbin",
    "nvdsdynamicsrcbin",
    "nvv4l2decoder",
    "nvstreammux",
    "nvstreamdemux",
    "nvvideoconvert",
    "nvinfer",
    "nvsegvisual",
    "nvtracker",
    "nvtrackerbin",
    "nvmultistreamtiler",
    "nvdsosd",
    "nvosdbin",
    "nvv4l2h264enc",
    "nvv4l2h265enc",
    "nvv4l2av1enc",
    "nvjpegenc",
    "nvrtspoutsinkbin",
    "nveglglessink",
)

# Elements of GStreamer: the Debian package, and what they are for. The first group is needed.
SYSTEM_ELEMENTS = {
    "fakesink": ("libgstreamer1.0-0", "RenderMode.DISCARD"),
    "filesrc": ("libgstreamer1.0-0", "reading files"),
    "queue": ("libgstreamer1.0-0", "every pipeline"),
    "uridecodebin": ("gstreamer1.0-plugins-base", "reading sources"),
    "videoconvert": ("gstreamer1.0-plugins-base", "converting video"),
    "qtdemux": ("gstreamer1.0-plugins-good", "reading mp4"),
    "mp4mux": ("gstreamer1.0-plugins-good", "writing mp4"),
    "h264parse": ("gstreamer1.0-plugins-bad", "reading and writing H.264"),
    "avdec_h264": ("gstreamer1.0-libav", "decoding H.264"),
    "x264enc": ("gstreamer1.0-plugins-ugly", "encoding H.264"),
}
OPTIONAL_ELEMENTS = {
    "avdec_h265": ("gstreamer1.0-libav", "decoding H.265"),
    "avidemux": ("gstreamer1.0-plugins-good", "reading avi"),
    "matroskademux": ("gstreamer1.0-plugins-good", "reading mkv and webm"),
    "souphttpsrc": ("gstreamer1.0-plugins-good", "reading http"),
    "rtspsrc": ("gstreamer1.0-plugins-good", "reading rtsp"),
    "rtph264pay": ("gstreamer1.0-plugins-good", "serving rtsp and udp"),
    "x265enc": ("gstreamer1.0-plugins-bad", "encoding H.265"),
    "av1enc": ("gstreamer1.0-plugins-bad", "encoding AV1"),
    "jpegenc": ("gstreamer1.0-plugins-good", "encoding JPEG"),
    "jpegdec": ("gstreamer1.0-plugins-good", "decoding JPEG"),
    "ximagesink": ("gstreamer1.0-x", "RenderMode.DISPLAY"),
}

# Libraries that the native modules cannot be loaded without: the start of a name, and its package.
PACKAGE_OF_LIBRARY = (
    ("libgstvideo", "libgstreamer-plugins-base1.0-0"),
    ("libgstapp", "libgstreamer-plugins-base1.0-0"),
    ("libgstpbutils", "libgstreamer-plugins-base1.0-0"),
    ("libgstrtspserver", "libgstrtspserver-1.0-0"),
    ("libgst", "libgstreamer1.0-0"),
    ("libglib", "libglib2.0-0"),
    ("libgobject", "libglib2.0-0"),
    ("libyuv", "libyuv0"),
    ("libpango", "libpangocairo-1.0-0"),
    ("libcairo", "libcairo2"),
    ("libyaml-cpp", "libyaml-cpp-dev"),
)

Item = dict[str, Any]


def report() -> Item:
    """Collect what `dsbind doctor --json` prints.

    Returns
    -------
    dict
        "ok" says whether dsbind can be used; "missing" lists what is not there: dicts of what,
        needed, why and command.
    """
    missing: list[Item] = []
    native = _native(missing)
    found: Item = {
        "ok": False,
        "dsbind": {"version": dsbind.__version__, "path": str(Path(dsbind.__file__).parent)},
        "python": {"version": platform.python_version(), "path": sys.executable},
        "system": {"name": _system_name(), "machine": platform.machine()},
        **native,
        "gpu": _gpu(),
        "display": os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or "none",
        "onnxruntime": _onnxruntime(missing),
        "missing": missing,
    }
    if shutil.which("dot") is None:
        purpose = "for pictures of pipelines: graph().svg, `dsbind graph`"
        missing.append(_missing("dot", False, purpose, _install("graphviz")))
    found["ok"] = not any(item["needed"] for item in missing)
    return found


def run(json: bool = False) -> int:
    """Print the report; return 0 when dsbind can be used, 1 when something needed is missing."""
    found = report()
    print(jsonlib.dumps(found, indent=2) if json else _table(found))
    return 0 if found["ok"] else 1


def _native(missing: list[Item]) -> Item:
    """What the native modules tell; where they do not load, why."""
    found: Item = {
        "gstreamer": {"version": None, "error": None},
        "origin": None,
        "origins": [],
        "libraries": [],
        "elements": [],
        "plugin_path": None,
    }
    try:
        from dsbind import gst, runtime
    except ImportError as error:
        found["gstreamer"]["error"] = str(error)
        missing.append(_missing_library(str(error)))
        return found

    found["gstreamer"]["version"] = gst.version().removeprefix("GStreamer ")
    found["plugin_path"] = runtime.plugin_dir()
    problem = _error_of(runtime.open)
    found.update(origin=runtime.origin(), origins=runtime.origins(), libraries=runtime.libraries())
    if problem:
        chosen = "DSBIND_RUNTIME" in os.environ
        command = "unset DSBIND_RUNTIME" if chosen else _reinstall()
        missing.append(_missing("the native libraries", True, problem, command))
        return found

    problem = _error_of(gst.init)
    if problem:
        missing.append(_missing("GStreamer", True, problem, _reinstall()))
    folders = {item["name"]: item["path"] for item in runtime.origins() if item["path"]}
    folders["bundled"] = runtime.plugin_dir()
    for name in ELEMENTS:
        item = _element(name, runtime.find_element, folders)
        found["elements"].append(item)
        if item["error"]:
            missing.append(_missing(name, True, item["error"], _reinstall()))
    for needed, names in ((True, SYSTEM_ELEMENTS), (False, OPTIONAL_ELEMENTS)):
        for name, (package, purpose) in names.items():
            item = _element(name, runtime.find_element, folders)
            found["elements"].append(item)
            if item["error"]:
                missing.append(_missing(name, needed, f"for {purpose}", _install(package)))
    return found


def _element(name: str, find: Callable[[str], str | None], folders: dict[str, str]) -> Item:
    """Where an element comes from; `folders` are those of plugins, by their origin."""
    path = find(name)
    if path is None:
        return {
            "name": name,
            "origin": None,
            "path": None,
            "error": _why_not(Path(folders["bundled"], f"libgst{name}.so")),
        }
    origin = "system"
    for owner, folder in folders.items():
        if path.startswith(f"{folder}/"):
            origin = owner
    return {"name": name, "origin": origin, "path": path, "error": None}


def _why_not(plugin: Path) -> str:
    """Why GStreamer knows no element of a bundled plugin; it keeps that to itself."""
    if not plugin.exists():
        return "not installed"
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        return str(error)
    return f"GStreamer refuses {plugin}; `gst-inspect-1.0 {plugin}` tells why"


def _gpu() -> Item:
    """The NVIDIA GPUs that the driver offers."""
    found: Item = {"driver": None, "names": [], "error": None}
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        found["error"] = "no NVIDIA driver"
        return found
    code = cuda.cuInit(0)
    if code != 0:
        found["error"] = f"cuInit returned {code}"
        return found
    number = ctypes.c_int()
    if cuda.cuDriverGetVersion(ctypes.byref(number)) == 0:
        found["driver"] = f"CUDA {number.value // 1000}.{number.value % 1000 // 10}"
    count = ctypes.c_int()
    cuda.cuDeviceGetCount(ctypes.byref(count))
    name = ctypes.create_string_buffer(256)
    for index in range(count.value):
        device = ctypes.c_int()
        if cuda.cuDeviceGet(ctypes.byref(device), index) == 0:
            cuda.cuDeviceGetName(name, len(name), device)
            found["names"].append(name.value.decode("utf-8", "replace"))
    return found


def _onnxruntime(missing: list[Item]) -> Item:
    found: Item = {"version": None, "path": None, "providers": [], "error": None}
    try:
        module = importlib.import_module("onnxruntime")
        found["version"] = module.__version__
        found["providers"] = list(module.get_available_providers())
    except ImportError as error:
        found["error"] = str(error)
    try:
        from dsbind import runtime

        found["path"] = runtime.onnxruntime()
    except ImportError:
        # The library of native code that failed to load is reported already.
        return found
    if not found["path"]:
        missing.append(
            _missing("ONNX Runtime", True, "for nvinfer", f"{_pip()} install onnxruntime")
        )
    return found


def _missing(what: str, needed: bool, why: str, command: str) -> Item:
    return {"what": what, "needed": needed, "why": why, "command": command}


def _missing_library(error: str) -> Item:
    match = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object", error)
    name = match.group(1) if match else ""
    for start, package in PACKAGE_OF_LIBRARY:
        if name.startswith(start):
            return _missing(name, True, error, _install(package))
    return _missing(name or "the native modules", True, error, _reinstall())


def _error_of(call: Callable[[], None]) -> str | None:
    try:
        call()
    except Error as error:
        # Errors name this command as the next step; here it is being taken.
        return str(error).partition(". `dsbind doctor`")[0]
    return None


def _install(package: str) -> str:
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install {package}"


def _pip() -> str:
    return f"{sys.executable} -m pip"


def _reinstall() -> str:
    return f"{_pip()} install --force-reinstall dsbind"


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _table(found: Item) -> str:
    """The report for a reader."""
    gpu, ort, gst = found["gpu"], found["onnxruntime"], found["gstreamer"]
    driver = f" ({gpu['driver']})" if gpu["driver"] else ""
    providers = ", ".join(name.removesuffix("ExecutionProvider") for name in ort["providers"])
    blocks = [
        [
            ("dsbind", found["dsbind"]["version"], found["dsbind"]["path"]),
            ("Python", found["python"]["version"], found["python"]["path"]),
            ("system", found["system"]["machine"], found["system"]["name"]),
            ("GStreamer", gst["version"] or "missing", gst["error"] or ""),
            ("ONNX Runtime", ort["version"] or "missing", ort["path"] or ort["error"] or ""),
            ("", providers, ""),
            ("GPU", (", ".join(gpu["names"]) or "none") + driver, gpu["error"] or ""),
            ("display", found["display"], ""),
            ("origin", found["origin"] or "none", ""),
        ],
        [("LIBRARY", "ORIGIN", "PATH")]
        + [(item["name"], item["origin"], item["path"]) for item in found["libraries"]],
        [("ELEMENT", "ORIGIN", "PATH")]
        + [
            (item["name"], item["origin"] or "missing", item["path"] or item["error"] or "")
            for item in found["elements"]
        ],
        [("NOT USED", "", "WHY")]
        + [(item["name"], "", item["error"]) for item in found["origins"] if item["error"]],
    ]
    first = max(len(row[0]) for block in blocks for row in block)
    second = max(len(row[1]) for block in blocks[1:] for row in block)
    lines = []
    for block in blocks:
        if len(block) < 2:
            continue
        for name, middle, last in block:
            if name or middle or last:
                lines.append(f"{name:{first}}  {middle:{second}}  {last}".rstrip())
        lines.append("")
    if found["plugin_path"]:
        lines += [
            "For gst-launch-1.0 and gst-inspect-1.0:",
            f"  export GST_PLUGIN_PATH={found['plugin_path']}",
            "",
        ]
    for item in found["missing"]:
        kind = "MISSING" if item["needed"] else "optional"
        lines += [f"{kind}: {item['what']} ({item['why']})", f"  {item['command']}"]
    lines.append("dsbind is ready." if found["ok"] else "dsbind cannot be used yet, see above.")
    return "\n".join(lines)
