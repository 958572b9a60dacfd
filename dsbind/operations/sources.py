# SPDX-License-Identifier: Apache-2.0
"""Operations that begin a flow: files and streams by their URIs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    UnsupportedError,
    missing_file,
    shown,
    uri_of_path,
)
from dsbind.operations.base import Chain, MediaType, StreamInfo, name_of, options_of

if TYPE_CHECKING:
    from dsbind.flow import Flow


class Sources(Chain):
    """`batch_capture`."""

    def batch_capture(
        self,
        input: Sequence[str],
        record_config: object = None,
        media_types: Sequence[MediaType | str] = (MediaType.VIDEO,),
        *,
        on_source_error: Literal["continue", "raise"] | None = None,
        **kwargs: object,
    ) -> Flow:
        """Read files or streams and put their frames together in batches.

        Parameters
        ----------
        input
            URIs or paths; a relative path counts from the working directory.
        on_source_error
            "continue": when a source fails the others go on, and its error is raised at the end.
            "raise": the first error ends the flow. Default: "continue" for more than one source.
        **kwargs
            `width` (1920) and `height` (1080) of the batched frames in pixels, `batch_size` (the
            number of sources), `batched_push_timeout` (33000 us), `buffer_pool_size` (4),
            `drop_pipeline_eos`, `live_source`, `gpu_id`; `file_loop` of the sources.

        Raises
        ------
        MissingFileError
            A file does not exist.
        ArgumentTypeError
            `input` is no list, or is empty.
        ConfigError
            A keyword's value is out of range. An unknown keyword only warns.
        """
        if record_config is not None or kwargs.pop("smart_record_config", None) is not None:
            raise UnsupportedError("batch_capture: this release does not record streams")
        media = [media_types] if isinstance(media_types, str) else media_types
        if any(kind != MediaType.VIDEO for kind in media):
            raise UnsupportedError("batch_capture: this release captures video only")
        if on_source_error not in (None, "continue", "raise"):
            raise ConfigError(f"on_source_error is 'continue' or 'raise', not {on_source_error!r}")
        uris = _uris_of(input)
        options = options_of(
            "batch_capture", kwargs, _MUX_OPTIONS | {"gpu-id": None, "file-loop": None}
        )
        gpu = {"gpu-id": options["gpu-id"]} if options["gpu-id"] is not None else {}
        loop = {"file-loop": options["file-loop"]} if options["file-loop"] is not None else {}
        mux_options = {key: options[key] for key in _MUX_OPTIONS}
        if mux_options["batch-size"] is None:
            mux_options["batch-size"] = len(uris)

        base = name_of("batch_capture", "source")
        mux = name_of("batch_capture", "mux")
        self._pipeline.add("nvstreammux", mux, {**mux_options, **gpu, "compute-hw": 1})
        graph = self._pipeline._graph
        for index, uri in enumerate(uris):
            source = f"{base}_{index}"
            self._pipeline.add(self.DEFAULT_SOURCE_TYPE, source, {"uri": uri, **gpu, **loop})
            self._pipeline.link((source, mux), ("vsrc_%u", ""))
            if (on_source_error or ("continue" if len(uris) > 1 else "raise")) == "continue":
                graph.tolerated.add(source)
        flow = self._flow([StreamInfo(mux)])
        flow._batch_size = len(uris)
        return flow


_MUX_OPTIONS: dict[str, object] = {
    "width": Chain.DEFAULT_PICTURE_WIDTH,
    "height": Chain.DEFAULT_PICTURE_HEIGHT,
    "batch-size": None,
    "batched-push-timeout": Chain.DEFAULT_BATCH_PUSH_TIMEOUT,
    "buffer-pool-size": 4,
    "drop-pipeline-eos": False,
    "live-source": False,
}

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _uris_of(input: object) -> list[str]:
    if isinstance(input, str) and input.endswith((".yaml", ".yml")):
        raise UnsupportedError(
            f"batch_capture({shown(input)}): this release reads no source configurations; "
            "pass a list of URIs"
        )
    if not isinstance(input, (list, tuple)):
        raise ArgumentTypeError(
            f"input must be a source list or source config file, not {shown(input)}"
        )
    if not input:
        raise ArgumentTypeError("No input list provided for capturing: the list is empty")
    return [_uri_of(item) for item in input]


def _uri_of(item: object) -> str:
    if isinstance(item, os.PathLike):
        item = os.fspath(item)
    if not isinstance(item, str):
        raise ArgumentTypeError(f"a source is a URI or a path, not {shown(item)}")
    if not _SCHEME.match(item):
        path = item
    elif item.lower().startswith("file://"):
        path = unquote(urlsplit(item).path)
    else:
        return item
    if not os.path.exists(path):
        raise missing_file(
            path or repr(item), f"name a video file or a URI (looked for {os.path.abspath(path)})"
        )
    return uri_of_path(path)
