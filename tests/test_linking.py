# SPDX-License-Identifier: Apache-2.0
"""Links that lead in a circle."""

from __future__ import annotations

import pytest

import dsbind
from dsbind import Pipeline


@pytest.mark.parametrize("names", [("q", "q"), ("q", "mix", "q"), ("q", "tee", "mix", "q")])
def test_a_cycle_does_not_link(names):
    pipeline = Pipeline("cycle")
    for factory, name in (("queue", "q"), ("tee", "tee"), ("funnel", "mix")):
        pipeline.add(factory, name)
    with pytest.raises(dsbind.LinkError, match=f"the cycle .*{names[-2]} -> q"):
        pipeline.link(*names)


def test_an_element_with_streams_apart_can_be_passed_twice():
    pipeline = Pipeline("twice")
    pipeline.add("videotestsrc", "src", {"num-buffers": 5}).add("multiqueue", "queues")
    pipeline.add("identity", "middle").add("fakesink", "sink")
    pipeline.link(("src", "queues"), ("", "sink_0")).link(("queues", "middle"), ("src_0", ""))
    pipeline.link(("middle", "queues"), ("", "sink_1")).link(("queues", "sink"), ("src_1", ""))
    pipeline.start().wait(20)
