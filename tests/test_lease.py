# SPDX-License-Identifier: Apache-2.0
"""How long views of metadata live, and what threads may do with them."""

from __future__ import annotations

import ctypes
import gc
import resource
import threading
import time
from pathlib import Path

import numpy
import pytest
from batches import add_object

import dsbind
from dsbind import BatchMetadataOperator, BufferOperator, Pipeline, Probe, osd, runtime
from dsbind.errors import StaleMetadataError
from dsbind.meta import BatchMetadata


class TestLease:
    def test_every_view_is_stale_after_close(self):
        batch = BatchMetadata.create()
        frame = batch.acquire_frame_meta()
        batch.append(frame)
        item = add_object(batch, frame, label="car")
        items, iterator = frame.object_items, iter(frame.object_items)
        rect, text, mask = item.rect_params, item.text_params, item.mask_params
        color, font = rect.border_color, text.font_params
        display, user = batch.acquire_display_meta(), batch.acquire_user_meta()
        classifier = batch.acquire_classifier_meta()
        classifier.add_label("red")
        info = classifier.get_label_info(0)
        batch.close()

        uses = [
            lambda: batch.n_frames,
            lambda: batch.frame_items,
            batch.acquire_object_meta,
            batch.__enter__,
            lambda: frame.frame_number,
            lambda: frame.append(item),
            lambda: item.label,
            lambda: setattr(item, "class_id", 1),
            lambda: len(items),
            lambda: items[0],
            lambda: iter(items),
            lambda: next(items),
            lambda: next(iterator),
            lambda: rect.left,
            lambda: setattr(rect, "left", 1.0),
            rect.copy,
            lambda: setattr(text, "display_text", "x"),
            lambda: mask.mask_array,
            lambda: setattr(mask, "mask_array", numpy.ones((2, 2))),
            lambda: color.red,
            lambda: font.size,
            lambda: display.add_rect(osd.Rect()),
            lambda: classifier.n_labels,
            lambda: info.prob,
            lambda: user.set_user_data_json("x", 9000),
            lambda: bool(user),
        ]
        for use in uses:
            with pytest.raises(StaleMetadataError, match="copy"):
                use()
        for view in (batch, frame, item, items, rect, text, mask, color, font, display, user):
            assert "gone" in repr(view)

    def test_copies_outlive_the_batch(self):
        with BatchMetadata.create() as batch:
            item = batch.acquire_object_meta()
            item.rect_params.left = 5
            item.text_params.display_text = "kept"
            item.mask_params.mask_array = numpy.ones((2, 2))
            rect, text = item.rect_params.copy(), item.text_params.copy()
            mask, color = item.mask_params.copy(), item.rect_params.border_color.copy()
        assert rect.left == 5
        assert text.display_text == "kept"
        assert mask.mask_array.sum() == 4
        assert color == osd.Color(0, 0, 0, 0)

    def test_a_batch_that_is_forgotten_makes_its_views_stale(self):
        batch = BatchMetadata.create()
        frame = batch.acquire_frame_meta()
        del batch
        gc.collect()
        with pytest.raises(StaleMetadataError):
            _ = frame.frame_number

    def test_threads_may_write_at_once(self, batch, frame):
        texts = [add_object(batch, frame).text_params for _ in range(2)] * 2

        def write(text, word):
            for _ in range(2000):
                text.display_text = word
                assert text.display_text in words

        words = ["a" * 10, "b" * 200, "c" * 3000, "d"]
        threads = [
            threading.Thread(target=write, args=pair) for pair in zip(texts, words, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {text.display_text for text in texts} <= set(words)


class TestLock:
    """The lock of the batch, which native threads hold while they read or draw."""

    @pytest.fixture
    def native(self):
        (path,) = (x["path"] for x in runtime.libraries() if x["name"] == "libnvds_meta.so")
        return ctypes.CDLL(path)

    @pytest.fixture
    def hold(self, batch, native):
        """Hold the lock on a thread of its own for as long as the block runs."""
        address = ctypes.c_void_p(hash(batch))
        held, let_go = threading.Event(), threading.Event()

        def keep():
            native.nvds_acquire_meta_lock(address)
            held.set()
            let_go.wait(30)
            native.nvds_release_meta_lock(address)

        thread = threading.Thread(target=keep)
        thread.start()
        held.wait(30)
        yield let_go
        let_go.set()
        thread.join()

    def test_waiting_for_it_leaves_python_to_others(self, batch, hold):
        waiting = threading.Thread(target=batch.acquire_object_meta)
        waiting.start()
        time.sleep(0.1)
        assert waiting.is_alive()
        hold.set()
        waiting.join(10)
        assert not waiting.is_alive()

    def test_a_lease_that_ends_meanwhile_is_stale(self, batch, hold):
        errors = []

        def acquire():
            try:
                batch.acquire_object_meta()
            except StaleMetadataError as error:
                errors.append(error)

        waiting = threading.Thread(target=acquire)
        waiting.start()
        time.sleep(0.1)
        closing = threading.Thread(target=batch.close)
        closing.start()
        time.sleep(0.1)
        assert closing.is_alive()
        hold.set()
        closing.join(10)
        waiting.join(10)
        assert len(errors) == 1


class TestInPipeline:
    def run(self, *operators, factory="queue"):
        pipeline = Pipeline("metadata")
        pipeline.add("videotestsrc", "src", {"num-buffers": 3})
        pipeline.add("capsfilter", "caps", {"caps": "video/x-raw,format=NV12,width=64,height=48"})
        pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
        names = [f"queue{i}" for i in range(len(operators))]
        for name, operator in zip(names, operators, strict=True):
            pipeline.add(factory, name, {})
            pipeline.attach(name, Probe(f"probe-{name}", operator))
        pipeline.add("fakesink", "sink", {})
        pipeline.link("src", "caps")
        pipeline.link(("caps", "mux"), ("", "sink_%u"))
        pipeline.link("mux", *names, "sink")
        pipeline.start().wait()

    def test_metadata_reaches_the_next_probe_and_then_goes_stale(self):
        seen = []

        class Write(BatchMetadataOperator):
            def handle_metadata(self, batch):
                for frame in batch.frame_items:
                    item = batch.acquire_object_meta()
                    item.label = f"object {frame.frame_number}"
                    frame.append(item)

        class Read(BatchMetadataOperator):
            def handle_metadata(self, batch):
                (frame,) = batch.frame_items
                (item,) = frame.object_items
                seen.append((item.label, frame.pipeline_width, item))

        self.run(Write(), Read())
        assert [(label, width) for label, width, _ in seen] == [
            (f"object {number}", 64) for number in range(3)
        ]
        for _, _, item in seen:
            with pytest.raises(StaleMetadataError):
                _ = item.label

    @pytest.mark.parametrize("what", ["batch", "frame", "items"])
    def test_what_one_call_keeps_is_stale_in_the_next(self, what):
        kept = []
        use = {"batch": lambda view: view.n_frames, "frame": lambda view: view.source_id}

        class Keep(BatchMetadataOperator):
            n = 0

            def handle_metadata(self, batch):
                for view in kept:
                    with pytest.raises(StaleMetadataError):
                        use.get(what, len)(view)
                # What nobody keeps may be used again for the next batch; what is kept, never.
                self.n += 1
                if self.n != 2:
                    items = batch.frame_items
                    kept.append({"batch": batch, "frame": items[0], "items": items}[what])

        self.run(Keep())
        assert len(kept) == 2 and kept[0] is not kept[1]

    def test_what_the_garbage_collector_shows_stays_stale(self):
        found = []

        class Check(BatchMetadataOperator):
            def handle_metadata(self, batch):
                assert batch.n_frames == 1
                for view in found:
                    with pytest.raises(StaleMetadataError):
                        _ = view.n_frames

        class Find(BatchMetadataOperator):
            def handle_metadata(self, batch):
                views = [item for item in gc.get_objects() if type(item) is BatchMetadata]
                found.extend(view for view in views if "gone" in repr(view))

        # On one thread, so that one looks between two calls of the other.
        self.run(Check(), Find(), factory="identity")
        assert found

    def test_nothing_of_a_batch_is_seen_in_the_next(self):
        seen = []

        class Look(BatchMetadataOperator):
            def handle_metadata(self, batch):
                (frame,) = batch.frame_items
                number = frame.frame_number
                add_object(batch, frame, label=f"label {number}")
                assert batch.objects["label_index"].tolist() == [0]
                # Goes back to the pool, as always.
                batch.acquire_object_meta()
                seen.append(batch.labels)

        self.run(Look())
        assert seen == [(f"label {number}",) for number in range(3)]

    def test_a_buffer_that_is_kept_is_stale_in_the_next_call_and_its_pixels_are_not(self):
        kept = []

        class Keep(BufferOperator):
            def handle_buffer(self, buffer):
                for view, stamp, pixels in kept:
                    with pytest.raises(StaleMetadataError):
                        _ = view.timestamp
                    assert buffer.timestamp > stamp
                    assert pixels.shape == (48, 64)
                if len(kept) < 2:
                    kept.append((buffer, buffer.timestamp, numpy.asarray(buffer.extract(0)[0])))

        self.run(Keep())
        assert len(kept) == 2

    def test_what_is_not_appended_goes_back_to_the_pool(self):
        forgotten, found = [], []

        class Forget(BatchMetadataOperator):
            def handle_metadata(self, batch):
                item = batch.acquire_object_meta()
                item.class_id = 5
                forgotten.append(hash(item))
                batch.acquire_display_meta().add_rect(osd.Rect(0, 0, 9, 9))
                batch.acquire_user_meta().set_user_data_json("x", 9000)

        class Acquire(BatchMetadataOperator):
            def handle_metadata(self, batch):
                item = batch.acquire_object_meta()
                found.append((hash(item), item.class_id, batch.acquire_display_meta().n_rects))

        self.run(Forget(), Acquire())
        assert found == [(address, 0, 0) for address in forgotten]


def resident_bytes():
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def test_batches_do_not_leak():
    def cycle():
        with BatchMetadata.create(2) as batch:
            frame = batch.acquire_frame_meta()
            batch.append(frame)
            for _ in range(20):
                item = add_object(batch, frame, label="car")
                item.text_params.display_text = "x" * 1000
                item.mask_params.mask_array = numpy.zeros((28, 28))
                user = batch.acquire_user_meta()
                user.set_user_data_json("y" * 1000, 9000)
                item.append(user)
            batch.acquire_object_meta().text_params.display_text = "stray" * 200

    for _ in range(50):
        cycle()
    before = resident_bytes()
    for _ in range(200):
        cycle()
    # Forgetting the texts and masks alone would cost 20 MB.
    assert resident_bytes() - before < 4_000_000


@pytest.mark.parametrize("name", ["BatchMetadata", "FrameMetadata", "ObjectMetadata", "LabelInfo"])
def test_a_view_of_nothing_is_stale(name):
    kind = getattr(dsbind.meta, name)
    view = kind.__new__(kind)
    with pytest.raises(dsbind.StaleMetadataError):
        view == view and [getattr(view, member) for member in dir(view)]
    assert "gone" in repr(view)


def test_an_iterator_of_nothing_is_stale():
    with dsbind.meta.BatchMetadata.create() as batch:
        kind = type(iter(batch.frame_items))
    with pytest.raises(dsbind.StaleMetadataError):
        next(kind())


def test_labels_of_all_lengths_are_read_as_they_are():
    texts = [
        "",
        "a",
        "seven77",
        "eight888",
        "fifteen bytes 15",
        "sixteen bytes 16",
        "é" * 7,
        "x" * 127,
    ]
    texts += [f"class {number}" for number in range(200)]
    with dsbind.meta.BatchMetadata.create() as batch:
        item = batch.acquire_object_meta()
        for _ in range(2):
            for text in texts:
                item.label = text
                assert item.label == text
        # What lies behind the end belongs to a longer one before.
        item.label = "a long name of a class"
        item.label = "car"
        assert item.label == "car"
