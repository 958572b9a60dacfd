# SPDX-License-Identifier: Apache-2.0
"""What holds for every polygon, every line and every way an object takes."""

from __future__ import annotations

import ctypes
import itertools
import math
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

SECOND = 1_000_000_000
IN_ROI, OVERCROWDED, CROSSED, CROSSED_TOTAL = range(4)
ROI, CROWD, LINE, DIRECTION, STATUS = range(5)
UNTRACKED = 2**64 - 1

settings.register_profile("native", max_examples=150, deadline=None, database=None)
settings.load_profile("native")


@pytest.fixture(scope="module")
def native(native_build):
    library = ctypes.CDLL(str(native_build.tests / "libanalytics_bridge.so"))
    library.bridge_contains.argtypes = [
        ctypes.POINTER(ctypes.c_double), ctypes.c_size_t, ctypes.c_double, ctypes.c_double
    ]  # fmt: skip
    library.bridge_new.restype = ctypes.c_void_p
    library.bridge_new.argtypes = [
        ctypes.c_char_p, ctypes.c_uint, ctypes.c_double, ctypes.c_double
    ]  # fmt: skip
    library.bridge_free.argtypes = [ctypes.c_void_p]
    library.bridge_update.argtypes = [
        ctypes.c_void_p, ctypes.c_int64, ctypes.c_size_t, *[ctypes.c_void_p] * 3
    ]  # fmt: skip
    library.bridge_count.restype = ctypes.c_uint64
    library.bridge_count.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
    library.bridge_status.restype = ctypes.c_char_p
    library.bridge_status.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_size_t
    ]  # fmt: skip
    library.bridge_tracks.restype = ctypes.c_size_t
    library.bridge_tracks.argtypes = [ctypes.c_void_p]
    return library


def contains(native, polygon, x, y):
    flat = [float(v) for point in polygon for v in point]
    return bool(native.bridge_contains((ctypes.c_double * len(flat))(*flat), len(polygon), x, y))


def touches(native, s, t):
    numbers = ctypes.c_double * 4
    flat = [numbers(*map(float, itertools.chain(*segment))) for segment in (s, t)]
    return bool(native.bridge_touch(*flat))


class Stream:
    """An analyzer with the rules of one config file."""

    def __init__(self, native, config: Path, width=1000, height=1000, stream=0):
        self.native = native
        self.pointer = native.bridge_new(str(config).encode(), stream, width, height)
        assert self.pointer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.native.bridge_free(self.pointer)

    def see(self, time, *objects):
        """Objects are (id, x, y), with class and height after that."""
        whole = [(*item, *(0, 0.0)[len(item) - 3 :]) for item in objects]
        n = len(whole)
        self.native.bridge_update(
            self.pointer,
            int(time * SECOND),
            n,
            (ctypes.c_uint64 * n)(*[item[0] for item in whole]),
            (ctypes.c_int * n)(*[item[3] for item in whole]),
            (ctypes.c_double * (3 * n))(
                *[float(v) for item in whole for v in (item[1], item[2], item[4])]
            ),
        )

    def count(self, kind, label):
        return self.native.bridge_count(self.pointer, kind, label.encode())

    def status(self, kind, item=0):
        labels = []
        while label := self.native.bridge_status(self.pointer, item, kind, len(labels)):
            labels.append(label.decode())
        return labels

    @property
    def tracks(self):
        return self.native.bridge_tracks(self.pointer)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Writes a config for frames of 1000 x 1000: `config("line-crossing", "mode=loose", ...)`."""
    folder = tmp_path_factory.mktemp("rules")
    numbers = itertools.count()

    def write(group, *lines, size=1000):
        path = folder / f"{next(numbers)}.txt"
        head = f"[property]\nconfig-width={size}\nconfig-height={size}\n"
        path.write_text(head + f"[{group}-stream-0]\n" + "\n".join(lines) + "\n")
        return path

    return write


def cross(a, b, p):
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def on_edge(a, b, p):
    return (
        cross(a, b, p) == 0
        and min(a[0], b[0]) <= p[0] <= max(a[0], b[0])
        and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])
    )


def edges(polygon):
    return list(zip(polygon, polygon[1:] + polygon[:1], strict=True))


def inside(polygon, p):
    """Exact, by whole numbers, with a ray straight down, just right of the point."""
    if any(on_edge(a, b, p) for a, b in edges(polygon)):
        return True
    odd = False
    for a, b in edges(polygon):
        left, right = sorted((a, b))
        if left[0] <= p[0] < right[0] and cross(left, right, p) < 0:
            odd = not odd
    return odd


small = st.integers(0, 8)
points = st.tuples(small, small)
polygons = st.lists(points, min_size=3, max_size=9)
wide = st.integers(0, 1000)


class TestPolygons:
    @given(polygon=polygons, p=points)
    @settings(max_examples=1500)
    def test_any_polygon_holds_what_an_exact_count_says(self, native, polygon, p):
        """On a small grid most polygons are concave, touch or cross themselves."""
        assert contains(native, polygon, *p) == inside(polygon, p)

    @given(polygon=polygons, p=points, turn=st.integers(0, 8))
    def test_where_a_polygon_begins_and_which_way_it_runs_is_all_one(
        self, native, polygon, p, turn
    ):
        turned = polygon[turn % len(polygon) :] + polygon[: turn % len(polygon)]
        expected = contains(native, polygon, *p)
        assert contains(native, turned, *p) == expected
        assert contains(native, turned[::-1], *p) == expected

    @given(polygon=polygons)
    def test_corners_and_middles_of_edges_are_inside(self, native, polygon):
        for a, b in edges(polygon):
            assert contains(native, polygon, *a)
            assert contains(native, polygon, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2)

    @given(s=st.tuples(points, points), t=st.tuples(points, points))
    @settings(max_examples=1000)
    def test_segments_touch_where_exact_arithmetic_says(self, native, s, t):
        sides = [cross(*s, p) for p in t] + [cross(*t, p) for p in s]
        proper = sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0
        ends = any(on_edge(*s, p) for p in t) or any(on_edge(*t, p) for p in s)
        assert touches(native, s, t) == (proper or ends)
        assert touches(native, t, s) == (proper or ends)


def two_ways(a, b, mode, extended=0):
    """Keys of a line that is counted both ways; `In` is where cross(a, b, p) is above 0."""
    middle = ((a[0] + b[0]) // 2, (a[1] + b[1]) // 2)
    across = (middle[0] - (b[1] - a[1]), middle[1] + (b[0] - a[0]))
    line = f"{a[0]};{a[1]};{b[0]};{b[1]}"
    there = f"{middle[0]};{middle[1]};{across[0]};{across[1]}"
    back = f"{across[0]};{across[1]};{middle[0]};{middle[1]}"
    return [
        f"line-crossing-In={there};{line}",
        f"line-crossing-Out={back};{line}",
        f"mode={mode}",
        f"extended={extended}",
    ]


def walk(native, path, way, fps=25.0, height=0.0):
    """How often In and Out were counted on a way."""
    counts = [0, 0]
    with Stream(native, path) as stream:
        for i, p in enumerate(way):
            stream.see(i / fps, (7, *p, 0, height))
            for number, label in enumerate(("In", "Out")):
                now = stream.count(CROSSED, label)
                assert (label in stream.status(LINE)) == (now == 1)
                counts[number] += now
        if way:
            assert counts == [stream.count(CROSSED_TOTAL, label) for label in ("In", "Out")]
    return tuple(counts)


lines = st.tuples(st.tuples(wide, wide), st.tuples(wide, wide)).filter(
    lambda line: math.dist(*line) > 20
)


class TestCrossings:
    @given(
        line=lines,
        at=st.integers(1, 9),
        angle=st.floats(30, 150),
        far=st.floats(30, 900),
        steps=st.lists(st.floats(0, 1), max_size=40),
        fps=st.sampled_from([0.5, 1, 5, 25, 60, 240]),
        mode=st.sampled_from(["loose", "balanced"]),
    )
    def test_a_straight_way_across_counts_once_at_any_frame_rate(
        self, native, config, line, at, angle, far, steps, fps, mode
    ):
        (ax, ay), (bx, by) = line
        path = config("line-crossing", *two_ways(*line, mode))
        hit = (ax + (bx - ax) * at / 10, ay + (by - ay) * at / 10)
        turn = math.atan2(by - ay, bx - ax) + math.radians(angle)
        start, end = (
            (hit[0] + sign * far * math.cos(turn), hit[1] + sign * far * math.sin(turn))
            for sign in (-1, 1)
        )
        times = [0, *sorted(steps), 1]
        way = [
            (start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t) for t in times
        ]
        assert walk(native, path, way, fps) == (1, 0)
        assert walk(native, path, way[::-1], fps) == (0, 1)

    @given(
        line=lines,
        way=st.lists(st.tuples(wide, wide), min_size=2, max_size=30),
        keep=st.lists(st.booleans(), min_size=30, max_size=30),
        mode=st.sampled_from(["loose", "balanced"]),
    )
    def test_in_minus_out_is_the_change_of_side_whatever_frames_are_lost(
        self, native, config, line, way, keep, mode
    ):
        path = config("line-crossing", *two_ways(*line, mode, extended=1))
        sides = [cross(*line, p) for p in way]
        assume(sides[0] and sides[-1])
        change = (sides[-1] > 0) - (sides[0] > 0)
        for seen in (way, [way[0], *itertools.compress(way[1:-1], keep), way[-1]]):
            into, out = walk(native, path, seen)
            assert into - out == change
        flips = [side > 0 for side in sides if side]
        into, out = walk(native, path, way)
        assert into + out == sum(a != b for a, b in itertools.pairwise(flips))

    @given(
        line=st.tuples(points, points).filter(lambda line: line[0] != line[1]),
        way=st.lists(points, min_size=2, max_size=20),
    )
    @settings(max_examples=600)
    def test_a_way_that_does_not_touch_the_line_is_not_counted(self, native, config, line, way):
        path = config("line-crossing", *two_ways(*[(x * 100, y * 100) for x, y in line], "loose"))
        touching = any(touches(native, line, step) for step in itertools.pairwise(way)) or touches(
            native, line, (way[0], way[0])
        )
        counted = sum(walk(native, path, [(x * 100, y * 100) for x, y in way]))
        if not touching:
            assert counted == 0
        assert counted <= len(way) - 1

    @given(line=lines, at=st.integers(1, 9), beyond=st.integers(1, 300))
    def test_stopping_on_the_line_counts_once_when_it_is_left(
        self, native, config, line, at, beyond
    ):
        (ax, ay), (bx, by) = line
        path = config("line-crossing", "mode=loose", *two_ways(*line, "loose")[:2])
        scale = math.dist(*line)
        on = (ax, ay)  # exactly on it, at its end
        side = (-(by - ay) / scale * beyond, (bx - ax) / scale * beyond)
        before, after = ((on[0] + sign * side[0], on[1] + sign * side[1]) for sign in (-1, 1))
        assert walk(native, path, [before, on, on, on, after, after]) == (1, 0)
        assert walk(native, path, [before, on, on, before]) == (0, 0)
        assert walk(native, path, [on, on, after]) == (0, 0)

    @given(trembles=st.lists(st.integers(-4, 4), min_size=1, max_size=60))
    def test_a_box_that_trembles_on_the_line_counts_once(self, native, config, trembles):
        path = config("line-crossing", *two_ways((500, 0), (500, 1000), "balanced"))
        way = [(400, 500), *[(500 + t, 500) for t in trembles], (600, 500)]
        assert walk(native, path, way, height=100.0) == (0, 1)

    @pytest.mark.parametrize(
        "mode, angles",
        [("loose", {0: 1, 60: 1, 100: 1}), ("balanced", {0: 1, 60: 1, 100: 0}),
         ("strict", {0: 1, 40: 1, 60: 0, 100: 0})],
    )  # fmt: skip
    def test_modes_ask_for_the_direction_more_or_less_closely(self, native, config, mode, angles):
        """The arrow lies at 45 degrees to a vertical line; the way at an angle to the arrow."""
        path = config(
            "line-crossing", "line-crossing-In=400;400;600;600;500;0;500;1000", f"mode={mode}"
        )
        for angle, expected in angles.items():
            turn = math.radians(45 - angle)
            far = (90 * math.cos(turn), 90 * math.sin(turn))
            with Stream(native, path) as stream:
                for i in range(-5, 6):
                    stream.see(i / 25 + 1, (1, 500.5 + far[0] * i / 5, 500 + far[1] * i / 5))
                assert stream.count(CROSSED_TOTAL, "In") == expected, angle

    def test_objects_are_told_apart_and_classes_chosen(self, native, config):
        path = config(
            "line-crossing", "line-crossing-In=400;500;600;500;500;0;500;1000", "class-id=2;5"
        )
        with Stream(native, path) as stream:
            stream.see(0, (1, 400, 500, 2), (2, 400, 500, 3), (3, 700, 500, 5))
            stream.see(0.1, (1, 600, 500, 2), (2, 600, 500, 3), (3, 600, 500, 5))
            assert stream.count(CROSSED, "In") == 1
            assert [stream.status(LINE, i) for i in range(3)] == [["In"], [], []]

    def test_objects_without_an_id_cross_nothing(self, native, config):
        path = config("line-crossing", "line-crossing-In=400;500;600;500;500;0;500;1000")
        with Stream(native, path) as stream:
            for x in (400, 600):
                stream.see(x, (UNTRACKED, x, 500))
            assert stream.count(CROSSED_TOTAL, "In") == 0
            assert stream.tracks == 0

    def test_lost_objects_are_forgotten(self, native, config):
        path = config("line-crossing", *two_ways((500, 0), (500, 1000), "loose"))
        with Stream(native, path) as stream:
            for number in range(4000):
                stream.see(number / 25, *[(number * 4 + i, 300, 10 * i) for i in range(4)])
                assert stream.tracks <= 4 * 25 * 10
            for number in range(100):
                objects = [(10**6 + number * 400 + i, 300, 10) for i in range(400)]
                stream.see(160 + number / 1000, *objects)
                assert stream.tracks <= 8192 + 400

    def test_a_gap_in_the_track_does_not_lose_the_crossing(self, native, config):
        path = config("line-crossing", *two_ways((500, 0), (500, 1000), "balanced"))
        with Stream(native, path) as stream:
            stream.see(0, (1, 700, 500))
            for i in range(1, 60):
                stream.see(i / 25)
            stream.see(2.5, (1, 300, 500))
            assert stream.count(CROSSED_TOTAL, "In") == 1

    def test_time_that_runs_back_starts_over_but_keeps_the_counts(self, native, config):
        path = config("line-crossing", *two_ways((500, 0), (500, 1000), "loose"))
        with Stream(native, path) as stream:
            stream.see(9, (1, 700, 500))
            stream.see(10, (1, 300, 500))
            stream.see(0, (1, 700, 500))
            assert stream.count(CROSSED, "Out") == 0
            assert stream.count(CROSSED_TOTAL, "In") == 1


class TestRegions:
    def test_an_object_stands_where_its_box_ends_and_regions_may_overlap(self, native, config):
        path = config(
            "roi-filtering",
            "roi-A=0;0;500;0;500;500;0;500",
            "roi-B=400;400;900;400;900;900;400;900",
        )
        with Stream(native, path) as stream:
            stream.see(0, (UNTRACKED, 450, 450), (1, 950, 950), (2, 500, 100))
            assert (stream.count(IN_ROI, "A"), stream.count(IN_ROI, "B")) == (2, 1)
            assert [sorted(stream.status(ROI, i)) for i in range(3)] == [["A", "B"], [], ["A"]]

    def test_an_inverse_region_holds_what_is_outside(self, native, config):
        path = config("roi-filtering", "roi-A=0;0;500;0;500;500;0;500", "inverse-roi=1")
        with Stream(native, path) as stream:
            stream.see(0, (1, 450, 450), (2, 500, 500), (3, 501, 500))
            assert stream.count(IN_ROI, "A") == 1
            assert stream.status(ROI, 2) == ["A"]

    def test_coordinates_are_scaled_from_the_size_of_the_config(self, native, config):
        path = config("roi-filtering", "roi-A=0;0;500;0;500;500;0;500")
        with Stream(native, path, width=200, height=400) as stream:
            stream.see(0, (1, 99, 199), (2, 101, 199), (3, 99, 201))
            assert stream.count(IN_ROI, "A") == 1

    def test_a_crowd_is_one_after_a_while(self, native, config):
        path = config(
            "overcrowding",
            "roi-A=0;0;500;0;500;500;0;500",
            "object-threshold=2",
            "time-threshold=1000",
        )
        inside, outside = (UNTRACKED, 100, 100), (UNTRACKED, 600, 600)
        with Stream(native, path) as stream:
            for time, objects, crowded in (
                (0, [inside, inside], 0),
                (0.9, [inside, inside, outside], 0),
                (1.0, [inside, inside, outside], 1),
                (1.1, [inside, outside, outside], 0),
                (1.2, [inside, inside], 0),
                (2.3, [inside, inside, inside], 1),
            ):
                stream.see(time, *objects)
                assert stream.count(OVERCROWDED, "A") == crowded, time
            assert stream.status(CROWD, 2) == ["A"]

    @pytest.mark.parametrize("fps", [2, 25, 240])
    def test_directions_are_those_of_the_last_second(self, native, config, fps):
        path = config("direction-detection", "direction-East=0;0;10;0", "direction-South=0;0;0;10")
        with Stream(native, path) as stream:
            stream.see(0, (1, 100, 100))
            assert stream.status(DIRECTION) == [] and stream.status(STATUS) == []
            for i in range(1, fps * 2):
                stream.see(i / fps, (1, 100 + 100 * i / fps, 100))
            assert stream.status(DIRECTION) == ["East"] and stream.status(STATUS) == ["moving"]
            for i in range(fps * 2):
                stream.see(2 + i / fps, (1, 300, 100 + 100 * i / fps))
            assert stream.status(DIRECTION) == ["South"]
            for i in range(fps * 2 + 1):
                stream.see(4 + i / fps, (1, 300, 300))
            assert stream.status(DIRECTION) == [] and stream.status(STATUS) == ["stationary"]
