# SPDX-License-Identifier: Apache-2.0
"""Programs that do what nobody would expect: the error says what to do."""

from __future__ import annotations

import pytest

import dsbind
from dsbind import BufferRetriever, Flow, Pipeline


class Text(BufferRetriever):
    def consume(self, buffer):
        return "done"


class Coroutine(BufferRetriever):
    async def consume(self, buffer):
        return 1


@pytest.mark.parametrize(
    ("retriever", "advice"),
    [(Text(), "return 1 to go on"), (Coroutine(), "write it with plain def")],
)
def test_what_consume_returns_is_a_number_or_nothing(clip, retriever, advice):
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=320, height=240)
    with pytest.raises(dsbind.ArgumentTypeError, match=advice):
        flow.retrieve(retriever)()


REMOVED = """
    import os, sys
    from dsbind import *

    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir(os.getcwd())
    flow = Flow(Pipeline("p"))
    for build in (
        lambda: flow.capture(["a.mp4"]),
        lambda: flow.batch_capture([sys.argv[1]]).encode("a.mp4"),
    ):
        try:
            build()
        except MissingFileError as error:
            print(error)
"""


def test_a_working_directory_that_was_removed_is_named(run_program, clip):
    result = run_program(REMOVED, str(clip))
    lines = result.stdout.splitlines()
    assert len(lines) == 2, result.stderr
    for line in lines:
        assert "'a.mp4' counts from the working directory, which was removed" in line
        assert "os.chdir" in line
