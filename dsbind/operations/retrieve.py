# SPDX-License-Identifier: Apache-2.0
"""`retrieve`: handing the buffers to Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsbind.buffers import BufferRetriever, Receiver
from dsbind.errors import ArgumentTypeError
from dsbind.operations.base import Chain, name_of, operation

if TYPE_CHECKING:
    from dsbind.flow import Flow


class Retrieve(Chain):
    """`retrieve`."""

    @operation
    def retrieve(self, retriever: BufferRetriever, **kwargs: object) -> Flow:
        """Hand every buffer to Python code, as RGB. Ends the flow.

        Works on a batch and on a single stream. Buffers come as fast as they are consumed.

        Parameters
        ----------
        retriever
            Its `consume` gets each buffer.
        **kwargs
            Properties of the appsink, such as `sync`, `max_buffers` or `drop`; `gpu_id`.

        Raises
        ------
        ArgumentTypeError
            It is no `BufferRetriever`.
        """
        stream = self._single_stream()
        if not isinstance(retriever, BufferRetriever):
            raise ArgumentTypeError(
                f"retrieve() needs a BufferRetriever, not {retriever!r}: subclass it and pass an "
                "instance"
            )
        options = {key.replace("_", "-"): value for key, value in kwargs.items()}
        gpu = options.pop("gpu-id", 0)
        parts: list[tuple[str, str, dict[str, object]]] = [
            ("converter", "nvvideoconvert", {"gpu-id": gpu, "compute-hw": 1}),
            ("capsfilter", "capsfilter", {"caps": "video/x-raw(memory:NVMM), format=RGB"}),
            ("appsink", "appsink", {"emit-signals": True, "sync": False, **options}),
        ]
        names = [name_of("retrieve", role) for role, _, _ in parts]
        for name, (_, factory, properties) in zip(names, parts, strict=True):
            self._pipeline.add(factory, name, properties)
        receiver = Receiver(name_of("retrieve", "receiver"), retriever)
        self._pipeline.attach(names[-1], receiver, tips="new-sample")
        return self._continue(stream, names, end=True)
