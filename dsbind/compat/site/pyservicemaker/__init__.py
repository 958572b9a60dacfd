# SPDX-License-Identifier: Apache-2.0
"""dsbind under the name that programs for NVIDIA's package import."""

import importlib

import dsbind

__version__ = "0.0.1"

# What that package has at its top level.
__all__ = [
    "BatchMetadataOperator",
    "Buffer",
    "BufferObserver",
    "BufferOperator",
    "BufferProvider",
    "BufferRetriever",
    "ColorFormat",
    "CommonFactory",
    "DynamicSourceMessage",
    "EOSMessage",
    "Feeder",
    "Flow",
    "MediaType",
    "Pipeline",
    "PipelineState",
    "Probe",
    "Receiver",
    "RecordConfig",
    "RenderMode",
    "SensorInfo",
    "SmartRecordConfig",
    "SourceConfig",
    "StateTransitionMessage",
    "as_tensor",
    "osd",
    "probe",
    "register_probe",
    "signal",
    "utils",
]

_SUBMODULES = ("flow", "logging", "postprocessing", "source_config", "utils")


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    value: object = getattr(dsbind, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES})
