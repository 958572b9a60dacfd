# SPDX-License-Identifier: Apache-2.0
"""Operations between a flow's sources and its end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dsbind.errors import ArgumentTypeError, missing_file, shown
from dsbind.operations.base import Chain, name_of

if TYPE_CHECKING:
    from dsbind.flow import Flow
    from dsbind.attaching import Attachable


class Steps(Chain):
    """`infer` and `attach`."""

    def infer(
        self, config: str | os.PathLike[str], with_triton: bool = False, **kwargs: object
    ) -> Flow:
        """Run a model on each batch.

        Parameters
        ----------
        config
            Path of the model's configuration file.
        **kwargs
            Properties of the element, such as `unique_id` or `interval`; they go before the file's.

        Raises
        ------
        MissingFileError
            There is no such file. What is wrong in it is raised when the flow starts.
        """
        stream = self._single_stream()
        if isinstance(config, os.PathLike):
            config = os.fspath(config)
        if not isinstance(config, str):
            raise ArgumentTypeError(f"Inference config must be a file path, not {shown(config)}")
        if not os.path.exists(config):
            raise missing_file(config, "infer() needs the model's configuration file")
        properties: dict[str, object] = {"config-file-path": os.path.abspath(config)}
        if self._batch_size:
            properties["batch-size"] = self._batch_size
        properties |= {key.replace("_", "-"): value for key, value in kwargs.items()}
        name = name_of("infer", "infer")
        self._pipeline.add("nvinferserver" if with_triton else "nvinfer", name, properties)
        return self._continue(stream, [name])

    def attach(
        self,
        what: Attachable | str,
        name: str = "",
        tips: str = "",
        properties: Mapping[str, object] | None = None,
    ) -> Flow:
        """Attach a probe to the last element of each stream.

        Parameters
        ----------
        what
            A `Probe`.
        tips
            Name of the source pad to watch; the last one where it is empty.
        """
        for stream in self._streams:
            self._pipeline.attach(
                stream.originator, what, name, tips or stream.template, properties
            )
        return self._flow(self._streams)
