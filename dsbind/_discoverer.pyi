from typing import NamedTuple

class VideoStreamInfo(NamedTuple):
    codec: str
    width: int
    height: int
    framerate: tuple[int, int]

class AudioStreamInfo(NamedTuple):
    codec: str
    channels: int
    sampling_rate: int

def discover(
    uri: str, timeout: float = 5.0
) -> tuple[bool, int | None, tuple[AudioStreamInfo | VideoStreamInfo, ...]]: ...
