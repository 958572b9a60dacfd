import enum
from collections.abc import Iterator
from typing import TypeVar, final

import numpy
import numpy.typing

from dsbind.events import EventHandler as EventHandler

__all__ = (
    "Arrow",
    "ArrowHead",
    "Circle",
    "Color",
    "EventHandler",
    "Font",
    "FontFamily",
    "Line",
    "Mask",
    "Rect",
    "Text",
    "TextParams",
)

_T = TypeVar("_T", bound="_TextBase")

class FontFamily(str, enum.Enum):
    Serif = "Serif"

class ArrowHead(enum.IntEnum):
    Start = 0
    End = 1
    Both = 2

@final
class Color:
    red: float
    green: float
    blue: float
    alpha: float
    def __init__(
        self, red: float = 0.0, green: float = 0.0, blue: float = 0.0, alpha: float = 1.0
    ) -> None: ...
    def copy(self) -> Color: ...
    def __iter__(self) -> Iterator[float]: ...

@final
class Font:
    color: Color
    def __init__(
        self, name: str | bytes = ..., size: float = 11, color: Color | None = None
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @name.setter
    def name(self, value: str | bytes) -> None: ...
    @property
    def size(self) -> int: ...
    @size.setter
    def size(self, value: float) -> None: ...

class _TextBase:
    @property
    def display_text(self) -> str: ...
    @display_text.setter
    def display_text(self, value: str | bytes) -> None: ...
    @property
    def x_offset(self) -> int: ...
    @x_offset.setter
    def x_offset(self, value: float) -> None: ...
    @property
    def y_offset(self) -> int: ...
    @y_offset.setter
    def y_offset(self, value: float) -> None: ...
    def copy(self: _T) -> _T: ...

@final
class Text(_TextBase):
    font: Font
    set_bg_color: bool
    bg_color: Color

@final
class TextParams(_TextBase):
    font_params: Font
    set_bg_clr: bool
    text_bg_clr: Color

@final
class Rect:
    left: float
    top: float
    width: float
    height: float
    rotation_angle: float
    border_color: Color
    has_bg_color: bool
    bg_color: Color
    def __init__(
        self, left: float = 0.0, top: float = 0.0, width: float = 0.0, height: float = 0.0
    ) -> None: ...
    @property
    def border_width(self) -> int: ...
    @border_width.setter
    def border_width(self, value: float) -> None: ...
    def copy(self) -> Rect: ...

@final
class Mask:
    threshold: float
    @property
    def mask_array(self) -> numpy.typing.NDArray[numpy.float32]: ...
    @mask_array.setter
    def mask_array(self, value: numpy.typing.ArrayLike) -> None: ...
    def copy(self) -> Mask: ...

@final
class Line:
    color: Color
    def __init__(
        self,
        x1: float = 0,
        y1: float = 0,
        x2: float = 0,
        y2: float = 0,
        width: float = 1,
        color: Color | None = None,
    ) -> None: ...
    @property
    def x1(self) -> int: ...
    @x1.setter
    def x1(self, value: float) -> None: ...
    @property
    def y1(self) -> int: ...
    @y1.setter
    def y1(self, value: float) -> None: ...
    @property
    def x2(self) -> int: ...
    @x2.setter
    def x2(self, value: float) -> None: ...
    @property
    def y2(self) -> int: ...
    @y2.setter
    def y2(self, value: float) -> None: ...
    @property
    def width(self) -> int: ...
    @width.setter
    def width(self, value: float) -> None: ...

@final
class Arrow:
    color: Color
    def __init__(
        self,
        x1: float = 0,
        y1: float = 0,
        x2: float = 0,
        y2: float = 0,
        width: float = 1,
        color: Color | None = None,
        head: ArrowHead = ...,
    ) -> None: ...
    @property
    def x1(self) -> int: ...
    @x1.setter
    def x1(self, value: float) -> None: ...
    @property
    def y1(self) -> int: ...
    @y1.setter
    def y1(self, value: float) -> None: ...
    @property
    def x2(self) -> int: ...
    @x2.setter
    def x2(self, value: float) -> None: ...
    @property
    def y2(self) -> int: ...
    @y2.setter
    def y2(self, value: float) -> None: ...
    @property
    def width(self) -> int: ...
    @width.setter
    def width(self, value: float) -> None: ...
    @property
    def head(self) -> ArrowHead: ...
    @head.setter
    def head(self, value: int) -> None: ...

@final
class Circle:
    color: Color
    has_bg_color: bool
    bg_color: Color
    def __init__(
        self,
        xc: float = 0,
        yc: float = 0,
        radius: float = 0,
        color: Color | None = None,
        width: float = 1,
    ) -> None: ...
    @property
    def xc(self) -> int: ...
    @xc.setter
    def xc(self, value: float) -> None: ...
    @property
    def yc(self) -> int: ...
    @yc.setter
    def yc(self, value: float) -> None: ...
    @property
    def radius(self) -> int: ...
    @radius.setter
    def radius(self, value: float) -> None: ...
    @property
    def width(self) -> int: ...
    @width.setter
    def width(self, value: float) -> None: ...
