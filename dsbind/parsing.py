# SPDX-License-Identifier: Apache-2.0
"""Boxes out of a model's output tensors by code of the user's: `infer(config, parser=...)`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dsbind.errors import ArgumentTypeError, ConfigError, shown
from dsbind.probes import BatchMetadataOperator

if TYPE_CHECKING:
    from dsbind.meta import BatchMetadata, FrameMetadata, TensorOutputUserMetadata
    from dsbind.node import Node
    from dsbind.osd import Rect

    Parser = Callable[..., Any]

__all__ = ["ParserOperator", "labels_of"]

# As nvinfer draws what it finds itself.
_BORDER = 3
_SECONDARY = 2
# One setting a line, in INI and in YAML.
_LABEL_FILE = re.compile(r"^\s*labelfile-path\s*[=:]\s*(.+?)\s*$", re.MULTILINE)
_MAX_BYTES = 1 << 20
_COLUMNS = 6
# As many as nvinfer's own parsers tell apart.
_MAX_CLASSES = 65536


class ParserOperator(BatchMetadataOperator):
    """Calls a parser with the output layers of each frame, and adds the objects that it finds.

    Parameters
    ----------
    parser
        Called with the layers, by name, as tensors that share the model's memory; a function that
        Numba compiled is called with arrays on it, one for each layer, in the model's order.
        Returns an array (N, 6), or rows of that, of class, confidence, left, top, right, bottom;
        corners are pixels of the network's input.
    node
        The element whose output is read; it tells the number of the model.
    labels
        Names of the classes.
    """

    def __init__(self, parser: Parser, node: Node, labels: list[str]) -> None:
        if not callable(parser):
            raise ArgumentTypeError(
                "infer(parser=...) takes a callable, which gets a dict of the model's output "
                f"layers and returns boxes, such as a function of numba.njit, not {shown(parser)}"
            )
        super().__init__()
        self._parser = parser
        self._node = node
        self._labels = labels
        # Numba knows no dict of tensors, but arrays.
        self._compiled = type(parser).__module__.partition(".")[0] == "numba"

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        import numpy

        unique_id = self._node.get("unique-id")
        found = []
        # A model of objects (process-mode=2) has put its tensors to them.
        of_objects = self._node.get("process-mode") == _SECONDARY
        for index, frame in enumerate(batch_meta.frame_items):
            sources = (
                [(item.tensor_items, item.rect_params) for item in frame.object_items]
                if of_objects
                else [(frame.tensor_items, None)]
            )
            for items, rect in sources:
                for item in items:
                    tensors = item.as_tensor_output()
                    if tensors.unique_id == unique_id:
                        boxes = self._boxes(tensors)
                        found.append((index, _in_region(boxes, tensors, _region(frame, rect))))
        rows = [(index, boxes) for index, boxes in found if len(boxes)]
        if not rows:
            return
        indices = numpy.concatenate([numpy.full(len(boxes), index) for index, boxes in rows])
        self._add(batch_meta, indices, numpy.concatenate([boxes for _, boxes in rows]), unique_id)

    def _boxes(self, tensors: TensorOutputUserMetadata) -> Any:
        """What the parser says, as an array (N, 6) of finite numbers."""
        import numpy

        layers = tensors.get_layers()
        if self._compiled:
            said = self._parser(*(layer.numpy() for layer in layers.values()))
        else:
            said = self._parser(layers)
        boxes = numpy.asarray([] if said is None else said, numpy.float64)
        if boxes.size == 0:
            return boxes.reshape(0, _COLUMNS)
        if boxes.ndim != 2 or boxes.shape[1] != _COLUMNS:
            raise ConfigError(
                f"{shown(self._parser)} returned an array of the shape {boxes.shape}; a parser "
                "returns (N, 6): class, confidence, left, top, right, bottom"
            )
        boxes = boxes[numpy.isfinite(boxes).all(axis=1) & (boxes[:, 0] >= 0)]
        if len(boxes) and (most := boxes[:, 0].max()) >= _MAX_CLASSES:
            raise ConfigError(
                f"{shown(self._parser)} returned the class id {most:.0f}; class ids are 0 to "
                f"{_MAX_CLASSES - 1}, in the first column: class, confidence, left, top, right, "
                "bottom"
            )
        return boxes

    def _add(self, batch_meta: BatchMetadata, frames: Any, boxes: Any, unique_id: object) -> None:
        import numpy

        from dsbind.columns import object_dtype

        fields = [
            *("frame_index", "class_id", "confidence", "left", "top", "width", "height"),
            *("unique_component_id", "label_index", "border_width"),
        ]
        rows = numpy.zeros(len(boxes), object_dtype(fields))
        rows["frame_index"] = frames
        classes = rows["class_id"] = boxes[:, 0].astype(numpy.int32)
        rows["confidence"] = boxes[:, 1]
        for column, name in enumerate(("left", "top", "width", "height"), 2):
            rows[name] = boxes[:, column]
        rows["unique_component_id"] = unique_id
        rows["label_index"] = numpy.where(classes < len(self._labels), classes, -1)
        rows["border_width"] = _BORDER
        batch_meta.add_objects(rows, self._labels)


def _region(frame: FrameMetadata, rect: Rect | None) -> Any:
    """Left, top, right, bottom of what the model saw: the frame, or an object on even pixels."""
    import numpy

    width, height = frame.pipeline_width, frame.pipeline_height
    if not width or not height:
        width, height = frame.source_width, frame.source_height
    if rect is None:
        return numpy.array([0, 0, width, height], numpy.float64)
    left, top = rect.left, rect.top
    ends = [left, top, left + rect.width + 1, top + rect.height + 1]
    return numpy.clip(ends, 0, [width, height, width, height]) // 2 * 2


def _in_region(boxes: Any, tensors: TensorOutputUserMetadata, region: Any) -> Any:
    """Corners in the network's input as boxes of the frame, clipped to what the model saw."""
    import numpy

    size = numpy.array(tensors.network_size, numpy.float64)
    picture = region[2:] - region[:2]
    if not picture.all():
        return boxes[:0]
    scale, offset = size / picture, numpy.zeros(2)
    if tensors.maintain_aspect_ratio:
        scale = numpy.full(2, scale.min())
        if tensors.symmetric_padding:
            offset = numpy.floor((size - numpy.floor(picture * scale)) / 2)
    corners = numpy.clip((boxes[:, 2:].reshape(-1, 2, 2) - offset) / scale, 0, picture)
    corners += region[:2]
    result = boxes.copy()
    result[:, 2:4] = corners[:, 0]
    result[:, 4:6] = corners[:, 1] - corners[:, 0]
    return result[(result[:, 4:6] > 0).all(axis=1)]


def labels_of(config: str) -> list[str]:
    """The labels that an nvinfer config names; none where it names none, or the file is missing."""
    try:
        with open(config, encoding="utf-8") as file:
            match = _LABEL_FILE.search(file.read(_MAX_BYTES))
        if match is None:
            return []
        name = match[1].partition(" #")[0].strip().strip("\"'").removeprefix("file://")
        path = os.path.join(os.path.dirname(config), name)
        with open(path, encoding="utf-8") as file:
            lines = file.read(_MAX_BYTES).splitlines()
    except (OSError, UnicodeDecodeError):
        # nvinfer reads both itself, and says what is wrong with them.
        return []
    return [line.partition(";")[0].strip() for line in lines]


def properties_for_parser(properties: Mapping[str, object]) -> dict[str, object]:
    """What nvinfer has to do so that a parser of the user's gets the tensors, and only it."""
    return {"network-type": 100, "output-tensor-meta": True, **properties}
