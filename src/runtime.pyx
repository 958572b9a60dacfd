# SPDX-License-Identifier: Apache-2.0
"""Where the native libraries come from: the DeepStream SDK, NVIDIA's wheel or the bundle.

The first use of metadata or surfaces opens them. `DSBIND_RUNTIME=auto|sdk|nvidia|bundled` chooses.
"""

from dsbind.capi.glib cimport GError, g_error_free
from dsbind.capi.gst cimport (
    GstElementFactory,
    GstPlugin,
    GstPluginFeature,
    gst_element_factory_find,
    gst_object_unref,
    gst_plugin_feature_get_plugin,
    gst_plugin_feature_load,
    gst_plugin_get_filename,
)
from dsbind.capi.runtime cimport (
    DSBIND_RUNTIME_ERROR_CHOICE,
    DsbindLibrary,
    dsbind_runtime_libraries,
    dsbind_runtime_library_dir,
    dsbind_runtime_onnxruntime,
    dsbind_runtime_open,
    dsbind_runtime_origin,
    dsbind_runtime_origins,
    dsbind_runtime_plugin_dir,
    dsbind_runtime_set_nvidia_dir,
    dsbind_runtime_set_nvidia_packages,
    dsbind_runtime_set_onnxruntime,
)

import importlib.machinery
import os
import pathlib
import sys

from dsbind.errors import ConfigError, RuntimeNotFoundError

__all__ = ("find_element", "library_dir", "libraries", "onnxruntime", "open", "origin", "origins",
           "plugin_dir")

cdef bint opened = False
cdef bint told = False


def open():
    """Open the libraries of the first origin that fits. Later calls do nothing.

    Raises
    ------
    ConfigError
        DSBIND_RUNTIME names no origin.
    RuntimeNotFoundError
        The libraries cannot be used here.
    """
    global opened
    cdef GError *error = NULL
    cdef bint ok
    if opened:
        return
    tell()
    with nogil:
        ok = dsbind_runtime_open(&error)
    if not ok:
        raise_error(error)
    opened = True


def origin():
    """Return which origin was opened: "sdk", "nvidia" or "bundled"; None before `open()`."""
    return text(dsbind_runtime_origin())


def libraries():
    """List the libraries in use: dicts of name, origin, path and error. Empty before `open()`."""
    return listed(dsbind_runtime_libraries())


def origins():
    """List the origins, with the reason why each one that is not used is not (`error`)."""
    return listed(dsbind_runtime_origins())


def library_dir():
    """Return the folder of the bundled libraries."""
    return text(dsbind_runtime_library_dir())


def plugin_dir():
    """Return the folder of the bundled GStreamer plugins, a value for GST_PLUGIN_PATH."""
    return text(dsbind_runtime_plugin_dir())


def find_element(str name not None):
    """Return the plugin file of a GStreamer element, "" for one without a file.

    None when there is no such element or its plugin does not load. GStreamer has been started.
    """
    cdef bytes key = name.encode()
    cdef const char *key_c = key
    cdef GstElementFactory *factory
    cdef GstPluginFeature *loaded = NULL
    cdef GstPlugin *plugin
    with nogil:
        factory = gst_element_factory_find(key_c)
        if factory != NULL:
            loaded = gst_plugin_feature_load(<GstPluginFeature *>factory)
            gst_object_unref(factory)
    if loaded == NULL:
        return None
    plugin = gst_plugin_feature_get_plugin(loaded)
    path = None if plugin == NULL else text(gst_plugin_get_filename(plugin))
    if plugin != NULL:
        gst_object_unref(plugin)
    gst_object_unref(loaded)
    return path or ""


def onnxruntime():
    """Return the path of the ONNX Runtime library; None when it is not installed."""
    tell()
    return text(dsbind_runtime_onnxruntime())


cdef void tell():
    """Tell the native side what only Python knows: where packages are installed."""
    global told
    if told:
        return
    nvidia = find_nvidia()
    dsbind_runtime_set_nvidia_dir(os.fsencode(nvidia or ""))
    # A relative one leads nowhere after a change, or the removal, of the working directory.
    packages = [os.path.join(path, "nvidia") for path in sys.path if os.path.isabs(path)]
    dsbind_runtime_set_nvidia_packages(b":".join([os.fsencode(path) for path in packages]))
    if not os.environ.get("DSBIND_ONNXRUNTIME"):
        library = find_onnxruntime()
        if library:
            dsbind_runtime_set_onnxruntime(os.fsencode(library))
    told = True


cdef object find_nvidia():
    """The folder of NVIDIA's libraries."""
    for folder in _package_folders("nvidia", "deepstream_videodecode"):
        libraries = pathlib.Path(folder, "_libs")
        if (libraries / "libnvds_meta.so").is_file():
            return str(libraries.resolve())
    return None


cdef object find_onnxruntime():
    """The library in the onnxruntime package."""
    for folder in _package_folders("onnxruntime"):
        found = sorted(pathlib.Path(folder, "capi").glob("libonnxruntime.so*"))
        if found:
            return str(found[0])
    return None


def _package_folders(*names):
    """Where a package lies. It is not imported: that loads all of it, and CUDA."""
    folders = None
    for name in names:
        spec = importlib.machinery.PathFinder.find_spec(name, folders)
        folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders


cdef int raise_error(GError *error) except -1:
    cdef object message = "the native libraries cannot be opened"
    cdef int code = -1
    if error != NULL:
        message = error.message.decode("utf-8", "replace")
        code = error.code
        g_error_free(error)
    if code == DSBIND_RUNTIME_ERROR_CHOICE:
        raise ConfigError(message)
    raise RuntimeNotFoundError(f"{message}. `dsbind doctor` shows what is missing")


cdef list listed(const DsbindLibrary *item):
    cdef list found = []
    while item.name != NULL:
        found.append({"name": text(item.name), "origin": text(item.origin),
                      "path": text(item.path), "error": text(item.error)})
        item += 1
    return found


cdef object text(const char *value):
    return None if value == NULL else os.fsdecode(value)
