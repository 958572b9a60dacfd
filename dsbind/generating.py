# SPDX-License-Identifier: Apache-2.0
"""Input tensors of models that a program makes: `Flow.preprocess(tensor_generator=)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dsbind.errors import ArgumentTypeError, shown
from dsbind.probes import BatchMetadataOperator

if TYPE_CHECKING:
    from dsbind.meta import BatchMetadata


class TensorOperator(BatchMetadataOperator):
    """Adds to each batch the tensors that a function makes for it.

    Parameters
    ----------
    generator
        Called with the number of frames, it returns tensors by the name of the model's input.
    target
        Number of the model that they are for.
    """

    def __init__(self, generator: Callable[[int], Mapping[str, object]], target: int) -> None:
        super().__init__()
        self._generator = generator
        self._target = target

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        tensors = self._generator(batch_meta.n_frames)
        if not isinstance(tensors, Mapping):
            raise ArgumentTypeError(
                f"tensor_generator returned {shown(tensors)}; it returns a dict of tensors by the "
                "name of the model's input"
            )
        for number, (name, tensor) in enumerate(tensors.items()):
            carrier = batch_meta.acquire_preprocess_batch_meta()
            carrier.set_preprocessed_tensor(name, number, self._target, tensor)
            batch_meta.append(carrier)


def first_target(value: object) -> int:
    """The first of `target-unique-ids`.

    Raises
    ------
    ArgumentTypeError
        There is none.
    """
    try:
        return int(str(value).replace(",", ";").split(";")[0])
    except ValueError:
        raise ArgumentTypeError(
            f"target_unique_ids is {shown(value)}; it takes numbers of models, such as '1;2'"
        ) from None
