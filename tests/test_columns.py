# SPDX-License-Identifier: Apache-2.0
"""All objects of a batch at once: arrays read from it and written to it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy
import pytest
from batches import add_object

from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, columns, osd
from dsbind.errors import StaleMetadataError
from dsbind.meta import BatchMetadata

UNTRACKED = 2**64 - 1
LABELS = ("car", "person", "a road sign with a long name", "", "x" * 127)


@pytest.fixture
def street():
    """Three frames with five, none and 150 objects; the third object of each has a parent."""
    with BatchMetadata.create(3) as batch:
        for index, count in enumerate((5, 0, 150)):
            frame = batch.acquire_frame_meta(source_id=10 + index, frame_number=100 + index)
            batch.append(frame)
            for number in range(count):
                add_object(
                    batch,
                    frame,
                    class_id=number - 1,
                    object_id=2**40 + number,
                    confidence=number / 256,
                    tracker_confidence=number / 512,
                    unique_component_id=number % 3,
                    label=LABELS[number % len(LABELS)],
                    rect_params=osd.Rect(number, index, number + 0.5, 7),
                )
        yield batch


def walked(batch):
    """The same fields by the views."""
    rows = []
    for index, frame in enumerate(batch.frame_items):
        for item in frame.object_items:
            box = item.rect_params
            rows.append(
                (index, frame.source_id, frame.frame_number, item.class_id, item.object_id)
                + (item.confidence, item.tracker_confidence)
                + (box.left, box.top, box.width, box.height, -1)
                + (item.unique_component_id, item.label)
            )
    return rows


def listed(batch):
    labels = batch.labels
    return [(*row[:13], labels[row[13]]) for row in batch.objects.tolist()]


def rows(n, **fields):
    array = numpy.zeros(n, columns.object_dtype(["frame_index", *fields]))
    for name, values in fields.items():
        array[name] = values
    return array


class TestReading:
    def test_objects_are_what_the_views_show(self, street):
        assert len(street.objects) == 155
        assert listed(street) == walked(street)
        assert street.objects.dtype == columns.object_dtype()

    def test_an_empty_batch_gives_empty_arrays(self, batch):
        assert len(batch.objects) == len(batch.frames) == 0
        assert batch.labels == ()

    def test_frames(self, street):
        frames = street.frames
        assert frames.dtype == columns.frame_dtype()
        assert frames["frame_index"].tolist() == [0, 1, 2]
        assert frames["source_id"].tolist() == [10, 11, 12]
        assert frames["n_objects"].tolist() == [5, 0, 150]
        assert street.frames_array(["frame_number"])["frame_number"].tolist() == [100, 101, 102]

    @pytest.mark.parametrize("name", columns.object_dtype().names)
    def test_each_field_alone_is_as_among_all(self, street, name):
        numpy.testing.assert_array_equal(street.objects_array([name])[name], street.objects[name])

    def test_fields_in_any_order(self, street):
        names = ["height", "class_id", "left", "object_id", "frame_index", "confidence"]
        array = street.objects_array(names)
        assert array.dtype.names == tuple(names)
        for name in names:
            numpy.testing.assert_array_equal(array[name], street.objects[name])

    def test_boxes_make_a_plain_array(self, street):
        boxes = street.objects_array(["left", "top", "width", "height"])
        plain = boxes.view(numpy.float32).reshape(-1, 4)
        assert plain[:, 2].tolist() == street.objects["width"].tolist()

    def test_arrays_outlive_the_batch(self):
        with BatchMetadata.create() as batch:
            frame = batch.acquire_frame_meta()
            batch.append(frame)
            add_object(batch, frame, class_id=4, label="car")
            objects, labels = batch.objects, batch.labels
        assert objects["class_id"].tolist() == [4]
        assert labels == ("car",)
        for use in (
            lambda: batch.objects,
            lambda: batch.frames,
            lambda: batch.labels,
            lambda: batch.add_objects(objects),
            lambda: batch.update_objects(objects),
            lambda: batch.remove_objects([True]),
            lambda: frame.draw([(1, 2, 3, 4)]),
        ):
            with pytest.raises(StaleMetadataError):
                use()

    def test_parents_are_row_numbers(self, street):
        objects = street.objects
        objects["parent_index"][[1, 2, 60]] = 0, 1, 154
        street.update_objects(objects)
        found = street.objects["parent_index"]
        assert found[[1, 2, 60]].tolist() == [0, 1, 154]
        assert (numpy.delete(found, [1, 2, 60]) == -1).all()

    def test_labels_keep_their_number_within_a_batch(self, street):
        before, labels = street.objects["label_index"].tolist(), street.labels
        street.frame_items[0].object_items[0].label = "something new"
        after = street.objects["label_index"].tolist()
        assert after[1:] == before[1:]
        assert street.labels == (*labels, "something new")

    def test_hundreds_of_labels(self, batch, frame):
        names = [f"{'label ' * (number % 4)}{number}" for number in range(500)]
        for name in names:
            add_object(batch, frame, label=name)
        labels = batch.labels
        assert sorted(labels) == sorted(names)
        assert [labels[i] for i in batch.objects["label_index"]] == names[::-1]

    def test_labels_of_the_length_of_a_word(self, batch, frame):
        names = [
            "\x01\x01",
            "\x01",
            "å" * 4,
            "1234567\x01",
            *("0123456789abcdefgh"[:n] for n in range(19)),
        ]
        for name in names:
            add_object(batch, frame, label=name)
        assert [batch.labels[i] for i in batch.objects["label_index"]] == names[::-1]

    def test_labels_of_classifiers(self, batch, frame):
        plain, known = add_object(batch, frame), add_object(batch, frame)
        assert plain != known
        for component, label in ((4, "red"), (5, "y" * 300)):
            classifier = batch.acquire_classifier_meta()
            classifier.unique_component_id = component
            classifier.add_label(label, class_id=component + 1, prob=0.5)
            known.append(classifier)
        names = ["classifier_label_index", "classifier_class_id", "classifier_prob"]

        def texts(**options):
            array = batch.objects_array(names, **options)
            found = [batch.labels[i] for i in array["classifier_label_index"]]
            return found, array["classifier_class_id"].tolist(), array["classifier_prob"].tolist()

        assert texts(classifier=4) == (["red", ""], [5, -1], [0.5, 0])
        assert texts() == texts(classifier=5) == (["y" * 300, ""], [6, -1], [0.5, 0])
        assert texts(classifier=9) == (["", ""], [-1, -1], [0, 0])


class TestOut:
    def test_memory_is_used_again(self, street):
        out = numpy.zeros(200, columns.object_dtype(["left", "class_id"]))
        array = street.objects_array(["left", "class_id"], out=out)
        assert array.base is out and len(array) == 155
        numpy.testing.assert_array_equal(array["left"], street.objects["left"])
        assert (out["left"][155:] == 0).all()
        assert len(street.objects_array(out=out)) == 155

    def test_too_short_says_how_long(self, street):
        out = numpy.zeros(3, columns.object_dtype())
        with pytest.raises(ValueError, match="out has 3 rows, the batch needs 155"):
            street.objects_array(out=out)
        with pytest.raises(ValueError, match="the batch needs 3"):
            street.frames_array(out=numpy.zeros(2, columns.frame_dtype()))

    @pytest.mark.parametrize(
        "out",
        [
            numpy.zeros(200),
            numpy.zeros((2, 200), [("left", "f4")]),
            numpy.zeros(200, [("left", "f8")]),
            numpy.zeros(200, [("lefty", "f4")]),
            numpy.zeros(400, [("left", "f4")])[::2],
            bytearray(100),
        ],
        ids=["plain", "two dimensions", "f8", "unknown", "strided", "no array"],
    )
    def test_what_does_not_fit_is_refused(self, street, out):
        with pytest.raises((TypeError, ValueError)):
            street.objects_array(out=out)

    def test_fields_and_out_agree(self, street):
        out = numpy.zeros(200, columns.object_dtype(["left"]))
        with pytest.raises(ValueError, match="has the fields"):
            street.objects_array(["top"], out=out)

    def test_unknown_fields_are_named(self, street):
        with pytest.raises(ValueError, match="'clas_id'; did you mean 'class_id'"):
            street.objects_array(["left", "clas_id"])
        with pytest.raises(ValueError, match="twice"):
            street.objects_array(["left", "left"])
        with pytest.raises(ValueError, match="no fields"):
            street.objects_array([])
        with pytest.raises(TypeError, match=r"\['left'\]"):
            street.objects_array("left")


class TestAdding:
    def test_what_was_read_can_be_added_to_another_batch(self, street):
        objects = street.objects
        objects["parent_index"][3] = 2
        with BatchMetadata.create(3) as other:
            for frame in street.frame_items:
                other.append(
                    other.acquire_frame_meta(
                        source_id=frame.source_id, frame_number=frame.frame_number
                    )
                )
            other.add_objects(objects, labels=street.labels)
            assert listed(other)[4:] == listed(street)[4:]
            assert other.objects["parent_index"][3] == 2

    def test_what_has_no_field_is_as_acquired(self, batch, frame):
        batch.add_objects(rows(2, left=5))
        expected = batch.acquire_object_meta()
        for item in frame.object_items:
            assert item.rect_params.left == 5
            assert item.object_id == UNTRACKED
            assert (item.label, item.class_id, item.confidence) == ("", 0, 0)
            assert repr(item.text_params) == repr(expected.text_params)
            assert repr(item.rect_params.border_color) == repr(expected.rect_params.border_color)

    def test_labels(self, batch, frame):
        array = rows(3, label_index=[1, -1, 0])
        batch.add_objects(array, labels=["car", b"person" * 50])
        found = [item.label for item in frame.object_items]
        assert found == [("person" * 50)[:127], "", "car"]

    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("frame_index", 1, "row 2: frame_index is 1; the batch has 1 frames"),
            ("frame_index", -1, "row 2: frame_index is -1"),
            ("width", -3, "row 2: the box is .*width -3"),
            ("top", numpy.nan, "row 2: the box is top nan"),
            ("left", numpy.inf, "row 2: the box is left inf"),
            ("label_index", 1, "row 2: label_index is 1; .* to 0"),
            ("label_index", -2, "row 2: label_index is -2"),
            ("parent_index", 2, "row 2: parent_index is 2"),
            ("parent_index", 4, "row 2: parent_index is 4"),
            ("parent_index", -2, "row 2: parent_index is -2"),
        ],
    )
    def test_a_bad_row_is_named_and_nothing_is_added(self, batch, frame, name, value, text):
        array = rows(4, **({} if name == "frame_index" else {name: 0}))
        if name == "parent_index":
            array[name] = -1
        array[name][2] = value
        with pytest.raises(ValueError, match=text):
            batch.add_objects(array, labels=["car"])
        assert len(frame.object_items) == 0

    def test_a_parent_is_in_the_same_frame(self, street):
        array = rows(2, parent_index=[-1, 0])
        array["frame_index"] = 0, 1
        with pytest.raises(ValueError, match="row 1: parent_index is 0, a row of another frame"):
            street.add_objects(array)

    @pytest.mark.parametrize(
        ("array", "text"),
        [
            ([1, 2], "structured array"),
            (numpy.zeros(3), "structured array"),
            (numpy.zeros((2, 2), [("frame_index", "i4")]), "shape"),
            (numpy.zeros(2, [("frame_index", "i8")]), "frame_index.*int64.*int32"),
            (numpy.zeros(2, [("left", "f4")]), "no field 'frame_index'"),
            (numpy.zeros(2, [("frame_index", "i4"), ("hight", "f4")]), "did you mean 'height'"),
        ],
    )
    def test_an_array_of_another_kind_is_refused(self, batch, frame, array, text):
        with pytest.raises((TypeError, ValueError), match=text):
            batch.add_objects(array)

    def test_strided_rows_and_no_rows(self, batch, frame):
        array = rows(10, class_id=numpy.arange(10))
        batch.add_objects(array[::3])
        batch.add_objects(array[:0])
        assert [item.class_id for item in frame.object_items] == [0, 3, 6, 9]

    def test_thousands(self, batch, frame):
        batch.add_objects(rows(5000, class_id=numpy.arange(5000)))
        assert batch.objects["class_id"].tolist() == list(range(5000))


class TestUpdating:
    def test_rows_go_back_to_their_objects(self, street):
        objects, labels = street.objects, street.labels
        objects["left"] += 1000
        objects["object_id"] = numpy.arange(155)
        objects["label_index"] = labels.index("person")
        street.update_objects(objects)
        assert [row[7] for row in walked(street)] == objects["left"].tolist()
        assert [row[4] for row in walked(street)] == list(range(155))
        assert {row[13] for row in walked(street)} == {"person"}

    def test_only_the_fields_there_are_written(self, street):
        before = walked(street)
        array = street.objects_array(["top"])
        array["top"] = 3
        street.update_objects(array)
        assert walked(street) == [(*row[:8], 3.0, *row[9:]) for row in before]

    def test_another_number_of_rows_is_refused(self, street):
        objects = street.objects
        for wrong in (objects[1:], numpy.concatenate([objects, objects[:1]])):
            with pytest.raises(ValueError, match="the batch has 155 objects"):
                street.update_objects(wrong)

    def test_a_bad_row_changes_nothing(self, street):
        before, objects = walked(street), street.objects
        objects["left"] += 1
        objects["frame_index"][154] = 0
        with pytest.raises(ValueError, match="row 154: frame_index is 0"):
            street.update_objects(objects)
        assert walked(street) == before


class TestRemoving:
    def test_by_a_mask(self, street):
        objects, before = street.objects, walked(street)
        mask = objects["confidence"] < 0.25
        assert street.remove_objects(mask) == mask.sum()
        assert walked(street) == [row for row, gone in zip(before, mask, strict=True) if not gone]
        assert street.frames["n_objects"].sum() == len(street.objects) == (~mask).sum()

    def test_all_and_none(self, street):
        assert street.remove_objects(numpy.zeros(155, bool)) == 0
        assert street.remove_objects(numpy.ones(155, bool)) == 155
        assert street.remove_objects(numpy.ones(0, bool)) == 0

    def test_children_lose_their_parent(self, street):
        objects = street.objects
        objects["parent_index"][[1, 2]] = 0, 3
        street.update_objects(objects)
        street.remove_objects(numpy.arange(155) == 0)
        assert street.objects["parent_index"][:4].tolist() == [-1, 2, -1, -1]

    def test_a_mask_that_does_not_fit_is_refused(self, street):
        with pytest.raises(ValueError, match="3 values, the batch has 155 objects"):
            street.remove_objects([True, False, True])
        with pytest.raises(TypeError, match="int64"):
            street.remove_objects(numpy.zeros(155, numpy.int64))
        assert len(street.objects) == 155

    def test_their_user_data_is_released_and_the_pool_reused(self, batch, frame):
        for _ in range(100):
            batch.add_objects(rows(50))
            user = batch.acquire_user_meta()
            user.set_user_data(object(), 9000)
            frame.object_items[0].append(user)
            assert batch.remove_objects(numpy.ones(50, bool)) == 50
        assert len(frame.object_items) == 0


class TestDrawing:
    @pytest.mark.parametrize("count", [0, 1, 16, 17, 100])
    def test_any_number(self, batch, frame, count):
        boxes = numpy.arange(count * 4).reshape(count, 4)
        frame.draw(boxes, [f"text {number}" for number in range(count)])

    def test_rows_and_styles(self, street):
        frame = street.frame_items[0]
        frame.draw(street.objects, rect=osd.Rect(), text=osd.Text())
        frame.draw([(1, 2, 3, 4)], [None])

    @pytest.mark.parametrize(
        ("boxes", "texts", "text"),
        [
            ([(1, 2, 3)], None, "shape"),
            ([(1, 2, 3, 4), (1, 2, -3, 4)], None, "row 1"),
            ([(1, 2, 3, float("nan"))], None, "row 0"),
            ([(1, 2, 3, 4)], [], "0 texts for 1 boxes"),
            ([(1, 2, 3, 4)], "x", "a list"),
            ([(1, 2, 3, 4)], [5], "int"),
        ],
    )
    def test_what_cannot_be_drawn_is_named(self, frame, boxes, texts, text):
        with pytest.raises((TypeError, ValueError), match=text):
            frame.draw(boxes, texts)


def test_what_is_drawn_is_in_the_picture(clip, tmp_path):
    cv2 = pytest.importorskip("cv2")
    out = str(tmp_path / "drawn.mp4")

    class Painter(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                boxes = [(10 * number, 200, 5, 5) for number in range(1, 20)]
                frame.draw([*boxes, (50, 60, 100, 80)], [None] * 19 + ["hello"])

    flow = Flow(Pipeline("drawing")).batch_capture([str(clip)], width=320, height=240)
    flow.attach(Probe("painter", Painter())).encode(out)()
    _, picture = cv2.VideoCapture(out).read()
    assert picture[50:68, 52:92].max() > 200
    # The right side of the large box, and the left sides of the small ones.
    assert picture[80:100, 149:151].max(axis=(1, 2)).min() > 100
    assert picture[202:204, 10:200:10].max(axis=(0, 2)).min() > 100


def test_threads_may_read_and_write_at_once(street):
    array = street.objects_array(["left", "top"])
    failures = []

    def work(use):
        try:
            for _ in range(300):
                use()
        except Exception as error:
            failures.append(error)

    uses = [
        lambda: street.update_objects(array),
        lambda: street.objects,
        lambda: street.labels,
        lambda: walked(street),
    ]
    threads = [threading.Thread(target=work, args=(use,)) for use in uses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


ABI = Path(__file__).resolve().parent.parent / "native" / "abi" / "deepstream-9.1.json"
STRUCTS = ["NvDsBatchMeta", "NvDsFrameMeta", "NvDsObjectMeta", "NvDsUserMeta"]


@pytest.mark.parametrize("name", STRUCTS)
def test_dtypes_of_structs_are_laid_out_as_deepstream_s(name):
    structs = json.loads(ABI.read_text())["headers"]
    structs = structs["nvdsmeta.h"]["structs"] | structs["nvll_osd_struct.h"]["structs"]
    places = {field["name"]: field for field in structs[name]["fields"]}
    if name == "NvDsObjectMeta":
        start = places["rect_params"]["offset"]
        for field in structs["NvOSD_RectParams"]["fields"]:
            places[field["name"]] = {**field, "offset": start + field["offset"]}
    if name == "NvDsUserMeta":
        for field in structs["NvDsBaseMeta"]["fields"]:
            places[field["name"]] = field
    dtype = columns.struct_dtype(name)
    assert dtype.itemsize == structs[name]["size"]
    for field, (kind, offset) in dtype.fields.items():
        assert (offset, kind.itemsize) == (places[field]["offset"], places[field]["size"]), field


def test_there_is_no_dtype_of_another_struct():
    with pytest.raises(ValueError, match="choose from GList, NvDsBatchMeta"):
        columns.struct_dtype("NvDsRoiMeta")
