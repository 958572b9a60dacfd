# SPDX-License-Identifier: Apache-2.0
"""What a batch found, as plain data: `BatchMetadata.extract`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsbind.meta import BatchMetadata, FrameMetadata

__all__ = ["extract"]

# As many sources as a muxer takes.
_MOST_PADS = 4096


def extract(batch: BatchMetadata, max_items: int) -> list[dict[str, Any] | None]:
    """Copy each frame's objects; by pad index, None for a pad without a frame."""
    if not 0 <= max_items <= _MOST_PADS:
        raise ValueError(f"max_items is {max_items}; it goes from 0 to {_MOST_PADS}")
    found: list[dict[str, Any] | None] = [None] * max_items
    for frame in batch.frame_items:
        if frame.pad_index < max_items:
            found[frame.pad_index] = _frame(frame)
    return found


def _frame(frame: FrameMetadata) -> dict[str, Any]:
    found: dict[str, Any] = {
        "shape": (frame.pipeline_height, frame.pipeline_width),
        "timestamp": frame.buffer_pts,
        "bboxes": [],
        "probs": [],
        "labels": [],
        "objects": [],
        "seg_maps": [],
    }
    for item in frame.object_items:
        box = item.rect_params
        found["bboxes"].append([box.left, box.top, box.left + box.width, box.top + box.height])
        found["probs"].append(item.confidence)
        classified = [
            classifier.get_n_label(index)
            for classifier in item.classifier_items
            for index in range(classifier.n_labels)
        ]
        found["labels"].append([item.label, *classified])
        found["objects"].append(item.object_id)
        mask = item.mask_params.mask_array
        found["seg_maps"].append(mask if mask.size else None)
    return found
