from typing import Any, TypedDict, final

from typing_extensions import Buffer as Bytes

from dsbind.meta import BatchMetadata
from dsbind.surface import ColorFormat
from dsbind.tensor import Tensor, _SupportsDLPack

__all__ = ("Buffer",)

class _Latency(TypedDict):
    source_id: int
    frame_num: int
    latency: float

@final
class Buffer:
    def __init__(
        self, data: list[int] | tuple[int, ...] | Bytes | Tensor | _SupportsDLPack = ...
    ) -> None: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def batch_meta(self) -> BatchMetadata | None: ...
    @property
    def timestamp(self) -> int: ...
    # A tuple of Tensor for formats of several planes: Any, so that RGB needs no cast.
    def extract(
        self,
        batch_id: int,
        format: ColorFormat | None = None,
        *,
        writable: bool = False,
        retain: bool = True,
    ) -> Tensor | Any: ...
    # A tuple for each plane, or a list: Any likewise.
    def extract_batch(self, *, writable: bool = False, retain: bool = True) -> Tensor | Any: ...
    def get_chunk_id(self, batch_id: int) -> int: ...
    def measure_latency(self) -> list[_Latency]: ...
