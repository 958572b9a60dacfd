# SPDX-License-Identifier: Apache-2.0
"""Surfaces of one's own: creating, pixel access, transforms, closing."""

from __future__ import annotations

import gc

import numpy
import pytest

from dsbind.errors import ConfigError, Error
from dsbind.surface import (
    ColorFormat,
    Filter,
    Flip,
    MemType,
    Surface,
    SurfaceError,
    transform,
)


@pytest.fixture
def gradient():
    rows, columns = numpy.mgrid[0:48, 0:64].astype(numpy.uint8)
    return numpy.stack([rows * 5, columns * 3, rows + columns], axis=2)


def surface_of(pixels, format=ColorFormat.RGB):
    surface = Surface.create(pixels.shape[1], pixels.shape[0], format)
    surface.plane()[...] = pixels
    return surface


class TestCreate:
    def test_geometry(self):
        with Surface.create(640, 360, ColorFormat.NV12, 3) as surface:
            assert (surface.width, surface.height, surface.batch_size) == (640, 360, 3)
            assert surface.format is ColorFormat.NV12
            assert surface.mem_type is MemType.SYSTEM
            assert surface.n_planes == 2
            assert surface.plane(2, 0).shape == (360, 640)
            assert surface.plane(2, 1).shape == (180, 320, 2)

    @pytest.mark.parametrize(
        ("format", "shapes"),
        [
            (ColorFormat.GRAY8, [(4, 6)]),
            (ColorFormat.RGB, [(4, 6, 3)]),
            (ColorFormat.BGR, [(4, 6, 3)]),
            (ColorFormat.RGBA, [(4, 6, 4)]),
            (ColorFormat.BGRA, [(4, 6, 4)]),
            (ColorFormat.I420, [(4, 6), (2, 3), (2, 3)]),
        ],
    )
    def test_planes(self, format, shapes):
        with Surface.create(6, 4, format) as surface:
            planes = [surface.plane(0, i) for i in range(surface.n_planes)]
            assert [plane.shape for plane in planes] == shapes
            del planes

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ((0, 8), "width is 0"),
            ((8, -1), "height is -1"),
            ((2**31, 2**31), "width is 2147483648"),
            ((8, 8, ColorFormat.RGB, 0), "batch is 0"),
            ((8, 8, 9999), "format is 9999"),
            ((8.5, 8), "width is 8.5"),
        ],
    )
    def test_bad_arguments_are_named(self, arguments, named):
        with pytest.raises(ConfigError, match=named):
            Surface.create(*arguments)

    def test_gpu_memory_without_a_gpu_is_an_error(self):
        with pytest.raises(SurfaceError, match="CUDA_DEVICE"):
            Surface.create(8, 8, mem_type=MemType.CUDA_DEVICE)

    def test_only_create_makes_one(self):
        with pytest.raises(TypeError, match="create"):
            Surface()


class TestPlane:
    def test_writes_reach_the_surface(self):
        with Surface.create(5, 3, ColorFormat.RGB) as surface:
            surface.plane()[1, 2] = (7, 8, 9)
            assert surface.plane()[1, 2].tolist() == [7, 8, 9]

    def test_frames_do_not_overlap(self):
        with Surface.create(5, 3, ColorFormat.RGB, 4) as surface:
            for i in range(4):
                surface.plane(i)[...] = i
            assert [int(surface.plane(i).max()) for i in range(4)] == [0, 1, 2, 3]
            assert [int(surface.plane(i).min()) for i in range(4)] == [0, 1, 2, 3]

    @pytest.mark.parametrize(("index", "plane"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
    def test_out_of_range(self, index, plane):
        with Surface.create(5, 3) as surface, pytest.raises(IndexError):
            surface.plane(index, plane)

    def test_an_array_in_use_keeps_the_surface_open(self):
        surface = Surface.create(5, 3)
        row = surface.plane()[0]
        with pytest.raises(BufferError, match="copy"):
            surface.close()
        row[...] = 1
        del row
        surface.close()
        surface.close()

    def test_an_array_outlives_the_last_reference(self):
        pixels = surface_of(numpy.full((3, 5, 3), 9, numpy.uint8)).plane()
        gc.collect()
        assert pixels.sum() == 9 * 45

    def test_after_close(self):
        surface = Surface.create(5, 3)
        surface.close()
        assert "closed" in repr(surface)
        for use in (surface.plane, surface.__enter__, lambda: surface.width):
            with pytest.raises(SurfaceError, match="closed"):
                use()


class TestTransform:
    def test_same_size_and_format_is_a_copy(self, gradient):
        source = surface_of(gradient)
        target = Surface.create(64, 48, ColorFormat.RGB)
        transform(source, target)
        numpy.testing.assert_array_equal(target.plane(), gradient)

    @pytest.mark.parametrize("format", [ColorFormat.NV12, ColorFormat.I420])
    def test_there_and_back_through_yuv_is_near(self, gradient, format):
        source = surface_of(gradient)
        middle = Surface.create(64, 48, format)
        target = Surface.create(64, 48, ColorFormat.RGB)
        transform(source, middle)
        transform(middle, target)
        difference = numpy.abs(target.plane().astype(int) - gradient)
        assert difference.mean() < 3

    def test_channels_are_swapped(self, gradient):
        target = Surface.create(64, 48, ColorFormat.BGRA)
        transform(surface_of(gradient), target)
        numpy.testing.assert_array_equal(target.plane()[..., :3], gradient[..., ::-1])
        assert (target.plane()[..., 3] == 255).all()

    def test_scale_keeps_the_mean(self, gradient):
        target = Surface.create(32, 24, ColorFormat.RGB)
        transform(surface_of(gradient), target, filter=Filter.BILINEAR)
        assert abs(float(target.plane().mean()) - gradient.mean()) < 3

    def test_crop(self, gradient):
        target = Surface.create(16, 8, ColorFormat.RGB)
        transform(surface_of(gradient), target, source_rect=(10, 20, 16, 8))
        numpy.testing.assert_array_equal(target.plane(), gradient[20:28, 10:26])

    def test_the_rest_of_the_target_stays(self, gradient):
        target = Surface.create(64, 96, ColorFormat.RGB)
        target.plane()[...] = 77
        transform(surface_of(gradient), target, target_rect=(0, 24, 64, 48))
        assert (target.plane()[:24] == 77).all()
        assert (target.plane()[72:] == 77).all()
        numpy.testing.assert_array_equal(target.plane()[24:72], gradient)

    def test_flip(self, gradient):
        target = Surface.create(64, 48, ColorFormat.RGB)
        transform(surface_of(gradient), target, flip=Flip.ROTATE_180)
        numpy.testing.assert_array_equal(target.plane(), gradient[::-1, ::-1])

    def test_every_frame_of_a_batch(self):
        source = Surface.create(8, 8, ColorFormat.RGB, 3)
        for i in range(3):
            source.plane(i)[...] = 10 * i
        target = Surface.create(4, 4, ColorFormat.RGB, 3)
        transform(source, target)
        assert [int(target.plane(i).mean()) for i in range(3)] == [0, 10, 20]

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ({"source_rect": (60, 0, 10, 10)}, "source_rect"),
            ({"target_rect": (0, 0, 0, 10)}, "target_rect"),
            ({"source_rect": (-1, 0, 10, 10)}, "source_rect"),
            ({"flip": 99}, "flip is 99"),
        ],
    )
    def test_bad_arguments_are_named(self, gradient, arguments, named):
        target = Surface.create(64, 48, ColorFormat.RGB)
        with pytest.raises(ConfigError, match=named):
            transform(surface_of(gradient), target, **arguments)

    def test_batches_must_be_of_one_size(self, gradient):
        with pytest.raises(ConfigError, match="1 frames and the target 2"):
            transform(surface_of(gradient), Surface.create(64, 48, ColorFormat.RGB, 2))

    def test_errors_are_of_the_tree(self):
        assert issubclass(SurfaceError, (Error, RuntimeError))


def test_whoever_can_lend_the_pixels_again_keeps_the_surface_open():
    surface = Surface.create(64, 64)
    memory = surface.plane().base
    lender = memory.obj
    memory.release()
    with pytest.raises(BufferError, match="in use"):
        surface.close()
    del lender
    surface.close()


def test_a_rectangle_is_made_of_whole_pixels():
    surface = Surface.create(64, 64)
    with pytest.raises(TypeError):
        transform(surface, Surface.create(64, 64), source_rect=(0.5, 0, 8, 8))
