# SPDX-License-Identifier: Apache-2.0
"""Threads of GStreamer's that run Python: what they keep, and how they and the interpreter end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from growing import MEASURABLE

# GLib's pool gives up threads that wait for work, after 15 s: here at once, so that they end.
PROGRAM = """
import atexit, ctypes, gc, os, sys, threading, time
from dsbind import BatchMetadataOperator, BufferOperator, Pipeline, Probe

glib = ctypes.CDLL("libglib-2.0.so.0")
glib.g_thread_pool_set_max_idle_time(1)

class See(BufferOperator):
    def __init__(self, see):
        self.see = see
    def handle_buffer(self, buffer):
        self.see()

def play(see, n=5, **properties):
    pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": n, **properties})
    pipeline.add("queue", "queue").add("fakesink", "sink", {"sync": False})
    pipeline.link("src", "queue", "sink")
    pipeline.attach("src", Probe("a", See(see))).attach("queue", Probe("b", See(see)))
    return pipeline.start()
"""


def test_what_a_callback_keeps_for_its_thread_is_there_for_the_next(run_program):
    done = run_program(
        PROGRAM
        + """
local = threading.local()
counts = {}
def see():
    local.n = getattr(local, "n", 0) + 1
    counts[threading.get_ident()] = local.n
play(see, 20).wait(20)
assert sorted(counts.values()) == [20, 20], counts
"""
    )
    assert done.returncode == 0, done.stderr


def test_when_a_thread_ends_what_it_kept_goes(run_program):
    done = run_program(
        PROGRAM
        + """
local = threading.local()
class Thing:
    alive = 0
    def __init__(self):
        Thing.alive += 1
    def __del__(self):
        # Python's code runs here, and asks for the state of the thread.
        Thing.alive -= 1
        local.again = threading.get_ident()
        gc.collect()
def see():
    if not hasattr(local, "thing"):
        local.thing = Thing()
made = 0
for _ in range(20):
    play(see).wait(20)
    made = max(made, Thing.alive)
assert made >= 2
until = time.monotonic() + 20
while Thing.alive and time.monotonic() < until:
    time.sleep(0.01)
assert Thing.alive == 0, Thing.alive
"""
    )
    assert done.returncode == 0, done.stderr


ENDS = {
    # Threads that have worked, and end one after the other.
    "after its pipelines": "for _ in range(10): play(see).wait(20)",
    "while a pipeline plays": "play(see, -1); time.sleep(0.05)",
    "beside a thread that makes pipelines": """
def make():
    while True:
        play(see, 3).wait(20)
threading.Thread(target=make, daemon=True).start()
time.sleep(0.2)
""",
    "with a thread that takes long to end": """
class Slow:
    def __del__(self):
        time.sleep(0.3)
def see():
    if not hasattr(local, "slow"):
        local.slow = Slow()
play(see).wait(20)
""",
    "after code that runs at its end": "atexit.register(lambda: play(see).wait(20))",
}


@pytest.mark.parametrize("when", ENDS)
def test_the_interpreter_ends(when, run_program):
    """Well and soon, whatever its threads are at; at another moment each time."""
    for turn in range(4):
        done = run_program(
            PROGRAM
            + "local = threading.local()\ndef see():\n    local.n = [local]\n"
            + ENDS[when]
            + f"\ntime.sleep({turn} * 0.0007)\nprint('end')"
        )
        assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr


def test_a_forked_child_ends_though_threads_were_ending(run_program):
    done = run_program(
        PROGRAM
        + """
local = threading.local()
def see():
    local.n = [local]
for turn in range(20):
    play(see, 3).wait(20)
    child = os.fork()
    if not child:
        sys.exit(0)
    until = time.monotonic() + 20
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        assert time.monotonic() < until, "a child hangs"
        time.sleep(0.002)
    assert status == 0, status
""",
        timeout=90,
    )
    assert done.returncode == 0, done.stderr


def test_many_pipelines_leave_no_state_of_a_thread_behind(run_program):
    """A kept state is some 20 KiB: 200 of those would show."""
    done = run_program(
        PROGRAM
        + """
from growing import allocated
def see():
    pass
def settle():
    until = time.monotonic() + 20
    while len(os.listdir("/proc/self/task")) > 4 and time.monotonic() < until:
        time.sleep(0.01)
for _ in range(60):
    play(see, 2).wait(20)
settle()
gc.collect()
before = allocated()
for _ in range(100):
    play(see, 2).wait(20)
    time.sleep(0.002)
settle()
gc.collect()
print(allocated() - before)
""",
        env=MEASURABLE,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 2 << 20


CONSUMER = """
#include <pthread.h>
#include <semaphore.h>
static pthread_t thread;
static sem_t deleted, ending;
static void (*delete)(void *);
static void *run(void *managed) {
  delete(managed);
  sem_post(&deleted);
  sem_wait(&ending);
  return 0;
}
void begin(void *managed, void (*deleter)(void *)) {
  delete = deleter;
  sem_init(&deleted, 0, 0);
  sem_init(&ending, 0, 0);
  pthread_create(&thread, 0, run, managed);
  sem_wait(&deleted);
}
void end(void) {
  sem_post(&ending);
  pthread_join(thread, 0);
}
"""


def test_a_consumer_may_wait_for_its_own_thread_with_the_gil(tmp_path: Path, run_program):
    """A library gives memory back on a thread of its own, and joins it where Python waits."""
    (tmp_path / "consumer.c").write_text(CONSUMER)
    command = ["cc", "-shared", "-fPIC", "-pthread", "-o", "consumer.so", "consumer.c"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    done = run_program(
        """
        import ctypes, faulthandler
        import numpy
        from dsbind.tensor import as_tensor

        faulthandler.dump_traceback_later(20, exit=True)
        capsule = as_tensor(numpy.zeros(4)).__dlpack__()
        api = ctypes.pythonapi
        api.PyCapsule_GetPointer.restype = ctypes.c_void_p
        api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
        api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
        managed = api.PyCapsule_GetPointer(capsule, b"dltensor")
        used = b"used_dltensor"
        api.PyCapsule_SetName(capsule, used)
        # The tensor, its context, and then the deleter.
        deleter = ctypes.c_void_p.from_address(managed + 56).value
        ctypes.CDLL("./consumer.so").begin(ctypes.c_void_p(managed), ctypes.c_void_p(deleter))
        ctypes.PyDLL("./consumer.so").end()
        """
    )
    assert done.returncode == 0, done.stderr


SUBINTERPRETER = """
import sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
    made = interpreters.create("legacy")
else:
    import _xxsubinterpreters as interpreters
    made = interpreters.create(isolated=False)
interpreters.run_string(made, '''
try:
    from dsbind import _padprobe
except ImportError as error:
    print(error, flush=True)
''')
"""


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="another module makes them")
def test_a_subinterpreter_is_told_that_it_cannot(run_program):
    done = run_program(SUBINTERPRETER)
    assert "main interpreter only" in done.stdout, done.stdout + done.stderr
