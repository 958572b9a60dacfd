# SPDX-License-Identifier: Apache-2.0
"""What dsbind raises: one tree rooted at `Error`, each class also a fitting builtin."""

from __future__ import annotations

import difflib
import os
import re
import sys
import warnings
from collections.abc import Iterable
from itertools import islice
from urllib.parse import quote

__all__ = [
    "ArgumentTypeError",
    "ConfigError",
    "ConfigWarning",
    "ConfiguredFileError",
    "CudaError",
    "DisplayError",
    "Error",
    "FlowError",
    "LinkError",
    "MissingElementError",
    "MissingFileError",
    "NativeProbeError",
    "OutputError",
    "PipelineFileError",
    "ProbeError",
    "RuntimeNotFoundError",
    "SourceError",
    "StaleMetadataError",
    "StateError",
    "StopTimeoutError",
    "StreamError",
    "UnknownPropertyWarning",
    "UnsupportedError",
]


class Error(Exception):
    """Root of everything that dsbind raises on purpose. Its text holds no credentials of URIs.

    Attributes
    ----------
    element : str
        Name of the pipeline's element that failed; empty where there is none.
    source : str
        The URI that was being read, without credentials; empty where it is not a source's error.
    others : tuple of Error
        Further failures of the same run, of other sources.
    """

    element: str = ""
    source: str = ""
    others: tuple[Error, ...] = ()

    def __init__(self, *args: object) -> None:
        super().__init__(*(mask_uri(item) if isinstance(item, str) else item for item in args))


class ArgumentTypeError(Error, TypeError):
    """An argument is of the wrong type, or of a kind that the call does not take."""


class ConfigError(Error, ValueError):
    """A property, keyword or configuration file has a value that cannot be used."""


class UnsupportedError(Error, NotImplementedError):
    """The call is right, but this release of dsbind does not do it."""


class MissingElementError(Error, LookupError, RuntimeError):
    """A GStreamer element, or a named part of a pipeline, is not there."""


class MissingFileError(Error, FileNotFoundError):
    """A file that was named does not exist."""


class ConfiguredFileError(ConfigError, MissingFileError):
    """A file that a configuration names does not exist."""


class PipelineFileError(ConfigError, RuntimeError):
    """A file that describes a pipeline is not as it should be."""


class RuntimeNotFoundError(Error, ImportError):
    """The native libraries or GStreamer cannot be used here."""


class CudaError(Error, RuntimeError):
    """A call of the CUDA driver failed, or there is no driver; the text names both."""


class LinkError(Error, RuntimeError):
    """Two elements have no pads that go together."""


class ProbeError(Error, RuntimeError):
    """A probe cannot be attached there."""


class FlowError(Error, RuntimeError):
    """The operation does not fit what comes before it in the flow."""


class StateError(Error, RuntimeError):
    """The pipeline is in a state in which this cannot be done."""


class StaleMetadataError(Error, RuntimeError):
    """Metadata or pixels were used after the callback that received them had returned."""


class StopTimeoutError(Error, TimeoutError):
    """The pipeline did not end within the time given."""


class StreamError(Error, RuntimeError):
    """A pipeline failed while it was running."""


class NativeProbeError(StreamError):
    """A native probe returned an error code.

    Attributes
    ----------
    probe : str
        The probe's name.
    code : int
        What it returned.
    """

    def __init__(self, probe: str, code: int) -> None:
        meaning = (
            "" if code < 0 else "; a probe returns 0 to keep, 1 to drop, or an error code below 0"
        )
        super().__init__(f"native probe {probe!r} returned {code}{meaning}")
        self.probe = probe
        self.code = code

    def __reduce__(self) -> tuple[type[NativeProbeError], tuple[str, int]]:
        return type(self), (self.probe, self.code)


class SourceError(StreamError):
    """A source cannot be read."""


class OutputError(Error, OSError):
    """An output cannot be written."""


class DisplayError(Error, RuntimeError):
    """There is no display to show video on."""


class ConfigWarning(UserWarning):
    """Something in a configuration is probably not what was meant."""


class UnknownPropertyWarning(ConfigWarning):
    """A property or keyword that nothing here knows; it has no effect."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name in `known` that was most likely meant, or None."""
    key = name.replace("_", "-").lower()
    close = difflib.get_close_matches(key, [k.replace("_", "-") for k in known], 1, 0.6)
    return close[0] if close else None


def warn_unknown_property(owner: str, name: str, known: Iterable[str]) -> None:
    """Warn, at the line of the user's program, that `owner` has no property `name`."""
    shown = name.replace("_", "-")
    close = nearest(name, known)
    hint = f"; did you mean {close!r}?" if close else ""
    warnings.warn(
        mask_uri(f"{owner} has no property {shown!r}, it has no effect{hint}"),
        UnknownPropertyWarning,
        stacklevel=_level_of_caller(),
    )


def warn_of_config(text: str) -> None:
    """Warn, at the line of the user's program, of what is probably not meant."""
    warnings.warn(mask_uri(text), ConfigWarning, stacklevel=_level_of_caller())


def _level_of_caller() -> int:
    """The `stacklevel`, for a caller's `warnings.warn`, of the first frame outside dsbind."""
    frame = sys._getframe(1)
    level = 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "dsbind":
        frame = frame.f_back
        level += 1
    return level


# Up to the last "@" before the path. A password with a slash or a quote in it makes no valid URI,
# but people write them: after "user:" anything but a port counts as one.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/\s\"']*|[^/\s:@]*:(?!\d+[/\"'\s])[^\s@]*)@")
_SECRETS = re.compile(
    r"([?&;](?:[\w-]*(?:token|passw(?:or)?d|secret|signature|api-?_?key)|auth|key|pass|pwd|sig|user(?:name)?)=)"
    r"[^&;\s\"']*",
    re.IGNORECASE,
)


def mask_uri(text: str) -> str:
    """`text` with the credentials of every URI in it replaced by stars."""
    return _SECRETS.sub(r"\1***", _CREDENTIALS.sub("***@", text))


def shown(value: object) -> str:
    """A value as a message shows it: its `repr` without the credentials of URIs."""
    return mask_uri(repr(value))


def uri_of_path(path: str) -> str:
    """A file's URI; a relative path counts from the working directory."""
    return f"file://{quote(os.fsencode(absolute(path)))}"


def absolute(path: str) -> str:
    """A path as it is from everywhere; a relative one counts from the working directory."""
    try:
        return os.path.abspath(path)
    except FileNotFoundError:
        raise MissingFileError(
            f"{path!r} counts from the working directory, which was removed: change to another one "
            "(os.chdir), or give an absolute path"
        ) from None


def add_text(error: BaseException, text: str) -> None:
    """Say more in an exception: in its own message where it is ours, else in its notes."""
    if isinstance(error, Error) and error.args and isinstance(error.args[0], str):
        error.args = (mask_uri(f"{error.args[0]}; {text}"), *error.args[1:])
    else:
        error.__dict__.setdefault("__notes__", []).append(text)


def missing_file(path: str, purpose: str = "") -> MissingFileError:
    """The error for a file that is not there; `purpose` says what it was wanted for."""
    from dsbind.paths import hint

    advice = ". ".join(text for text in (purpose, hint(path), _near(path)) if text)
    return MissingFileError(f"File {path} doesn't exist{f': {advice}' if advice else ''}")


# A folder with more than so many names is not searched.
_MOST_NAMES = 2000


def _near(path: str) -> str:
    """What was probably meant by a path at which there is nothing."""
    if path.startswith("~"):
        return home_hint(path)
    folder, name = os.path.split(path)
    try:
        names = [entry.name for entry in islice(os.scandir(folder or "."), _MOST_NAMES)]
    except OSError:
        return ""
    close = difflib.get_close_matches(name, names, 1, 0.8)
    return f"Did you mean {os.path.join(folder, close[0])!r}?" if close else ""


def home_hint(path: str) -> str:
    """What to do about "~" in a path, which only a shell knows."""
    return f"For a home folder write os.path.expanduser({path!r})"


def unreadable(uri: str, reason: str) -> SourceError:
    """The error for a source that cannot be played."""
    if uri in reason:
        error = SourceError(reason)
    else:
        remote = "://" in uri and not uri.startswith("file://")
        error = SourceError(
            f"{uri} cannot be read: {reason.rstrip('.')}. "
            + (
                "Check the address, and that its server runs and can be reached"
                if remote
                else "Check that it is a video that plays elsewhere, or encode it again"
            )
        )
    error.source = uri
    return error
