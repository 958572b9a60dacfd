"""The sample models, for demos and tests.

A detector of four classes (car, bicycle, person, roadsign), and a classifier of persons' clothes;
and configurations of the tracker.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "clothing_config",
    "clothing_labels",
    "clothing_model",
    "street_config",
    "street_labels",
    "street_model",
    "tracker_config",
]

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


def clothing_model() -> Path:
    """Return the path of the ONNX model.

    Input ``input_1`` is ``(N, 3, 96, 48)`` float32, a person's box, RGB / 255. Output
    ``predictions/Softmax`` is ``(N, 7)``.
    """
    return _FOLDER / "clothing.onnx"


def clothing_labels() -> Path:
    """Return the path of the label file, its colours between ``;``."""
    return _FOLDER / "clothing_labels.txt"


def clothing_config() -> Path:
    """Return the path of the ``nvinfer`` config of the sample classifier."""
    return _FOLDER / "clothing.txt"


def tracker_config(name: str = "NvSORT") -> Path:
    """Return the path of a tracker's config.

    `name` is IOU, NvSORT, NvDCF_perf, NvDCF_accuracy, ByteTrack or OCSORT.
    """
    folder = _FOLDER / "deepstream" / "samples" / "configs" / "deepstream-app"
    path = folder / f"config_tracker_{name}.yml"
    if not path.is_file():
        names = sorted(
            one.stem.removeprefix("config_tracker_") for one in folder.glob("*_tracker_*")
        )
        raise ValueError(f"there is no tracker config {name!r}; use one of {', '.join(names)}")
    return path
