# SPDX-License-Identifier: Apache-2.0
"""Native functions as probes: what they may be, what they get, what comes of what they return."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    CommonFactory,
    Flow,
    NativeProbeError,
    Pipeline,
    Probe,
    RenderMode,
    building,
)
from dsbind.registry import register_native_probe

SOURCE = r"""
#include "dsbind.h"

#include <Python.h>

/* Batches, frames, objects, whether the GIL was held, and buffers without a batch. */
typedef struct { long long batches, frames, objects, held, plain; } Seen;

int count(NvDsBatchMeta *batch, void *user) {
  Seen *seen = user;
  if (!batch) {
    seen->plain++;
    return DSBIND_PROBE_KEEP;
  }
  seen->batches++;
  seen->held += PyGILState_Check();
  for (GList *l = batch->frame_meta_list; l; l = l->next) {
    seen->frames++;
    seen->objects += ((NvDsFrameMeta *)l->data)->num_obj_meta;
  }
  return DSBIND_PROBE_KEEP;
}

int drop_every_other(NvDsBatchMeta *batch, void *user) {
  long long *n = user;
  (void)batch;
  return (*n)++ % 2 ? DSBIND_PROBE_DROP : DSBIND_PROBE_KEEP;
}

int answer(NvDsBatchMeta *batch, void *user) {
  (void)batch;
  return *(int *)user;
}

int mark(NvDsBatchMeta *batch, void *user) {
  batch->misc_batch_info[0] += *(long long *)user;
  return DSBIND_PROBE_KEEP;
}

int read_mark(NvDsBatchMeta *batch, void *user) {
  *(long long *)user += batch->misc_batch_info[0];
  return DSBIND_PROBE_KEEP;
}

void nothing(NvDsBatchMeta *batch, void *user) { (void)batch, (void)user; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("native")
    (folder / "probes.c").write_text(SOURCE)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "gstreamer-1.0"], capture_output=True, text=True, check=True
    ).stdout.split()
    import sysconfig

    command = ["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", "probes.so"]
    command += ["probes.c", f"-I{building.get_include()}", f"-I{sysconfig.get_path('include')}"]
    subprocess.run([*command, *flags], cwd=folder, check=True, timeout=60)
    return ctypes.CDLL(str(folder / "probes.so"))


class Seen(ctypes.Structure):
    _fields_ = [(n, ctypes.c_longlong) for n in ("batches", "frames", "objects", "held", "plain")]


def batches(n: int = 20) -> Pipeline:
    """A pipeline whose `mux` gives out `n` batches, to `queue`."""
    pipeline = Pipeline("p")
    pipeline.add("videotestsrc", "src", {"num-buffers": n})
    pipeline.add("capsfilter", "caps", {"caps": "video/x-raw,format=NV12,width=64,height=48"})
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
    pipeline.add("queue", "queue").add("fakesink", "sink", {"sync": False})
    pipeline.link("src", "caps").link(("caps", "mux"), ("", "sink_%u"))
    return pipeline.link("mux", "queue", "sink")


def run(pipeline: Pipeline) -> None:
    pipeline.start().wait(20)


def test_a_function_sees_each_batch_without_the_gil(library: ctypes.CDLL) -> None:
    seen = Seen()
    run(batches(20).attach("mux", Probe("count", library.count, seen)))
    assert (seen.batches, seen.frames, seen.objects, seen.held) == (20, 20, 0, 0)


@pytest.mark.parametrize("element", ["mux", "queue", "sink"])
def test_it_sits_wherever_a_probe_does(library: ctypes.CDLL, element: str) -> None:
    seen = Seen()
    run(batches(5).attach(element, Probe("count", library.count, seen)))
    assert seen.batches == 5


def test_it_is_attached_in_a_flow(library: ctypes.CDLL, clip: Path) -> None:
    seen = Seen()
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=64)
    flow.attach(Probe("count", library.count, seen)).render(RenderMode.DISCARD, sync=False)()
    assert seen.batches == 60


def test_buffers_that_it_drops_go_no_further(library: ctypes.CDLL) -> None:
    seen, calls = Seen(), ctypes.c_longlong()
    pipeline = batches(20).attach("mux", Probe("drop", library.drop_every_other, calls))
    run(pipeline.attach("sink", Probe("count", library.count, seen)))
    assert (calls.value, seen.batches) == (20, 10)


@pytest.mark.parametrize("code", [-1, -42, -(2**31)])
def test_an_error_code_ends_the_run_and_says_whose_it_is(library: ctypes.CDLL, code: int) -> None:
    pipeline = batches(-1).attach("mux", Probe("gate", library.answer, ctypes.c_int(code)))
    with pytest.raises(NativeProbeError, match=f"'gate' returned {code}$") as caught:
        run(pipeline)
    assert (caught.value.probe, caught.value.code) == ("gate", code)
    assert isinstance(caught.value, RuntimeError)


def test_an_error_code_is_raised_from_the_call_of_a_flow(library: ctypes.CDLL, clip: Path) -> None:
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=64)
    flow.attach(Probe("gate", library.answer, ctypes.c_int(-5)))
    with pytest.raises(NativeProbeError, match="'gate' returned -5"):
        flow.render(RenderMode.DISCARD, sync=False)()


def test_a_value_that_means_nothing_is_an_error_too(library: ctypes.CDLL) -> None:
    pipeline = batches().attach("mux", Probe("gate", library.answer, ctypes.c_int(2)))
    with pytest.raises(NativeProbeError, match="returned 2; a probe returns 0 to keep, 1 to drop"):
        run(pipeline)


def test_after_an_error_it_runs_again(library: ctypes.CDLL) -> None:
    answer = ctypes.c_int(-1)
    pipeline = batches(5).attach("mux", Probe("gate", library.answer, answer))
    with pytest.raises(NativeProbeError):
        run(pipeline)
    answer.value = 0
    run(pipeline)


STATES: dict[str, Callable[[Any], Any]] = {
    "array": lambda array: array,
    "address": lambda array: array.ctypes.data,
    "ctypes pointer": lambda array: array.ctypes.data_as(ctypes.POINTER(ctypes.c_int64)),
    "void pointer": lambda array: array.ctypes.data_as(ctypes.c_void_p),
    "byref": lambda array: ctypes.byref((ctypes.c_int64 * 5).from_buffer(array)),
    "ctypes array": lambda array: (ctypes.c_int64 * 5).from_buffer(array),
    "memoryview": memoryview,
}


@pytest.mark.parametrize("kind", STATES)
def test_state_is_given_by(library: ctypes.CDLL, kind: str) -> None:
    array = numpy.zeros(5, numpy.int64)
    run(batches(7).attach("mux", Probe("count", library.count, STATES[kind](array))))
    assert array[0] == 7


def test_state_in_a_structured_array(library: ctypes.CDLL) -> None:
    names = ("batches", "frames", "objects", "held", "plain")
    state = numpy.zeros(1, [(name, numpy.int64) for name in names])
    run(batches(7).attach("mux", Probe("count", library.count, state)))
    assert state["frames"][0] == 7


def test_state_lives_as_long_as_the_pipeline(library: ctypes.CDLL) -> None:
    class Array(numpy.ndarray[Any, Any]):
        pass

    state = numpy.zeros(5, numpy.int64).view(Array)
    alive = weakref.ref(state)
    pipeline = batches(3).attach("mux", Probe("count", library.count, state))
    del state
    gc.collect()
    run(pipeline)
    assert alive()[0] == 3  # type: ignore[index]
    del pipeline
    gc.collect()
    assert alive() is None


def dated() -> Any:
    return numpy.array(["2026-01-01"], "datetime64[s]")


def test_arrays_without_the_buffer_protocol_are_state_too(library: ctypes.CDLL) -> None:
    assert Probe("p", library.count, dated())


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("text", "user is an address"),
        (1.5, "user is an address"),
        (True, "user is an address"),
        (-1, "no address"),
        (b"bytes", "cannot be written"),
        (numpy.zeros((4, 4))[:, ::2], "ascontiguousarray"),
        (numpy.broadcast_to(0, (1,)), "read-only"),
        (numpy.array([None]), "Python objects"),
    ],
)
def test_what_is_no_state_is_refused(library: ctypes.CDLL, state: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Probe("p", library.count, state)


def test_what_is_no_native_function_is_refused(library: ctypes.CDLL) -> None:
    for wrong in (1234, "count", len, lambda batch, user: 0, None):
        with pytest.raises(TypeError, match="native function"):
            Probe("p", wrong)
    with pytest.raises(TypeError, match="NULL"):
        Probe("p", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)())
    library.nothing.restype = None
    with pytest.raises(TypeError, match="does not return c_int"):
        Probe("p", library.nothing)
    three = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
    with pytest.raises(TypeError, match="has 3 arguments"):
        Probe("p", three(lambda *_: 0))


def test_state_is_for_native_functions_only() -> None:
    with pytest.raises(TypeError, match="for native functions"):
        Probe("p", BatchMetadataOperator(), 5)


def capsule(library: ctypes.CDLL, name: bytes) -> Any:
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = (
        ctypes.py_object,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
    )
    return make(ctypes.cast(library.count, ctypes.c_void_p), name, None)


CAPSULE_NAMES = (b"dsbind.probe", b"int (NvDsBatchMeta *, void *)")


@pytest.mark.parametrize("name", CAPSULE_NAMES)
def test_a_capsule_holds_a_function(library: ctypes.CDLL, name: bytes) -> None:
    seen = Seen()
    run(batches(4).attach("mux", Probe("count", capsule(library, name), seen)))
    assert seen.batches == 4


@pytest.mark.parametrize("name", [b"numpy.thing", b"void (NvDsBatchMeta *, void *)"])
def test_a_capsule_of_another_name_is_refused(library: ctypes.CDLL, name: bytes) -> None:
    with pytest.raises(TypeError, match=r"not 'dsbind\.probe'"):
        Probe("p", capsule(library, name))


def test_buffers_without_a_batch_are_seen_where_wanted(library: ctypes.CDLL) -> None:
    seen = Seen()
    run(batches(6).attach("src", Probe("all", library.count, seen, all_buffers=True)))
    assert (seen.plain, seen.batches) == (6, 0)


def test_a_function_that_saw_no_batch_is_told_why(library: ctypes.CDLL, caplog: Any) -> None:
    seen = Seen()
    run(batches(6).attach("src", Probe("early", library.count, seen)))
    assert seen.batches == seen.plain == 0
    assert "probe 'early' saw nothing: none of the 6 buffers" in caplog.text


def test_what_it_changes_is_not_seen_in_another_branch(library: ctypes.CDLL, clip: Path) -> None:
    one, other = ctypes.c_longlong(1), ctypes.c_longlong()
    pipeline = Pipeline("p")
    flow = Flow(pipeline).batch_capture([str(clip)], width=64, height=64).fork()
    flow.render(RenderMode.DISCARD, sync=False)
    flow.render(RenderMode.DISCARD, sync=False)
    sinks = [name for name in pipeline._graph.elements if name.startswith("render-sink")]
    pipeline.attach(sinks[0], Probe("a", library.mark, one))
    pipeline.attach(sinks[1], Probe("b", library.read_mark, other, reads_only=True))
    flow()
    assert other.value == 0


def test_a_registered_function_is_attached_by_name(library: ctypes.CDLL) -> None:
    seen = Seen()
    register_native_probe("native_counter", library.count, seen)
    assert isinstance(CommonFactory.create("native_counter", "a"), Probe)
    run(batches(4).attach("mux", "native_counter", "a"))
    assert seen.batches == 4
    with pytest.raises(dsbind.ConfigError, match="built-in"):
        register_native_probe("measure_fps_probe", library.count)


def test_what_it_costs_can_be_seen(library: ctypes.CDLL) -> None:
    probe = Probe("count", library.count, Seen())
    pipeline = batches(8).attach("mux", probe)
    run(pipeline)
    assert probe.stats.calls == 8
    assert probe.stats.seconds > 0


def test_python_goes_on_while_it_runs(library: ctypes.CDLL, tmp_path: Path) -> None:
    """A probe that blocks until Python lets it go could not end if it held the GIL."""
    (tmp_path / "wait.c").write_text(
        "#include <unistd.h>\nint wait(void *b, volatile int *go) { (void)b;"
        " for (int i = 0; i < 10000 && !*go; i++) usleep(1000); return *go ? 0 : -1; }\n"
    )
    command = ["cc", "-shared", "-fPIC", "-o", "wait.so", "wait.c"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    go = ctypes.c_int()
    function = ctypes.CDLL(str(tmp_path / "wait.so")).wait
    timer = threading.Timer(0.3, lambda: setattr(go, "value", 1))
    timer.start()
    run(batches(2).attach("mux", Probe("wait", function, go)))
    timer.join()


def test_a_numba_cfunc(library: ctypes.CDLL) -> None:
    numba = pytest.importorskip("numba")

    @numba.cfunc("int32(voidptr, voidptr)")
    def count(batch, user):  # type: ignore[no-untyped-def]
        numba.carray(user, (1,), numba.int64)[0] += 1
        return 0

    state = numpy.zeros(1, numpy.int64)
    run(batches(5).attach("mux", Probe("numba", count, state)))
    assert state[0] == 5


def test_a_cffi_pointer(library: ctypes.CDLL) -> None:
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    ffi.cdef("int count(void *batch, void *user); void nothing(void *batch, void *user);")
    opened = ffi.dlopen(library._name)
    state = ffi.new("long long[5]")
    run(batches(5).attach("mux", Probe("cffi", opened.count, state)))
    assert state[0] == 5
    with pytest.raises(TypeError, match="another function"):
        Probe("cffi", opened.nothing)
