# SPDX-License-Identifier: Apache-2.0
"""`dsbind.logging` under the name that programs for NVIDIA's package import."""

import dsbind.logging as _module

__all__ = _module.__all__


def __getattr__(name: str) -> object:
    value: object = getattr(_module, name)
    return value
