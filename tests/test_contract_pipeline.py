# SPDX-License-Identifier: Apache-2.0
"""The documented Pipeline, Node, messages, probes and signals, as programs call them."""

from __future__ import annotations

import inspect

import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    BufferRetriever,
    CommonFactory,
    DynamicSourceMessage,
    EOSMessage,
    Pipeline,
    PipelineMessage,
    PipelineState,
    Probe,
    Receiver,
    StateTransitionMessage,
    osd,
    signal,
    utils,
)


@pytest.fixture
def batched(clip):
    """A file through a muxer into a sink, all made by hand as in the samples."""
    pipeline = Pipeline("sample")
    pipeline.add("nvurisrcbin", "src", {"uri": f"file://{clip}"})
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
    pipeline.add("fakesink", "sink")
    pipeline.link(("src", "mux"), ("", "sink_%u")).link("mux", "sink")
    return pipeline


class Frames(BatchMetadataOperator):
    """As a sample writes it: no __init__, a defaulted parameter, the result is ignored."""

    count = 0

    def handle_metadata(self, batch_meta, frame_interval=1):
        self.count += sum(frame_interval for _ in batch_meta.frame_items)
        return "ignored"


class TestPipeline:
    def test_signatures(self):
        documented = {
            "__init__": "self name config_file=None",
            "add": "self type_name name properties=None",
            "attach": "self target what name='' tips='' properties=None",
            "start": "self on_message=None",
            "prepare": "self on_message=None",
            "activate": "self",
            "seek": "self time_in_seconds",
            "start_rtsp_server": "self rtsp_port udp_port buffer_size=0",
        }
        for method, text in documented.items():
            found = inspect.signature(getattr(Pipeline, method)).parameters.values()
            shown = [
                item.name if item.default is item.empty else f"{item.name}={item.default!r}"
                for item in found
            ]
            assert " ".join(shown) == text, method

    def test_the_first_sample_written_as_one_chain(self, clip):
        operator = Frames()
        pipeline = (
            Pipeline(name="sample-pipeline")
            .add("filesrc", "src", {"location": str(clip)})
            .add("qtdemux", "demux")
            .add("h264parse", "parser")
            .add("nvv4l2decoder", "decoder")
            .add("nvstreammux", "mux", {"batch-size": 1, "width": 1280, "height": 720})
            .add("nvvideoconvert", "convert")
            .add("nvosdbin", "osd")
            .add("fakesink", "sink")
            .link("src", "demux", "parser", "decoder")
            .link(("decoder", "mux"), ("", "sink_%u"))
            .link("mux", "convert", "osd", "sink")
            .attach("mux", Probe("counter", operator))
        )
        assert pipeline.start().wait() is pipeline
        assert operator.count == 60

    def test_every_method_gives_the_pipeline_back(self, batched):
        assert batched.attach("mux", Probe("frames", Frames())) is batched
        assert batched.seek(0) is batched
        assert batched.prepare() is batched and batched.activate() is batched
        assert batched.stop().wait() is batched

    def test_prepare_and_activate_with_on_message(self, batched):
        kinds = []
        batched.prepare(lambda message: kinds.append(type(message).__name__)).activate().wait()
        assert kinds[-1] == "EOSMessage"

    def test_several_pipelines_are_prepared_and_then_activated(self, clip):
        """As the largest sample does, with a monitor and an event handler at each tiler."""
        ended, operators, pipelines = [], [], []
        for number in range(2):
            pipeline = Pipeline(f"p{number}").add("nvurisrcbin", "src", {"uri": f"file://{clip}"})
            pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
            pipeline.add("nvmultistreamtiler", "tiler", {"width": 64, "height": 48})
            pipeline.add("nvosdbin", "osd").add("fakesink", "sink")
            pipeline.link(("src", "mux"), ("", "sink_%u")).link("mux", "tiler", "osd", "sink")
            operators.append(Frames())
            pipeline.attach("tiler", Probe("frames", operators[-1]))
            utils.PerfMonitor(1, 3600, "nvurisrcbin", True).apply(pipeline["tiler"], "sink")
            handler = osd.EventHandler(
                tiler=pipeline["tiler"], osd=pipeline["osd"], renderer=pipeline["sink"]
            )
            handler.start()
            pipelines.append((pipeline, handler))
        for pipeline, _ in pipelines:

            def on_message(message, name=pipeline.name):
                if isinstance(message, EOSMessage):
                    ended.append(name)

            pipeline.prepare(on_message)
        for pipeline, _ in pipelines:
            pipeline.activate()
        for pipeline, handler in pipelines:
            pipeline.wait()
            handler.stop()
        assert sorted(ended) == ["p0", "p1"]
        assert [operator.count for operator in operators] == [60, 60]

    def test_errors_are_of_the_documented_classes(self):
        pipeline = Pipeline("p").add("fakesrc", "a").add("fakesink", "b")
        for kind, text, call in (
            (RuntimeError, "Element creation failed", lambda: pipeline.add("nonsense", "c")),
            (Exception, "Invalid number of arguments", lambda: pipeline.link("a")),
            (RuntimeError, "c Not found", lambda: pipeline["c"]),
            (RuntimeError, "c Not found", lambda: pipeline.link("a", "c")),
            (RuntimeError, "Probe failure", lambda: pipeline.attach("a", Probe("p", Frames()),
                                                                    tips="nothing")),
            (Exception, "Message callback is not callable", lambda: pipeline.start(3)),
            (Exception, "Unsupported object type for Pipeline.attach",
             lambda: pipeline.attach("a", Frames())),
            (RuntimeError, "Signal creation failed", lambda: pipeline.attach("a", "nonsense", "n")),
            (RuntimeError, "linking +failed", lambda: pipeline.link("b", "a")),
        ):  # fmt: skip
            with pytest.raises(kind, match=text) as caught:
                call()
            assert isinstance(caught.value, dsbind.Error)

    def test_one_name_is_attached_once_to_an_element(self, batched):
        batched.attach("mux", Probe("one", Frames()))
        with pytest.raises(RuntimeError, match="Custom Object duplicated"):
            batched.attach("mux", Probe("one", Frames()))
        batched.attach("src", Probe("one", Frames()))

    def test_a_receiver_by_hand(self, clip):
        class Count(BufferRetriever):
            buffers = 0

            def consume(self, buffer):
                self.buffers += 1
                return 1

        count = Count()
        pipeline = Pipeline("p").add("nvurisrcbin", "src", {"uri": f"file://{clip}"})
        pipeline.add("appsink", "sink", {"emit-signals": True, "sync": False})
        pipeline.link("src", "sink").attach("sink", Receiver("r", count), tips="new-sample")
        pipeline.start().wait()
        assert count.buffers == 60


class TestNode:
    def test_members(self, batched):
        node = batched["mux"]
        assert node is batched["mux"] and batched._nodes["mux"] is node
        assert node.name == "mux"
        assert node.set({"batch-size": 2}) is node and node.get("batch-size") == 2
        assert node.set([{"width": 32}, {"height": 24}]) is node and node.get("height") == 24
        assert node.set("gpu-id", 0) is node
        probe = Probe("frames", Frames())
        assert node.attach(probe) is node and node.find("frames") is probe

    def test_a_property_that_is_not_there_warns_and_the_others_are_set(self, batched):
        with pytest.warns(dsbind.UnknownPropertyWarning, match="batch_sise|batch-sise"):
            batched["mux"].set({"batch_sise": 2, "width": 32})
        assert batched["mux"].get("width") == 32
        with pytest.warns(dsbind.UnknownPropertyWarning):
            assert batched["mux"].get("nonsense") is None


class TestMessages:
    def test_attributes_as_the_samples_read_them(self, batched):
        started, origins, kinds = [], set(), set()

        def on_message(message):
            assert isinstance(message, PipelineMessage)
            kinds.add(type(message).__name__)
            if isinstance(message, StateTransitionMessage):
                origins.add(message.origin)
                if message.new_state == PipelineState.PLAYING and message.origin == "sink":
                    started.append(message.old_state)

        batched.start(on_message).wait()
        assert started == [PipelineState.PAUSED]
        assert {"src", "mux", "sink"} <= origins
        assert kinds == {"StateTransitionMessage", "EOSMessage"}

    def test_states_have_the_documented_names_only(self):
        names = [state.name for state in PipelineState]
        assert names == ["INVALID", "EMPTY", "READY", "PAUSED", "PLAYING"]

    def test_a_source_that_comes_is_told_with_na_where_nothing_is_known(self):
        message = DynamicSourceMessage(True, 3)
        assert (message.source_added, message.source_id) == (True, 3)
        assert {message.sensor_id, message.sensor_name, message.uri} == {"N/A"}
        assert issubclass(DynamicSourceMessage, PipelineMessage)
        assert issubclass(EOSMessage, PipelineMessage)
        assert repr(message) and repr(EOSMessage())


class TestProbes:
    def test_an_operator_without_init_and_one_that_does_not_call_its_base(self, batched):
        class Own(BatchMetadataOperator):
            def __init__(self, step):
                self.step, self.total = step, 0

            def handle_metadata(self, batch_meta):
                self.total += self.step * batch_meta.n_frames

        frames, own = Frames(), Own(2)
        batched.attach("mux", Probe("frames", frames)).attach("mux", Probe("own", own))
        batched.start().wait()
        assert (frames.count, own.total) == (60, 120)

    def test_every_second_buffer_is_dropped_at_the_muxer(self, batched):
        class Drop(BufferOperator):
            buffers = 0

            def handle_buffer(self, buffer):
                self.buffers += 1
                return self.buffers % 2 == 0

        frames = Frames()
        batched.attach("mux", Probe("drop", Drop()))
        batched.attach("sink", Probe("frames", frames))
        batched.start().wait()
        assert frames.count == 30

    def test_probes_are_made_and_set_by_name(self, batched):
        for probe in (
            Probe.create("kitti_dump_probe", "a"),
            CommonFactory.create("kitti_dump_probe", "b"),
        ):
            probe.set({"kitti-dir": "/nowhere"})
            batched.attach("mux", probe)
        assert batched["mux"].find("b").get("kitti-dir") == "/nowhere"

    def test_an_unknown_factory_is_the_documented_error(self):
        for create in (Probe.create, CommonFactory.create):
            with pytest.raises(RuntimeError, match="Signal creation failed"):
                create("nonsense", "name")

    def test_a_registered_probe_by_decorator_and_function(self, batched):
        @dsbind.probe(name="contract_probe", params={"step": ("integer", 1, "How much to add")})
        class Step(BatchMetadataOperator):
            total = 0

            def handle_metadata(self, batch_meta):
                Step.total += self.get_property("step")

        dsbind.register_probe("contract_probe_2", Step, {"step": ("integer", 10, "")})
        batched.attach("mux", "contract_probe", "one", properties={"step": 2})
        batched.attach("mux", what="contract_probe_2", name="two")
        batched.start().wait()
        assert Step.total == 60 * 12


class TestSignals:
    def test_members_of_an_emitter_and_of_a_source_manager(self, batched):
        manager = signal.SourceManager("manager")
        assert manager.add_source("file:///none.mp4") == -1
        assert isinstance(manager, signal.Emitter)
        for name in ("attach", "set", "add_source", "remove_source", "terminate"):
            assert callable(getattr(manager, name))
        pipeline = Pipeline("p").add("nvdsdynamicsrcbin", "src")
        for action in ("add-source", "remove-source", "terminate"):
            manager.attach(action, pipeline["src"])
        assert manager.add_source("file:///none.mp4") == 0
        manager.remove_source(0)
        manager.terminate()
