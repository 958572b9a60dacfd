# SPDX-License-Identifier: Apache-2.0
"""Points of compatibility that no other file is about."""

from __future__ import annotations

import gc
import inspect
import re
import weakref

import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    BufferRetriever,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    UnknownPropertyWarning,
)

SIZE = {"width": 320, "height": 240}


def test_both_names_of_the_recording_keyword_are_known():
    parameters = inspect.signature(Flow.batch_capture).parameters
    both = {"record_config", "smart_record_config"}
    assert both & set(parameters) and (
        both <= set(parameters)
        or any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    )
    assert dsbind.RecordConfig and dsbind.SmartRecordConfig


def test_a_stream_is_text_and_names_its_element(clip):
    flow = Flow(Pipeline("p")).batch_capture([str(clip)])
    stream = flow._streams[0]
    assert isinstance(stream, str) and flow.pipeline[stream].name == stream.originator
    assert (stream.template, stream.media_type) == ("", "video")


def test_names_are_counted_for_each_method_across_pipelines():
    def number():
        flow = Flow(Pipeline("p").add("videotestsrc", "src"), ["src"]).render(RenderMode.DISCARD)
        (name,) = (name for name in flow.pipeline._graph.elements if name != "src")
        return int(re.fullmatch(r"render-sink-(\d+)", name)[1])

    first, second = number(), number()
    assert second == first + 1


def test_documented_names_of_parameters():
    for method, names in {
        "attach": ["what", "name", "tips", "properties"],
        "batch_capture": ["input"],
        "capture": ["inputs"],
        "infer": ["config", "with_triton"],
        "render": ["mode", "enable_osd", "rtsp_mount_point", "rtsp_port", "seg_mask_config"],
        "encode": ["dest", "use_sw_codec", "enable_osd"],
        "inject": ["providers"],
        "retrieve": ["retriever"],
    }.items():
        parameters = [*inspect.signature(getattr(Flow, method)).parameters][1:]
        positional = [name for name in parameters if name in names]
        assert positional == names, method
    attach = [*inspect.signature(Pipeline.attach).parameters][1:]
    assert attach == ["target", "what", "name", "tips", "properties"]
    assert inspect.signature(Flow.render).parameters["mode"].default is RenderMode.DISPLAY


def test_what_a_pool_does_not_give_is_false_and_not_none():
    with dsbind.meta.BatchMetadata.create(1) as batch:
        frame = batch.acquire_frame_meta()
        batch.append(frame)
        user = batch.acquire_user_meta()
        assert not user.as_tensor_output() and user.as_tensor_output() is not None


def test_operators_are_kept_by_what_they_are_given_to(clip):
    kept = []

    def build():
        class Count(BatchMetadataOperator):
            def handle_metadata(self, batch_meta, frame_interval=1):
                kept[0].add(frame_interval)

        kept.append(set())
        operator = Count()
        flow = Flow(Pipeline("p")).batch_capture([str(clip)], **SIZE)
        flow.attach(Probe("count", operator)).render(RenderMode.DISCARD)
        return flow.pipeline, weakref.ref(operator)

    pipeline, operator = build()
    gc.collect()
    pipeline.start().wait(20)
    assert kept == [{1}] and operator() is not None
    del pipeline
    gc.collect()
    assert operator() is None


def test_subclasses_need_no_init_of_the_base(clip):
    class Both(BufferRetriever, BatchMetadataOperator):
        def __init__(self):
            BufferRetriever.__init__(self)
            BatchMetadataOperator.__init__(self)
            self.n = 0

        def consume(self, buffer):
            self.n += 1
            return 1

        def handle_metadata(self, batch_meta):
            self.n += 1

    class Gate(BufferOperator):
        def __init__(self, n):
            self.n = n

        def handle_buffer(self, buffer):
            self.n += 1
            return True

    both, one = Both(), Gate(0)
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], **SIZE)
    flow.attach(Probe("both", both)).attach(Probe("one", one)).retrieve(both)()
    assert (both.n, one.n) == (120, 60)


def test_an_unknown_property_is_a_warning_with_the_nearest_name():
    pipeline = Pipeline("p").add("fakesink", "sink")
    with pytest.warns(UnknownPropertyWarning, match="sync"):
        pipeline["sink"].set({"synk": True})
    pipeline["sink"].set({"enable-last-sample": False})
    assert pipeline["sink"].get("enable-last-sample") is False
