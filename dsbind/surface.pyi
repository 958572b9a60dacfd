import enum
from collections.abc import Sequence
from types import TracebackType
from typing import final

import numpy
import numpy.typing

from dsbind.errors import Error

__all__ = (
    "ColorFormat",
    "Filter",
    "Flip",
    "MemType",
    "Surface",
    "SurfaceError",
    "transform",
)

class SurfaceError(Error, RuntimeError): ...

class ColorFormat(enum.IntEnum):
    GRAY8 = 1
    I420 = 2
    NV12 = 6
    RGBA = 19
    BGRA = 20
    RGB = 27
    BGR = 28

class MemType(enum.IntEnum):
    DEFAULT = 0
    CUDA_PINNED = 1
    CUDA_DEVICE = 2
    CUDA_UNIFIED = 3
    SYSTEM = 6

class Flip(enum.IntEnum):
    NONE = 0
    ROTATE_90 = 1
    ROTATE_180 = 2
    ROTATE_270 = 3
    FLIP_X = 4
    FLIP_Y = 5
    TRANSPOSE = 6
    INV_TRANSPOSE = 7

class Filter(enum.IntEnum):
    NEAREST = 0
    BILINEAR = 1
    DEFAULT = 6

@final
class Surface:
    @staticmethod
    def create(
        width: int,
        height: int,
        format: ColorFormat = ...,
        batch: int = 1,
        mem_type: MemType = ...,
        gpu_id: int = 0,
    ) -> Surface: ...
    def close(self) -> None: ...
    def __enter__(self) -> Surface: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def format(self) -> ColorFormat: ...
    @property
    def mem_type(self) -> MemType: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def n_planes(self) -> int: ...
    def plane(self, index: int = 0, plane: int = 0) -> numpy.typing.NDArray[numpy.uint8]: ...

def transform(
    source: Surface,
    target: Surface,
    *,
    source_rect: Sequence[int] | None = None,
    target_rect: Sequence[int] | None = None,
    flip: Flip = ...,
    filter: Filter = ...,
) -> None: ...
