# SPDX-License-Identifier: Apache-2.0
"""Interfaces for code that turns a model's output tensors into objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsbind.tensor import Tensor

__all__ = ["ObjectDetectorOutputConverter", "PostProcessing"]


class PostProcessing(ABC):
    """Code that is called with the output layers of a model."""

    @abstractmethod
    def __call__(self, output_layers: dict[str, Tensor]) -> Any:
        """Turn output layers, by name, into a result."""


class ObjectDetectorOutputConverter(PostProcessing):
    """Turns the output layers of a detector into boxes."""

    @abstractmethod
    def __call__(self, output_layers: dict[str, Tensor]) -> list[list[float]]:
        """Return the objects, each as [class_id, confidence, x1, y1, x2, y2].

        Corners are in pixels of the network's input.
        """
