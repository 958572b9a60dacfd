# SPDX-License-Identifier: Apache-2.0
"""Frames in the memory of a GPU: given by a program, taken out of a pipeline, without a copy."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import numpy
import pytest

from dsbind import (
    Buffer,
    BufferOperator,
    BufferProvider,
    BufferRetriever,
    ColorFormat,
    Feeder,
    Flow,
    Pipeline,
    Probe,
    Receiver,
    RenderMode,
    as_tensor,
)
from dsbind.errors import StaleMetadataError
from dsbind.surface import MemType, Surface

pytestmark = pytest.mark.usefixtures("surfaces_on_gpu")

COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 120, 150))


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def movie(request) -> Path:
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("gst-launch-1.0 is not installed")
    return request.getfixturevalue("clip")


class Tensors(BufferProvider):
    """Gives tensors of PyTorch's, in the memory of the GPU."""

    def __init__(self, *pictures, format="RGB"):
        self.height, self.width = pictures[0].shape[:2]
        self.format, self.framerate, self.device = format, 30, "gpu"
        self.pictures = list(pictures)

    def generate(self, size):
        if not self.pictures:
            return Buffer()
        picture = self.pictures.pop(0)
        return as_tensor(picture, "HWC").wrap(ColorFormat[self.format])


class Kept(BufferRetriever):
    """Keeps all frames: as they came, without a copy, and as copies."""

    def __init__(self):
        self.frames = []
        self.copies = []

    def consume(self, buffer):
        for i in range(buffer.batch_size):
            self.frames.append(buffer.extract(i))
            self.copies.append(self.frames[-1].cpu().numpy())
        return 1


def pictures_of(torch, width=128, height=96, channels=3):
    return [
        torch.tensor((*color, 255)[:channels], dtype=torch.uint8, device="cuda").repeat(
            height, width, 1
        )
        for color in COLORS
    ]


def straight(provider, retriever, format="RGB"):
    """A pipeline of an appsrc and an appsink, with nothing between them."""
    caps = (
        f"video/x-raw(memory:NVMM), format={format}, width={provider.width}, "
        f"height={provider.height}, framerate=30/1"
    )
    pipeline = Pipeline("straight")
    pipeline.add("appsrc", "src", {"caps": caps, "do-timestamp": True})
    pipeline.add("appsink", "sink", {"sync": False, "emit-signals": True})
    pipeline.link("src", "sink")
    pipeline.attach("src", Feeder("feeder", provider), tips="need-data/enough-data")
    pipeline.attach("sink", Receiver("receiver", retriever), tips="new-sample")
    pipeline.start().wait()


def test_surfaces_are_made_on_the_gpu():
    with Surface.create(64, 48, ColorFormat.RGB) as surface:
        assert surface.mem_type is MemType.CUDA_DEVICE


class TestGiving:
    def test_a_tensor_is_the_surface(self, torch):
        given = pictures_of(torch)
        places = [picture.data_ptr() for picture in given]
        kept = Kept()
        straight(Tensors(*given), kept)
        assert [frame.__cuda_array_interface__["data"][0] for frame in kept.frames] == places
        for copy, color in zip(kept.copies, COLORS, strict=True):
            assert (copy == color).all()

    def test_padded_rows_and_four_channels(self, torch):
        given = [picture[:, :100] for picture in pictures_of(torch, channels=4)]
        kept = Kept()
        straight(Tensors(*given, format="RGBA"), kept, "RGBA")
        assert kept.frames[0].strides == (512, 4, 1)
        assert kept.copies[0].shape == (96, 100, 4)
        assert (kept.copies[3] == (*COLORS[3], 255)).all()

    def test_work_that_is_under_way_is_waited_for(self, torch):
        picture = torch.zeros(96, 128, 3, dtype=torch.uint8, device="cuda")

        class Late(Tensors):
            def generate(self, size):
                if self.pictures:
                    with torch.cuda.stream(torch.cuda.Stream()):
                        torch.cuda._sleep(200_000_000)
                        picture.fill_(77)
                        return super().generate(size)
                return Buffer()

        kept = Kept()
        straight(Late(picture), kept)
        assert (kept.copies[0] == 77).all()

    def test_the_pipeline_lets_go_of_it(self, torch):
        given = pictures_of(torch)
        gone = [weakref.ref(picture) for picture in given]
        provider = Tensors(*given)
        del given
        kept = Kept()
        straight(provider, kept)
        assert [len(kept.frames), provider.pictures] == [4, []]
        kept.frames.clear()
        gc.collect()
        assert [reference() for reference in gone] == [None] * 4

    def test_it_goes_through_the_converter(self, torch):
        kept = Kept()
        provider = Tensors(*pictures_of(torch, 320, 240))
        Flow(Pipeline("inject")).inject([provider]).retrieve(kept)()
        assert len(kept.copies) == 4
        for copy, color in zip(kept.copies, COLORS, strict=True):
            assert copy.shape == (240, 320, 3)
            assert abs(copy.astype(int) - color).max() <= 12

    def test_arrays_of_the_cpu_are_copied_there(self, torch):
        class Arrays(Tensors):
            def generate(self, size):
                return self.pictures.pop(0).cpu().numpy() if self.pictures else Buffer()

        kept = Kept()
        straight(Arrays(*pictures_of(torch)), kept)
        assert all(frame.device_type == "GPU" for frame in kept.frames)
        for copy, color in zip(kept.copies, COLORS, strict=True):
            assert (copy == color).all()

    def test_batches_of_two(self, torch):
        kept = Kept()
        providers = [Tensors(*pictures_of(torch, 320, 240)) for _ in range(2)]
        flow = Flow(Pipeline("inject")).inject(providers).batch(width=320, height=240)
        flow.retrieve(kept)()
        assert len(kept.copies) == 8
        assert {copy.shape for copy in kept.copies} == {(240, 320, 3)}

    def test_the_round_trip_of_the_sample(self, torch):
        """Frames of one flow are cloned, changed by PyTorch and given to another."""
        first = Kept()
        Flow(Pipeline("one")).inject([Tensors(*pictures_of(torch, 320, 240))]).retrieve(first)()
        changed = [255 - torch.from_dlpack(frame.clone()) for frame in first.frames]
        second = Kept()
        Flow(Pipeline("two")).inject([Tensors(*changed)]).retrieve(second)()
        for copy, color in zip(second.copies, COLORS, strict=True):
            assert abs(copy.astype(int) - (255 - numpy.array(color))).max() <= 20


class TestTaking:
    def test_frames_of_a_file(self, torch, movie):
        class Look(BufferRetriever):
            frames = 0
            held = []

            def consume(self, buffer):
                frame = buffer.extract(0)
                assert frame.__dlpack_device__() == (2, 0)
                assert frame.shape == (240, 320, 3)
                shared = torch.from_dlpack(frame)
                assert shared.data_ptr() == frame.__cuda_array_interface__["data"][0]
                if self.frames < 4:
                    self.held.append((shared, frame.cpu().numpy()))
                self.frames += 1
                return 1

        look = Look()
        flow = Flow(Pipeline("file")).batch_capture([str(movie)], width=320, height=240)
        flow.retrieve(look)()
        assert look.frames == 60
        # What was kept has stayed as it was, while the pool went on.
        for shared, copy in look.held:
            assert (shared.cpu().numpy() == copy).all()
        assert len({copy.tobytes() for _, copy in look.held}) > 1

    def test_planes_and_conversions_in_a_probe(self, movie):
        class Look(BufferOperator):
            seen = []

            def handle_buffer(self, buffer):
                luma, chroma = buffer.extract(0)
                rgb = buffer.extract(0, format=ColorFormat.RGB)
                self.seen.append((luma.shape, chroma.shape, rgb.shape, rgb.__dlpack_device__()))
                self.stale = buffer.extract(0, retain=False)[0]
                return True

        look = Look()
        flow = Flow(Pipeline("file")).batch_capture([str(movie)], width=320, height=240)
        flow.attach(Probe("look", look)).render(RenderMode.DISCARD)()
        assert set(look.seen) == {((240, 320), (120, 160, 2), (240, 320, 3), (2, 0))}
        with pytest.raises(StaleMetadataError):
            look.stale.cpu()

    def test_a_batch_is_one_tensor(self, movie):
        shapes = set()

        class Look(BufferRetriever):
            def consume(self, buffer):
                whole = buffer.extract_batch()
                if not isinstance(whole, list):
                    shapes.add(whole.shape)
                    whole = [whole]
                assert all(tensor.device_type == "GPU" for tensor in whole)
                return 1

        flow = Flow(Pipeline("file")).batch_capture([str(movie)] * 2, width=320, height=240)
        flow.retrieve(Look())()
        assert shapes <= {(1, 240, 320, 3), (2, 240, 320, 3)}
