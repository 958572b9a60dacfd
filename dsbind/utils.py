# SPDX-License-Identifier: Apache-2.0
"""Tools beside the flow: what a file holds, frames out of files, frames per second."""

from __future__ import annotations

from dsbind.extractor import (
    BulkFrameRetriever,
    FrameQueue,
    FrameSampler,
    MediaChunk,
    MediaExtractor,
    StreamFrameRetriever,
    VideoFrame,
)
from dsbind.media import AudioStreamInfo, MediaInfo, VideoStreamInfo
from dsbind.model_update import EngineFileMonitor
from dsbind.perf import PerfMonitor

__all__ = [
    "AudioStreamInfo",
    "BulkFrameRetriever",
    "EngineFileMonitor",
    "FrameQueue",
    "FrameSampler",
    "MediaChunk",
    "MediaExtractor",
    "MediaInfo",
    "PerfMonitor",
    "StreamFrameRetriever",
    "VideoFrame",
    "VideoStreamInfo",
]
