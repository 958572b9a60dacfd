# SPDX-License-Identifier: Apache-2.0
"""What a file or stream holds, found without playing it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass

from dsbind._discoverer import AudioStreamInfo, VideoStreamInfo, discover
from dsbind.errors import ConfigError, MissingFileError, SourceError, mask_uri
from dsbind.operations.sources import uri_of

__all__ = ["AudioStreamInfo", "MediaInfo", "VideoStreamInfo"]

_log = logging.getLogger("dsbind")


class MissingSourceError(SourceError, MissingFileError):
    """The file does not exist."""


@dataclass(frozen=True, repr=False)
class MediaInfo:
    """What a file or stream holds. False where it could not be read.

    Attributes
    ----------
    uri : str
        What was looked into.
    live : bool
        Whether it comes from a camera or the like.
    duration : int
        Nanoseconds; 0 where it has no end or is not known.
    streams : tuple
        An `AudioStreamInfo` (codec, channels, sampling_rate) for each audio stream, then a
        `VideoStreamInfo` (codec, width, height, framerate) for each video stream.
    error : SourceError or None
        Why it could not be read.
    """

    uri: str
    live: bool = False
    duration: int = 0
    streams: tuple[AudioStreamInfo | VideoStreamInfo, ...] = ()
    error: SourceError | None = None

    @classmethod
    def discover(cls, uri: str | os.PathLike[str], timeout: float = 5.0) -> MediaInfo:
        """Look into a file or stream.

        Parameters
        ----------
        uri
            Where it is; a path will do.
        timeout
            Seconds to wait for it, from 1.

        Returns
        -------
        MediaInfo
            False, with the reason in `error` and in the log, where it cannot be read.
        """
        name = str(os.fspath(uri) if isinstance(uri, os.PathLike) else uri)
        error: SourceError
        try:
            live, duration, streams = discover(uri_of(uri), timeout)
            if streams:
                return cls(name, live, duration or 0, streams)
            error = SourceError(f"{name} holds no audio and no video that can be decoded here")
        except MissingFileError as missing:
            error = MissingSourceError(str(missing))
        except ConfigError as wrong:
            error = SourceError(str(wrong))
        except SourceError as unreadable:
            error = unreadable
        _log.info("MediaInfo.discover: %s", error)
        return cls(name, error=error)

    @property
    def video(self) -> VideoStreamInfo:
        """The first video stream.

        Raises
        ------
        SourceError
            There is none, or nothing could be read.
        """
        if self.error is not None:
            raise self.error
        for stream in self.streams:
            if isinstance(stream, VideoStreamInfo):
                return stream
        raise SourceError(f"{mask_uri(self.uri)} has no video stream that can be decoded here")

    def __bool__(self) -> bool:
        return self.error is None

    def __repr__(self) -> str:
        what = f"streams={self.streams!r}" if self else f"error={self.error!r}"
        return f"<MediaInfo of {mask_uri(self.uri)}: {what}>"
