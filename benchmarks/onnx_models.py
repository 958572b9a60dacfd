# SPDX-License-Identifier: Apache-2.0
"""Writes small ONNX models: as much of the format as measuring and testing need."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# A dimension that a model leaves open.
ANY = -1

_FLOAT, _INT64 = 1, 7
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7
Dims = Sequence[int]
Array = np.ndarray[Any, Any]


def _varint(value: int) -> bytes:
    out = b""
    value &= (1 << 64) - 1
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _value_info(name: str, dims: Dims) -> bytes:
    shape = b"".join(_bytes(1, _bytes(2, "n") if d == ANY else _number(1, d)) for d in dims)
    tensor = _number(1, _FLOAT) + _bytes(2, shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def _constant(name: str, values: Array) -> bytes:
    kind = _INT64 if values.dtype == np.int64 else _FLOAT
    values = values if kind == _INT64 else values.astype(np.float32)
    dims = b"".join(_number(1, d) for d in values.shape)
    return dims + _number(2, kind) + _bytes(8, name) + _bytes(9, values.tobytes())


def _attribute(name: str, value: object) -> bytes:
    if isinstance(value, float):
        return (
            _bytes(1, name)
            + _varint(2 << 3 | 5)
            + struct.pack("<f", value)
            + _number(20, _ATTRIBUTE_FLOAT)
        )
    if isinstance(value, int):
        return _bytes(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    assert isinstance(value, Sequence)
    numbers = b"".join(_number(8, item) for item in value)
    return _bytes(1, name) + numbers + _number(20, _ATTRIBUTE_INTS)


def node(operator: str, inputs: Sequence[str], output: str, **attributes: object) -> bytes:
    """One operator."""
    return (
        b"".join(_bytes(1, name) for name in inputs)
        + _bytes(2, output)
        + _bytes(4, operator)
        + b"".join(_bytes(5, _attribute(*item)) for item in attributes.items())
    )


def write_model(
    path: Path,
    image: Dims,
    outputs: Mapping[str, Dims],
    nodes: Sequence[bytes],
    constants: Mapping[str, Array] | None = None,
) -> Path:
    """Write a model of float32 tensors whose input is named x."""
    graph = (
        b"".join(_bytes(1, item) for item in nodes)
        + _bytes(2, "g")
        + b"".join(_bytes(5, _constant(*item)) for item in (constants or {}).items())
        + _bytes(11, _value_info("x", image))
        + b"".join(_bytes(12, _value_info(*item)) for item in outputs.items())
    )
    path.write_bytes(_number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 13)))
    return path


def write_constant_model(path: Path, image: Dims, outputs: Mapping[str, Array]) -> Path:
    """Write a model that puts out the same for every image of a batch: the arrays given."""
    nodes = [
        node("ReduceMean", ["x"], "mean", axes=[1, 2, 3], keepdims=1),
        node("Mul", ["mean", "zero"], "nothing"),
    ]
    constants: dict[str, Array] = {"zero": np.zeros((1, 1, 1, 1))}
    for name, values in outputs.items():
        shape = np.array([-1] + [1] * values.ndim, np.int64)
        nodes += [
            node("Reshape", ["nothing", f"{name}/shape"], f"{name}/nothing"),
            node("Add", [f"{name}/nothing", f"{name}/values"], name),
        ]
        constants |= {f"{name}/shape": shape, f"{name}/values": values[None]}
    dims = {name: (ANY, *values.shape) for name, values in outputs.items()}
    return write_model(path, image, dims, nodes, constants)
