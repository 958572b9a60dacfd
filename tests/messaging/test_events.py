# SPDX-License-Identifier: Apache-2.0
"""Events that a program fills, whatever its own objects do meanwhile."""

from __future__ import annotations

import pytest

from dsbind import StaleMetadataError
from dsbind.meta import BatchMetadata


class Closing:
    """Labels that end the batch when they are looked at."""

    def __init__(self, batch, method):
        self.batch, self.method = batch, method

    def __len__(self):
        if self.method == "len":
            self.batch.close()
        return 1

    def __getitem__(self, index):
        if self.method == "getitem":
            self.batch.close()
        return "car"


@pytest.mark.parametrize("method", ["len", "getitem"])
def test_labels_that_end_the_batch_are_an_error(method):
    batch = BatchMetadata.create(1)
    frame = batch.acquire_frame_meta()
    batch.append(frame)
    item = batch.acquire_object_meta()
    item.class_id = 0
    frame.append(item)
    event = batch.acquire_event_message_meta()
    with pytest.raises(StaleMetadataError):
        event.generate(item, frame, "gate", "file:///a.mp4", Closing(batch, method))


def test_labels_take_the_place_of_the_objects_own(batch, frame):
    item = batch.acquire_object_meta()
    item.class_id = 0
    frame.append(item)
    event = batch.acquire_event_message_meta()
    event.generate(item, frame, labels=["car"])
    frame.append(event)
    assert "EventMessage" in repr(event)
