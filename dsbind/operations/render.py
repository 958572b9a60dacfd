# SPDX-License-Identifier: Apache-2.0
"""`render`: showing the video, serving it, or dropping it."""

from __future__ import annotations

import enum
import os
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    DisplayError,
    UnsupportedError,
    shown,
    warn_unknown_property,
)
from dsbind.operations.base import Chain, MediaType, StreamInfo, operation
from dsbind.operations.destinations import port_of
from dsbind.operations.parts import Part, add_parts, need

if TYPE_CHECKING:
    from dsbind.flow import Flow


class RenderMode(enum.Enum):
    """What `Flow.render` does with the video."""

    #: Show it in a window.
    DISPLAY = 1
    #: Drop it; for flows whose work is done in probes.
    DISCARD = 2
    #: Serve it over RTSP.
    STREAM = 3


class Render(Chain):
    """`render`."""

    @operation
    def render(
        self,
        mode: RenderMode = RenderMode.DISPLAY,
        enable_osd: bool = True,
        rtsp_mount_point: str = "ds-test5",
        rtsp_port: int = 8554,
        seg_mask_config: Mapping[str, object] | None = None,
        **kwargs: Any,
    ) -> Flow:
        """Show the video, serve it over RTSP, or drop it. Ends the flow.

        Several sources become one mosaic. Closing the window ends the flow as `Pipeline.stop` does.

        Parameters
        ----------
        mode
            DISPLAY, DISCARD or STREAM.
        enable_osd
            Whether boxes and texts are drawn; not for DISCARD.
        rtsp_mount_point, rtsp_port
            For STREAM: clients of this machine read rtsp://localhost:8554/ds-test5.
        seg_mask_config
            Properties of `nvsegvisual`, which colours what a segmentation found. None: do not.
        **kwargs
            Properties of the sink, such as `sync`; of these STREAM takes `sync` only (False).
            `width` and `height` in pixels of a mosaic (1920 x 1080); `gpu_id`.

        Raises
        ------
        ConfigError
            The mode, port or mount point cannot be.
        DisplayError
            There is no display.
        MissingElementError
            An element is not installed; the message names what to install.
        """
        stream = self._single_stream()
        if not isinstance(mode, RenderMode):
            raise ConfigError(
                f"Invalid render mode: {shown(mode)}; use RenderMode.DISPLAY, DISCARD or STREAM"
            )
        options = {key.replace("_", "-"): value for key, value in kwargs.items()}
        if stream.media_type is MediaType.AUDIO:
            return self._play(stream, mode, options)
        if mode is RenderMode.DISCARD:
            return self._end(stream, [Part("sink", "fakesink", options)], ("sink",))

        gpu = {"gpu-id": options["gpu-id"]} if "gpu-id" in options else {}
        parts = [Part("convert", "nvvideoconvert", gpu)]
        if seg_mask_config is not None:
            parts.append(Part("nvsegvisual", "nvsegvisual", {**_masks(seg_mask_config), **gpu}))
        if self._batch_size > 1:
            size = {key: options.pop(key, default) for key, default in _MOSAIC.items()}
            parts.append(Part("tiler", "nvmultistreamtiler", {**size, **gpu}))
        if enable_osd:
            parts.append(Part("osd", "nvdsosd", {"display-mask": True, **gpu}))
        if mode is RenderMode.DISPLAY:
            parts.append(Part("sink", _display_sink(), options))
        else:
            server = _server(rtsp_mount_point, rtsp_port, options)
            parts.append(Part("sink", "nvrtspoutsinkbin", server))
        return self._end(stream, parts, _ROLES)

    def _end(self, stream: StreamInfo, parts: list[Part], roles: tuple[str, ...]) -> Flow:
        need(parts)
        return self._continue(stream, add_parts(self._pipeline, "render", roles, parts), end=True)

    def _play(self, stream: StreamInfo, mode: RenderMode, options: dict[str, Any]) -> Flow:
        if mode is RenderMode.STREAM:
            raise UnsupportedError("render(STREAM): this release serves no audio")
        sink = str(options.pop("audio-sink", "autoaudiosink"))
        parts = [
            Part("queue", "queue", {}),
            Part("audioconvert", "audioconvert", {}),
            Part("audioresample", "audioresample", {}),
            Part("sink", sink if mode is RenderMode.DISPLAY else "fakesink", options),
        ]
        return self._end(stream, parts, ("sink",))


# Their names are counted in this order, used or not.
_ROLES = ("sink", "tiler", "convert", "osd", "nvsegvisual")
_MOSAIC: dict[str, object] = {
    "width": Chain.DEFAULT_PICTURE_WIDTH,
    "height": Chain.DEFAULT_PICTURE_HEIGHT,
}


def _masks(config: Mapping[str, object]) -> dict[str, object]:
    if not isinstance(config, Mapping):
        raise ArgumentTypeError(
            f"seg_mask_config is a mapping of nvsegvisual's properties, not {shown(config)}"
        )
    given = {key.replace("_", "-"): value for key, value in config.items()}
    return {"original-background": 1, "alpha": 0.5, **given}


def _server(mount: object, port: object, options: Mapping[str, object]) -> dict[str, object]:
    if not isinstance(mount, str) or not mount.strip("/"):
        raise ConfigError(f"rtsp_mount_point is a name such as 'ds-test5', not {shown(mount)}")
    for name in options:
        if name not in ("sync", "gpu-id"):
            warn_unknown_property("render(STREAM)", name, ("sync", "gpu-id", "width", "height"))
    return {
        "rtsp-port": port_of(port, "render(STREAM)"),
        "rtsp-mount-point": "/" + mount.strip("/"),
        "sync": options.get("sync", False),
    }


def _display_sink() -> str:
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise DisplayError(
            "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Use "
            "RenderMode.DISCARD to run without showing, or encode('out.mp4') to write a file"
        )
    from dsbind import gst

    # What DeepStream has on Jetson; the bundled libraries show everywhere by the other.
    jetson = platform.machine() == "aarch64" and gst.has_element("nv3dsink")
    return "nv3dsink" if jetson else "nveglglessink"
