# SPDX-License-Identifier: Apache-2.0
"""Operations between a flow's sources and its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dsbind.errors import (
    ArgumentTypeError,
    FlowError,
    MissingElementError,
    absolute,
    add_text,
    missing_file,
    shown,
    warn_of_config,
)
from dsbind.operations.base import (
    Chain,
    MediaType,
    StreamInfo,
    name_of,
    note_gpu,
    operation,
    parse_stream_info,
    properties_of,
)
from dsbind.paths import local

if TYPE_CHECKING:
    from dsbind.attaching import Attachable
    from dsbind.flow import Flow
    from dsbind.tensor import Tensor

Path = str | os.PathLike[str]

# What brings frames one by one.
_SINGLE = {"nvurisrcbin", "appsrc", "decodebin", "nvdsdynamicsrcbin"}
_BATCHING = {"nvstreammux", "nvmultiurisrcbin"}
_DETECTING = {"nvinfer", "nvinferserver", "nvdspreprocess", "nvdsvideotemplate"}


class Steps(Chain):
    """`batch`, `decode`, `select`, `infer`, `track`, `analyze`, `preprocess`, `apply`, `attach`,
    `fork`."""

    @operation
    def batch(self, **kwargs: object) -> Flow:
        """Put the streams together in batches, in their order: the first one is source 0.

        Parameters
        ----------
        **kwargs
            Properties of the muxer: `batch_size` (the number of streams), `width` (1920) and
            `height` (1080) in pixels, `batched_push_timeout`, `live_source`, `gpu_id` (0), others.

        Raises
        ------
        FlowError
            There is no stream, or they are batched already.
        """
        if not self._streams:
            raise FlowError(
                "Upstream error: no stream found; start with capture() or inject(), and add "
                "nothing after render(), encode(), retrieve() or publish()"
            )
        if self._batch_size:
            raise FlowError(
                "Upstream error: already batched; call batch() once, and not after batch_capture()"
            )
        streams = [parse_stream_info(stream) for stream in self._streams]
        if len({stream.media_type for stream in streams}) > 1:
            raise FlowError(
                "Upstream error: audio and video cannot be batched together; "
                "choose one with select()"
            )
        for stream in streams:
            self._need_frames(stream)
        properties = {
            "batch-size": len(streams),
            "width": self.DEFAULT_PICTURE_WIDTH,
            "height": self.DEFAULT_PICTURE_HEIGHT,
            "gpu-id": 0,
            **properties_of(kwargs),
            "compute-hw": 1,
        }
        if "gpu_id" in kwargs:
            note_gpu("batch", properties["gpu-id"])
        mux = name_of("batch", "mux")
        self._pipeline.add("nvstreammux", mux, properties)
        for stream in streams:
            self._link(stream, mux, "sink_%u")
        self._batch_size = len(streams)
        return self._flow([StreamInfo(mux)])

    @operation
    def decode(self, **kwargs: object) -> Flow:
        """Decode each stream: JPEG, PNG, H.264, H.265 and whatever GStreamer knows.

        Parameters
        ----------
        **kwargs
            Properties of the decoder; `gpu_id` is for the conversion after it.

        Raises
        ------
        FlowError
            There is no stream, or they are batched already.
        """
        if not self._streams:
            raise FlowError("Upstream error: no stream found; start with inject() or capture()")
        if self._batch_size:
            raise FlowError("Upstream error: already batched; call decode() before batch()")
        properties = properties_of(kwargs)
        gpu = {key: properties.pop(key) for key in ("gpu-id",) if key in properties}
        note_gpu("decode", gpu.get("gpu-id"))
        decoded = []
        for stream in map(parse_stream_info, self._streams):
            decoder = name_of("decode", "decode")
            converter = name_of("decode", "converter")
            self._pipeline.add("decodebin", decoder, properties)
            self._pipeline.add("nvvideoconvert", converter, {**gpu, "compute-hw": 1})
            self._link(stream, decoder)
            self._pipeline.link(decoder, converter)
            decoded.append(StreamInfo(converter))
        return self._flow(decoded)

    @operation
    def select(
        self, media_type: MediaType | str | None = None, originator: str | None = None
    ) -> Flow:
        """Go on with some of the streams.

        Parameters
        ----------
        media_type
            Those of this kind.
        originator
            Those that come from the element of this name.

        Raises
        ------
        FlowError
            There is none.
        """
        streams = [parse_stream_info(stream) for stream in self._streams]
        chosen = [
            stream
            for stream in streams
            if media_type in (None, stream.media_type) and originator in (None, stream.originator)
        ]
        if not chosen:
            there = ", ".join(f"{s.originator} ({s.media_type.value})" for s in streams) or "none"
            raise FlowError(f"No stream matched the selection; the streams are: {there}")
        self._pipeline._graph.left_out.update(
            stream.originator for stream in streams if stream not in chosen
        )
        return self._flow(chosen)

    @operation
    def infer(
        self,
        config: Path,
        with_triton: bool = False,
        *,
        parser: Callable[[dict[str, Tensor]], object] | None = None,
        **kwargs: object,
    ) -> Flow:
        """Run a model on each batch.

        Parameters
        ----------
        config
            Path of the model's configuration file.
        parser
            Reads the boxes out of the model's output, instead of the one that the configuration
            names: it gets a dict of the layers, by name, which share the model's memory, and
            returns an array (N, 6) of class, confidence, left, top, right, bottom, in pixels of
            the network's input. A function of `numba.njit` gets arrays instead, one for each layer.
            For a model of objects it is called for each of them. What it raises stops the pipeline.
        **kwargs
            Properties of the element, such as `unique_id` or `interval`; they go before the file's.

        Raises
        ------
        FlowError
            The streams are not batched.
        MissingFileError
            There is no such file. What is wrong in it is raised when the flow starts.
        """
        stream = self._batched_stream("infer")
        path = _file("infer", "Inference config must be a file path", config)
        properties: dict[str, object] = {"config-file-path": path}
        if self._batch_size:
            properties["batch-size"] = self._batch_size
        factory = "nvinferserver" if with_triton else "nvinfer"
        properties |= properties_of(kwargs)
        if parser is None:
            return self._step("infer", "infer", factory, properties, stream)
        from dsbind.parsing import ParserOperator, labels_of, properties_for_parser
        from dsbind.probes import Probe

        flow = self._step("infer", "infer", factory, properties_for_parser(properties), stream)
        node = self._pipeline[flow._streams[0].originator]
        return flow.attach(Probe("parser", ParserOperator(parser, node, labels_of(path))))

    @operation
    def track(self, **kwargs: object) -> Flow:
        """Follow the objects from frame to frame and give them ids; put it after `infer`.

        Parameters
        ----------
        **kwargs
            Properties of the tracker: `ll_config_file`, the path of its configuration file;
            `ll_lib_file`, a library other than dsbind's own; `tracker_width` (960) and
            `tracker_height` (544), `sub_batches`, `display_tracking_id`, others.

        Raises
        ------
        FlowError
            The streams are not batched.
        MissingFileError
            There is no such configuration file. What is wrong in it is raised when the flow
            starts.
        """
        stream = self._batched_stream("track")
        before = self._before(stream.originator)
        graph = self._pipeline._graph
        if _known(before) and not (
            _DETECTING.intersection(before.values())
            or any(target in before for target, _ in graph.attached)
        ):
            warn_of_config(
                "track() comes before infer(): there are no objects yet that it could track; call "
                "infer() first, or attach a probe that adds objects"
            )
        properties = properties_of(kwargs)
        if (config := properties.get("ll-config-file")) not in (None, ""):
            # One for each of the sub-batches, where there are several.
            several = isinstance(config, str) and properties.get("sub-batches")
            paths = str(config).split(";") if several else [config]
            wrong = "Tracker config must be a file path"
            properties["ll-config-file"] = ";".join(_file("track", wrong, one) for one in paths)
        if isinstance(library := properties.get("ll-lib-file"), os.PathLike):
            properties["ll-lib-file"] = os.fspath(library)
        return self._step("track", "tracker", "nvtrackerbin", properties, stream)

    @operation
    def analyze(self, config: Path, **kwargs: object) -> Flow:
        """Watch regions and lines: what is in them, what crosses them, in which direction.

        Parameters
        ----------
        config
            Path of the configuration file.
        **kwargs
            Properties of the element.

        Raises
        ------
        FlowError
            The streams are not batched.
        MissingFileError
            There is no such file.
        """
        stream = self._batched_stream("analyze")
        path = _file("analyze", "Analytics config must be a file path", config)
        properties = {"config-file": path, **properties_of(kwargs)}
        return self._step("analyze", "analyze", "nvdsanalytics", properties, stream)

    @operation
    def preprocess(
        self,
        config_file: Path,
        tensor_generator: Callable[[int], Mapping[str, object]] | None = None,
        **kwargs: object,
    ) -> Flow:
        """Make the model's input tensors before `infer(config, input_tensor_meta=True)`.

        Parameters
        ----------
        config_file
            Path of the configuration file.
        tensor_generator
            Makes further tensors: called with the number of frames of each batch, it returns a dict
            of tensors or arrays by the name of the model's input. Image i shows frame i.
        **kwargs
            Properties of the element; `target_unique_ids` is "1" by default: the `gie-unique-id` of
            the model that the tensors are for.

        Raises
        ------
        MissingFileError
            There is no such file.
        """
        if not self._streams:
            raise FlowError("Upstream error: no stream found; start with batch_capture()")
        path = _file("preprocess", "Preprocess config must be a file path", config_file)
        properties = {"config-file": path, "target-unique-ids": "1", **properties_of(kwargs)}
        properties["target-unique-ids"] = str(properties["target-unique-ids"])
        stream = parse_stream_info(self._streams[0])
        if tensor_generator is not None:
            from dsbind.generating import TensorOperator, first_target
            from dsbind.probes import Probe

            operator = TensorOperator(
                tensor_generator, first_target(properties["target-unique-ids"])
            )
            self._pipeline.attach(stream.originator, Probe("probe", operator), tips=stream.template)
        flow = self._step("preprocess", "preprocess", "nvdspreprocess", properties, stream)
        return flow._step("preprocess", "queue", "queue", {}, flow._single_stream())

    @operation
    def apply(
        self,
        template_config: Path | None = None,
        template_lib: Path | None = None,
        **kwargs: object,
    ) -> Flow:
        """Run frames through a library of the user's.

        Parameters
        ----------
        template_config
            Path of its configuration file.
        template_lib
            Path of the library.
        **kwargs
            Properties of the element.
        """
        stream = self._single_stream()
        properties = properties_of(kwargs)
        if template_config is not None:
            properties["config-file"] = _file(
                "apply", "Template config must be a file path", template_config
            )
        if template_lib is not None:
            properties["customlib-name"] = os.fspath(template_lib)
        return self._step("apply", "template", "nvdsvideotemplate", properties, stream)

    @operation
    def attach(
        self,
        what: Attachable | str,
        name: str = "",
        tips: str = "",
        properties: Mapping[str, object] | None = None,
    ) -> Flow:
        """Attach a probe to the last element of each stream.

        After `fork`, the probe begins a branch: it sees what that branch gets, and what it changes
        is seen in that branch only. Go on with the flow that is returned.

        Parameters
        ----------
        what
            A `Probe`, or the name of a factory of probes.
        name
            The probe's name, where `what` is the name of a factory.
        tips
            Name of the source pad to watch; the last one where it is empty.
        properties
            Of the probe, where `what` is the name of a factory.
        """
        if not self._streams:
            raise FlowError(
                "Upstream error: no stream found; attach() comes after the operation whose frames "
                "it sees, and before render(), encode(), retrieve() or publish()"
            )
        streams = []
        for stream in map(parse_stream_info, self._streams):
            with self._branch(stream) as place:
                if place != stream.originator:
                    stream = StreamInfo(place, "", stream.media_type)
                self._pipeline.attach(place, what, name, tips or stream.template, properties)
            streams.append(stream)
        return self._flow(streams)

    @operation
    def fork(self, **kwargs: object) -> Flow:
        """Split the stream: each operation called on the flow returned begins a branch.

        Every branch gets every frame through a queue of its own, and what one branch draws or adds
        is not seen in the others. A branch that fails is set aside; the others go on, and its error
        is raised at the end. A branch that is slow holds the others back once its queue is full, so
        that nothing is lost: `fork(leaky="downstream")` has such a branch lose its oldest frames
        instead.

        Parameters
        ----------
        **kwargs
            Properties of the queues, such as `leaky` or `max_size_buffers` (3 batches).

        Examples
        --------
        >>> flow = Flow(Pipeline("p")).batch_capture(["street.mp4"]).infer("detector.txt").fork()
        >>> flow.encode("street-boxes.mp4")
        >>> flow.render()
        >>> flow()
        """
        stream = self._single_stream()
        properties = properties_of(kwargs)
        flow = self._step("fork", "tee", "tee", {}, stream)
        tee = flow._streams[0].originator
        flow._streams = [StreamInfo(tee, "", stream.media_type)]
        self._pipeline._graph.branches.forks[tee] = properties
        return flow

    def _step(
        self,
        method: str,
        role: str,
        factory: str,
        properties: Mapping[str, object],
        stream: StreamInfo,
    ) -> Flow:
        """Put one element behind a stream."""
        note_gpu(method, properties.get("gpu-id"))
        name = name_of(method, role)
        try:
            self._pipeline.add(factory, name, properties)
        except MissingElementError as error:
            add_text(error, f"{method}() needs it")
            raise
        return self._continue(stream, [name])

    def _need_frames(self, stream: StreamInfo) -> None:
        """Refuse pictures that are encoded still."""
        element = self._pipeline._graph.elements.get(stream.originator)
        if element is not None and element.factory == "appsrc":
            caps = str(element.get("caps"))
            if caps.startswith("image/"):
                kind = caps.partition(",")[0]
                raise FlowError(
                    f"{stream.originator!r} gives {kind}, which has no frames yet: call decode() "
                    "before batch()"
                )

    def _batched_stream(self, method: str) -> StreamInfo:
        """The stream, where it is not known to come frame by frame."""
        stream = self._single_stream()
        before = self._before(stream.originator)
        if _known(before) and not _BATCHING.intersection(before.values()):
            raise FlowError(
                f"Upstream error: multiple streams must be batched; {method}() works on batches, "
                "also of one stream: call batch() before it"
            )
        return stream

    def _before(self, name: str) -> dict[str, str]:
        """The kinds, by name, of an element and of all that leads to it."""
        graph = self._pipeline._graph
        names = [name]
        for current in names:
            for source, targets in graph.links.items():
                if source not in names and any(target == current for target, _ in targets):
                    names.append(source)
        return {name: graph.elements[name].factory for name in names if name in graph.elements}


def _known(before: Mapping[str, str]) -> bool:
    """Whether it can be told what the elements make: those of flows, not ones made by hand."""
    kinds = set(before.values())
    return bool(kinds & (_SINGLE | {"nvmultiurisrcbin"})) and not any(
        "mux" in kind or "batch" in kind for kind in kinds - _BATCHING
    )


def _file(method: str, wrong: str, path: object) -> str:
    """The absolute path of a file that is there."""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    if not isinstance(path, str):
        raise ArgumentTypeError(f"{wrong}, not {shown(path)}")
    path = local(path)
    if not os.path.exists(path):
        raise missing_file(path, f"{method}() needs its configuration file")
    return absolute(path)
