# SPDX-License-Identifier: Apache-2.0
"""User metadata of a whole batch as arrays: read from it and added to it."""

from __future__ import annotations

import ctypes
import gc
import weakref

import numpy
import pytest
from batches import add_object

from dsbind import columns
from dsbind.errors import StaleMetadataError
from dsbind.meta import BatchMetadata

KIND, OTHER = 9000, 9001
SPEED = numpy.dtype([("speed", "f8"), ("lane", "i4")], align=True)


@pytest.fixture
def street():
    """Three frames with two, none and 100 objects."""
    with BatchMetadata.create(3) as batch:
        for index, count in enumerate((2, 0, 100)):
            frame = batch.acquire_frame_meta(source_id=index)
            batch.append(frame)
            for number in range(count):
                add_object(batch, frame, object_id=number)
        yield batch


def rows(places, dtype=SPEED):
    """Rows for places (frame, object), with the number of each row in the first field."""
    array = numpy.zeros(len(places), columns.user_dtype(dtype))
    for row, (frame, thing) in enumerate(places):
        array[row] = (frame, thing, numpy.full((), row, dtype)[()])
    return array


PLACES = [(-1, -1), (0, -1), (0, 0), (0, 1), (1, -1), (2, 2), (2, 101)]


def test_what_is_added_is_read_back(street):
    added = rows(PLACES)
    street.add_user_array(KIND, added)
    read = street.user_array(KIND, SPEED)
    assert read.dtype == columns.user_dtype(SPEED)
    assert read.tolist() == added.tolist()
    assert len(street.user_array(OTHER, SPEED)) == 0


def test_it_lies_where_the_views_show_it(street):
    street.add_user_array(KIND, rows(PLACES))
    assert len(street.user_meta_items(KIND)) == 1
    frames = list(street.frame_items)
    assert [len(frame.user_meta_items(KIND)) for frame in frames] == [1, 1, 0]
    last = [len(item.user_meta_items(KIND)) for item in frames[2].object_items]
    assert last == [1] + 98 * [0] + [1]


def test_rows_need_not_say_an_object_or_a_frame(street):
    frames = numpy.zeros(2, [("frame_index", "i4"), ("data", "u1")])
    frames["frame_index"], frames["data"] = [2, 0], [20, 10]
    street.add_user_array(KIND, frames)
    objects = numpy.zeros(1, [("object_index", "i4"), ("data", "u1")])
    objects["object_index"], objects["data"] = 1, 30
    street.add_user_array(KIND, objects)
    street.add_user_array(KIND, numpy.array([(40,), (50,)], [("data", "u1")]))
    assert street.user_array(KIND, "u1").tolist() == [
        (-1, -1, 40),
        (-1, -1, 50),
        (0, -1, 10),
        (0, 1, 30),
        (2, -1, 20),
    ]


@pytest.mark.parametrize("dtype", ["u1", "f4", "S200", "M8[ns]", "(3, 4)f4"])
def test_any_dtype_of_fixed_size_is_carried(street, dtype):
    dtype = numpy.dtype(dtype)
    added = numpy.zeros(300, columns.user_dtype(dtype))
    added["frame_index"] = -1
    added["object_index"] = numpy.arange(300) % 102
    raw = numpy.random.default_rng(7).integers(0, 255, (300, dtype.itemsize), numpy.uint8)
    for row in range(300):
        target = added[row : row + 1]["data"]
        target[...] = raw[row : row + 1].copy().view(dtype.base).reshape(target.shape)
    street.add_user_array(KIND, added)
    read = street.user_array(KIND, dtype)
    assert len(read) == 300
    order = numpy.argsort(added["object_index"], kind="stable")
    assert read["data"].tobytes() == added["data"][order].tobytes()


def test_a_ctypes_structure_says_how_it_lies(street):
    class Speed(ctypes.Structure):
        _fields_ = [("speed", ctypes.c_double), ("lane", ctypes.c_int)]

    street.add_user_array(KIND, rows([(0, -1)]))
    assert street.user_array(KIND, Speed)["data"]["speed"].tolist() == [0.0]


def test_memory_is_used_again(street):
    street.add_user_array(KIND, rows(PLACES))
    out = numpy.zeros(10, columns.user_dtype(SPEED))
    read = street.user_array(KIND, SPEED, out)
    assert read.base is out and len(read) == len(PLACES)
    with pytest.raises(ValueError, match="out has 3 rows, the batch needs 7"):
        street.user_array(KIND, SPEED, out[:3])
    with pytest.raises(ValueError, match="gaps"):
        street.user_array(KIND, SPEED, out[::2])
    with pytest.raises(TypeError, match="user_dtype"):
        street.user_array(KIND, SPEED, numpy.zeros(10))


def test_python_objects_and_texts_are_an_array_of_objects(street):
    frame = next(iter(street.frame_items))
    thing = object()
    for owner, value in ((street, thing), (frame, "grüß"), (frame.object_items[0], {"a": 1})):
        user = street.acquire_user_meta()
        if isinstance(value, str):
            user.set_user_data_json(value, KIND)
        else:
            user.set_user_data(value, KIND)
        owner.append(user)
    read = street.user_array(KIND, object)
    assert read.tolist() == [(-1, -1, thing), (0, -1, "grüß"), (0, 0, {"a": 1})]
    assert read["data"][0] is thing
    out = numpy.zeros(5, columns.user_dtype(object))
    assert len(street.user_array(KIND, object, out)) == 3


def test_python_objects_are_never_read_as_a_struct(street):
    user = street.acquire_user_meta()
    user.set_user_data(object(), KIND)
    street.append(user)
    with pytest.raises(TypeError, match="with the dtype `object`"):
        street.user_array(KIND, "u8")


def test_a_struct_is_never_read_as_an_object_or_by_another_size(street):
    street.add_user_array(KIND, rows(PLACES))
    with pytest.raises(TypeError, match="carries a C struct"):
        street.user_array(KIND, object)
    with pytest.raises(ValueError, match="carries 16 bytes; the dtype has 8"):
        street.user_array(KIND, "u8")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((3, -1), "row 1: frame_index is 3; the batch has 3 frames"),
        ((-2, -1), "row 1: frame_index is -2"),
        ((-1, 102), "row 1: object_index is 102; the batch has 102 objects"),
        ((0, 2), "row 1: frame_index is 0, but object 2 is in another frame"),
    ],
)
def test_a_row_that_cannot_be_added_changes_nothing(street, place, text):
    with pytest.raises(ValueError, match=text):
        street.add_user_array(KIND, rows([(0, 0), place]))
    assert len(street.user_array(KIND, SPEED)) == 0
    street.add_user_array(KIND, rows(PLACES))
    assert len(street.user_array(KIND, SPEED)) == len(PLACES)


def test_what_is_no_user_metadata_is_refused(street):
    with pytest.raises(ValueError, match="stands for a C struct"):
        street.add_user_array(5, rows(PLACES))
    with pytest.raises(TypeError, match="user_dtype"):
        street.add_user_array(KIND, numpy.zeros(3))
    with pytest.raises(TypeError, match="Python objects"):
        street.add_user_array(KIND, numpy.zeros(1, columns.user_dtype(object)))
    with pytest.raises(TypeError, match="takes int32"):
        street.add_user_array(KIND, numpy.zeros(1, [("frame_index", "i8"), ("data", "u1")]))
    with pytest.raises(TypeError, match="a C struct has none"):
        columns.user_dtype([("a", object), ("b", "i4")])
    with pytest.raises(TypeError, match="no size"):
        columns.user_dtype("V0")


def test_objects_are_given_up_with_the_batch(street):
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    user = street.acquire_user_meta()
    user.set_user_data(thing, KIND)
    street.append(user)
    kept = street.user_array(KIND, object)
    del thing, user
    street.close()
    gc.collect()
    assert gone() is kept["data"][0]
    del kept
    assert gone() is None
    with pytest.raises(StaleMetadataError):
        street.user_array(KIND, object)


def test_copies_of_a_batch_have_copies(run_program):
    """A tee and a probe that writes: the other branch reads its own."""
    done = run_program(
        """
        import numpy
        from dsbind import BatchMetadataOperator, BufferOperator, Pipeline, Probe, columns

        seen = {"first": [], "second": []}

        class Add(BatchMetadataOperator):
            def handle_metadata(self, batch):
                array = numpy.zeros(2, columns.user_dtype("i8"))
                array["frame_index"], array["object_index"] = [0, -1], -1
                array["data"] = [batch.frames["frame_number"][0], 7]
                batch.add_user_array(9000, array)

        class Read(BatchMetadataOperator):
            def __init__(self, name):
                self.name = name
            def handle_metadata(self, batch):
                read = batch.user_array(9000, "i8")
                seen[self.name].append(sorted(read["data"].tolist()))
                batch.add_user_array(9001, read)
                assert len(batch.user_array(9001, "i8")) == 2

        pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 5})
        pipeline.add("capsfilter", "caps", {"caps": "video/x-raw,format=NV12,width=64,height=48"})
        pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
        pipeline.add("tee", "tee")
        pipeline.link("src", "caps").link(("caps", "mux"), ("", "sink_%u")).link("mux", "tee")
        for name in ("first", "second"):
            pipeline.add("queue", f"q-{name}").add("fakesink", name, {"sync": False})
            pipeline.link("tee", f"q-{name}", name).attach(name, Probe(name, Read(name)))
        pipeline.attach("mux", Probe("add", Add()))
        pipeline.start().wait(20)
        assert seen["first"] == seen["second"] == [sorted([n, 7]) for n in range(5)], seen
        """
    )
    assert done.returncode == 0, done.stderr
