"""The sample detector: four classes (car, bicycle, person, roadsign), for demos and tests."""

from __future__ import annotations

from pathlib import Path

__all__ = ["street_config", "street_labels", "street_model"]

_FOLDER = Path(__file__).resolve().parent


def street_model() -> Path:
    """Return the path of the ONNX model.

    Input ``input_1:0`` is ``(N, 3, 368, 640)`` float32, RGB / 255. Outputs are DetectNet_v2's:
    ``output_cov/Sigmoid:0`` ``(N, 4, 23, 40)`` and ``output_bbox/BiasAdd:0`` ``(N, 16, 23, 40)``.
    """
    return _FOLDER / "street.onnx"


def street_labels() -> Path:
    """Return the path of the label file, one class a line."""
    return _FOLDER / "street_labels.txt"


def street_config() -> Path:
    """Return the path of the ``nvinfer`` config of the sample detector."""
    return _FOLDER / "street.txt"
