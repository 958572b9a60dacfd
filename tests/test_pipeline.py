# SPDX-License-Identifier: Apache-2.0
"""Pipelines made by hand from GStreamer's own elements."""

from __future__ import annotations

import gc
import threading
import time
import traceback
import weakref

import pytest
from growing import MEASURABLE

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    EOSMessage,
    Pipeline,
    PipelineState,
    Probe,
    StateTransitionMessage,
)


class Counter(BufferOperator):
    def __init__(self, keep=lambda n: True):
        self.n = 0
        self.keep = keep

    def handle_buffer(self, buffer):
        self.n += 1
        return self.keep(self.n)


def simple(name="p", buffers=30, **sink):
    pipeline = Pipeline(name)
    pipeline.add("videotestsrc", "src", {"num-buffers": buffers})
    pipeline.add("queue", "queue").add("fakesink", "sink", sink)
    return pipeline.link("src", "queue", "sink")


def test_every_buffer_passes_the_probe_and_wait_returns_at_the_end():
    counter = Counter()
    pipeline = simple().attach("queue", Probe("count", counter))
    assert pipeline.start().wait() is pipeline
    assert counter.n == 30


def test_a_pipeline_can_be_run_again_after_its_end():
    counter = Counter()
    pipeline = simple(buffers=5).attach("queue", Probe("count", counter))
    pipeline.start().wait()
    pipeline.start().wait()
    assert counter.n == 10


def test_starting_twice_is_an_error_and_leaves_it_running():
    pipeline = simple(buffers=-1, sync=True).start()
    with pytest.raises(dsbind.StateError, match="is running"):
        pipeline.start()
    pipeline.stop().wait(5)


def test_prepare_then_activate_plays_it():
    counter = Counter()
    pipeline = simple().attach("queue", Probe("count", counter))
    pipeline.prepare()
    with pytest.raises(dsbind.StateError, match="activate"):
        pipeline.wait()
    pipeline.activate().wait()
    assert counter.n == 30


def test_activate_without_prepare_is_an_error():
    with pytest.raises(dsbind.StateError, match="prepare"):
        simple().activate()


def test_waiting_for_or_stopping_what_was_never_started_returns():
    pipeline = simple()
    assert pipeline.wait() is pipeline
    assert pipeline.stop().wait() is pipeline


def test_messages_tell_states_of_each_element_and_the_end():
    messages = []
    simple().start(messages.append).wait()
    assert type(messages[-1]).__name__ == "EOSMessage"
    assert [m for m in messages if isinstance(m, EOSMessage)] == [messages[-1]]
    playing = {
        m.origin
        for m in messages
        if isinstance(m, StateTransitionMessage) and m.new_state == PipelineState.PLAYING
    }
    assert {"src", "queue", "sink", "p"} <= playing


def test_a_callback_that_is_not_callable_is_refused():
    with pytest.raises(TypeError, match="not callable"):
        simple().start(3)


def test_false_from_a_buffer_operator_drops_the_buffer():
    behind = Counter()
    pipeline = simple(buffers=10)
    pipeline.attach("src", Probe("every second", Counter(lambda n: n % 2 == 0)))
    pipeline.attach("queue", Probe("behind", behind))
    pipeline.start().wait()
    assert behind.n == 5


def test_none_from_a_buffer_operator_lets_it_pass():
    behind = Counter()
    pipeline = simple(buffers=10)
    pipeline.attach("src", Probe("none", Counter(lambda n: None)))
    pipeline.attach("queue", Probe("behind", behind))
    pipeline.start().wait()
    assert behind.n == 10


def test_metadata_operators_see_only_buffers_with_a_batch():
    class Never(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            raise AssertionError("there is no batch here")

    simple().attach("queue", Probe("never", Never())).start().wait()


def test_a_buffer_used_after_the_callback_is_stale_not_a_crash():
    class Keep(BufferOperator):
        def handle_buffer(self, buffer):
            self.kept = buffer
            return True

    keep = Keep()
    simple(buffers=3).attach("src", Probe("keep", keep)).start().wait()
    with pytest.raises(dsbind.StaleMetadataError):
        _ = keep.kept.timestamp


def test_an_exception_in_an_operator_stops_it_and_is_raised_with_its_traceback():
    error = LookupError("mine")

    class Bad(BufferOperator):
        def handle_buffer(self, buffer):
            raise error

    pipeline = simple(buffers=-1).attach("queue", Probe("bad", Bad()))
    with pytest.raises(LookupError) as caught:
        pipeline.start().wait(10)
    assert caught.value is error
    assert "handle_buffer" in "".join(traceback.format_exception(caught.value))


def test_an_exception_in_on_message_stops_it_and_is_raised():
    def on_message(message):
        raise ZeroDivisionError("in a message")

    with pytest.raises(ZeroDivisionError, match="in a message"):
        simple(buffers=-1, sync=True).start(on_message).wait(10)


def test_an_operator_without_its_method_says_so():
    class Empty(BatchMetadataOperator):
        pass

    with pytest.raises(NotImplementedError, match="Empty does not define handle_metadata"):
        Empty().handle_metadata(None)
    with pytest.raises(TypeError, match="subclass one"):
        Probe("p", lambda batch: None)


@pytest.mark.parametrize(
    ("target", "tips", "text"),
    [("sink", "src", "no source pad"), ("queue", "sink", "is a sink pad"), ("queue", "x", "'x'")],
)
def test_a_probe_where_there_is_no_source_pad_is_refused(target, tips, text):
    with pytest.raises(RuntimeError, match="Probe failure") as caught:
        simple().attach(target, Probe("p", Counter()), tips=tips)
    assert text in str(caught.value)


def test_two_probes_of_one_name_on_one_element_are_refused():
    pipeline = simple().attach("queue", Probe("p", Counter()))
    with pytest.raises(RuntimeError, match="Custom Object duplicated"):
        pipeline.attach("queue", Probe("p", Counter()))
    pipeline.attach("src", Probe("p", Counter()))
    assert pipeline["queue"].find("p").name == "p"
    with pytest.raises(RuntimeError, match="Not found"):
        pipeline["queue"].find("q")


def test_an_unknown_element_names_the_nearest():
    with pytest.raises(RuntimeError, match="Element creation failed.*'videotestsrc'"):
        Pipeline("p").add("videotestscr", "src")


def test_an_unknown_name_lists_the_names():
    with pytest.raises(RuntimeError, match="sin Not found.*src, queue, sink"):
        simple()["sin"]


def test_a_name_used_twice_is_refused():
    with pytest.raises(dsbind.Error, match="'src' already"):
        simple().add("queue", "src")


@pytest.mark.parametrize("names", [(), ("src",), (("src", "sink"), ("", ""), ("", ""))])
def test_link_needs_two_elements(names):
    with pytest.raises(TypeError, match="Invalid number of arguments"):
        simple().link(*names)


def test_elements_without_a_common_media_type_do_not_link():
    pipeline = Pipeline("p").add("audiotestsrc", "src").add("x264enc", "enc")
    with pytest.raises(RuntimeError, match="linking failed.*no media type in common"):
        pipeline.link("src", "enc")


def test_a_pad_in_use_is_not_linked_again():
    pipeline = simple().add("fakesink", "other")
    with pytest.raises(dsbind.LinkError, match="in use"):
        pipeline.link("queue", "other")


def test_a_hint_that_fits_no_pad_lists_the_pads():
    pipeline = Pipeline("p").add("videotestsrc", "src").add("compositor", "mixer")
    with pytest.raises(dsbind.LinkError, match="'video_%u'.*sink_%u"):
        pipeline.link(("src", "mixer"), ("", "video_%u"))


def test_request_pads_are_numbered_in_the_order_of_the_calls():
    pipeline = Pipeline("p").add("compositor", "mixer").add("fakesink", "sink")
    for index in range(3):
        pipeline.add("videotestsrc", f"src{index}", {"num-buffers": 2})
        pipeline.link((f"src{index}", "mixer"), ("", "sink_%u"))
    assert [pipeline._graph.links[f"src{index}"] for index in range(3)] == [
        [("mixer", f"sink_{index}")] for index in range(3)
    ]
    pipeline.link("mixer", "sink").start().wait()


def test_a_literal_pad_name_is_a_hint_too():
    pipeline = Pipeline("p").add("videotestsrc", "src").add("compositor", "mixer")
    pipeline.link(("src", "mixer"), ("src", "sink_7"))
    assert pipeline._graph.links["src"] == [("mixer", "sink_7")]


def test_tee_branches_are_requested():
    counters = [Counter(), Counter()]
    pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 5}).add("tee", "tee")
    pipeline.link("src", "tee")
    for index, counter in enumerate(counters):
        pipeline.add("queue", f"queue{index}").add("fakesink", f"sink{index}")
        pipeline.link("tee", f"queue{index}", f"sink{index}")
        pipeline.attach(f"queue{index}", Probe("count", counter))
    pipeline.start().wait()
    assert [counter.n for counter in counters] == [5, 5]


def test_a_pad_that_appears_later_is_linked_then(clip):
    counter = Counter()
    pipeline = Pipeline("p").add("filesrc", "src", {"location": str(clip)}).add("decodebin", "bin")
    pipeline.add("queue", "queue").add("fakesink", "sink")
    pipeline.link("src", "bin", "queue", "sink").attach("queue", Probe("count", counter))
    pipeline.start().wait()
    assert counter.n == 60


def test_seeking_before_the_start_starts_there(clip):
    class Times(BufferOperator):
        def __init__(self):
            self.all = []

        def handle_buffer(self, buffer):
            self.all.append(buffer.timestamp)

    times = Times()
    pipeline = Pipeline("p").add("filesrc", "src", {"location": str(clip)}).add("decodebin", "bin")
    pipeline.add("queue", "queue").add("fakesink", "sink").link("src", "bin", "queue", "sink")
    pipeline.attach("queue", Probe("times", times)).seek(1.0).start().wait()
    # All but what was decoded to be ready for the seek. Key frames are half a second apart.
    assert len(times.all) < 50
    assert times.all[-1] > 1_900_000_000


# Failures


def test_a_missing_file_ends_in_an_error_that_names_it():
    pipeline = Pipeline("p").add("filesrc", "src", {"location": "/no/such/file"})
    pipeline.add("fakesink", "sink").link("src", "sink")
    with pytest.raises(dsbind.MissingFileError, match="/no/such/file") as caught:
        pipeline.start()
    assert caught.value.element == "src"
    assert pipeline._graph.core.wait_state(0) == 1


def test_a_source_that_cannot_be_read_is_a_source_error(tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("this is no video\n" * 100)
    pipeline = Pipeline("p").add("uridecodebin", "src", {"uri": text.as_uri()})
    pipeline.add("fakesink", "sink").link("src", "sink")
    with pytest.raises(dsbind.SourceError, match=r"text\.mp4.*plays elsewhere") as caught:
        pipeline.start().wait(10)
    assert caught.value.element == "src"
    assert caught.value.source == text.as_uri()


def test_an_empty_file_is_called_empty(tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    pipeline = Pipeline("p").add("uridecodebin", "src", {"uri": empty.as_uri()})
    pipeline.add("fakesink", "sink").link("src", "sink")
    with pytest.raises(dsbind.SourceError, match="the file is empty"):
        pipeline.start().wait(10)


def test_credentials_are_in_no_error_and_no_graph():
    pipeline = Pipeline("p").add("uridecodebin", "src", {"uri": "http://me:pw1@127.0.0.1:1/x.mp4"})
    pipeline.add("fakesink", "sink").link("src", "sink")
    assert "pw1" not in pipeline.graph()
    with pytest.raises(dsbind.SourceError) as caught:
        pipeline.start().wait(20)
    assert "127.0.0.1" in str(caught.value)
    assert "pw1" not in "".join(traceback.format_exception(caught.value))
    assert "pw1" not in caught.value.source


def test_after_an_error_nothing_keeps_running():
    pipeline = simple(buffers=-1)
    pipeline.attach("src", Probe("bad", Counter(lambda n: 1 / 0)))
    with pytest.raises(ZeroDivisionError):
        pipeline.start().wait(10)
    assert pipeline._graph.core.wait_state(0) == 1
    time.sleep(0.1)
    assert not [t for t in threading.enumerate() if t.name == "dsbind-p"]


# Lifetimes


def test_a_pipeline_keeps_its_probes_and_they_their_operators():
    counter = Counter()
    alive = weakref.ref(counter)
    pipeline = simple().attach("queue", Probe("count", counter))
    del counter
    gc.collect()
    pipeline.start().wait()
    assert alive().n == 30


def test_an_operator_that_holds_its_pipeline_is_collected_with_it():
    class Holds(BufferOperator):
        def handle_buffer(self, buffer):
            return True

    holder = Holds()
    holder.pipeline = simple().attach("queue", Probe("holds", holder))
    holder.pipeline.start().wait()
    gone = weakref.ref(holder)
    del holder
    gc.collect()
    assert gone() is None


def test_dropping_a_prepared_pipeline_is_safe():
    pipeline = simple().attach("queue", Probe("count", Counter()))
    pipeline.prepare()
    del pipeline
    gc.collect()


def test_three_hundred_cycles_leave_no_thread_and_no_memory_behind(run_program):
    done = run_program(
        """
        import gc, threading
        from dsbind import BatchMetadataOperator, Pipeline, Probe
        from growing import allocated

        def cycle():
            pipeline = Pipeline("cycle").add("videotestsrc", "src", {"num-buffers": 3})
            pipeline.add("queue", "queue").add("fakesink", "sink").link("src", "queue", "sink")
            pipeline.attach("queue", Probe("none", BatchMetadataOperator()))
            pipeline.start().wait()

        for _ in range(50):
            cycle()
        gc.collect()
        threads, before = threading.active_count(), allocated()
        for _ in range(300):
            cycle()
        gc.collect()
        assert threading.active_count() == threads, threading.enumerate()
        assert allocated() - before < 1 << 20, allocated() - before
        """,
        env=MEASURABLE,
    )
    assert done.returncode == 0, done.stderr


def test_two_pipelines_run_at_once_from_two_threads():
    counters = [Counter(), Counter()]
    threads = [
        threading.Thread(
            target=lambda i=i: (
                simple(f"p{i}", 200).attach("queue", Probe("count", counters[i])).start().wait()
            )
        )
        for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [counter.n for counter in counters] == [200, 200]


LONG = "rtsp://me:" + "pw1" * 40 + "@127.0.0.1:1/x"


@pytest.mark.parametrize(
    "uri",
    [
        LONG,
        "rtsp://me:pw1/with/slashes@127.0.0.1:1/x",
        "rtsp://m'e:pw1@127.0.0.1:1/x",
        "rtsp://127.0.0.1:1/x?user=pw1&pwd=pw1",
    ],
)
def test_odd_credentials_are_in_no_error_and_no_graph_either(uri):
    pipeline = Pipeline("p").add("nvurisrcbin", "src", {"uri": uri}).add("fakesink", "sink")
    pipeline.link("src", "sink")
    assert "pw1" not in pipeline.graph()
    with pytest.raises(dsbind.SourceError) as caught:
        pipeline.start().wait(20)
    assert "127.0.0.1" in str(caught.value)
    assert "pw1" not in str(caught.value)


def test_a_refused_value_is_shown_without_credentials():
    with pytest.raises(dsbind.ConfigError, match="whole number") as caught:
        Pipeline("p").add("nvurisrcbin", "src", {"gpu-id": "rtsp://me:pw1@host/"})
    assert "pw1" not in str(caught.value)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e300])
def test_seeking_to_what_is_no_time_is_refused(seconds):
    with pytest.raises(dsbind.ConfigError, match="seconds"):
        Pipeline("p").seek(seconds)


def test_an_empty_pipeline_does_not_start():
    with pytest.raises(dsbind.StateError, match="empty"):
        Pipeline("p").start()


@pytest.mark.parametrize("name", ["a\0b", "sink\0"])
def test_a_name_with_a_nul_is_refused(name):
    for attempt in (
        lambda: Pipeline("p").add("fakesink", name),
        lambda: Pipeline("p").add(name, "sink"),
        lambda: Pipeline(name),
    ):
        with pytest.raises(dsbind.ConfigError, match="NUL"):
            attempt()


@pytest.mark.parametrize("names", [(1, 2), (None, None), ("src", ("a", "b")), (("a", "b"), "xy")])
def test_what_is_no_name_does_not_link(names):
    with pytest.raises(TypeError, match="Invalid number of arguments"):
        Pipeline("p").link(*names)


@pytest.mark.parametrize("properties", [5, ["sync"], {1: 2}])
def test_what_is_no_mapping_sets_no_property(properties):
    with pytest.raises(TypeError, match="set\\(\\) takes"):
        Pipeline("p").add("fakesink", "sink")["sink"].set(properties)


# Programs that go their own way


def test_a_subclass_may_override_add_and_read_the_nodes():
    class Logged(Pipeline):
        def __init__(self, name):
            super().__init__(name)
            self.made = []

        def add(self, type_name, name, properties=None):
            self.made.append((type_name, name))
            return super().add(type_name, name, properties)

    pipeline = Logged("p")
    pipeline.add("videotestsrc", "src", {"num-buffers": 1}).add("fakesink", "sink")
    assert pipeline["src"] is pipeline._nodes["src"]
    assert isinstance(pipeline._nodes, dict)
    pipeline.link("src", "sink").start().wait(20)
    assert pipeline.made == [("videotestsrc", "src"), ("fakesink", "sink")]


def test_a_flow_adds_through_the_subclass(clip):
    class Logged(Pipeline):
        made: list = []

        def add(self, type_name, name, properties=None):
            self.made.append(type_name)
            return super().add(type_name, name, properties)

    pipeline = Logged("p")
    dsbind.Flow(pipeline).batch_capture([str(clip)]).render(dsbind.RenderMode.DISCARD)
    assert {"nvurisrcbin", "nvstreammux", "fakesink"} <= set(Logged.made)


def test_attach_takes_its_arguments_by_keyword():
    counter = Counter()
    pipeline = simple()
    pipeline.attach(target="queue", what=Probe("count", counter), name="", tips="src")
    pipeline.start().wait(20)
    assert counter.n == 30


def test_attach_makes_an_object_by_the_name_of_its_factory():
    pipeline = simple()
    pipeline.attach("queue", "measure_fps_probe", name="fps", properties={"interval": 7})
    assert pipeline["queue"].find("fps").get("interval") == 7
    pipeline["src"].attach("measure_fps_probe", name="second")
    assert pipeline["src"].find("second").name == "second"
    with pytest.raises(RuntimeError, match="creation failed.*'measure_fps_probe'"):
        pipeline.attach("queue", "measure_fps_prob", name="x")
    with pytest.raises(RuntimeError, match="nowhere Not found"):
        pipeline.attach("nowhere", "measure_fps_probe", name="x")


def test_what_cannot_be_attached_is_refused_with_the_documented_text():
    with pytest.raises(Exception, match="Unsupported object type for Pipeline.attach"):
        simple().attach("queue", lambda batch: None)


def test_a_literal_pad_can_be_linked_once():
    pipeline = Pipeline("p").add("compositor", "mixer")
    pipeline.add("videotestsrc", "a").add("videotestsrc", "b")
    pipeline.link(("a", "mixer"), ("", "sink_0"))
    with pytest.raises(RuntimeError, match="in use"):
        pipeline.link(("b", "mixer"), ("", "sink_0"))
    pipeline.link(("b", "mixer"), ("src", "sink_1"))


def test_elements_of_the_muxer_are_linked_by_literal_pads_in_any_order():
    pipeline = Pipeline("p").add("nvstreammux", "mux", {"batch-size": 2, "width": 64, "height": 48})
    for index in (1, 0):
        pipeline.add("videotestsrc", f"src{index}", {"num-buffers": 2})
        pipeline.add("capsfilter", f"caps{index}", {"caps": "video/x-raw, format=NV12"})
        pipeline.link(f"src{index}", f"caps{index}")
        pipeline.link((f"caps{index}", "mux"), ("src", f"sink_{index}"))
    pads = []

    class Pads(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            pads.extend(frame.pad_index for frame in batch_meta.frame_items)

    pipeline.add("fakesink", "sink").link("mux", "sink").attach("mux", Probe("pads", Pads()))
    pipeline.start().wait(20)
    assert sorted(set(pads)) == [0, 1]
    assert pipeline._graph.links["caps1"] == [("mux", "sink_1")]


def test_the_graph_is_dumped_where_gstreamer_would_dump_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GST_DEBUG_DUMP_DOT_DIR", str(tmp_path))
    simple().start().wait(20)
    assert (tmp_path / "ds_cpp_app_running.dot").read_text().startswith("digraph")


def test_a_sink_that_is_linked_to_nothing_is_warned_of():
    pipeline = simple(buffers=3).add("fakesink", "lone")
    with pytest.warns(dsbind.ConfigWarning, match=r"fakesink 'lone'.*linked to nothing") as warned:
        pipeline.start()
    assert warned[0].filename == __file__
    pipeline.stop(0.0).wait(10)


def test_times_are_numbers_of_seconds():
    pipeline = simple(buffers=3).start()
    for call in (pipeline.stop, pipeline.wait, pipeline.seek):
        with pytest.raises(dsbind.ArgumentTypeError, match="takes seconds, not 'soon'"):
            call("soon")
        with pytest.raises(dsbind.ConfigError, match="takes seconds, not nan"):
            call(float("nan"))
    pipeline.wait(10)
