# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DeepStream's Flow API for Python, over the native NvDs C API, with or without a GPU.

Importing this package starts nothing and loads no native library: a name is fetched when it is
first used, and GStreamer starts with the first pipeline. Programs may fork until then.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsbind import buffer as buffer
    from dsbind import gst as gst
    from dsbind import meta as meta
    from dsbind import osd as osd
    from dsbind import runtime as runtime
    from dsbind import signal as signal
    from dsbind import surface as surface
    from dsbind import tensor as tensor
    from dsbind import utils as utils
    from dsbind.buffer import Buffer as Buffer
    from dsbind.buffers import ArrayPool as ArrayPool
    from dsbind.buffers import BufferProvider as BufferProvider
    from dsbind.buffers import BufferRetriever as BufferRetriever
    from dsbind.buffers import Feeder as Feeder
    from dsbind.buffers import Receiver as Receiver
    from dsbind.building import get_cmake_dir as get_cmake_dir
    from dsbind.building import get_include as get_include
    from dsbind.building import get_pkgconfig_dir as get_pkgconfig_dir
    from dsbind.compat import as_pyservicemaker as as_pyservicemaker
    from dsbind.errors import ArgumentTypeError as ArgumentTypeError
    from dsbind.errors import ConfigError as ConfigError
    from dsbind.errors import ConfiguredFileError as ConfiguredFileError
    from dsbind.errors import ConfigWarning as ConfigWarning
    from dsbind.errors import CudaError as CudaError
    from dsbind.errors import DisplayError as DisplayError
    from dsbind.errors import Error as Error
    from dsbind.errors import FlowError as FlowError
    from dsbind.errors import LinkError as LinkError
    from dsbind.errors import MissingElementError as MissingElementError
    from dsbind.errors import MissingFileError as MissingFileError
    from dsbind.errors import NativeProbeError as NativeProbeError
    from dsbind.errors import OutputError as OutputError
    from dsbind.errors import PipelineFileError as PipelineFileError
    from dsbind.errors import ProbeError as ProbeError
    from dsbind.errors import RuntimeNotFoundError as RuntimeNotFoundError
    from dsbind.errors import SourceError as SourceError
    from dsbind.errors import StaleMetadataError as StaleMetadataError
    from dsbind.errors import StateError as StateError
    from dsbind.errors import StopTimeoutError as StopTimeoutError
    from dsbind.errors import StreamError as StreamError
    from dsbind.errors import UnknownPropertyWarning as UnknownPropertyWarning
    from dsbind.errors import UnsupportedError as UnsupportedError
    from dsbind.flow import Flow as Flow
    from dsbind.flow import MediaType as MediaType
    from dsbind.flow import RenderMode as RenderMode
    from dsbind.flow import StreamInfo as StreamInfo
    from dsbind.messages import DynamicSourceMessage as DynamicSourceMessage
    from dsbind.messages import EOSMessage as EOSMessage
    from dsbind.messages import PipelineMessage as PipelineMessage
    from dsbind.messages import PipelineState as PipelineState
    from dsbind.messages import SourceStateMessage as SourceStateMessage
    from dsbind.messages import StateTransitionMessage as StateTransitionMessage
    from dsbind.node import Node as Node
    from dsbind.pipeline import Pipeline as Pipeline
    from dsbind.probes import BatchMetadataOperator as BatchMetadataOperator
    from dsbind.probes import BufferObserver as BufferObserver
    from dsbind.probes import BufferOperator as BufferOperator
    from dsbind.probes import Probe as Probe
    from dsbind.registry import CommonFactory as CommonFactory
    from dsbind.registry import probe as probe
    from dsbind.registry import register_probe as register_probe
    from dsbind.source_config import RecordConfig as RecordConfig
    from dsbind.source_config import SensorInfo as SensorInfo
    from dsbind.source_config import SmartRecordConfig as SmartRecordConfig
    from dsbind.source_config import SourceConfig as SourceConfig
    from dsbind.surface import ColorFormat as ColorFormat
    from dsbind.tensor import Tensor as Tensor
    from dsbind.tensor import as_tensor as as_tensor

__version__ = "0.1.0"

_HOMES = {
    "buffer": ("Buffer",),
    "buffers": ("ArrayPool", "BufferProvider", "BufferRetriever", "Feeder", "Receiver"),
    "building": ("get_cmake_dir", "get_include", "get_pkgconfig_dir"),
    "compat": ("as_pyservicemaker",),
    "errors": (
        "ArgumentTypeError",
        "ConfigError",
        "ConfigWarning",
        "ConfiguredFileError",
        "CudaError",
        "DisplayError",
        "Error",
        "FlowError",
        "LinkError",
        "MissingElementError",
        "MissingFileError",
        "NativeProbeError",
        "OutputError",
        "PipelineFileError",
        "ProbeError",
        "RuntimeNotFoundError",
        "SourceError",
        "StaleMetadataError",
        "StateError",
        "StopTimeoutError",
        "StreamError",
        "UnknownPropertyWarning",
        "UnsupportedError",
    ),
    "flow": ("Flow", "MediaType", "RenderMode", "StreamInfo"),
    "messages": (
        "DynamicSourceMessage",
        "EOSMessage",
        "PipelineMessage",
        "PipelineState",
        "SourceStateMessage",
        "StateTransitionMessage",
    ),
    "node": ("Node",),
    "pipeline": ("Pipeline",),
    "probes": ("BatchMetadataOperator", "BufferObserver", "BufferOperator", "Probe"),
    "registry": ("CommonFactory", "probe", "register_probe"),
    "source_config": ("RecordConfig", "SensorInfo", "SmartRecordConfig", "SourceConfig"),
    "surface": ("ColorFormat",),
    "tensor": ("Tensor", "as_tensor"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

_MODULES = ("buffer", "gst", "meta", "osd", "runtime", "signal", "surface", "tensor", "utils")

__all__ = [*sorted(_HOME_OF), *_MODULES]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"dsbind.{name}")
    # What C extensions import; no name for Python programs.
    home = "_capi" if name == "_C_API" else _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'dsbind' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"dsbind.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
