# SPDX-License-Identifier: Apache-2.0
"""The native names of NVIDIA's package, which programs import for type checks, as dsbind's."""

import importlib

import dsbind

_HOMES = ("meta", "messages", "tensor", "buffer", "buffers", "pipeline", "signal", "utils", "osd")


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    if name in dsbind.__all__:
        return getattr(dsbind, name)
    for home in _HOMES:
        module = importlib.import_module(f"dsbind.{home}")
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
