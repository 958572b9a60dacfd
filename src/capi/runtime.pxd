# SPDX-License-Identifier: Apache-2.0
# What native/runtime/dsbind_runtime.h declares.

from dsbind.capi.glib cimport GError


cdef extern from "dsbind_runtime.h" nogil:
    ctypedef enum DsbindRuntimeError:
        DSBIND_RUNTIME_ERROR_CHOICE
        DSBIND_RUNTIME_ERROR_LOAD
        DSBIND_RUNTIME_ERROR_ABI
        DSBIND_RUNTIME_ERROR_PLUGIN

    ctypedef struct DsbindLibrary:
        const char *name
        const char *origin
        const char *path
        const char *error

    void dsbind_runtime_set_nvidia_dir(const char *dir)
    void dsbind_runtime_set_nvidia_packages(const char *dirs)
    bint dsbind_runtime_open(GError **error)
    const char *dsbind_runtime_origin()
    const DsbindLibrary *dsbind_runtime_libraries()
    const DsbindLibrary *dsbind_runtime_origins()
    void *dsbind_runtime_symbol(const char *name)
    const char *dsbind_runtime_library_dir()
    const char *dsbind_runtime_plugin_dir()
    bint dsbind_runtime_register_plugins(GError **error)
    void dsbind_runtime_set_onnxruntime(const char *path)
    const char *dsbind_runtime_onnxruntime()
