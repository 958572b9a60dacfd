# SPDX-License-Identifier: Apache-2.0
"""`import dsbind` is cheap and starts nothing."""

from __future__ import annotations

import pytest

import dsbind


def test_import_loads_no_native_library_and_no_module_of_ours(run_program):
    done = run_program(
        """
        import sys
        import dsbind
        maps = open("/proc/self/maps").read()
        for library in ("libgst", "libglib", "libnvds", "libnvbuf", "libdsbind", "onnxruntime",
                        "libcuda", "libcairo"):
            assert library not in maps, library
        ours = [name for name in sys.modules if name.startswith("dsbind.")]
        assert ours == [], ours
        assert "numpy" not in sys.modules
        assert "onnxruntime" not in sys.modules
        """
    )
    assert done.returncode == 0, done.stderr


def test_naming_a_class_still_does_not_start_gstreamer(run_program):
    done = run_program(
        """
        from dsbind import Flow, Pipeline, Probe, RenderMode, BatchMetadataOperator
        import threading
        assert threading.active_count() == 1
        """
    )
    assert done.returncode == 0, done.stderr


def test_a_forked_child_runs_a_pipeline_of_its_own(run_program):
    done = run_program(
        """
        import multiprocessing
        from dsbind import Pipeline

        def play(name):
            pipeline = Pipeline(name)
            pipeline.add("videotestsrc", "src", {"num-buffers": 5}).add("fakesink", "sink")
            pipeline.link("src", "sink").start().wait()

        context = multiprocessing.get_context("fork")
        children = [context.Process(target=play, args=(f"p{i}",)) for i in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join(20)
        assert [child.exitcode for child in children] == [0, 0]
        play("parent")
        """
    )
    assert done.returncode == 0, done.stderr


def test_every_exported_name_is_there():
    for name in dsbind.__all__:
        assert getattr(dsbind, name) is not None
    assert set(dsbind.__all__) <= set(dir(dsbind))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Pipelin"):
        _ = dsbind.Pipelin
