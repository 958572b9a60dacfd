# SPDX-License-Identifier: Apache-2.0
"""Buffers that callbacks receive: their members, and the pixels of their frames."""

from __future__ import annotations

import gc
import threading

import numpy
import pytest
from growing import MEASURABLE
from probing import Handle, converted, run, white

import dsbind
from dsbind import Buffer, ColorFormat, Pipeline, Probe, Tensor
from dsbind.errors import ConfigError, StaleMetadataError
from dsbind.surface import SurfaceError


class TestInFlight:
    def test_members_of_a_batch(self):
        seen = []

        def handle(buffer):
            seen.append((buffer.batch_size, buffer.timestamp, buffer.batch_meta.n_frames))
            assert "batch_size=1" in repr(buffer)
            assert buffer.measure_latency() == []

        run(("mux", handle))
        assert seen == [(1, 0, 1), (1, 40_000_000, 1)]

    def test_a_plain_buffer(self):
        seen = []

        def handle(buffer):
            seen.append((buffer.batch_size, buffer.batch_meta))
            with pytest.raises(ConfigError, match="nvstreammux"):
                buffer.extract(0)
            with pytest.raises(ConfigError, match="nvstreammux"):
                buffer.extract(0, ColorFormat.RGB)

        run(("caps", handle))
        assert seen == [(1, None), (1, None)]

    def test_it_is_stale_after_the_callback(self):
        kept = []
        run(("mux", lambda buffer: kept.append((buffer, buffer.batch_meta))))
        for buffer, batch in kept:
            assert "gone" in repr(buffer)
            for use in (
                lambda buffer=buffer: buffer.extract(0),
                lambda buffer=buffer: buffer.timestamp,
                lambda buffer=buffer: buffer.batch_size,
                lambda buffer=buffer: buffer.batch_meta,
                lambda buffer=buffer: buffer.measure_latency(),
                lambda batch=batch: batch.n_frames,
            ):
                with pytest.raises(StaleMetadataError):
                    use()

    def test_one_made_without_a_buffer_is_stale(self):
        with pytest.raises(StaleMetadataError):
            Buffer.__new__(Buffer).batch_size  # noqa: B018

    def test_latency(self, run_program):
        result = run_program(
            """
            import sys
            from dsbind import BufferOperator, Flow, Pipeline, Probe, RenderMode

            class Latency(BufferOperator):
                def handle_buffer(self, buffer):
                    print(sorted(buffer.measure_latency()[0]))
                    assert 0 <= buffer.measure_latency()[0]["latency"] < 60_000

            pipeline = Pipeline("latency")
            pipeline.add("videotestsrc", "src", {"num-buffers": 1})
            pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
            pipeline.add("fakesink", "sink", {})
            pipeline.link(("src", "mux"), ("", "sink_%u"))
            pipeline.link("mux", "sink")
            pipeline.attach("mux", Probe("latency", Latency()))
            pipeline.start().wait()
            """,
            env={"NVDS_ENABLE_LATENCY_MEASUREMENT": "1"},
        )
        assert result.stdout == "['frame_num', 'latency', 'source_id']\n", result.stderr


class TestExtract:
    @pytest.mark.parametrize(
        ("format", "shapes"),
        [
            ("RGB", [(48, 64, 3)]),
            ("BGR", [(48, 64, 3)]),
            ("RGBA", [(48, 64, 4)]),
            ("BGRA", [(48, 64, 4)]),
            ("GRAY8", [(48, 64)]),
            ("NV12", [(48, 64), (24, 32, 2)]),
            ("I420", [(48, 64), (24, 32), (24, 32)]),
        ],
    )
    def test_every_format_has_its_shape(self, format, shapes):
        frames = []

        def handle(buffer):
            frame = buffer.extract(0)
            planes = frame if isinstance(frame, tuple) else (frame,)
            assert [plane.shape for plane in planes] == shapes
            for plane in planes:
                assert isinstance(plane, Tensor)
                assert (plane.device_type, plane.dtype) == ("CPU", numpy.uint8)
                assert plane.strides[-1] == 1
                assert plane.format == ("HWC" if len(plane.shape) == 3 else "")
            frames.append(planes)

        run(("c", handle), tail=converted(format))
        assert len(frames) == 2
        for planes in frames:
            assert planes[0].numpy().min() >= 235
            for plane in planes[1:]:
                assert set(numpy.unique(plane.numpy())) <= {127, 128, 129}

    @pytest.mark.parametrize("index", [1, -1, 4])
    def test_index_out_of_range(self, index):
        def handle(buffer):
            with pytest.raises(IndexError, match=f"batch_id {index}"):
                buffer.extract(index)

        run(("mux", handle))

    @pytest.mark.parametrize("format", ["NV12", "I420", "RGBA"])
    def test_convert(self, format):
        frames = []

        def handle(buffer):
            frames.append(buffer.extract(0, ColorFormat.RGB))
            planes = buffer.extract(0, ColorFormat.NV12)
            assert [plane.shape for plane in planes] == [(48, 64), (24, 32, 2)]
            with pytest.raises(ConfigError, match="ColorFormat"):
                buffer.extract(0, 99)

        run(("mux", handle), caps=white(format))
        assert len(frames) == 2
        for frame in frames:
            assert (frame.shape, frame.format) == ((48, 64, 3), "HWC")
            assert frame.numpy().min() > 250
            frame.numpy()[...] = 0

    def test_it_may_be_kept(self):
        # The pool would use the pixels again, were they not held.
        kept = []

        def handle(buffer):
            kept.append(buffer.extract(0)[0])

        def blacken(buffer):
            buffer.extract(0, writable=True)[0].numpy()[...] = 16

        run(("mux", handle), ("id", blacken), frames=40, tail=[("identity", "id", {})])
        gc.collect()
        assert len(kept) == 40

    def test_what_is_kept_is_as_it_was(self):
        # nvdsosd draws in place, on a copy here.
        kept = []
        drawn = []

        def handle(buffer):
            kept.append(numpy.asarray(buffer.extract(0)))
            batch = buffer.batch_meta
            frame = batch.frame_items[0]
            shape = batch.acquire_display_meta()
            rect = dsbind.osd.Rect()
            rect.left, rect.top, rect.width, rect.height = 8, 8, 30, 20
            rect.border_width = 4
            rect.border_color = dsbind.osd.Color(1.0, 0.0, 0.0, 1.0)
            shape.add_rect(rect)
            frame.append(shape)

        def look(buffer):
            drawn.append(buffer.extract(0, ColorFormat.RGBA).numpy().copy())

        run(
            ("c", handle),
            ("osd", look),
            tail=[*converted("RGBA"), ("nvdsosd", "osd", {})],
        )
        for before, after in zip(kept, drawn, strict=True):
            assert before.min() > 250
            assert after[:, :, 1].min() < 100

    def test_editing_reaches_the_elements_downstream(self):
        seen = []

        def edit(buffer):
            luma, chroma = buffer.extract(0)
            pixels = numpy.asarray(luma)
            assert pixels.flags.writeable
            pixels[10:20, 10:20] = 16
            chroma.numpy()[...] = 90

        def look(buffer):
            luma, chroma = buffer.extract(0)
            seen.append((luma.numpy()[10:20, 10:20].max(), luma.numpy()[0, 0], chroma.numpy()[0]))

        run(("mux", edit), ("id", look), tail=[("identity", "id", {})])
        assert len(seen) == 2
        for inside, outside, chroma in seen:
            assert inside == 16
            assert outside >= 235
            assert (chroma == 90).all()

    def test_branches_do_not_see_each_others_edits(self):
        seen = {"a": [], "b": []}
        start = threading.Barrier(2, timeout=20)

        def branch(name, value):
            def handle(buffer):
                # Both branches hold the batch at once.
                start.wait()
                shared = buffer.extract(0)[0]
                assert not shared.numpy().flags.writeable
                with pytest.raises(SurfaceError, match="another branch"):
                    buffer.extract(0, writable=True)
                before = int(shared.numpy()[0, 0])
                del shared
                start.wait()
                buffer.extract(0, writable=True)[0].numpy()[...] = value
                start.wait()
                seen[name].append((before, int(buffer.extract(0)[0].numpy()[0, 0])))

            return Handle(handle)

        pipeline = Pipeline("branches")
        pipeline.add("videotestsrc", "src", {"num-buffers": 1, "pattern": 3})
        pipeline.add("capsfilter", "caps", {"caps": white("NV12")})
        pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
        pipeline.add("tee", "tee", {})
        pipeline.link("src", "caps")
        pipeline.link(("caps", "mux"), ("", "sink_%u"))
        pipeline.link("mux", "tee")
        for name, value in (("a", 20), ("b", 30)):
            pipeline.add("queue", f"queue-{name}", {})
            pipeline.add("fakesink", f"sink-{name}", {"async": False})
            pipeline.link(("tee", f"queue-{name}"), ("src_%u", ""))
            pipeline.link(f"queue-{name}", f"sink-{name}")
            pipeline.attach(f"queue-{name}", Probe(name, branch(name, value)))
        pipeline.start().wait()
        assert [len(values) for values in seen.values()] == [1, 1]
        for name, value in (("a", 20), ("b", 30)):
            before, after = seen[name][0]
            assert before >= 235
            assert after == value

    def test_memory_of_kept_frames_comes_back(self, run_program):
        result = run_program(
            """
            import numpy
            from collections import deque
            from dsbind import BufferOperator, Pipeline, Probe
            from growing import allocated

            class Keep(BufferOperator):
                kept = deque(maxlen=8)
                sizes = []
                def handle_buffer(self, buffer):
                    self.kept.append(numpy.asarray(buffer.extract(0)))
                    buffer.extract(0)
                    self.sizes.append(allocated())

            pipeline = Pipeline("keep")
            pipeline.add("videotestsrc", "src", {"num-buffers": 600})
            pipeline.add("capsfilter", "caps", {"caps": "video/x-raw,format=RGBA"})
            pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 320, "height": 240})
            pipeline.add("fakesink", "sink", {})
            pipeline.link("src", "caps")
            pipeline.link(("caps", "mux"), ("", "sink_%u"))
            pipeline.link("mux", "sink")
            pipeline.attach("mux", Probe("keep", Keep()))
            pipeline.start().wait()
            assert len(Keep.sizes) == 600
            print((Keep.sizes[-1] - Keep.sizes[100]) // 1024)
            del pipeline
            print([int(frame.shape[0]) for frame in Keep.kept])
            """,
            env=MEASURABLE,
        )
        assert result.returncode == 0, result.stderr
        grown, shapes = result.stdout.splitlines()
        # A frame has 300 KiB: one in ten lost would be 15 MiB.
        assert int(grown) < 3000
        assert shapes == str([240] * 8)
