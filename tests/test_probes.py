# SPDX-License-Identifier: Apache-2.0
"""Where probes can be attached, when they are called, and what they cost."""

from __future__ import annotations

import collections
import gc
import time
import weakref

import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    _builtin,
    _native_probe,
    _padprobe,
)
from dsbind.costs import Costs


class Counter(BufferOperator):
    def __init__(self, delay=0.0):
        self.n = 0
        self.delay = delay

    def handle_buffer(self, buffer):
        self.n += 1
        if self.delay:
            time.sleep(self.delay)


class Both(BatchMetadataOperator, BufferOperator):
    def handle_metadata(self, batch_meta):
        self.batches = getattr(self, "batches", 0) + 1


def simple(buffers=30):
    pipeline = Pipeline("p")
    pipeline.add("videotestsrc", "src", {"num-buffers": buffers})
    return pipeline.add("queue", "queue").add("fakesink", "sink").link("src", "queue", "sink")


@pytest.mark.parametrize("tips", ["", "sink"])
def test_a_sink_is_watched_at_its_own_pad(tips):
    counter = Counter()
    simple(10).attach("sink", Probe("p", counter), tips=tips).start().wait()
    assert counter.n == 10


def test_elsewhere_a_sink_pad_is_refused_and_the_way_out_named():
    with pytest.raises(RuntimeError, match="Probe failure") as caught:
        simple().attach("queue", Probe("p", Counter()), tips="sink")
    assert "attach to the element before it" in str(caught.value)


def test_pads_that_come_later_are_watched_from_then_on(clip):
    counter = Counter()
    flow = Flow(Pipeline("p")).capture([str(clip)])
    # The flow passes on the template of the pads to come.
    flow.attach(Probe("p", counter)).batch(width=64, height=64).render(RenderMode.DISCARD)()
    assert counter.n == 60


def test_a_pad_to_come_by_its_own_name_is_awaited_too():
    counter = Counter()
    pipeline = simple(5).add("tee", "tee")
    pipeline.attach("tee", Probe("p", counter), tips="src_0")
    assert counter.n == 0
    with pytest.raises(dsbind.ProbeError, match="none will come"):
        pipeline.attach("tee", Probe("q", counter), tips="vsrc_%u")


def test_callbacks_come_only_while_it_runs():
    counter = Counter()
    pipeline = simple(10).attach("queue", Probe("p", counter))
    attachment = pipeline._graph.attached["queue", "p"][1]
    pipeline.start().wait()
    assert counter.n == 10
    assert not attachment.enabled
    pipeline.start().wait()
    assert counter.n == 20


def test_an_operator_with_several_bases_sees_batches(clip):
    both = Both()
    flow = Flow(Pipeline("p")).batch_capture([str(clip)]).attach(Probe("both", both))
    flow.render(RenderMode.DISCARD, sync=False)()
    assert both.batches == 60


def test_an_operator_lives_as_long_as_its_pipeline():
    operator = Counter()
    alive = weakref.ref(operator)
    pipeline = simple(3).attach("queue", Probe("p", operator))
    del operator
    gc.collect()
    pipeline.start().wait()
    assert alive().n == 3
    del pipeline
    gc.collect()
    assert alive() is None


def test_stop_inside_a_probe_ends_it():
    pipeline = simple(-1)

    class Stop(BufferOperator):
        def handle_buffer(self, buffer):
            pipeline.stop()

    began = time.monotonic()
    pipeline.attach("queue", Probe("p", Stop())).start().wait(10)
    assert time.monotonic() - began < 5


def test_waiting_inside_a_probe_is_refused_not_a_hang():
    pipeline = simple(-1)

    class Wait(BufferOperator):
        def handle_buffer(self, buffer):
            pipeline.wait()

    with pytest.raises(dsbind.StateError, match="wait for itself"):
        pipeline.attach("queue", Probe("p", Wait())).start().wait(10)


def test_what_a_probe_costs_can_be_seen():
    probe = Probe("p", Counter(delay=0.005))
    pipeline = simple(10).attach("queue", probe)
    assert probe.stats == (0, 0.0)
    assert probe.stats.mean == 0.0
    pipeline.start().wait()
    assert probe.stats.calls == 10
    assert 0.005 <= probe.stats.mean < 0.5
    assert pipeline["queue"].find("p").stats.seconds >= 0.05
    seconds = probe.stats.seconds
    del pipeline
    gc.collect()
    assert probe.stats == (10, seconds)
    simple(5).attach("queue", probe).start().wait()
    gc.collect()
    assert probe.stats.calls == 15


def test_what_an_attachment_cost_counts_once_while_it_is_finalised():
    class Native:
        def cost(self):
            return 1, 0.5

    class Looking(collections.deque):
        def append(self, entry):
            super().append(entry)
            seen.append(costs.total())

    seen = []
    costs = Costs()
    costs._gone = Looking()
    counted = costs.count(Native())
    assert costs.total() == (1, 0.5)
    del counted
    assert seen == [(1, 0.5)]
    assert costs.total() == (1, 0.5)


@pytest.mark.parametrize(
    "kind", [_padprobe.PadProbe, _native_probe.FunctionProbe, _builtin.NativeAttachment]
)
def test_a_probe_at_nothing_says_so(kind):
    watch = kind.__new__(kind)
    for use in (lambda: watch.enabled, watch.cost, lambda: setattr(watch, "enabled", False)):
        with pytest.raises(dsbind.ProbeError, match="__new__"):
            use()


def test_properties_of_elements_change_from_inside_a_probe():
    pipeline = simple(5)

    class Set(BufferOperator):
        def handle_buffer(self, buffer):
            pipeline["queue"].set({"max-size-buffers": 7})

    pipeline.attach("src", Probe("p", Set())).start().wait()
    assert pipeline["queue"].get("max-size-buffers") == 7


def test_a_probe_of_one_branch_does_not_change_what_the_other_sees(clip):
    seen = []

    class Add(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                frame.append(batch_meta.acquire_object_meta())

    class Look(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            seen.extend(len(frame.object_items) for frame in batch_meta.frame_items)

    pipeline = Pipeline("p")
    flow = Flow(pipeline).batch_capture([str(clip)]).fork()
    flow.render(RenderMode.DISCARD, sync=False)
    flow.render(RenderMode.DISCARD, sync=False)
    sinks = [name for name in pipeline._graph.elements if name.startswith("render-sink")]
    pipeline.attach(sinks[0], Probe("add", Add()))
    pipeline.attach(sinks[1], Probe("look", Look()))
    flow()
    assert seen == [0] * 60


def test_what_is_no_operator_is_refused():
    with pytest.raises(TypeError, match="subclass one"):
        Probe("p", object())


def test_one_object_can_be_retriever_and_operator(clip):
    class Two(dsbind.BufferRetriever, BatchMetadataOperator):
        def __init__(self):
            dsbind.BufferRetriever.__init__(self)
            BatchMetadataOperator.__init__(self)
            self.batches = self.buffers = 0

        def handle_metadata(self, batch_meta):
            self.batches += 1

        def consume(self, buffer):
            self.buffers += 1
            return 1

    two = Two()
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=64)
    flow.attach(Probe("two", two)).retrieve(two)()
    assert two.batches == two.buffers == 60


def test_an_operator_that_never_saw_a_batch_is_told_why(caplog):
    class Never(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            raise AssertionError("there is no batch here")

    pipeline = simple(5).attach("queue", Probe("never", Never()))
    pipeline.start().wait()
    pipeline.start().wait()
    (record,) = [item for item in caplog.records if "Never saw nothing" in item.message]
    assert "none of the 5 buffers" in record.message
    assert "after batch() or batch_capture()" in record.message
