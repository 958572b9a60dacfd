# SPDX-License-Identifier: Apache-2.0
"""The documented metadata classes, member by member, as programs use them."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy
import pytest
from batches import add_object

import dsbind
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode, osd
from dsbind.data import street_config
from dsbind.meta import BatchMetadata


class Each(BatchMetadataOperator):
    """Calls a function with each batch."""

    def __init__(self, call):
        self.call = call

    def handle_metadata(self, batch_meta):
        self.call(batch_meta)


class Thing:
    """Something that tells when it goes."""


BATCH = """
    frame_items n_frames is_audio audio_frame_items acquire_display_meta acquire_object_meta
    acquire_frame_meta acquire_user_meta user_meta_items append extract
    acquire_preprocess_batch_meta preprocess_batch_items
"""
FRAME = """
    frame_number pad_index batch_id source_id source_width source_height pipeline_width
    pipeline_height buffer_pts ntp_timestamp object_items tensor_items user_meta_items append
    nvdsanalytics_frame_items
"""
OBJECT = """
    class_id object_id unique_component_id confidence tracker_confidence rect_params mask_params
    text_params label nv_bbox_info classifier_items tensor_items user_meta_items append
    nvdsanalytics_obj_items
"""
CLASSIFIER = "n_labels unique_component_id get_n_label classifier_type get_label_info"
LABEL = "label class_id prob label_id num_classes"
DISPLAY = """
    add_text add_rect add_line add_arrow add_circle n_labels n_rects n_lines n_arrows n_circles
"""
USER = """
    meta_type set_user_data_json get_user_data_json as_tensor_output as_nvdsanalytics_frame
    as_nvdsanalytics_obj as_preprocess_batch
"""
PREPROCESS = "rois preprocess_tensor_meta set_preprocessed_tensor extract"
ANALYTICS_FRAME = "oc_status obj_in_roi_cnt obj_lc_curr_cnt obj_lc_cum_cnt unique_id obj_cnt"
ANALYTICS_OBJECT = "roi_status oc_status lc_status dir_status unique_id obj_status"
RECT = "left top width height rotation_angle border_width border_color has_bg_color bg_color"


@pytest.fixture
def item(batch, frame):
    item = add_object(batch, frame)
    classifier = batch.acquire_classifier_meta()
    classifier.add_label("blue")
    item.append(classifier)
    return item


class TestMembers:
    def test_batch_metadata(self, batch):
        assert missing(batch, BATCH) == []

    def test_frame_metadata(self, frame):
        assert missing(frame, FRAME) == []

    def test_object_metadata(self, item):
        assert missing(item, OBJECT) == []
        assert missing(item.rect_params, RECT) == []

    def test_classifier_metadata_and_label_info(self, item):
        (classifier,) = item.classifier_items
        assert missing(classifier, CLASSIFIER) == []
        assert missing(classifier.get_label_info(0), LABEL) == []

    def test_display_metadata(self, batch):
        assert missing(batch.acquire_display_meta(), DISPLAY) == []

    def test_user_metadata(self, batch):
        item = batch.acquire_user_meta()
        assert missing(item, USER) == []
        assert missing(item.as_nvdsanalytics_frame(), ANALYTICS_FRAME) == []
        assert missing(item.as_nvdsanalytics_obj(), ANALYTICS_OBJECT) == []
        assert missing(batch.acquire_preprocess_batch_meta(), PREPROCESS) == []


def missing(thing, names):
    return [name for name in names.split() if not hasattr(thing, name)]


class TestWhatProgramsDo:
    def test_items_are_read_by_next_until_stop_iteration(self, batch, frame):
        """The loop of programs that were written for bindings without iteration."""
        for number in range(3):
            add_object(batch, frame, class_id=number)
        items = frame.object_items
        seen = []
        while True:
            try:
                seen.append(next(items).class_id)
            except StopIteration:
                break
        assert seen == [2, 1, 0]

    def test_an_object_has_no_number_of_objects_and_frames_are_counted_by_iterating(
        self, batch, frame
    ):
        add_object(batch, frame)
        assert sum(1 for _ in frame.object_items) == 1

    def test_text_params_are_written_and_assigned_back(self, item):
        text = item.text_params
        text.display_text = b"car 1"
        text.x_offset, text.y_offset = 10, 20
        text.font_params.name = osd.FontFamily.Serif
        text.font_params.size = 12
        text.font_params.color = osd.Color(1.0, 1.0, 1.0, 1.0)
        text.set_bg_clr = 1
        text.text_bg_clr = osd.Color(0.0, 0.0, 0.0, 1.0)
        item.text_params = text
        assert item.text_params.display_text == "car 1"
        assert item.text_params.font_params.size == 12 and item.text_params.set_bg_clr

    def test_the_display_meta_of_the_samples(self, batch, frame):
        """As the first sample writes its counts onto the frame."""
        text = osd.Text()
        text.display_text = "Object Counter: 3".encode("ascii")
        text.x_offset = 10
        text.y_offset = 12
        text.font.name = osd.FontFamily.Serif
        text.font.size = 12
        text.font.color = osd.Color(1.0, 1.0, 1.0, 1.0)
        text.set_bg_color = True
        text.bg_color = osd.Color(0.0, 0.0, 0.0, 1.0)
        display_meta = batch.acquire_display_meta()
        display_meta.add_text(text)
        frame.append(display_meta)
        assert display_meta.n_labels == 1

    def test_a_box_of_numpy_numbers(self, item):
        box = numpy.array([1.5, 2.5, 30.0, 40.0], numpy.float32)
        rect = item.rect_params
        rect.left, rect.top, rect.width, rect.height = box
        item.class_id, item.confidence = numpy.int64(2), numpy.float32(0.5)
        assert (rect.left, rect.height, item.class_id) == (1.5, 40.0, 2)

    def test_an_object_is_appended_to_a_frame_and_a_frame_to_a_batch(self, batch):
        frame = batch.acquire_frame_meta()
        batch.append(frame)
        frame.append(batch.acquire_object_meta())
        assert batch.n_frames == 1 and len(frame.object_items) == 1

    def test_user_data_as_json_on_batch_frame_and_object(self, batch, frame, item):
        for owner in (batch, frame, item):
            user = batch.acquire_user_meta()
            user.set_user_data_json('{"plate": "B-AB 1"}', 9001)
            owner.append(user)
            (found,) = owner.user_meta_items(9001)
            assert found and found.get_user_data_json() == '{"plate": "B-AB 1"}'
            assert found.meta_type == 9001
            assert not list(owner.user_meta_items(9002))

    def test_a_wrong_cast_is_false_and_not_none(self, batch):
        user = batch.acquire_user_meta()
        user.set_user_data_json("{}", 9001)
        tensors = user.as_tensor_output()
        assert tensors is not None and not tensors
        assert tensors.get_layers() == {}
        assert repr(tensors)

    def test_what_cannot_be_appended_is_named(self, batch, frame, item):
        for owner, kind in ((batch, "Batch"), (frame, "Frame"), (item, "Object")):
            with pytest.raises(TypeError, match=f"Invalid type for {kind}Metadata.append: int"):
                owner.append(3)


class TestTensorOutput:
    def test_output_layers_are_read_as_in_the_samples(self, clip):
        seen = {}

        def read(batch_meta):
            for frame in batch_meta.frame_items:
                for user in frame.tensor_items:
                    output = user.as_tensor_output()
                    if not output:
                        continue
                    seen["id"] = output.unique_id
                    seen["text"] = repr(output)
                    seen["layers"] = output.get_layers()
                    seen["output"] = output
                assert not list(frame.user_meta_items(9000))

        flow = Flow(Pipeline("tensors")).batch_capture([str(clip)], width=640, height=368)
        flow = flow.infer(str(street_config()), output_tensor_meta=True, unique_id=3)
        flow.attach(Probe("read", Each(read))).render(RenderMode.DISCARD)()
        assert seen["id"] == 3 and "layers=2" in seen["text"]
        layers = seen["layers"]
        # After the run: what was read is a copy, what it was read from is gone.
        assert layers["output_cov/Sigmoid:0"].shape == (4, 23, 40)
        box = layers.pop("output_bbox/BiasAdd:0")
        assert box and box.shape[0] == 16 and box.dtype == numpy.float32 and box.format == "CHW"
        assert "output_bbox/BiasAdd:0" not in layers
        cover = numpy.asarray(layers["output_cov/Sigmoid:0"])
        assert cover.min() >= 0 and cover.max() <= 1 and cover.any()
        with pytest.raises(dsbind.StaleMetadataError):
            seen["output"].get_layers()

    def test_without_output_tensor_meta_there_are_none(self, batch, frame, item):
        assert list(frame.tensor_items) == [] and list(item.tensor_items) == []

    def test_it_is_made_of_user_metadata_only(self):
        with pytest.raises(TypeError, match="as_tensor_output"):
            dsbind.meta.TensorOutputUserMetadata()


class TestPythonObjects:
    def test_one_that_is_not_appended_is_let_go(self):
        thing = Thing()
        gone = weakref.ref(thing)
        with BatchMetadata.create(1) as batch:
            batch.acquire_user_meta().set_user_data(thing, 9000)
            del thing
        gc.collect()
        assert gone() is None

    def test_one_reaches_every_branch_of_a_fork_and_is_let_go_once(self, clip):
        """A fork copies the batch where one branch changes it: both hold the same object."""
        made, seen = [], {"left": [], "right": []}
        finalized = []
        lock = threading.Lock()

        def put(batch_meta):
            for frame in batch_meta.frame_items:
                thing = Thing()
                thing.number = frame.frame_number
                weakref.finalize(thing, finalized.append, frame.frame_number)
                user = batch_meta.acquire_user_meta()
                user.set_user_data(thing, 9000)
                frame.append(user)
                made.append(frame.frame_number)

        def look(side):
            def call(batch_meta):
                for frame in batch_meta.frame_items:
                    (user,) = frame.user_meta_items(9000)
                    with lock:
                        seen[side].append(user.get_user_data().number)
                    # Changes this branch's copy only.
                    frame.append(batch_meta.acquire_object_meta())

            return call

        flow = Flow(Pipeline("fork")).batch_capture([str(clip)], width=64, height=48)
        fork = flow.attach(Probe("put", Each(put))).fork()
        for side in seen:
            fork.attach(Probe(side, Each(look(side)))).render(RenderMode.DISCARD)
        fork()
        del flow, fork
        gc.collect()
        assert seen["left"] == seen["right"] == made == list(range(60))
        assert sorted(finalized) == made

    def test_its_end_may_run_python_that_uses_metadata(self, batch, frame):
        """The object goes while the batch is locked by nobody: its end may take any lock."""
        user = batch.acquire_user_meta()

        class Ends:
            def __del__(self):
                add_object(batch, frame, class_id=7)

        user.set_user_data(Ends(), 9000)
        user.set_user_data("other", 9000)
        assert [item.class_id for item in frame.object_items] == [7]


class TestExtract:
    def test_it_is_plain_data_for_each_pad(self, make_clip):
        found = []

        def read(batch_meta):
            for frame in batch_meta.frame_items:
                item = batch_meta.acquire_object_meta()
                item.label, item.confidence = "car", 0.75
                rect = item.rect_params
                rect.left, rect.top, rect.width, rect.height = 8, 4, 16, 12
                frame.append(item)
            found.append(batch_meta.extract(3))

        uris = [str(make_clip(frames=8)), str(make_clip(frames=9))]
        flow = Flow(Pipeline("extract")).batch_capture(uris, width=64, height=48)
        flow.attach(Probe("read", Each(read))).render(RenderMode.DISCARD)()
        one = next(pads[1] for pads in found if pads[1])
        assert all(len(pads) == 3 and pads[2] is None for pads in found)
        assert one["shape"] == (48, 64) and one["bboxes"] == [[8.0, 4.0, 24.0, 16.0]]
        assert one["probs"] == [0.75] and one["labels"] == [["car"]]
        assert one["seg_maps"] == [None] and len(one["objects"]) == 1
        assert isinstance(one["timestamp"], int)


class TestReprs:
    def test_every_class_has_one(self, batch, frame, item):
        (classifier,) = item.classifier_items
        user = batch.acquire_user_meta()
        things = [
            batch, frame, item, classifier, classifier.get_label_info(0), user,
            user.as_tensor_output(), batch.acquire_display_meta(), frame.object_items,
            item.rect_params, item.text_params, item.mask_params, osd.Text(), osd.Font(),
            osd.Color(), osd.Line(), osd.Arrow(), osd.Circle(), osd.Rect(), osd.Mask(),
        ]  # fmt: skip
        for thing in things:
            assert not repr(thing).startswith("<dsbind"), type(thing)
            assert " object at 0x" not in repr(thing), type(thing)
