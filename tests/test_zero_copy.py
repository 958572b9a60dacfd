# SPDX-License-Identifier: Apache-2.0
"""Pixels reach Python, and come from it, without a copy."""

from __future__ import annotations

import gc
import logging
import subprocess
import threading
import time

import numpy
import pytest
from probing import Handle, converted, run, white

from dsbind import (
    ArrayPool,
    Buffer,
    BufferProvider,
    BufferRetriever,
    ColorFormat,
    Feeder,
    Flow,
    Pipeline,
    Probe,
    Receiver,
    Tensor,
    as_tensor,
)
from dsbind.errors import ConfigError, StaleMetadataError

RGBA = converted("RGBA")


def address(array):
    return numpy.asarray(array).__array_interface__["data"][0]


class Each(BufferProvider):
    """Gives what a function makes, `count` times."""

    def __init__(self, make, count, size=(64, 48), format="RGB"):
        self.width, self.height = size
        self.format = format
        self.framerate = 30
        self.make = make
        self.count = count
        self.n = 0

    def generate(self, size):
        self.n += 1
        return self.make(self.n - 1) if self.n <= self.count else Buffer()


class Look(BufferRetriever):
    def __init__(self, look):
        self.look = look

    def consume(self, buffer):
        self.look(buffer)
        return 1


def fed(make, count, look, *, size=(64, 48), format="RGB"):
    """Feed an appsink from an appsrc, with nothing between them."""
    provider = Each(make, count, size, format)
    pipeline = Pipeline("fed")
    caps = f"video/x-raw,format={format},width={size[0]},height={size[1]},framerate=30/1"
    pipeline.add("appsrc", "src", {"caps": caps, "do-timestamp": True})
    pipeline.add("appsink", "sink", {"emit-signals": True, "sync": False})
    pipeline.link("src", "sink")
    pipeline.attach("src", Feeder("feeder", provider), tips="need-data/enough-data")
    pipeline.attach("sink", Receiver("receiver", Look(look)), tips="new-sample")
    pipeline.start().wait()


class TestLeased:
    """`extract(i, retain=False)`."""

    def test_it_shows_the_same_memory(self):
        seen = []

        def look(buffer):
            held, leased = buffer.extract(0), buffer.extract(0, retain=False)
            assert isinstance(leased, Tensor)
            assert (leased.shape, leased.strides) == (held.shape, held.strides)
            seen.append(address(held) == address(leased))

        run(("c", look), tail=RGBA)
        assert seen == [True, True]

    def test_it_is_stale_after_the_callback(self):
        kept = []
        run(("c", lambda buffer: kept.append(buffer.extract(0, retain=False))), tail=RGBA)
        for tensor in kept:
            assert tensor.shape == (48, 64, 4)
            for use in (
                tensor.numpy,
                tensor.clone,
                tensor.__dlpack__,
                lambda tensor=tensor: numpy.asarray(tensor),
                lambda tensor=tensor: numpy.from_dlpack(tensor),
                lambda tensor=tensor: memoryview(tensor),
                lambda tensor=tensor: as_tensor(tensor),
                lambda tensor=tensor: Buffer(tensor),
            ):
                with pytest.raises(StaleMetadataError, match="gone"):
                    use()

    @pytest.mark.parametrize(
        "export",
        [
            lambda tensor: tensor.numpy(),
            numpy.from_dlpack,
            lambda tensor: numpy.asarray(memoryview(tensor)),
            lambda tensor: numpy.asarray(as_tensor(tensor)),
        ],
        ids=["numpy", "dlpack", "memoryview", "as_tensor"],
    )
    def test_arrays_made_from_it_stay(self, export):
        # The pool would use the pixels again, were they not held.
        kept = []

        def look(buffer):
            kept.append(export(buffer.extract(0, retain=False)))

        def blacken(buffer):
            buffer.extract(0, writable=True).numpy()[...] = 0

        tail = (*RGBA, ("identity", "id", {}))
        run(("c", look), ("id", blacken), frames=12, tail=tail)
        gc.collect()
        assert [frame[..., :3].min() > 250 for frame in kept] == [True] * 12

    def test_it_keeps_nobody_from_writing_in_place(self):
        seen = []

        def look(buffer):
            leased = buffer.extract(0, retain=False)
            before = address(leased)
            written = buffer.extract(0, writable=True)
            written.numpy()[0, 0] = 7
            seen.append((before == address(written), leased.numpy()[0, 0, 0]))

        run(("c", look), tail=RGBA)
        assert seen == [(True, 7)] * 2

    def test_it_may_be_written(self):
        seen = []

        def edit(buffer):
            leased = buffer.extract(0, writable=True, retain=False)
            leased.numpy()[...] = 3

        def look(buffer):
            seen.append(set(numpy.unique(buffer.extract(0, retain=False).numpy())))

        run(("c", edit), ("id", look), tail=(*RGBA, ("identity", "id", {})))
        assert seen == [{3}, {3}]

    def test_other_threads_may_use_it_until_it_is_stale(self):
        outcomes = []
        done = threading.Event()

        def use(tensor):
            while not done.is_set():
                try:
                    outcomes.append(int(tensor.numpy()[0, 0, 3]))
                    tensor.clone()
                except StaleMetadataError:
                    return

        threads = []

        def look(buffer):
            thread = threading.Thread(target=use, args=(buffer.extract(0, retain=False),))
            thread.start()
            threads.append(thread)
            time.sleep(0.002)

        run(("c", look), frames=40, tail=RGBA)
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
        done.set()
        assert set(outcomes) <= {255}
        assert len(threads) == 40

    def test_it_tells_when_the_batch_got_other_pixels(self):
        # A branch that holds the pixels too makes writing move them.
        outcome = {}
        start = threading.Barrier(2, timeout=20)

        def branch(name):
            def handle(buffer):
                start.wait()
                leased = buffer.extract(0, retain=False)
                buffer.extract(0, writable=True)[0].numpy()[...] = 20
                try:
                    leased[0].numpy()
                except BufferError as error:
                    outcome[name] = str(error)
                start.wait()

            return Handle(handle)

        pipeline = Pipeline("branches")
        pipeline.add("videotestsrc", "src", {"num-buffers": 1, "pattern": 3})
        pipeline.add("capsfilter", "caps", {"caps": white("NV12")})
        pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
        pipeline.add("tee", "tee", {})
        pipeline.link("src", "caps")
        pipeline.link(("caps", "mux"), ("", "sink_%u"))
        pipeline.link("mux", "tee")
        for name in ("a", "b"):
            pipeline.add("queue", f"queue-{name}", {})
            pipeline.add("fakesink", f"sink-{name}", {"async": False})
            pipeline.link(("tee", f"queue-{name}"), ("src_%u", ""))
            pipeline.link(f"queue-{name}", f"sink-{name}")
            pipeline.attach(f"queue-{name}", Probe(name, branch(name)))
        pipeline.start().wait()
        assert outcome
        assert all("extract the frame again" in text for text in outcome.values())


class TestBatch:
    """`extract_batch`."""

    @staticmethod
    def batches(look, format="RGBA", streams=3):
        class Retriever(BufferRetriever):
            def consume(self, buffer):
                look(buffer)

        providers = [
            Each(lambda i, c=c: numpy.full((48, 64, 3), 60 * c + 20, numpy.uint8), 4)
            for c in range(streams)
        ]
        flow = Flow(Pipeline("batches")).inject(providers).batch(width=64, height=48)
        flow.retrieve(Retriever())()

    def test_frames_of_a_converter_are_one_tensor(self):
        seen = []

        def look(buffer):
            whole = buffer.extract_batch()
            assert isinstance(whole, Tensor)
            assert whole.shape == (buffer.batch_size, 48, 64, 3)
            assert whole.format == "NHWC"
            pixels = whole.numpy()
            for i in range(buffer.batch_size):
                one = buffer.extract(i)
                assert address(one) == address(pixels[i])
                assert (pixels[i] == one.numpy()).all()
            seen.append(pixels)

        self.batches(look)
        assert seen
        assert sum(len(batch) for batch in seen) == 12
        values = {int(frame[0, 0, 0]) // 10 * 10 for batch in seen for frame in batch}
        assert len(values) == 3

    def test_planes_are_one_tensor_each(self):
        seen = []

        def look(buffer):
            whole = buffer.extract_batch(retain=False)
            seen.append([plane.shape for plane in whole])

        run(
            ("c", look),
            tail=[
                ("nvvideoconvert", "v", {}),
                ("capsfilter", "c", {"caps": "video/x-raw(memory:NVMM),format=NV12"}),
            ],
        )
        assert seen == [[(1, 48, 64), (1, 24, 32, 2)]] * 2

    def test_writing(self):
        seen = []

        def edit(buffer):
            buffer.extract_batch(writable=True).numpy()[...] = 9

        def look(buffer):
            seen.append(set(numpy.unique(buffer.extract_batch().numpy())))

        run(("c", edit), ("id", look), tail=(*RGBA, ("identity", "id", {})))
        assert seen == [{9}, {9}]

    def test_a_leased_batch_is_stale_too(self):
        kept = []
        run(("c", lambda buffer: kept.append(buffer.extract_batch(retain=False))), tail=RGBA)
        for batch in kept:
            with pytest.raises(StaleMetadataError):
                batch.numpy()

    def test_a_plain_buffer_has_no_frames(self):
        def look(buffer):
            with pytest.raises(ConfigError, match="nvstreammux"):
                buffer.extract_batch()

        run(("caps", look))


class TestInject:
    @pytest.mark.parametrize(
        "give",
        [
            lambda array: array,
            Buffer,
            lambda array: Buffer(memoryview(array)),
            lambda array: Buffer(as_tensor(numpy.from_dlpack(array))),
            lambda array: Buffer(array.reshape(-1)),
        ],
        ids=["array", "buffer", "memoryview", "dlpack", "flat"],
    )
    def test_arrays_travel_as_they_are(self, give):
        array = numpy.full((48, 64, 3), 7, numpy.uint8)
        seen = []
        fed(lambda i: give(array), 3, lambda buffer: seen.append(address(buffer.extract(0))))
        assert seen == [address(array)] * 3

    def test_bytes_travel_as_they_are(self):
        data = bytes(48 * 64 * 3)
        seen = []
        fed(lambda i: data, 2, lambda buffer: seen.append(address(buffer.extract(0))))
        assert seen == [numpy.frombuffer(data, numpy.uint8).__array_interface__["data"][0]] * 2

    @pytest.mark.parametrize("width", [64, 61])
    def test_rows_with_gaps_arrive_where_nobody_takes_them(self, width):
        # appsink does not say that it does; so it gets GStreamer's own rows.
        whole = numpy.random.default_rng(1).integers(0, 255, (48, 100, 3), numpy.uint8)
        array = whole[:, 20 : 20 + width]
        seen = []
        fed(
            lambda i: array,
            2,
            lambda buffer: seen.append(buffer.extract(0).numpy().copy()),
            size=(width, 48),
        )
        assert len(seen) == 2
        assert all((frame == array).all() for frame in seen)

    @pytest.mark.parametrize(
        ("width", "whole"), [(64, 100), (61, 100), (61, 61)], ids=["gaps", "odd gaps", "odd"]
    )
    def test_rows_are_not_copied_for_a_converter(self, width, whole):
        # What is written behind the appsrc, the converter sees, if these are the same pixels.
        pixels = numpy.full((48, whole, 3), 255, numpy.uint8)
        provider = Each(lambda i: pixels[:, :width], 1, (width, 48))
        seen = []

        def blacken(buffer):
            pixels[...] = 0

        pipeline = Pipeline("rows")
        flow = Flow(pipeline).inject([provider])
        flow.retrieve(Look(lambda buffer: seen.append(buffer.extract(0).numpy().max())))
        pipeline.attach(
            next(name for name in _names(pipeline) if "source" in name),
            Probe("blacken", Handle(blacken)),
        )
        flow()
        assert seen
        assert max(seen) < 10

    def test_wrapped_rows_are_not_copied_either(self):
        pixels = numpy.full((48, 100, 3), 9, numpy.uint8)
        frame = as_tensor(pixels[:, :64], "HWC").wrap(ColorFormat.RGB)
        seen = []
        fed(lambda i: frame, 2, lambda buffer: seen.append(buffer.extract(0).numpy().copy()))
        assert [set(numpy.unique(frame)) for frame in seen] == [{9}] * 2


def _names(pipeline):
    return [element.name for element in pipeline._graph.elements.values()]


class TestArrayPool:
    def test_arrays_come_back(self):
        pool = ArrayPool((48, 64, 3))
        first = pool.take()
        assert (first.shape, first.dtype) == ((48, 64, 3), numpy.uint8)
        assert first.flags.writeable
        assert first.flags.c_contiguous
        where = address(first)
        assert (pool.made, pool.free) == (1, 0)
        del first
        assert (pool.made, pool.free) == (1, 1)
        assert address(pool.take()) == where

    @pytest.mark.parametrize(
        "view",
        [
            lambda array: array[3:, :5],
            lambda array: array.reshape(-1)[::2],
            memoryview,
            as_tensor,
            Buffer,
            numpy.from_dlpack,
            lambda array: as_tensor(array[1:]).numpy()[1:],
        ],
        ids=["slice", "strides", "memoryview", "tensor", "buffer", "dlpack", "chain"],
    )
    def test_what_is_made_of_an_array_holds_it(self, view):
        pool = ArrayPool((48, 64, 3))
        array = pool.take()
        made = view(array)
        del array
        assert pool.free == 0
        del made
        assert pool.free == 1

    def test_a_limit(self):
        pool = ArrayPool((4, 4), limit=2)
        taken = [pool.take(), pool.take()]
        with pytest.raises(TimeoutError, match="all 2 arrays"):
            pool.take(timeout=0.01)
        threading.Timer(0.05, taken.pop).start()
        assert pool.take(timeout=20).shape == (4, 4)
        assert pool.made == 2

    @pytest.mark.parametrize(
        "arguments", [((4, 0),), ((),), ((4, 4), "O"), ((4, 4), "uint8", 0)], ids=repr
    )
    def test_bad_arguments(self, arguments):
        with pytest.raises(ConfigError):
            ArrayPool(*arguments)

    def test_a_flow_of_few_arrays(self):
        pool = ArrayPool((48, 64, 3), limit=12)
        seen = []

        def make(i):
            array = pool.take(timeout=20)
            array[...] = i
            return array

        fed(make, 100, lambda buffer: seen.append(int(buffer.extract(0).numpy()[5, 5, 0])))
        assert seen == list(range(100))
        assert pool.made <= 12
        deadline = time.monotonic() + 10
        while pool.free < pool.made and time.monotonic() < deadline:
            gc.collect()
            time.sleep(0.02)
        assert pool.free == pool.made

    def test_it_may_go_before_its_arrays(self):
        pool = ArrayPool((4, 4))
        array = pool.take()
        del pool
        gc.collect()
        array[...] = 3
        assert (array == 3).all()


class TestHolding:
    def test_a_warning_names_the_pool_and_the_element(self, caplog):
        kept = []
        with caplog.at_level(logging.WARNING, "dsbind"):
            run(("c", lambda buffer: kept.append(buffer.extract(0))), frames=100, tail=RGBA)
        warnings = [r.getMessage() for r in caplog.records if "are held" in r.getMessage()]
        assert len(warnings) == 1
        assert "64 buffers of the pool 'dsbindnvmmpool" in warnings[0]
        assert "reached 'c'" in warnings[0]
        assert len(kept) == 100

    def test_who_lets_go_is_not_warned(self, caplog):
        with caplog.at_level(logging.WARNING, "dsbind"):
            run(("c", lambda buffer: buffer.extract(0).numpy().sum()), frames=100, tail=RGBA)
        assert not [r for r in caplog.records if "are held" in r.getMessage()]

    @pytest.mark.parametrize("retain", [True, False])
    def test_a_small_pool_does_not_stop_the_pipeline(self, tmp_path, run_program, retain):
        # Decoders in hardware have so many buffers and no more; so has this source.
        library = tmp_path / "libgstsmallpool.so"
        (tmp_path / "smallpool.c").write_text(SMALL_POOL)
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "gstreamer-base-1.0"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        command = ["cc", "-shared", "-fPIC", "-o", library, tmp_path / "smallpool.c", *flags]
        subprocess.run(command, check=True, timeout=60)
        result = run_program(
            """
            import logging, sys
            from dsbind import BufferRetriever, Pipeline, Receiver
            logging.basicConfig(stream=sys.stdout, format="%(message)s")
            retain = sys.argv[1] == "True"

            class Keep(BufferRetriever):
                kept = []
                def consume(self, buffer):
                    self.kept.append(buffer.extract(0, retain=retain).numpy())

            pipeline = Pipeline("small")
            pipeline.add("smallpoolsrc", "src", {})
            pipeline.add("capsfilter", "caps", {
                "caps": "video/x-raw,format=GRAY8,width=64,height=48,framerate=30/1"})
            pipeline.add("appsink", "sink", {"emit-signals": True, "sync": False})
            pipeline.link("src", "caps", "sink")
            pipeline.attach("sink", Receiver("receiver", Keep()), tips="new-sample")
            pipeline.start().wait()
            print([int(frame[0, 0]) for frame in Keep.kept] == list(range(60)))
            """,
            str(retain),
            env={"GST_PLUGIN_PATH": str(tmp_path), "GST_REGISTRY": str(tmp_path / "registry")},
        )
        assert result.returncode == 0, result.stderr
        warning, right = result.stdout.splitlines()
        assert "of the 6 buffers of the pool" in warning
        assert "reached 'sink'" in warning
        assert right == "True"


SMALL_POOL = r"""
#include <gst/base/gstpushsrc.h>
typedef struct { GstPushSrc parent; GstBufferPool *pool; guint n; } Src;
typedef GstPushSrcClass SrcClass;
G_DEFINE_TYPE(Src, src, GST_TYPE_PUSH_SRC)
static GstStaticPadTemplate pads = GST_STATIC_PAD_TEMPLATE(
  "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-raw"));
static GstFlowReturn create(GstPushSrc *base, GstBuffer **buffer) {
  Src *self = (Src *)base;
  if (self->n == 60) return GST_FLOW_EOS;
  GstFlowReturn result = gst_buffer_pool_acquire_buffer(self->pool, buffer, NULL);
  if (result == GST_FLOW_OK) gst_buffer_memset(*buffer, 0, (guint8)self->n++, 64 * 48);
  return result;
}
static gboolean start(GstBaseSrc *base) {
  Src *self = (Src *)base;
  self->pool = gst_buffer_pool_new();
  GstStructure *config = gst_buffer_pool_get_config(self->pool);
  gst_buffer_pool_config_set_params(config, NULL, 64 * 48, 0, 6);
  gst_buffer_pool_set_config(self->pool, config);
  return gst_buffer_pool_set_active(self->pool, TRUE);
}
static gboolean stop(GstBaseSrc *base) {
  Src *self = (Src *)base;
  gst_buffer_pool_set_active(self->pool, FALSE);
  gst_clear_object(&self->pool);
  return TRUE;
}
static gboolean unlock(GstBaseSrc *base) {
  gst_buffer_pool_set_flushing(((Src *)base)->pool, TRUE);
  return TRUE;
}
static void src_class_init(SrcClass *klass) {
  gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(klass), &pads);
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "s", "Source", "s", "s");
  GST_BASE_SRC_CLASS(klass)->start = start;
  GST_BASE_SRC_CLASS(klass)->stop = stop;
  GST_BASE_SRC_CLASS(klass)->unlock = unlock;
  klass->create = create;
}
static void src_init(Src *self) { gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME); }
static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "smallpoolsrc", 0, src_get_type());
}
#define PACKAGE "smallpool"
GST_PLUGIN_DEFINE(1, 0, smallpool, "s", plugin_init, "1.0", "LGPL", "s", "https://example.org")
"""
