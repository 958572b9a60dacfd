# SPDX-License-Identifier: Apache-2.0
"""The exceptions: their builtins, their texts, and what must never be in them."""

from __future__ import annotations

import builtins
import warnings

import pytest

import dsbind
from dsbind import errors


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ArgumentTypeError", "TypeError"),
        ("ConfigError", "ValueError"),
        ("ConfiguredFileError", "ValueError"),
        ("ConfiguredFileError", "FileNotFoundError"),
        ("CudaError", "RuntimeError"),
        ("DisplayError", "RuntimeError"),
        ("FlowError", "RuntimeError"),
        ("LinkError", "RuntimeError"),
        ("MissingElementError", "LookupError"),
        ("MissingElementError", "RuntimeError"),
        ("MissingFileError", "FileNotFoundError"),
        ("OutputError", "OSError"),
        ("ProbeError", "RuntimeError"),
        ("RuntimeNotFoundError", "ImportError"),
        ("SourceError", "RuntimeError"),
        ("StaleMetadataError", "RuntimeError"),
        ("StateError", "RuntimeError"),
        ("StopTimeoutError", "TimeoutError"),
        ("StreamError", "RuntimeError"),
        ("UnsupportedError", "NotImplementedError"),
    ],
)
def test_each_error_is_an_error_of_dsbind_and_a_builtin(name, builtin):
    error = getattr(dsbind, name)("what")
    assert isinstance(error, dsbind.Error)
    assert isinstance(error, getattr(builtins, builtin))
    assert str(error) == "what"
    assert error.element == "" and error.source == "" and error.others == ()


@pytest.mark.parametrize(
    ("uri", "masked"),
    [
        ("rtsp://user:secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:p@ss:w@cam/1", "rtsp://***@cam/1"),
        ("cannot open http://a:b@h/x and rtsp://c:d@h/y", None),
        ("https://h/x?token=abc&size=1", "https://h/x?token=***&size=1"),
        ("https://h/x?size=1&X-Amz-Signature=abc", "https://h/x?size=1&X-Amz-Signature=***"),
        ("https://h/x?api_key=abc", "https://h/x?api_key=***"),
        ("file:///home/me@home/x.mp4", "file:///home/me@home/x.mp4"),
        ("https://h/x?monkey=abc", "https://h/x?monkey=abc"),
    ],
)
def test_credentials_are_masked_and_nothing_else(uri, masked):
    text = errors.mask_uri(uri)
    if masked is None:
        assert "a:b" not in text and "c:d" not in text
    else:
        assert text == masked


def test_the_nearest_name_is_suggested_with_hyphen_or_underscore():
    known = ["batched-push-timeout", "width", "height"]
    assert errors.nearest("batch_push_timeout", known) == "batched-push-timeout"
    assert errors.nearest("WIDHT", known) == "width"
    assert errors.nearest("colour", known) is None


def test_a_warning_points_at_the_program_not_at_dsbind():
    pipeline = dsbind.Pipeline("warn").add("fakesink", "sink")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pipeline["sink"].set({"synk": True})
    assert caught[0].category is dsbind.UnknownPropertyWarning
    assert caught[0].filename == __file__
    assert "did you mean 'sync'" in str(caught[0].message)


def test_text_is_added_to_our_own_message_and_noted_on_others():
    own = dsbind.StreamError("it failed")
    errors.add_text(own, "partial output left at x")
    assert str(own) == "it failed; partial output left at x"
    other = KeyError("k")
    errors.add_text(other, "partial output left at x")
    assert other.args == ("k",)
    assert other.__notes__ == ["partial output left at x"]


def test_no_error_or_warning_of_ours_holds_credentials():
    uri = "rtsp://admin:secret@10.0.0.1/x"
    with pytest.raises(dsbind.ArgumentTypeError, match=r"rtsp://\*\*\*@10\.0\.0\.1/x") as caught:
        dsbind.Flow(dsbind.Pipeline("p")).inject([uri])
    error = caught.value
    errors.add_text(error, f"and {uri}")
    with pytest.raises(dsbind.MissingElementError) as missing:
        dsbind.Pipeline("p")[uri]
    with pytest.warns(dsbind.UnknownPropertyWarning) as warned:
        dsbind.Pipeline("p").add("queue", uri, {"nothing": 1})
    texts = [str(error), str(missing.value), repr(dsbind.OutputError(uri)), str(warned[0].message)]
    assert not any("secret" in text for text in texts)
    assert all("10.0.0.1" in text for text in texts)
