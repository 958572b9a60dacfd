from collections.abc import Callable

from dsbind.buffer import Buffer
from dsbind.gst import Element

class AppSink:
    enabled: bool
    def __init__(
        self,
        element: Element,
        handler: Callable[[Buffer], object],
        on_error: Callable[[BaseException], object],
    ) -> None: ...
    def is_current(self) -> bool: ...
