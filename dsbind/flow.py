# SPDX-License-Identifier: Apache-2.0
"""Flow: a pipeline written as a chain of operations."""

from __future__ import annotations

from dsbind.operations.base import MediaType, StreamInfo
from dsbind.operations.base import parse_stream_info as _parse_stream_info  # programs use it
from dsbind.operations.encode import Encode
from dsbind.operations.inject import Inject
from dsbind.operations.publish import Publish
from dsbind.operations.render import Render, RenderMode
from dsbind.operations.retrieve import Retrieve
from dsbind.operations.sources import Sources
from dsbind.operations.steps import Steps
from dsbind.pipeline import Pipeline
from dsbind.run import MessageCallback

__all__ = ["Flow", "MediaType", "RenderMode", "StreamInfo", "_parse_stream_info"]


class Flow(Sources, Inject, Steps, Render, Encode, Publish, Retrieve):
    """A chain of operations; each adds elements to the pipeline and gives the flow after it.

    Parameters
    ----------
    pipeline
        Where the elements go.
    streams
        Where to go on from, as "element" or "element/padtemplate"; nothing for a new flow.
    parent
        The flow that this one continues.

    Examples
    --------
    >>> flow = Flow(Pipeline("detect")).batch_capture(["street.mp4"]).infer("detector.txt")
    >>> flow.attach(Probe("count", counter)).encode("out.mp4")()
    """

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that the elements are in."""
        return self._pipeline

    def __call__(self, on_message: MessageCallback | None = None) -> None:
        """Run the pipeline to its end: `pipeline.start(on_message).wait()`.

        Raises
        ------
        Error
            What `Pipeline.start` and `Pipeline.wait` raise.
        """
        try:
            self._pipeline.start(on_message).wait()
        except KeyboardInterrupt:
            # It may have come between the two.
            self._pipeline.stop(0.5)
            raise

    def __repr__(self) -> str:
        return f"<Flow of {self._pipeline.name!r}: {', '.join(self._streams) or 'no streams'}>"
