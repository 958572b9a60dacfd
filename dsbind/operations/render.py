# SPDX-License-Identifier: Apache-2.0
"""`render`: showing the video, or dropping it."""

from __future__ import annotations

import enum
import os
import platform
from typing import TYPE_CHECKING, Any

from dsbind.errors import ConfigError, DisplayError, UnsupportedError
from dsbind.operations.base import Chain, name_of

if TYPE_CHECKING:
    from dsbind.flow import Flow


class RenderMode(enum.Enum):
    """What `Flow.render` does with the video."""

    #: Show it in a window.
    DISPLAY = 1
    #: Drop it; for flows whose work is done in probes.
    DISCARD = 2
    #: Serve it over RTSP; not in this release.
    STREAM = 3


class Render(Chain):
    """`render`."""

    def render(
        self,
        mode: RenderMode = RenderMode.DISPLAY,
        enable_osd: bool = True,
        **kwargs: Any,
    ) -> Flow:
        """Show the video, or drop it. Ends the flow.

        Parameters
        ----------
        mode
            DISPLAY or DISCARD.
        enable_osd
            Whether boxes and texts are drawn; for DISPLAY.
        **kwargs
            Properties of the sink, such as `sync`; `width` and `height` in pixels of the mosaic
            where DISPLAY shows several sources.

        Raises
        ------
        DisplayError
            There is no display.
        """
        stream = self._single_stream()
        if not isinstance(mode, RenderMode):
            raise ConfigError(f"Invalid render mode: {mode!r}; use RenderMode.DISPLAY or DISCARD")
        if mode is RenderMode.STREAM:
            raise UnsupportedError("render(STREAM): this release serves no RTSP; use encode()")
        options = {key.replace("_", "-"): value for key, value in kwargs.items()}
        if mode is RenderMode.DISCARD:
            sink = name_of("render", "sink")
            self._pipeline.add("fakesink", sink, options)
            return self._continue(stream, [sink], end=True)

        factory = _display_sink()
        sink, tiler, convert, osd = (
            name_of("render", role) for role in ("sink", "tiler", "convert", "osd")
        )
        gpu = {"gpu-id": options["gpu-id"]} if "gpu-id" in options else {}
        chain = [convert]
        self._pipeline.add("nvvideoconvert", convert, gpu)
        if self._batch_size > 1:
            sizes = ("width", "height")
            size: dict[str, object] = {key: options.pop(key) for key in sizes if key in options}
            self._pipeline.add("nvmultistreamtiler", tiler, {**size, **gpu})
            chain.append(tiler)
        if enable_osd:
            self._pipeline.add("nvdsosd", osd, {"display-mask": True, **gpu})
            chain.append(osd)
        self._pipeline.add(factory, sink, options)
        return self._continue(stream, [*chain, sink], end=True)


def _display_sink() -> str:
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise DisplayError(
            "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Use "
            "RenderMode.DISCARD to run without showing, or encode('out.mp4') to write a file"
        )
    return "nv3dsink" if platform.machine() == "aarch64" else "nveglglessink"
