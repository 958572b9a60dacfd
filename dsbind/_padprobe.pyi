from collections.abc import Callable
from typing import Any

from dsbind.gst import Element

class PadProbe:
    enabled: bool
    def __init__(
        self,
        element: Element,
        pad: str,
        handler: Callable[[Any], object],
        batches_only: bool,
        on_error: Callable[[BaseException], object],
        reads: bool = False,
    ) -> None: ...
    def is_current(self) -> bool: ...
    def cost(self) -> tuple[int, float]: ...
