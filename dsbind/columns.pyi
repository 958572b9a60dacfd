from collections.abc import Sequence
from typing import Any

import numpy

__all__ = ("frame_dtype", "object_dtype")

def object_dtype(fields: Sequence[str] | None = None) -> numpy.dtype[Any]: ...
def frame_dtype(fields: Sequence[str] | None = None) -> numpy.dtype[Any]: ...
