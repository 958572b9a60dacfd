from collections.abc import Callable

from dsbind.gst import Element

class FunctionProbe:
    enabled: bool
    def __init__(
        self,
        element: Element,
        pad: str,
        name: str,
        function: int,
        user: int,
        kept: object,
        on_error: Callable[[BaseException], object],
        reads: bool = False,
        all_buffers: bool = False,
    ) -> None: ...
    def is_current(self) -> bool: ...
    def cost(self) -> tuple[int, float]: ...

def capsule_address(capsule: object) -> tuple[str, int] | None: ...
