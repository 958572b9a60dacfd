# SPDX-License-Identifier: Apache-2.0
"""Metadata that tests put into a batch."""

from __future__ import annotations

from typing import Any

from dsbind.meta import BatchMetadata, FrameMetadata, ObjectMetadata


def add_object(batch: BatchMetadata, frame: FrameMetadata, **fields: Any) -> ObjectMetadata:
    item = batch.acquire_object_meta()
    for name, value in fields.items():
        setattr(item, name, value)
    frame.append(item)
    return item
