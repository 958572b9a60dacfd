# SPDX-License-Identifier: Apache-2.0
"""What is drawn: colours, texts and shapes of one's own."""

from __future__ import annotations

import gc

import numpy
import pytest

from dsbind import osd

KINDS = (
    osd.Color,
    osd.Font,
    osd.Text,
    osd.TextParams,
    osd.Rect,
    osd.Mask,
    osd.Line,
    osd.Arrow,
    osd.Circle,
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_made_without_arguments(kind):
    made = kind()
    assert kind.__name__ in repr(made)
    assert " at 0x" not in repr(made)


class TestColor:
    def test_channels(self):
        color = osd.Color(0.1, 0.2, 0.3, 0.4)
        assert (color.red, color.green, color.blue, color.alpha) == (0.1, 0.2, 0.3, 0.4)
        color.green = 1
        assert tuple(color) == (0.1, 1.0, 0.3, 0.4)
        assert color == osd.Color(0.1, 1, 0.3, 0.4)

    @pytest.mark.parametrize("value", [255, -0.5, float("nan")])
    def test_values_beyond_one_are_refused(self, value):
        with pytest.raises(ValueError, match="0 to 1"):
            osd.Color(value, 0, 0)
        with pytest.raises(ValueError, match="alpha"):
            osd.Color().alpha = value

    def test_rounding_errors_are_not(self):
        assert osd.Color(1 + 1e-9, -1e-9, 0).red == 1.0


class TestText:
    def test_nested_writes_work(self):
        text = osd.Text()
        text.font.size = 12
        text.font.name = osd.FontFamily.Serif
        text.font.color = osd.Color(1, 0, 0, 1)
        text.font.color.blue = 0.5
        text.set_bg_color = True
        text.bg_color = osd.Color(0, 0, 0, 1)
        assert (text.font.size, text.font.name) == (12, osd.FontFamily.Serif)
        assert tuple(text.font.color) == (1, 0, 0.5, 1)
        assert text.set_bg_color is True

    @pytest.mark.parametrize("value", ["Person=1", b"Person=1"])
    def test_text_is_str_or_bytes(self, value):
        text = osd.Text()
        text.display_text = value
        assert text.display_text == "Person=1"

    @pytest.mark.parametrize(("value", "error"), [(3, TypeError), ("a\0b", ValueError)])
    def test_other_texts_are_refused(self, value, error):
        with pytest.raises(error):
            osd.Text().display_text = value

    def test_offsets_are_pixels(self):
        text = osd.Text()
        text.x_offset = 10.6
        assert text.x_offset == 11
        with pytest.raises(ValueError, match="y_offset is -1"):
            text.y_offset = -1

    def test_any_family_can_be_named(self):
        font = osd.Font("DejaVu Sans", 9)
        assert font.name == "DejaVu Sans"
        font.name = "Serif"
        assert font.name is osd.FontFamily.Serif

    def test_parts_keep_their_text_alive(self):
        font = osd.Text().font
        gc.collect()
        font.size = 30
        assert font.size == 30

    def test_params_have_the_names_of_the_struct(self):
        params = osd.TextParams()
        params.font_params.size = 8
        params.set_bg_clr = 1
        params.text_bg_clr = osd.Color(0, 1, 0)
        assert (params.font_params.size, params.set_bg_clr) == (8, True)
        assert params.copy().text_bg_clr == osd.Color(0, 1, 0)


class TestShapes:
    def test_rect(self):
        rect = osd.Rect(1, 2, 3, 4)
        rect.border_width = 3
        rect.has_bg_color = True
        rect.bg_color = osd.Color(0, 0, 1, 0.5)
        rect.rotation_angle = 45
        copy = rect.copy()
        rect.left = 100
        assert (copy.left, copy.top, copy.width, copy.height) == (1, 2, 3, 4)
        assert (copy.border_width, copy.has_bg_color, copy.rotation_angle) == (3, True, 45)
        assert copy.bg_color.alpha == 0.5

    def test_assigning_a_color_copies_it(self):
        rect, color = osd.Rect(), osd.Color(1, 0, 0)
        rect.border_color = color
        color.red = 0
        assert rect.border_color.red == 1

    def test_line(self):
        line = osd.Line()
        line.x1, line.y1, line.x2, line.y2, line.width = 1, 2, 3, 4, 5
        line.color = osd.Color(0, 1, 0)
        assert (line.x1, line.y1, line.x2, line.y2, line.width) == (1, 2, 3, 4, 5)
        assert line.color.green == 1

    def test_arrow(self):
        arrow = osd.Arrow()
        arrow.x1, arrow.y1, arrow.x2, arrow.y2, arrow.width = 1, 2, 3, 4, 5
        arrow.head = osd.ArrowHead.Both
        assert arrow.head is osd.ArrowHead.Both
        with pytest.raises(ValueError, match="9"):
            arrow.head = 9

    def test_circle(self):
        circle = osd.Circle()
        circle.xc, circle.yc, circle.radius, circle.width = 1, 2, 3, 4
        circle.has_bg_color = True
        circle.bg_color = osd.Color(1, 1, 0)
        assert (circle.xc, circle.yc, circle.radius, circle.width) == (1, 2, 3, 4)
        assert circle.bg_color.green == 1

    @pytest.mark.parametrize("value", [-1, 2**40, float("nan"), float("inf")])
    def test_coordinates_out_of_range_are_refused(self, value):
        with pytest.raises((ValueError, OverflowError)):
            osd.Line().x1 = value


class TestMask:
    def test_array_is_copied(self):
        mask = osd.Mask()
        assert mask.mask_array.shape == (0, 0)
        values = numpy.random.default_rng(1).random((28, 20), numpy.float32)
        mask.mask_array = values
        numpy.testing.assert_array_equal(mask.mask_array, values)
        mask.mask_array = mask.mask_array[::2]
        assert mask.mask_array.shape == (14, 20)

    def test_other_shapes_are_refused(self):
        with pytest.raises(ValueError, match="height, width"):
            osd.Mask().mask_array = numpy.zeros(5)
