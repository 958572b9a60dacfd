from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

def is_current(callback: object) -> bool: ...
def run(callback: object, function: Callable[..., _T], *arguments: object) -> _T: ...
