# SPDX-License-Identifier: Apache-2.0
"""Metadata of a batch: views, sequences, appending, leases."""

from __future__ import annotations

import gc
import weakref

import numpy
import pytest
from batches import add_object

from dsbind import osd
from dsbind.errors import StaleMetadataError
from dsbind.meta import BatchMetadata, FrameMetadata, ObjectMetadata

UNTRACKED = 2**64 - 1


class TestBatch:
    def test_starts_empty(self, batch):
        assert batch.n_frames == 0
        assert list(batch.frame_items) == []
        assert not batch.is_audio
        assert list(batch.audio_frame_items) == []

    def test_frames_keep_the_order_of_appending(self, batch):
        for number in range(4):
            batch.append(batch.acquire_frame_meta(frame_number=number))
        assert batch.n_frames == 4
        assert [frame.frame_number for frame in batch.frame_items] == [0, 1, 2, 3]
        assert [frame.batch_id for frame in batch.frame_items] == [0, 1, 2, 3]

    def test_pools_grow(self, batch, frame):
        for number in range(500):
            add_object(batch, frame, class_id=number)
        assert len(frame.object_items) == 500

    @pytest.mark.parametrize("frames", [0, -1, 10**9])
    def test_sizes_out_of_range_are_refused(self, frames):
        with pytest.raises(ValueError, match=str(frames)):
            BatchMetadata.create(frames)

    def test_views_cannot_be_made_without_a_batch(self):
        for kind in (BatchMetadata, FrameMetadata, ObjectMetadata):
            with pytest.raises(TypeError, match="comes from|create"):
                kind()

    def test_wrong_type_is_named(self, batch):
        with pytest.raises(TypeError, match="Invalid type for BatchMetadata.append: str"):
            batch.append("frame")

    def test_closing_twice_is_fine(self):
        batch = BatchMetadata.create()
        batch.close()
        batch.close()


class TestFrame:
    def test_fields(self, batch):
        fields = {
            "frame_number": 11,
            "pad_index": 2,
            "batch_id": 1,
            "source_id": 5,
            "source_width": 1920,
            "source_height": 1080,
            "pipeline_width": 640,
            "pipeline_height": 360,
            "buffer_pts": 2**64 - 1,
            "ntp_timestamp": 1_700_000_000_000_000_000,
        }
        batch.append(batch.acquire_frame_meta(**fields))
        (frame,) = batch.frame_items
        assert {name: getattr(frame, name) for name in fields} == fields

    def test_fields_are_read_only(self, frame):
        with pytest.raises(AttributeError):
            frame.frame_number = 1

    def test_append_refuses_other_types(self, batch, frame):
        for wrong in (3, None, osd.Rect(), batch, frame):
            with pytest.raises(TypeError, match="Invalid type for FrameMetadata.append"):
                frame.append(wrong)

    def test_an_object_is_appended_once(self, batch, frame):
        item = add_object(batch, frame)
        with pytest.raises(ValueError, match="already"):
            frame.append(item)
        assert len(frame.object_items) == 1

    def test_an_object_of_another_batch_is_refused(self, frame):
        with BatchMetadata.create() as other:
            item = other.acquire_object_meta()
            with pytest.raises(ValueError, match="another batch"):
                frame.append(item)

    def test_an_object_of_a_closed_batch_is_stale(self, frame):
        with BatchMetadata.create() as other:
            item = other.acquire_object_meta()
        with pytest.raises(StaleMetadataError):
            frame.append(item)


class TestItems:
    @pytest.fixture
    def items(self, batch, frame):
        for number in range(5):
            add_object(batch, frame, class_id=number)
        return frame.object_items

    def test_the_last_object_comes_first(self, items):
        assert [item.class_id for item in items] == [4, 3, 2, 1, 0]

    def test_can_be_iterated_again(self, items):
        assert [item.class_id for item in items] == [item.class_id for item in items]

    def test_has_length_and_indexing(self, items):
        assert len(items) == 5
        assert items[0].class_id == 4
        assert items[-1].class_id == 0
        assert [item.class_id for item in items[1:4]] == [3, 2, 1]
        for index in (5, -6):
            with pytest.raises(IndexError, match=str(index)):
                items[index]

    def test_answers_next(self, items):
        assert [next(items).class_id for _ in range(5)] == [4, 3, 2, 1, 0]
        with pytest.raises(StopIteration):
            next(items)

    def test_next_does_not_disturb_iteration(self, items):
        next(items)
        assert len(list(items)) == 5

    def test_empty_is_false(self, frame):
        assert not frame.object_items

    def test_appending_while_iterating_leaves_the_sequence_as_it_was(self, batch, frame, items):
        for _ in items:
            add_object(batch, frame)
        assert len(items) == 5
        assert len(frame.object_items) == 10

    def test_the_same_element_is_equal(self, frame, items):
        assert items[2] == frame.object_items[2]
        assert items[2] != items[3]
        assert len({items[2], frame.object_items[2], items[3]}) == 2


class TestObject:
    def test_fields_are_written_to_the_struct(self, batch, frame):
        item = add_object(
            batch,
            frame,
            class_id=-1,
            object_id=2**63 + 5,
            unique_component_id=7,
            confidence=0.5,
            tracker_confidence=0.25,
            label="car",
        )
        again = frame.object_items[0]
        assert again == item
        assert (again.class_id, again.object_id, again.unique_component_id) == (-1, 2**63 + 5, 7)
        assert (again.confidence, again.tracker_confidence) == (0.5, 0.25)
        assert again.label == "car"

    def test_a_new_one_is_untracked(self, batch):
        assert batch.acquire_object_meta().object_id == UNTRACKED

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (b"person", "person"),
            ("", ""),
            ("a" * 300, "a" * 127),
            ("å" * 100, "å" * 63),
            ("a" + "𝄞" * 50, "a" + "𝄞" * 31),
        ],
    )
    def test_label(self, batch, given, kept):
        item = batch.acquire_object_meta()
        item.label = given
        assert item.label == kept

    def test_label_of_another_type_is_refused(self, batch):
        with pytest.raises(TypeError, match="int"):
            batch.acquire_object_meta().label = 3

    def test_rect_is_a_live_reference(self, batch, frame):
        item = add_object(batch, frame)
        item.rect_params.left = 10.5
        item.rect_params.border_color = osd.Color(1.0, 0.0, 0.5, 1.0)
        item.rect_params.border_color.alpha = 0.25
        again = frame.object_items[0].rect_params
        assert again.left == 10.5
        assert tuple(again.border_color) == (1.0, 0.0, 0.5, 0.25)

    def test_rect_can_be_assigned(self, batch):
        item = batch.acquire_object_meta()
        rect = osd.Rect(1, 2, 3, 4)
        item.rect_params = rect
        rect.left = 99
        assert item.rect_params.left == 1
        item.rect_params = item.rect_params
        assert item.rect_params.height == 4

    def test_text_is_a_live_reference_and_can_be_assigned_back(self, batch):
        item = batch.acquire_object_meta()
        text = item.text_params
        text.display_text = "first"
        text.display_text = b"second"
        text.font_params.size = 20
        item.text_params = text
        assert item.text_params.display_text == "second"
        assert item.text_params.font_params.size == 20

    def test_text_takes_an_osd_text(self, batch):
        text = osd.Text()
        text.display_text = "own"
        item = batch.acquire_object_meta()
        item.text_params = text
        text.display_text = "changed"
        assert item.text_params.display_text == "own"

    def test_mask_is_copied_in_and_out(self, batch):
        item = batch.acquire_object_meta()
        mask = numpy.arange(12, dtype=numpy.float64).reshape(3, 4)
        item.mask_params.mask_array = mask
        item.mask_params.threshold = 0.5
        read = item.mask_params.mask_array
        assert read.dtype == numpy.float32
        numpy.testing.assert_array_equal(read, mask)
        read[:] = 0
        numpy.testing.assert_array_equal(item.mask_params.mask_array, mask)
        assert item.mask_params.threshold == 0.5

    def test_box_of_the_tracker(self, batch):
        item = batch.acquire_object_meta()
        box = {"left": 1.0, "top": 2.0, "width": 3.0, "height": 4.0}
        item.nv_bbox_info = box
        assert item.nv_bbox_info == box

    @pytest.mark.parametrize("name", ["rect_params", "text_params", "mask_params"])
    def test_parts_cannot_be_none(self, batch, name):
        with pytest.raises(TypeError):
            setattr(batch.acquire_object_meta(), name, None)


class TestClassifier:
    def test_labels(self, batch, frame):
        item = add_object(batch, frame)
        classifier = batch.acquire_classifier_meta()
        classifier.unique_component_id = 2
        classifier.classifier_type = "color"
        classifier.add_label("red", class_id=3, prob=0.5, label_id=1, num_classes=9)
        item.append(classifier)
        (classifier,) = item.classifier_items
        assert (classifier.n_labels, classifier.unique_component_id) == (1, 2)
        assert classifier.classifier_type == "color"
        assert classifier.get_n_label(0) == "red"
        info = classifier.get_label_info(0)
        assert (info.class_id, info.prob, info.label_id, info.num_classes) == (3, 0.5, 1, 9)

    def test_a_long_label_is_whole(self, batch):
        classifier = batch.acquire_classifier_meta()
        classifier.add_label("x" * 500)
        assert classifier.get_n_label(0) == "x" * 500

    def test_a_label_out_of_range_is_an_error(self, batch):
        classifier = batch.acquire_classifier_meta()
        with pytest.raises(IndexError):
            classifier.get_n_label(0)


class TestUser:
    def test_text_is_found_by_its_type(self, batch, frame):
        item = add_object(batch, frame)
        for owner, number in ((item, 9001), (frame, 9002), (batch, 9003)):
            user = batch.acquire_user_meta()
            # Programs ask so whether the pool had one.
            assert user and user.get_user_data_json() == ""
            user.set_user_data_json('{"n": 1}', number)
            owner.append(user)
            (found,) = owner.user_meta_items(number)
            assert found
            assert found.meta_type == number
            assert found.get_user_data_json() == '{"n": 1}'
            assert not owner.user_meta_items(number + 10)

    def test_text_can_be_replaced(self, batch):
        user = batch.acquire_user_meta()
        user.set_user_data_json("a", 9000)
        user.set_user_data_json("b", 9001)
        assert (user.get_user_data_json(), user.meta_type) == ("b", 9001)

    @pytest.mark.parametrize("number", [-1, 0, 3, 12, 4095])
    def test_a_text_does_not_pass_for_a_struct(self, batch, number):
        user = batch.acquire_user_meta()
        with pytest.raises(ValueError, match="stands for a C struct"):
            user.set_user_data_json("{}", number)
        assert user.get_user_data_json() == ""


class TestDisplay:
    def test_what_is_added_is_copied(self, batch, frame):
        display = batch.acquire_display_meta()
        text = osd.Text()
        text.display_text = "hello"
        display.add_text(text)
        display.add_rect(osd.Rect())
        display.add_line(osd.Line())
        display.add_arrow(osd.Arrow())
        display.add_circle(osd.Circle())
        del text
        frame.append(display)
        counts = [getattr(display, f"n_{kind}") for kind in COUNTERS]
        assert counts == [1, 1, 1, 1, 1]

    @pytest.mark.filterwarnings("ignore:add_.* has no effect")
    def test_a_seventeenth_is_ignored(self, batch):
        display = batch.acquire_display_meta()
        for _ in range(20):
            display.add_text(osd.Text())
            display.add_rect(osd.Rect())
            display.add_line(osd.Line())
            display.add_arrow(osd.Arrow())
            display.add_circle(osd.Circle())
        counts = [getattr(display, f"n_{kind}") for kind in COUNTERS]
        assert counts == [16, 16, 16, 16, 16]

    def test_a_seventeenth_of_a_kind_is_warned_of_once(self, run_program):
        done = run_program(
            """
            from dsbind import osd
            from dsbind.meta import BatchMetadata
            with BatchMetadata.create(1) as batch:
                for _ in range(3):
                    display = batch.acquire_display_meta()
                    for _ in range(20):
                        display.add_text(osd.Text())
                        display.add_line(osd.Line())
            """,
            env={"PYTHONWARNINGS": "always"},
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("ConfigWarning: add_text() has no effect") == 1
        assert done.stderr.count("ConfigWarning: add_line() has no effect") == 1
        assert "acquire_display_meta()" in done.stderr and "add_rect" not in done.stderr

    def test_a_display_is_appended_once(self, batch, frame):
        display = batch.acquire_display_meta()
        frame.append(display)
        with pytest.raises(ValueError, match="already"):
            frame.append(display)


COUNTERS = ("labels", "rects", "lines", "arrows", "circles")


def test_every_class_has_a_readable_repr(batch, frame):
    item = add_object(batch, frame, label="car", class_id=2)
    classifier = batch.acquire_classifier_meta()
    classifier.add_label("red")
    views = (
        batch,
        frame,
        item,
        frame.object_items,
        classifier,
        classifier.get_label_info(0),
        batch.acquire_display_meta(),
        batch.acquire_user_meta(),
    )
    for view in views:
        assert " at 0x" not in repr(view)
    assert "car" in repr(item)
    assert "source_id=3" in repr(frame)


class TestPlainData:
    def test_extract_gives_each_pad_its_boxes_in_corners(self, batch):
        frame = batch.acquire_frame_meta(
            pad_index=2, pipeline_width=640, pipeline_height=360, buffer_pts=40
        )
        batch.append(frame)
        item = batch.acquire_object_meta()
        item.label, item.object_id, item.confidence = "car", 5, 0.5
        item.rect_params = osd.Rect(left=10, top=20, width=30, height=40)
        classifier = batch.acquire_classifier_meta()
        classifier.add_label("red")
        item.append(classifier)
        frame.append(item)
        found = batch.extract(4)
        assert found[0] is found[1] is found[3] is None
        assert found[2] == {
            "shape": (360, 640),
            "timestamp": 40,
            "bboxes": [[10, 20, 40, 60]],
            "probs": [0.5],
            "labels": [["car", "red"]],
            "objects": [5],
            "seg_maps": [None],
        }

    def test_a_pad_beyond_the_result_is_left_out(self, batch, frame):
        assert batch.extract(0) == []
        with pytest.raises(ValueError, match="max_items"):
            batch.extract(-1)


class Thing:
    """Can be watched by a weak reference."""


class TestPythonObjectsAsUserMetadata:
    def test_an_object_is_carried_as_itself(self, batch, frame):
        thing = Thing()
        user = batch.acquire_user_meta()
        user.set_user_data(thing, 9000)
        frame.append(user)
        (found,) = frame.user_meta_items(9000)
        assert found and found.get_user_data() is thing
        assert found.get_user_data_json() == ""

    def test_the_batch_keeps_it_and_lets_it_go_with_itself(self):
        thing = Thing()
        gone = weakref.ref(thing)
        with BatchMetadata.create(1) as batch:
            user = batch.acquire_user_meta()
            user.set_user_data(thing, 9000)
            batch.append(user)
            del thing
            gc.collect()
            assert gone() is not None
        assert gone() is None

    def test_new_data_replaces_the_old(self, batch):
        thing = Thing()
        gone = weakref.ref(thing)
        user = batch.acquire_user_meta()
        user.set_user_data(thing, 9000)
        del thing
        user.set_user_data_json("{}", 9000)
        assert gone() is None
        assert user.get_user_data() is None and user.get_user_data_json() == "{}"

    def test_none_is_no_data(self, batch):
        with pytest.raises(ValueError, match="None"):
            batch.acquire_user_meta().set_user_data(None, 9000)
