# SPDX-License-Identifier: Apache-2.0
"""Regions, lines, crowds and directions in a running pipeline."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy
import pytest
from probing import run

import dsbind
from dsbind import BatchMetadataOperator, ConfigWarning, Flow, Pipeline, Probe, RenderMode, clips
from dsbind.meta import AnalyticsFrameMeta, AnalyticsObjInfo

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "analytics.py"
RULES_FILE = EXAMPLE.with_suffix(".txt")

# A config for frames of 1000 x 1000: the ball of object 1 runs from left to right through it.
RULES = """
[property]
config-width=1000
config-height=1000
osd-mode=2
[roi-filtering-stream-0]
roi-Left=0;0;500;0;500;1000;0;1000
roi-All=0;0;1000;0;1000;1000;0;1000
class-id=-1
[overcrowding-stream-0]
roi-Right=500;0;1000;0;1000;1000;500;1000
object-threshold=1
[line-crossing-stream-0]
line-crossing-Entry=300;500;700;500;500;0;500;1000
line-crossing-Exit=700;500;300;500;500;0;500;1000
[direction-detection-stream-0]
direction-East=0;500;1000;500
"""


class Each(BatchMetadataOperator):
    """Calls a function with each frame."""

    def __init__(self, call):
        self.call = call

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            self.call(batch_meta, frame)


class Objects(Each):
    """Gives each frame its objects: (id, x, y) of where they stand, in thousandths of the frame."""

    def __init__(self, place):
        super().__init__(self.add)
        self.place = place

    def add(self, batch, frame):
        for number, x, y in self.place(frame):
            item = batch.acquire_object_meta()
            if number is not None:
                item.object_id = number
            item.class_id = 2
            box = item.rect_params
            box.width, box.height = 20, 10
            box.left = x * frame.pipeline_width / 1000 - 10
            box.top = y * frame.pipeline_height / 1000 - 10
            frame.append(item)


def to_the_right(frame):
    """Object 1 runs from left to right within 60 frames, object 2 stays."""
    return [(1, 20 + frame.frame_number * 16, 500), (2, 250, 250)]


def analysed(clips, config, place, see, tail=None, **keywords):
    """Run clips through the rules: `see(batch, frame)` after them; the pipeline."""
    pipeline = Pipeline("analytics")
    flow = Flow(pipeline).batch_capture([str(clip) for clip in clips], width=640, height=480)
    flow = flow.attach(Probe("objects", Objects(place))).analyze(config, **keywords)
    flow = flow.attach(Probe("see", Each(see)))
    flow.render(RenderMode.DISCARD, sync=False)()
    return pipeline


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.txt"
    path.write_text(RULES)
    return path


def analytics_of(frame):
    (item,) = frame.nvdsanalytics_frame_items
    return item.as_nvdsanalytics_frame()


def status_of(item):
    (found,) = item.nvdsanalytics_obj_items
    return found.as_nvdsanalytics_obj()


class TestMetadata:
    def test_a_frame_tells_its_counts_and_an_object_its_places(self, clip, rules):
        seen = []

        def see(batch, frame):
            counts = analytics_of(frame)
            places = {item.object_id: status_of(item) for item in frame.object_items}
            assert counts and all(places.values())
            assert (counts.unique_id, places[1].unique_id) == (5, 5)
            assert counts.obj_cnt == {2: 2}
            assert counts.obj_in_roi_cnt["All"] == 2
            assert places[2].roi_status == ["Left", "All"] or set(places[2].roi_status) == {
                "Left", "All"
            }  # fmt: skip
            seen.append(
                {
                    "left": counts.obj_in_roi_cnt["Left"],
                    "crowded": counts.oc_status,
                    "crowd": places[1].oc_status,
                    "entry": counts.obj_lc_curr_cnt["Entry"],
                    "entries": counts.obj_lc_cum_cnt,
                    "lines": places[1].lc_status,
                    "direction": places[1].dir_status,
                    "status": (places[1].obj_status, places[2].obj_status),
                }
            )

        analysed([clip], rules, to_the_right, see, unique_id=5)
        assert len(seen) == 60
        before, after = seen[10], seen[50]
        assert (before["left"], after["left"]) == (2, 1)
        assert (before["crowded"], after["crowded"]) == ({"Right": False}, {"Right": True})
        assert (before["crowd"], after["crowd"]) == ([], ["Right"])
        assert before["entries"] == {"Entry": 0, "Exit": 0}
        assert after["entries"] == {"Entry": 1, "Exit": 0}
        assert sum(frame["entry"] for frame in seen) == 1
        (crossing,) = [frame for frame in seen if frame["entry"]]
        assert crossing["lines"] == ["Entry"]
        assert before["direction"] == after["direction"] == "East"
        assert after["status"] == ("moving", "stationary")
        assert seen[0]["direction"] == "" and seen[0]["status"] == ("", "")

    def test_columns_say_the_same(self, clip, rules):
        checked = []

        def see(batch, frame):
            counts, statuses, labels = (
                batch.analytics_counts, batch.analytics_statuses, batch.labels
            )  # fmt: skip
            told = analytics_of(frame)
            for kind, expected in enumerate(
                (told.obj_in_roi_cnt, told.oc_status, told.obj_lc_curr_cnt, told.obj_lc_cum_cnt)
            ):
                rows = counts[counts["kind"] == kind]
                assert {labels[row["label_index"]]: row["value"] for row in rows} == expected
                assert set(rows["class_id"]) == {-1}
            classes = counts[counts["kind"] == 4]
            assert dict(zip(classes["class_id"], classes["value"], strict=True)) == told.obj_cnt
            assert set(counts["frame_index"]) == {0}
            for index, item in enumerate(frame.object_items):
                place = status_of(item)
                rows = statuses[statuses["object_index"] == index]
                for kind, expected in enumerate(
                    (place.roi_status, place.oc_status, place.lc_status)
                ):
                    found = [labels[row["label_index"]] for row in rows[rows["kind"] == kind]]
                    assert found == expected
            checked.append(len(statuses))

        analysed([clip], rules, to_the_right, see)
        assert len(checked) == 60 and min(checked) >= 3

    def test_views_of_something_else_are_false_and_empty(self, batch):
        item = batch.acquire_user_meta()
        frame, place = item.as_nvdsanalytics_frame(), item.as_nvdsanalytics_obj()
        assert isinstance(frame, AnalyticsFrameMeta) and isinstance(place, AnalyticsObjInfo)
        assert not frame and not place
        assert frame.obj_cnt == frame.oc_status == {} and place.roi_status == []
        assert "something else" in repr(frame) and "something else" in repr(place)
        assert len(batch.analytics_counts) == len(batch.analytics_statuses) == 0

    def test_views_go_stale_and_have_a_repr(self, clip, rules):
        kept = []

        def see(batch, frame):
            if not kept:
                kept.extend([analytics_of(frame), status_of(frame.object_items[0])])
                assert "obj_lc_cum_cnt" in repr(kept[0]) and "roi_status" in repr(kept[1])

        analysed([clip], rules, to_the_right, see)
        for view in kept:
            assert "gone" in repr(view)
            with pytest.raises(dsbind.StaleMetadataError):
                bool(view)

    def test_a_copy_of_the_batch_has_its_own(self, clip, rules):
        """Branches of a fork get copies of the metadata."""
        seen = {"a": 0, "b": 0}

        def see(name):
            def look(batch, frame):
                assert analytics_of(frame).obj_in_roi_cnt["All"] == 2
                assert [status_of(item).unique_id for item in frame.object_items] == [0, 0]
                seen[name] += 1

            return Probe(name, Each(look))

        flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=640, height=480)
        flow = flow.attach(Probe("objects", Objects(to_the_right))).analyze(rules).fork()
        for name in seen:
            flow.attach(see(name)).render(RenderMode.DISCARD, sync=False)
        flow()
        assert seen == {"a": 60, "b": 60}


class TestStreams:
    def test_each_stream_has_its_own_rules_and_counts(self, clip, tmp_path):
        path = tmp_path / "rules.yml"
        path.write_text(
            "property:\n  config-width: 1000\n  config-height: 1000\n"
            "line-crossing-stream-0:\n  line-crossing-A: 300;500;700;500;500;0;500;1000\n"
            "line-crossing-stream-1:\n  line-crossing-B: 700;500;300;500;500;0;500;1000\n"
        )
        last = {}

        def see(batch, frame):
            last[frame.source_id] = analytics_of(frame).obj_lc_cum_cnt

        def place(frame):
            x = 20 + frame.frame_number * 16
            return [(1, x if frame.source_id == 0 else 1000 - x, 500)]

        analysed([clip, clip, clip], path, place, see)
        assert last == {0: {"A": 1}, 1: {"B": 1}, 2: {}}

    def test_turned_off_nothing_is_added(self, clip, rules, tmp_path):
        seen = []

        def see(batch, frame):
            seen.append(len(frame.nvdsanalytics_frame_items))

        analysed([clip], rules, to_the_right, see, enable=False)
        off = tmp_path / "off.txt"
        off.write_text(RULES.replace("[property]", "[property]\nenable=0"))
        analysed([clip], off, to_the_right, see)
        assert len(seen) == 120 and set(seen) == {0}

    def test_objects_without_ids_are_told_of_once(self, clip, rules):
        regions = []

        def see(batch, frame):
            regions.append(analytics_of(frame).obj_in_roi_cnt["All"])

        with pytest.warns(ConfigWarning, match=r"have no ids.*put nvtracker") as told:
            analysed([clip], rules, lambda frame: [(None, 500, 500)], see)
        assert len([w for w in told if "have no ids" in str(w.message)]) == 1
        assert set(regions) == {1}


class TestReload:
    def run(self, clip, first, change):
        """Run through `first`; `change(node)` at frame 30: the entries counted at each frame."""
        entries = []
        pipeline = Pipeline("p")
        flow = Flow(pipeline).batch_capture([str(clip)], width=640, height=480)
        flow = flow.attach(Probe("objects", Objects(lambda frame: [
            (1, 20 + (frame.frame_number % 30) * 32, 500)
        ])))  # fmt: skip
        flow = flow.analyze(first)
        (name,) = flow._streams

        def see(batch, frame):
            if frame.frame_number == 30:
                change(pipeline[name])
            entries.append(analytics_of(frame).obj_lc_cum_cnt)

        flow.attach(Probe("see", Each(see))).render(RenderMode.DISCARD, sync=False)()
        return entries

    def test_a_config_set_while_running_is_used_from_then_on(self, clip, rules, tmp_path):
        other = tmp_path / "other.txt"
        other.write_text(
            RULES.replace("line-crossing-Exit=", "line-crossing-New=")
            .replace("700;500;300;500", "300;500;700;500")
        )  # fmt: skip
        entries = self.run(clip, rules, lambda node: node.set("config-file", str(other)))
        assert entries[29] == {"Entry": 1, "Exit": 0}
        # The line that stayed goes on counting.
        assert entries[-1] == {"Entry": 2, "New": 1}

    def test_the_same_file_is_read_again(self, clip, rules):
        def change(node):
            rules.write_text(RULES.replace("line-crossing-Exit=", "line-crossing-Other="))
            node.set("config-file", str(rules))

        assert set(self.run(clip, rules, change)[-1]) == {"Entry", "Other"}

    def test_a_config_that_is_wrong_warns_and_the_old_one_goes_on(self, clip, rules, tmp_path):
        wrong = tmp_path / "wrong.txt"
        wrong.write_text("[line-crossing-stream-0]\nline-crossing-A=1;2\n")
        with pytest.warns(ConfigWarning, match=r"wrong.txt:2.*should be 8.*from before goes on"):
            entries = self.run(clip, rules, lambda node: node.set("config-file", str(wrong)))
        assert entries[-1]["Entry"] == 2


class TestErrors:
    @pytest.mark.parametrize(
        "wrong, told",
        [
            ("mode=lose", r"rules.txt:\d+: \[line-crossing-stream-0\] mode=lose is none of"),
            ("line-crossing-X=1;2;3", r"\[line-crossing-stream-0\] line-crossing-X=1;2;3 has a"),
            ("class-id=70000", r"\[line-crossing-stream-0\] class-id=70000 is out of range"),
        ],
    )
    def test_a_wrong_value_is_named_before_any_frame(self, clip, rules, wrong, told):
        rules.write_text(
            RULES.replace("[line-crossing-stream-0]", f"[line-crossing-stream-0]\n{wrong}")
        )
        seen = []
        with pytest.raises(dsbind.ConfigError, match=told):
            analysed([clip], rules, to_the_right, lambda batch, frame: seen.append(frame))
        assert seen == []

    def test_an_unknown_key_warns_with_the_nearest_name(self, clip, rules):
        rules.write_text(
            RULES.replace("[line-crossing-stream-0]", "[line-crossing-stream-0]\nmod=loose")
        )
        with pytest.warns(ConfigWarning, match="did you mean mode?"):
            analysed([clip], rules, to_the_right, lambda batch, frame: None)

    def test_a_good_config_does_not_warn(self, clip, rules):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            analysed([clip], rules, to_the_right, lambda batch, frame: None)

    def test_without_a_config_it_says_so(self):
        pipeline = Pipeline("p").add("nvdsanalytics", "analytics")
        pipeline.add("appsrc", "src").add("fakesink", "sink").link("src", "analytics", "sink")
        with pytest.raises(FileNotFoundError, match="set config-file"):
            pipeline.start().wait(10)


class TestDrawing:
    CAPS = "video/x-raw,format=NV12,width=640,height=480,framerate=25/1"

    def picture(self, config, objects=()):
        """What is drawn on a white picture of 64 x 48 thousandths: an array (48, 64, 4)."""
        pictures = []

        def add(buffer):
            for frame in buffer.batch_meta.frame_items:
                Objects(lambda frame: objects).add(buffer.batch_meta, frame)

        run(
            ("mux", add),
            ("osd", lambda buffer: pictures.append(numpy.array(buffer.extract(0).clone()))),
            tail=[
                ("nvdsanalytics", "analytics", {"config-file": str(config)}),
                ("nvvideoconvert", "convert", {}),
                ("capsfilter", "rgba", {"caps": "video/x-raw(memory:NVMM),format=RGBA"}),
                ("nvdsosd", "osd", {"display-text": False}),
            ],
        )
        return pictures[-1]

    def config(self, tmp_path, text, mode=2):
        path = tmp_path / "drawn.txt"
        path.write_text(f"[property]\nconfig-width=64\nconfig-height=48\nosd-mode={mode}\n{text}")
        return path

    def test_more_than_16_lines_are_all_drawn(self, tmp_path):
        """A display metadata has room for 16: here are 40 small regions of 3 lines."""
        corners = [(8 * column + 1, 9 * row + 1) for row in range(5) for column in range(8)]
        text = "[roi-filtering-stream-0]\n" + "".join(
            f"roi-{i}={x};{y};{x + 5};{y};{x};{y + 5}\n" for i, (x, y) in enumerate(corners)
        )
        picture = self.picture(self.config(tmp_path, text))
        for x, y in corners:
            assert picture[y, x + 2, 0] < 128 and picture[y + 2, x, 0] < 128, (x, y)

    def test_mode_0_draws_nothing(self, tmp_path):
        text = "[roi-filtering-stream-0]\nroi-A=5;5;50;5;50;40\n"
        assert (self.picture(self.config(tmp_path, text, mode=0)) > 250).all()
        assert (self.picture(self.config(tmp_path, text, mode=1)) < 128).any()

    def test_an_overcrowded_region_turns_red_where_counts_are_drawn(self, tmp_path):
        text = "[overcrowding-stream-0]\nroi-A=5;5;50;5;50;40;5;40\nobject-threshold=2\n"
        crowd = [(1, 400, 400), (2, 500, 400)]
        for mode, objects, red in ((2, crowd, True), (2, crowd[:1], False), (1, crowd, False)):
            pixel = self.picture(self.config(tmp_path, text, mode), objects)[40, 20]
            assert (pixel[0] > 200 and pixel[1] < 60) == red, (mode, pixel)

    def test_an_extended_line_is_drawn_to_the_edges(self, tmp_path):
        line = "[line-crossing-stream-0]\nline-crossing-A=10;40;10;42;30;24;34;24\n"
        for extended in (0, 1):
            picture = self.picture(self.config(tmp_path, f"{line}extended={extended}\n"))
            assert (picture[24, 2, 0] < 128) == (picture[24, 61, 0] < 128) == bool(extended)
            assert picture[24, 32, 0] < 128

    def test_regions_out_of_the_frame_are_cut_off(self, tmp_path):
        text = "[roi-filtering-stream-0]\nroi-A=-1000;24;2000;24;2000;5000;-1000;5000\n"
        picture = self.picture(self.config(tmp_path, text))
        assert (picture[24, 2:62, 0] < 128).all() and (picture[:20] > 250).all()


class TestPrograms:
    """The detector, the tracker and the rules together, on the sample clip."""

    def test_the_example_reports_and_draws(self, tmp_path):
        out = tmp_path / "out.mp4"
        done = subprocess.run(
            [sys.executable, str(EXAMPLE), str(clips.fetch("street")), str(RULES_FILE), str(out)],
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        last = done.stdout.splitlines()[-1]
        crossed = {
            name: int(n) for name, n in re.findall(r"'(Right|Left)': (\d+)", last.split("most")[0])
        }
        assert set(crossed) == {"Right", "Left"} and sum(crossed.values()) > 0
        assert sum(" crosses " in line for line in done.stdout.splitlines()) == sum(
            crossed.values()
        )
        assert dsbind.utils.MediaInfo.discover(str(out)).video.width == 1280
