# SPDX-License-Identifier: Apache-2.0
"""Objects made by name: registered probes, and the factory."""

from __future__ import annotations

import pathlib

import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferObserver,
    BufferOperator,
    CommonFactory,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    probe,
    register_probe,
    registry,
)


@pytest.fixture(autouse=True)
def _forget():
    """What a test registers is gone after it."""
    before = dict(registry._registered)
    yield
    registry._registered.clear()
    registry._registered.update(before)


def simple(buffers=30):
    pipeline = Pipeline("p")
    pipeline.add("videotestsrc", "src", {"num-buffers": buffers})
    return pipeline.add("fakesink", "sink").link("src", "sink")


def test_a_decorated_class_is_attached_by_name_with_its_properties():
    seen = []

    @probe(name="every", params={"step": ("integer", 1, "Which buffers"), "tag": ("string", "a")})
    class Every(BufferOperator):
        def handle_buffer(self, buffer):
            seen.append((self.get_property("step"), self.get_property("tag")))
            return True

    simple(3).attach("src", "every", "e", properties={"step": 5}).start().wait()
    assert seen == [(5, "a")] * 3
    assert Every().__class__.__name__ == "Every"


def test_metadata_operators_are_registered_too(clip):
    frames = []

    class Counter(BatchMetadataOperator):
        def __init__(self):
            super().__init__()
            self.n = 0

        def handle_metadata(self, batch_meta, frame_interval=1):
            frames.append(batch_meta.n_frames * frame_interval)

    register_probe("counter", Counter)
    flow = Flow(Pipeline("p")).batch_capture([str(clip)]).attach("counter", "c")
    flow.render(RenderMode.DISCARD, sync=False)()
    assert sum(frames) == 60


def test_an_observer_never_drops():
    behind = []

    class Look(BufferObserver):
        def handle_buffer(self, buffer):
            return False

    class After(BufferOperator):
        def handle_buffer(self, buffer):
            behind.append(1)

    register_probe("look", Look)
    pipeline = simple(10).attach("src", "look", "l").attach("sink", Probe("after", After()))
    pipeline.start().wait()
    assert len(behind) == 10


def test_properties_change_while_it_runs_and_have_types():
    @probe(
        "typed",
        params={
            "number": ("integer", 3, ""),
            "a_text": ("string", "x", ""),
            "where": ("path", "/tmp", ""),
            "on": ("boolean", True, ""),
        },
    )
    class Typed(BufferOperator):
        pass

    made = CommonFactory.create("python.typed", "t")
    made.set({"number": 4, "a-text": "y", "where": pathlib.Path("/else"), "on": 0})
    assert [made.get(key) for key in ("number", "a_text", "where", "on")] == [
        4,
        "y",
        "/else",
        False,
    ]
    assert made.operator.get_property("a-text") == "y"
    for name, value in [("number", "4"), ("number", True), ("a_text", 4), ("where", 1), ("on", 2)]:
        with pytest.raises(dsbind.ConfigError, match=name):
            made.set({name: value})
    with pytest.warns(dsbind.UnknownPropertyWarning, match="did you mean 'number'"):
        made.set({"numbr": 4})
    with pytest.raises(dsbind.ConfigError, match="did you mean 'where'"):
        made.operator.get_property("wher")


def test_two_probes_of_one_class_have_properties_of_their_own():
    register_probe("own", type("Own", (BufferOperator,), {}), {"n": ("integer", 1)})
    first, second = registry.create("own", "a"), registry.create("own", "b")
    first.set({"n": 2})
    assert (first.operator.get_property("n"), second.operator.get_property("n")) == (2, 1)


@pytest.mark.parametrize(
    ("name", "cls", "params", "error"),
    [
        ("", BufferOperator, None, ValueError),
        ("a.b", BufferOperator, None, ValueError),
        ("measure_fps_probe", BufferOperator, None, ValueError),
        ("p", dict, None, TypeError),
        ("p", lambda: None, None, TypeError),
        ("p", BufferOperator, {"x": "integer"}, ValueError),
        ("p", BufferOperator, {"x": ("float", 1.0)}, ValueError),
        ("p", BufferOperator, {"x": ("integer", "1")}, ValueError),
    ],
)
def test_what_cannot_be_registered_is_refused(name, cls, params, error):
    with pytest.raises(error):
        register_probe(name, cls, params)


def test_the_factory_makes_probes():
    for plugin in ("sample_video_probe", "sample_video_probe.sample_video_probe"):
        made = CommonFactory.create(plugin, "p")
        assert made.name == "p"
        assert made.set({"font-size": 15}).get("font-size") == 15
    assert Probe.create("measure_fps_probe", "fps").set({"interval": 2}).get("interval") == 2


def test_an_unknown_factory_names_the_nearest():
    with pytest.raises(RuntimeError, match="Signal creation failed") as caught:
        CommonFactory.create("measure_fps_prob", "p")
    assert "did you mean 'measure_fps_probe'" in str(caught.value)
    with pytest.raises(LookupError, match=r"there are .*kitti_dump_probe"):
        CommonFactory.create("zzz", "p")
    with pytest.raises(RuntimeError, match="Signal creation failed"):
        simple().attach("src", "no_such_probe", "p")


def test_what_this_release_lacks_says_so():
    for factory in ("resnet_tensor_parser", "smart_recording_action"):
        with pytest.raises(dsbind.MissingElementError, match=f"{factory} is not in this release"):
            registry.create(factory, "p")


def test_a_probe_kept_only_by_its_pipeline_is_called():
    seen = []

    def build():
        class Local(BufferOperator):
            def handle_buffer(self, buffer):
                seen.append(1)

        register_probe("local", Local)
        return simple(5).attach("src", "local", "l")

    build().start().wait()
    assert len(seen) == 5


def test_an_exception_in_a_registered_probe_is_raised():
    @probe("bad")
    class Bad(BufferOperator):
        def handle_buffer(self, buffer):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        simple(-1).attach("src", "bad", "b").start().wait(10)


def test_importing_it_starts_nothing(run_program):
    done = run_program("""
        import sys
        from dsbind import BufferObserver, CommonFactory, probe, register_probe
        assert callable(probe) and callable(register_probe)
        for name in sys.modules:
            assert name not in ("dsbind.gst", "dsbind._builtin", "dsbind._padprobe", "numpy"), name
    """)
    assert done.returncode == 0, done.stderr
