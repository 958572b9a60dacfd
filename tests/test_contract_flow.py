# SPDX-License-Identifier: Apache-2.0
"""The documented Flow: constants, names, keywords and errors, as programs rely on them."""

from __future__ import annotations

import enum
import inspect

import numpy
import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferProvider,
    BufferRetriever,
    Flow,
    MediaType,
    Pipeline,
    Probe,
    RenderMode,
    StreamInfo,
)
from dsbind.data import street_config
from dsbind.flow import _parse_stream_info


class Look(BatchMetadataOperator):
    def handle_metadata(self, batch_meta):
        pass


class Keep(BufferRetriever):
    def consume(self, buffer):
        return 1


class Once(BufferProvider):
    width, height, format, framerate, device = 64, 48, "RGB", 30, "cpu"

    def generate(self, size):
        return Buffer()


@pytest.fixture
def flow(clip):
    return Flow(Pipeline("contract")).batch_capture([str(clip)])


def factories(flow):
    """The kinds of all elements, in the order in which they were added."""
    return [element.factory for element in flow.pipeline._graph.elements.values()]


class TestGeneralRules:
    def test_constants(self):
        assert (Flow.DEFAULT_PICTURE_WIDTH, Flow.DEFAULT_PICTURE_HEIGHT) == (1920, 1080)
        assert Flow.DEFAULT_SOURCE_TYPE == "nvurisrcbin"
        assert Flow.DYNAMIC_SOURCE_TYPE == "nvdsdynamicsrcbin"
        assert Flow.DEFAULT_BATCH_PUSH_TIMEOUT == 33000

    def test_enums(self):
        assert {mode.name: mode.value for mode in RenderMode} == {
            "DISPLAY": 1,
            "DISCARD": 2,
            "STREAM": 3,
        }
        assert not issubclass(RenderMode, int) and issubclass(RenderMode, enum.Enum)
        assert (MediaType.VIDEO, MediaType.AUDIO) == ("video", "audio")

    def test_signatures(self):
        """Names, order and defaults of what is documented; further keywords come after it."""
        documented = {
            "capture": "inputs source_manager=None media_types=('video',)",
            "batch_capture": "input record_config=None media_types=('video',)",
            "inject": "providers",
            "retrieve": "retriever",
            "decode": "",
            "batch": "",
            "infer": "config with_triton=False",
            "track": "",
            "preprocess": "config_file tensor_generator=None",
            "analyze": "config",
            "apply": "template_config=None template_lib=None",
            "select": "media_type=None originator=None",
            "attach": "what name='' tips='' properties=None",
            "fork": "",
            "render": "mode=1 enable_osd=True rtsp_mount_point='ds-test5' rtsp_port=8554 "
            "seg_mask_config=None",
            "encode": "dest use_sw_codec=False enable_osd=True",
            "publish": "",
            "__call__": "on_message=None",
        }
        for method, text in documented.items():
            found = inspect.signature(getattr(Flow, method)).parameters.values()
            own = [item for item in found if item.kind is item.POSITIONAL_OR_KEYWORD][1:]
            shown = " ".join(map(spelled, own))
            assert shown.replace("inputs=None", "inputs") == text, method

    def test_the_constructor_takes_streams_and_a_parent(self):
        pipeline = Pipeline("p").add("nvvideoconvert", "a").add("fakesink", "b")
        parent = Flow(pipeline)
        flow = Flow(pipeline, ["a", "b/sink_%u"], parent)
        assert flow.pipeline is flow._pipeline is pipeline
        assert [stream.template for stream in flow._streams] == ["", "sink_%u"]
        assert Flow(pipeline, streams=None, parent=None)._streams == []

    def test_a_flow_on_elements_made_by_hand_is_encoded(self, clip, tmp_path):
        pipeline = Pipeline("hand")
        flow = Flow(pipeline).batch_capture([str(clip)], width=64, height=48)
        pipeline.add("nvvideoconvert", "convert").add("nvdsosd", "osd")
        pipeline.link(flow._streams[0], "convert", "osd")
        out = tmp_path / "out.mkv"
        Flow(pipeline, ["osd"]).encode(str(out), use_sw_codec=True)()
        assert out.stat().st_size > 0

    def test_strings_before_batch_capture_are_ignored(self, clip):
        flow = Flow(Pipeline("p"), ["anything", "goes"]).batch_capture([str(clip)])
        assert len(flow._streams) == 1

    def test_streams_are_replaced_by_plain_strings(self, flow):
        pipeline = flow.pipeline.add("queue", "mine")
        flow._streams = ["mine"]
        flow.attach(Probe("look", Look())).render(RenderMode.DISCARD)
        assert pipeline["mine"].find("look")

    def test_a_stream_finds_its_element(self, flow):
        infer = flow.infer(config=str(street_config()))
        assert infer.pipeline[infer._streams[0]].factory == "nvinfer"
        assert hasattr(infer._streams[0], "originator")

    def test_stream_info_has_the_documented_fields(self):
        stream = StreamInfo(originator="source", template="vsrc_%u", media_type=MediaType.VIDEO)
        assert (stream.originator, stream.template) == ("source", "vsrc_%u")
        assert stream.media_type == "video" and stream == "source"
        parsed = _parse_stream_info("mux/src_%u")
        assert (parsed.originator, parsed.template) == ("mux", "src_%u")
        assert _parse_stream_info(stream) is stream

    def test_a_program_adds_operations_of_its_own(self, flow, monkeypatch):
        def overlay(self, text, **kwargs):
            self._pipeline.add("nvdsosd", text, kwargs)
            self._pipeline.link(self._streams[0], text)
            return Flow(self._pipeline, [text], self)

        monkeypatch.setattr(Flow, "overlay", overlay, raising=False)
        after = flow.overlay("mine", gpu_id=0)
        assert after._streams == ["mine"] and after._batch_size == 1

    def test_an_operation_gives_a_new_flow_whose_parent_is_this(self, flow):
        after = flow.attach(Probe("look", Look()))
        assert after is not flow and after._parent is flow
        assert after._streams == flow._streams and after._batch_size == flow._batch_size == 1

    def test_running_returns_none_and_a_finished_flow_runs_too(self, clip):
        flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=48)
        end = flow.render(RenderMode.DISCARD)
        assert end._streams == []
        assert end() is None and flow() is None

    def test_on_message_is_positional_and_a_keyword(self, clip):
        kinds = []

        def note(message):
            kinds.append(type(message).__name__)

        flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=48)
        flow = flow.render(RenderMode.DISCARD)
        flow(note)
        assert "EOSMessage" in kinds and "StateTransitionMessage" in kinds
        kinds.clear()
        flow(on_message=note)
        assert kinds.count("EOSMessage") == 1
        with pytest.raises(Exception, match="Message callback is not callable"):
            flow("note")

    def test_keywords_are_properties_with_hyphens_or_underscores(self, clip):
        pipeline = Pipeline("p")
        flow = (
            Flow(pipeline)
            .capture([str(clip)], **{"file-loop": True})
            .batch(**{"batched-push-timeout": 40000}, live_source=True)
        )
        mux = pipeline[flow._streams[0]]
        assert mux.get("batched-push-timeout") == 40000 and mux.get("live-source") is True
        source = next(name for name in pipeline._graph.elements if name.startswith("capture"))
        assert pipeline[source].get("file-loop") is True

    def test_every_operation_ends_with_nothing_to_go_on_from(self, flow):
        fork = flow.fork()
        for end in (fork.render(RenderMode.DISCARD), fork.retrieve(Keep())):
            for method, args in (
                ("infer", ["x"]), ("track", []), ("fork", []), ("retrieve", [Keep()]),
                ("render", []), ("encode", ["a.mp4"]), ("publish", []), ("analyze", ["x"]),
                ("apply", []),
            ):  # fmt: skip
                with pytest.raises(
                    Exception, match="Upstream error: multiple streams must be batched"
                ):
                    getattr(end, method)(*args)

    def test_a_second_operation_on_one_stream_is_told_to_fork(self, flow):
        flow.render(RenderMode.DISCARD)
        with pytest.raises(RuntimeError, match="linking +failed.*call fork"):
            flow.retrieve(Keep())

    def test_several_streams_must_be_batched_first(self, clip):
        flow = Flow(Pipeline("p")).capture([str(clip), str(clip)])
        for method, args in (("fork", []), ("render", [RenderMode.DISCARD]), ("track", [])):
            with pytest.raises(Exception, match="Upstream error: multiple streams must be batched"):
                getattr(flow, method)(*args)

    def test_errors_are_of_the_documented_classes(self, clip, flow):
        empty = Flow(Pipeline("p"))
        for kind, text, call in (
            (TypeError, "No input list provided for capturing", lambda: empty.capture([])),
            (TypeError, "must be a source list or source config", lambda: empty.batch_capture(3)),
            (Exception, "File none.mp4 doesn't exist", lambda: empty.batch_capture(["none.mp4"])),
            (Exception, "File /none.mp4 doesn't exist", lambda: empty.capture(["/none.mp4"])),
            (TypeError, "inject", lambda: empty.inject([])),
            (Exception, "Upstream error: no stream found", empty.batch),
            (Exception, "Upstream error: already batched", flow.batch),
            (TypeError, "Inference config must be a file path", lambda: flow.infer(3)),
            (FileNotFoundError, "none.txt", lambda: flow.analyze("none.txt")),
            (FileNotFoundError, "none.txt", lambda: flow.preprocess("none.txt")),
            (ValueError, "Invalid render mode", lambda: flow.render(7)),
            (TypeError, "Only file, rtsp or udp are supported", lambda: flow.encode("ftp://h/a")),
            (TypeError, "Only localhost is supported for streaming",
             lambda: flow.encode("rtsp://other:8554")),
            (TypeError, "File extension", lambda: flow.encode("out.avi")),
            (TypeError, "File extension", lambda: flow.encode("file://out.mp4")),
            (TypeError, "Codec type vp8 is not supported",
             lambda: flow.encode("out.mp4", codec_type="vp8")),
            (Exception, "No stream matched the selection",
             lambda: flow.select(media_type=MediaType.AUDIO)),
            (Exception, "Unsupported object type for Pipeline.attach",
             lambda: flow.attach(what=object())),
        ):  # fmt: skip
            with pytest.raises(kind, match=text) as caught:
                call()
            assert isinstance(caught.value, dsbind.Error)


def spelled(item):
    if item.default is item.empty:
        return item.name
    value = item.default
    if isinstance(value, RenderMode):
        value = value.value
    if isinstance(value, tuple):
        value = tuple(each.value for each in value)
    return f"{item.name}={value!r}"


class TestNames:
    def test_counters_are_one_per_operation_in_the_whole_process(self, run_program, clip):
        """In the order in which each operation names its elements, from 0 in a fresh process."""
        done = run_program(
            """
            import os, sys, warnings
            os.environ["DISPLAY"] = ":0"
            warnings.simplefilter("ignore")
            from dsbind import *
            from dsbind.data import street_config

            class Keep(BufferRetriever):
                def consume(self, buffer): return 1

            class Give(BufferProvider):
                width, height, format, framerate, device = 64, 48, "RGB", 30, "cpu"

            clip = sys.argv[1]

            def names(make):
                pipeline = Pipeline("p")
                make(Flow(pipeline))
                return [n for n in pipeline._graph.elements]

            def show(make):
                print(*sorted(names(make)))

            show(lambda f: f.capture([clip, clip]).batch().render(RenderMode.DISCARD))
            show(lambda f: f.batch_capture([clip, clip]).render())
            show(lambda f: f.batch_capture([clip]).infer(str(street_config())).retrieve(Keep()))
            show(lambda f: f.batch_capture([clip]).encode("out.mp4"))
            show(lambda f: f.inject([Give(), Give()]).batch().fork())
            give = Give(); give.format = "JPEG"
            show(lambda f: f.inject([give]).decode())
            """,
            str(clip),
        )
        assert done.returncode == 0, done.stderr
        got = [line.split() for line in done.stdout.splitlines()]
        assert got == [
            ["batch-mux-0", "capture-source-0", "capture-source-1", "render-sink-0"],
            ["batch_capture-mux-1", "batch_capture-source-0_0", "batch_capture-source-0_1",
             "render-convert-3", "render-osd-4", "render-sink-1", "render-tiler-2"],
            ["batch_capture-mux-3", "batch_capture-source-2_0", "infer-infer-0",
             "retrieve-appsink-2", "retrieve-capsfilter-1", "retrieve-converter-0"],
            ["batch_capture-mux-5", "batch_capture-source-4_0", "encode-capsfilter-4",
             "encode-convert-1", "encode-encoder-5", "encode-filesink-8", "encode-mux-7",
             "encode-osd-2", "encode-parser-6", "encode-post-osd-convert-3", "encode-queue-0"],
            ["batch-mux-1", "fork-tee-0", "inject-capsfilter-2", "inject-capsfilter-6",
             "inject-converter-1", "inject-converter-5", "inject-source-0", "inject-source-4"],
            ["decode-converter-1", "decode-decode-0", "inject-source-8"],
        ]  # fmt: skip


class TestOperations:
    def test_batch_capture_is_called_by_its_keyword(self, clip):
        flow = Flow(pipeline=Pipeline(name="p")).batch_capture(input=[str(clip)])
        assert flow._batch_size == 1 and factories(flow) == ["nvstreammux", "nvurisrcbin"]

    def test_a_second_source_is_source_one(self, clip):
        seen = set()

        class Sources(BatchMetadataOperator):
            def handle_metadata(self, batch_meta):
                seen.update((f.pad_index, f.source_id) for f in batch_meta.frame_items)

        flow = Flow(Pipeline("p")).capture([str(clip), str(clip)]).batch(width=64, height=48)
        flow.attach(what=Probe("sources", Sources())).render(mode=RenderMode.DISCARD)()
        assert seen == {(0, 0), (1, 1)}

    def test_infer_sets_the_batch_size_and_keywords_override_it(self, clip):
        pipeline = Pipeline("p")
        flow = Flow(pipeline).batch_capture([str(clip), str(clip)])
        one = flow.infer(str(street_config()))
        two = one.infer(str(street_config()), batch_size=4, unique_id=2, interval=1)
        assert pipeline[one._streams[0]].get("batch-size") == 2
        node = pipeline[two._streams[0]]
        assert [node.get(key) for key in ("batch-size", "unique-id", "interval")] == [4, 2, 1]

    def test_attach_returns_the_streams_and_its_result_may_be_ignored(self, flow):
        same = flow.attach(what=Probe("a", Look()), name="", tips="", properties=None)
        assert same._streams == flow._streams
        flow.attach(Probe("b", Look()))
        assert flow.pipeline[flow._streams[0]].find("b").name == "b"

    def test_attach_by_the_name_of_a_probe(self, flow):
        flow.attach("measure_fps_probe", "fps", properties={"interval": 2})
        flow.attach(what="measure_latency_probe", name="latency")
        assert flow.pipeline[flow._streams[0]].find("fps").get("interval") == 2

    def test_the_mode_of_render_is_positional(self, flow):
        flow.render(RenderMode.DISCARD, **{"async": False, "sync": False})
        node = flow.pipeline[list(flow.pipeline._graph.elements)[-1]]
        assert (node.factory, node.get("async"), node.get("sync")) == ("fakesink", False, False)

    def test_retrieve_takes_properties_of_the_sink(self, flow):
        flow.retrieve(Keep(), **{"async": False, "max-buffers": 2})
        node = flow.pipeline[list(flow.pipeline._graph.elements)[-1]]
        assert node.factory == "appsink" and node.get("max-buffers") == 2
        assert node.get("emit-signals") is True and node.get("async") is False

    def test_a_subclass_of_a_provider_needs_no_init(self):
        flow = Flow(Pipeline("p")).inject([Once()])
        assert factories(flow) == ["appsrc", "nvvideoconvert", "capsfilter"]

    def test_a_provider_sets_use_gpu_as_the_first_release_documents(self):
        class Old(BufferProvider):
            def __init__(self):
                super().__init__()
                self.format, self.width, self.height, self.framerate = "I420", 64, 48, 30
                self.use_gpu = False
                self.frames = 0

            def generate(self, size):
                self.frames += 1
                if self.frames > 3:
                    return Buffer()
                return Buffer([0] * (64 * 48 * 3 // 2))

        seen = []

        class Shapes(BufferRetriever):
            def consume(self, buffer):
                seen.append(numpy.asarray(buffer.extract(0)).shape)

        Flow(Pipeline("p")).inject(providers=[Old()]).batch().retrieve(Shapes())()
        assert seen == [(1080, 1920, 3)] * 3

    def test_select_by_its_keywords(self, clip):
        flow = Flow(Pipeline("p")).capture([str(clip), str(clip)])
        first = flow._streams[0]
        assert flow.select(media_type=MediaType.VIDEO)._streams == flow._streams
        assert flow.select(originator=first.originator)._streams == [first]

    def test_encode_reads_its_extension_whatever_its_case(self, flow, tmp_path):
        fork = flow.fork()
        for name in ("a.MP4", "b.Mov", "c.JPG", "d.mjpg"):
            assert fork.encode(str(tmp_path / name))._streams == []
        kinds = factories(flow)
        assert kinds.count("filesink") == 4
        assert kinds.count("mp4mux") == kinds.count("qtmux") == 1
