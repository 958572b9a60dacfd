# SPDX-License-Identifier: Apache-2.0
"""`dsbind.source_config` under the name that programs for NVIDIA's package import."""

import dsbind.source_config as _module

__all__ = _module.__all__


def __getattr__(name: str) -> object:
    value: object = getattr(_module, name)
    return value
