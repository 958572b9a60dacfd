from typing import Any

_C_API: Any

class State:
    @property
    def address(self) -> int: ...
