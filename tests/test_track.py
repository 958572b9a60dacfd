# SPDX-License-Identifier: Apache-2.0
"""track(): ids that stay, on detections that are known."""

from __future__ import annotations

import time

import pytest

import dsbind
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode, data

CONFIGS = ["IOU", "NvSORT", "NvDCF_perf", "NvDCF_accuracy", "ByteTrack", "OCSORT"]
sample = data.tracker_config


class Detector(BatchMetadataOperator):
    """Two people who walk towards each other and pass, in the frames that `sees` says."""

    def __init__(self, sees=lambda number: True):
        self.sees = sees

    def boxes(self, number):
        return [(10 + 4 * number, 60, 30, 80), (270 - 4 * number, 150, 30, 80)]

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            if not self.sees(frame.frame_number):
                continue
            for left, top, width, height in self.boxes(frame.frame_number):
                item = batch_meta.acquire_object_meta()
                item.class_id = 2
                item.confidence = 0.9
                item.label = "person"
                item.rect_params = dsbind.osd.Rect(left, top, width, height)
                frame.append(item)


class Tracks(BatchMetadataOperator):
    """Notes who was where."""

    def __init__(self):
        self.seen = {}

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            for item in frame.object_items:
                box = item.rect_params
                self.seen.setdefault((frame.source_id, item.object_id), {})[frame.frame_number] = (
                    box.left,
                    box.top,
                    item.confidence,
                    item.label,
                )


def follow(clips, detector=None, **properties):
    """Run a flow on clips of 320 x 240: its tracks."""
    tracks = Tracks()
    flow = Flow(Pipeline("p")).batch_capture([str(clip) for clip in clips], width=320, height=240)
    flow = flow.attach(Probe("detector", detector or Detector()))
    flow = flow.track(**properties).attach(Probe("tracks", tracks))
    flow.render(RenderMode.DISCARD)()
    return tracks.seen


def in_order(seen):
    """The tracks, that of the upper person first."""
    return sorted(seen.values(), key=lambda track: track[50][1])


@pytest.mark.parametrize("name", CONFIGS)
def test_each_sample_follows_both_people_to_the_end(clip, name):
    seen = follow([clip], ll_config_file=sample(name))
    assert len(seen) == 2
    first, second = in_order(seen)
    # All but the frames of the probation.
    assert len(first) >= 55 and len(second) >= 55
    assert abs(first[50][0] - 210) < 8 and abs(first[50][1] - 60) < 8
    assert abs(second[50][0] - 70) < 8 and abs(second[50][1] - 150) < 8


def test_a_sample_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="'DeepSORT'; use one of ByteTrack, IOU, NvDCF_accuracy"):
        sample("DeepSORT")


def test_it_works_without_a_configuration(clip):
    assert len(follow([clip])) == 2


class Past(BatchMetadataOperator):
    """Keeps the lists of past frames, terminated and shadow tracks."""

    def __init__(self):
        self.rows = {15: [], 18: [], 19: []}
        self.others = []

    def handle_metadata(self, batch_meta):
        for kind, rows in self.rows.items():
            for item in batch_meta.user_meta_items(kind):
                rows.extend(item.as_tracks())
                self.others.append((bool(item.as_obj_reid()), item.as_obj_reid().feature_size))
        for frame in batch_meta.frame_items:
            for item in frame.object_items:
                assert len(item.obj_reid_items) == 0


def test_what_is_told_of_other_frames_is_an_array(clip, tmp_path):
    config = tmp_path / "tracker.yml"
    config.write_text(
        "TargetManagement:\n  probationAge: 4\n  maxShadowTrackingAge: 5\n"
        "  outputTerminatedTracks: 1\n  outputShadowTracks: 1\n"
    )
    past = Past()
    detector = Detector(sees=lambda number: number < 20)
    # A model that finds nothing: frames without objects are told from those not looked at.
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=320, height=240)
    flow = flow.infer(str(data.street_config())).attach(Probe("detector", detector))
    flow = flow.track(ll_config_file=config).attach(Probe("past", past))
    flow.render(RenderMode.DISCARD)()
    rows = [row for row in past.rows[15] if row["frame_number"] < 4]
    assert len(rows) == 8 and {row["object_id"] for row in rows} == {0, 1}
    assert {row["class_id"] for row in rows} == {2}
    assert sorted(row["frame_number"] for row in rows) == [0, 0, 1, 1, 2, 2, 3, 3]
    upper = [row["left"] for row in rows if row["top"] < 100]
    assert upper == pytest.approx([10, 14, 18, 22], abs=1)
    assert rows[0]["height"] == pytest.approx(80, abs=1)
    assert {row["object_id"] for row in past.rows[18]} == {0, 1}
    assert {row["frame_number"] for row in past.rows[19]} >= {20, 22, 24}
    assert set(past.others) == {(False, 0)}


def test_ids_are_unique_across_streams(clip):
    seen = follow([clip] * 3, ll_config_file=sample("NvSORT"))
    assert len(seen) == 6
    assert len({number for _, number in seen}) == 6


def test_sub_batches_take_a_configuration_each(clip):
    paths = f"{sample('NvSORT')};{sample('IOU')}"
    seen = follow([clip] * 2, sub_batches="0;1", ll_config_file=paths)
    assert len({number for _, number in seen}) == 4


def test_frames_without_detections_are_bridged(clip):
    detector = Detector(sees=lambda number: number < 10 or number % 3 == 0)
    seen = follow([clip], detector, ll_config_file=sample("NvSORT"))
    assert len(seen) == 2
    for track in seen.values():
        assert len(track) >= 55
        # Made up: not detected, but with the label of who it is.
        assert track[32][2] == pytest.approx(-0.1)
        assert track[32][3] == "person"
    assert abs(in_order(seen)[0][32][0] - 138) < 8


def test_the_same_frames_give_the_same_tracks(clip):
    runs = [follow([clip], ll_config_file=sample("NvDCF_accuracy")) for _ in range(2)]
    assert runs[0] == runs[1]


def test_a_configuration_that_is_not_there_is_named_at_once(clip):
    flow = Flow(Pipeline("p")).batch_capture([str(clip)]).attach(Probe("d", Detector()))
    with pytest.raises(FileNotFoundError, match=r"nowhere\.yml"):
        flow.track(ll_config_file="nowhere.yml")
    with pytest.raises(TypeError, match="Tracker config must be a file path"):
        flow.track(ll_config_file=3)


def test_what_is_wrong_with_a_configuration_is_raised(clip, tmp_path):
    path = tmp_path / "tracker.yml"
    path.write_text("TargetManagement:\n  probationAge: soon\n")
    begin = time.monotonic()
    with pytest.raises(dsbind.Error, match=r"tracker\.yml:2: TargetManagement\.probationAge: soon"):
        follow([clip], ll_config_file=path)
    assert time.monotonic() - begin < 20


def test_a_library_elsewhere_is_refused(clip, tmp_path):
    library = tmp_path / "libtracker.so"
    library.write_bytes(b"no library")
    with pytest.raises(dsbind.Error, match="allow its folder by DSBIND_LIBRARY_PATH"):
        follow([clip], ll_lib_file=library)


def test_a_library_that_does_not_load_is_an_error(clip, tmp_path, monkeypatch):
    library = tmp_path / "libtracker.so"
    library.write_bytes(b"no library")
    monkeypatch.setenv("DSBIND_LIBRARY_PATH", str(tmp_path))
    with pytest.raises(dsbind.Error, match=r"libtracker\.so.*cannot be loaded"):
        follow([clip], ll_lib_file=str(library))


def test_elements_have_deepstream_s_properties():
    defaults = {
        "tracker-width": 960,
        "tracker-height": 544,
        "gpu-id": 0,
        "ll-lib-file": "",
        "ll-config-file": "",
        "tracking-surface-type": 0,
        "display-tracking-id": True,
        "input-tensor-meta": False,
        "tensor-meta-gie-id": 0,
        "user-meta-pool-size": 16,
        "sub-batches": "",
        "sub-batch-err-recovery-trial-cnt": 0,
        "operate-on-class-ids": "",
    }
    for factory in ("nvtracker", "nvtrackerbin"):
        node = Pipeline("p").add(factory, "tracker")["tracker"]
        assert {name: node.get(name) for name in defaults} == defaults
        for name in ("tracking-id-reset-mode", "compute-hw"):
            node.set({name: 1})
