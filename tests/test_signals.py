# SPDX-License-Identifier: Apache-2.0
"""dsbind.signal: actions of elements, and callbacks on what elements tell."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

import dsbind
from dsbind import Pipeline, ProbeError, StateError
from dsbind.errors import ArgumentTypeError
from dsbind.signal import Emitter, Handler, SourceManager

PATIENCE_S = 20


def player(clip: Path) -> Pipeline:
    pipeline = Pipeline("player").add("nvurisrcbin", "src", {"uri": str(clip)})
    return pipeline.add("fakesink", "sink").link("src", "sink")


def test_the_module_is_public() -> None:
    assert dsbind.signal.SourceManager is SourceManager


def test_a_handler_is_told_who_said_what(clip: Path) -> None:
    told = []
    pipeline = player(clip).attach(
        "src", Handler("h", lambda *what: told.append(what)), tips="pad-added"
    )
    pipeline.start().wait(PATIENCE_S)
    assert told == [("src", "pad-added", "src")] or told == [("src", "pad-added", "vsrc_0")]


def test_a_handler_listens_to_several_signals(clip: Path) -> None:
    told = []

    class Listener(Handler):
        def handle(self, origin: str, signal: str, *values: object) -> None:
            told.append(signal)

    tips = "pad-added/ pad-removed"
    player(clip).attach("src", Listener("h"), tips=tips).start().wait(PATIENCE_S)
    assert told[0] == "pad-added"
    assert set(told) <= {"pad-added", "pad-removed"}


def test_values_are_python_s(clip: Path) -> None:
    told = []
    pipeline = Pipeline("values").add("filesrc", "src", {"location": str(clip)})
    pipeline.add("typefind", "find").add("fakesink", "sink").link("src", "find", "sink")
    pipeline.attach("find", Handler("h", lambda *what: told.append(what)), tips="have-type")
    pipeline.start().wait(PATIENCE_S)
    ((origin, signal, probability, caps),) = told
    assert (origin, signal) == ("find", "have-type")
    assert 50 <= probability <= 100
    assert "video/quicktime" in caps


def test_what_a_handler_returns_is_the_signal_s_result(clip: Path) -> None:
    asked = []

    def stop_at_h264(origin: str, signal: str, pad: str, caps: str) -> bool:
        asked.append(caps)
        return "h264" not in caps

    pipeline = Pipeline("result").add("uridecodebin", "src", {"uri": clip.as_uri()})
    pipeline.add("fakesink", "sink").link("src", "sink")
    pipeline.attach("src", Handler("h", stop_at_h264), tips="autoplug-continue")
    pipeline.start().wait(PATIENCE_S)
    assert any("h264" in caps for caps in asked)
    assert not any("video/x-raw" in caps for caps in asked)


def test_a_handler_s_exception_is_raised_from_wait(clip: Path) -> None:
    def fail(*what: object) -> None:
        raise LookupError("no such thing")

    pipeline = player(clip).attach("src", Handler("h", fail), tips="pad-added")
    with pytest.raises(LookupError, match="no such thing") as caught:
        pipeline.start().wait(PATIENCE_S)
    assert "in fail" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_waiting_in_a_handler_is_refused_and_stopping_is_not(clip: Path) -> None:
    pipeline = player(clip)
    refused = []

    def stop(*what: object) -> None:
        try:
            pipeline.wait()
        except StateError as error:
            refused.append(error)
        pipeline.stop()

    pipeline.attach("src", Handler("h", stop), tips="pad-added").start().wait(PATIENCE_S)
    assert len(refused) == 1


def test_a_handler_is_called_only_while_the_pipeline_runs(clip: Path) -> None:
    told = []
    pipeline = player(clip).attach(
        "src", Handler("h", lambda *what: told.append(what)), tips="notify"
    )
    pipeline.start().wait(PATIENCE_S)
    told.clear()
    pipeline["src"].set({"file-loop": True})
    assert told == []


def test_an_unknown_signal_names_those_there_are(clip: Path) -> None:
    with pytest.raises(ProbeError, match=r"nvurisrcbin 'src' has no signal 'x-done'.*pad-added"):
        player(clip).attach("src", Handler("h", print), tips="x-done")
    with pytest.raises(ProbeError, match="did you mean 'pad-added'"):
        player(clip).attach("src", Handler("h", print), tips="pad-addd")
    with pytest.raises(ProbeError, match="add-source"):
        Emitter("e").attach("start-sr", Pipeline("p").add("nvdsdynamicsrcbin", "src")["src"])
    with pytest.raises(ProbeError, match="no action"):
        Emitter("e").attach("pad-added", Pipeline("p").add("nvdsdynamicsrcbin", "src")["src"])


def test_a_handler_needs_signals_and_something_to_call(clip: Path) -> None:
    with pytest.raises(ProbeError, match="names of signals"):
        player(clip).attach("src", Handler("h", print))
    with pytest.raises(ArgumentTypeError, match="callable"):
        Handler("h", 3)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError, match="handle"):
        Handler("h").handle("src", "pad-added")


def test_an_emitter_calls_what_an_element_can_do(clip: Path) -> None:
    pipeline = Pipeline("p").add("nvdsdynamicsrcbin", "src").add("fakesink", "sink")
    emitter = Emitter("e")
    pipeline.link("src", "sink").attach("src", emitter, tips="add-source/terminate")
    assert emitter.emit("add-source", str(clip)) == 0
    assert emitter.emit("add-source", str(clip)) == 1
    assert emitter.emit("terminate") is None
    pipeline.start().wait(PATIENCE_S)


def test_an_emitter_says_what_is_wrong() -> None:
    node = Pipeline("p").add("nvdsdynamicsrcbin", "src")["src"]
    emitter = Emitter("e").attach("add-source", node)
    with pytest.raises(StateError, match=r"attach\(action, pipeline\[name\]\) first.*add-source"):
        emitter.emit("terminate")
    with pytest.raises(TypeError, match="takes 1 values"):
        emitter.emit("add-source")
    with pytest.raises(TypeError, match="gchararray"):
        emitter.emit("add-source", 3)
    with pytest.raises(TypeError, match="node"):
        emitter.attach("add-source", "src")  # type: ignore[arg-type]


def test_an_error_keeps_credentials_to_itself() -> None:
    node = Pipeline("p").add("nvdsdynamicsrcbin", "src")["src"]
    with pytest.raises(TypeError) as caught:
        Emitter("e").attach("add-source", node).emit("add-source", "rtsp://me:secret@host/", 1)
    assert "secret" not in str(caught.value)
