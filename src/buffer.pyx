# SPDX-License-Identifier: Apache-2.0
"""Buffers of a pipeline: those in flight, and those that a program makes."""

cimport cython

from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from dsbind.capi.dlpack cimport DL_UINT
from dsbind.capi.gst cimport *
from dsbind.capi.gstnvdsmeta cimport gst_buffer_get_nvds_batch_meta
from dsbind.capi.nvds_latency_meta cimport (
    NvDsFrameLatencyInfo,
    nvds_get_enable_latency_measurement,
    nvds_measure_buffer_latency,
)
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind._dlpack cimport drop
from dsbind._cuda cimport wait_for_default
from dsbind._gpubuffer cimport surface_over
from dsbind._held cimport hold, is_crowded
from dsbind._lease cimport ALWAYS, CLOSED, references
from dsbind._memory cimport packed_from
from dsbind._stack cimport stack
from dsbind.meta cimport wrap_batch
from dsbind.surface cimport convert_frame, find_surface, view_frame
from dsbind.tensor cimport Keeper, empty_tensor, is_pitched, pack, packed_tensor

from dsbind.errors import ArgumentTypeError, ConfigError
from dsbind.surface import SurfaceError
from dsbind.tensor import as_tensor

__all__ = ("Buffer",)

cdef object NOTHING = object()


@cython.final
cdef class Buffer:
    """Hold what flows through a pipeline: pixels and their metadata, or bytes.

    One that a callback receives is valid until the callback returns. One that a program makes, to
    return it from `BufferProvider.generate`, is the program's; `Buffer()` ends the stream.

    Parameters
    ----------
    data : optional
        The bytes: a list or tuple of numbers from 0 to 255, bytes, bytearray, memoryview, or a
        NumPy array, `Tensor` or DLPack object of uint8. Arrays are held, not copied, unless they
        have gaps other than between their rows: do not change one before it has left the pipeline.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self, data=NOTHING):
        if self.lease is not CLOSED:
            raise TypeError("a Buffer cannot be initialised twice")
        if data is not NOTHING:
            self.content = content_of(data)
        self.lease = ALWAYS

    def __dealloc__(self):
        if self.held != NULL:
            (<Held>self.held).link = NULL

    cdef GstBuffer *get(self) except NULL:
        self.lease.check()
        if self.buffer == NULL:
            raise ConfigError("this Buffer was made by the program and is in no pipeline; only "
                              "those that a callback receives have frames")
        return self.buffer

    @property
    def batch_size(self):
        """Number of frames; 1 for a plain buffer, 0 for an empty one."""
        cdef NvBufSurface *surface
        self.lease.check()
        if self.buffer == NULL:
            return int(bool(self.content))
        surface = find_surface(self.buffer)
        if surface != NULL:
            return surface.numFilled
        return 1 if gst_buffer_get_size(self.buffer) else 0

    @property
    def batch_meta(self):
        """The metadata of the batch, a `BatchMetadata`; None when the buffer carries none."""
        cdef NvDsBatchMeta *meta
        self.lease.check()
        if self.buffer == NULL:
            return None
        meta = gst_buffer_get_nvds_batch_meta(self.buffer)
        return None if meta == NULL else wrap_batch(meta, self.lease)

    @property
    def timestamp(self):
        """Presentation time in nanoseconds; 2**64 - 1 when there is none."""
        self.lease.check()
        return <uint64_t>(GST_CLOCK_TIME_NONE if self.buffer == NULL else self.buffer.pts)

    def extract(self, batch_id, format=None, *, writable=False, retain=True):
        """View one frame of the batch, without a copy.

        It holds the buffer, so it may be kept; but as long as it is kept, elements downstream that
        change the pixels work on a copy. `clone()` what is kept for long. Where a pool has only so
        many buffers and those held are nearly all, it gives read-only copies.

        Parameters
        ----------
        batch_id : int
            Index of the frame in the batch (`FrameMetadata.batch_id`).
        format : ColorFormat, optional
            Convert the frame, into memory of its own.
        writable : bool, optional
            Be able to change the pixels, for the elements downstream to see: where somebody else
            holds them too, the batch gets pixels of its own first. Without it the tensor is
            writable only where nobody else does; in a retriever, the sink does.
        retain : bool, optional
            False for a tensor that does not hold the buffer: to look at the pixels until the
            callback returns, after which it raises `StaleMetadataError`. Arrays made from it hold
            the buffer as long as there are any.

        Returns
        -------
        Tensor or tuple of Tensor
            uint8, with rows padded as they are in memory: (H, W, 3) for RGB and BGR, (H, W, 4) for
            RGBA and BGRA, (H, W) for GRAY8; for NV12 two, (H, W) and (H/2, W/2, 2); for I420 three.

        Raises
        ------
        IndexError
            The batch has no such frame.
        ConfigError
            The buffer carries no `NvBufSurface`.
        SurfaceError
            The pixels cannot be shown, converted or changed.
        """
        cdef NvBufSurface *surface
        cdef Py_ssize_t index = batch_id
        self.get()
        self.lease.pin()
        try:
            surface = self.surface_of()
            if not 0 <= index < surface.numFilled:
                raise IndexError(f"batch_id {batch_id} of a batch with {surface.numFilled} frames")
            if format is not None:
                return convert_frame(surface, index, format)
            return self.planes(surface, index, writable, retain)
        finally:
            self.lease.unpin()

    def extract_batch(self, *, writable=False, retain=True):
        """View all frames of the batch, without a copy.

        Parameters
        ----------
        writable, retain : bool, optional
            As for `extract`.

        Returns
        -------
        Tensor, tuple of Tensor, or list
            One tensor with all frames, (N, H, W, C) or (N, H, W), where they have one size and lie
            at equal distances, as those of a converter's or muxer's pool do; for NV12 and I420 a
            tuple of one for each plane. Else a list of what `extract` gives for each; empty when
            the batch is.

        Raises
        ------
        ConfigError
            The buffer carries no `NvBufSurface`.
        SurfaceError
            The pixels cannot be shown or changed.
        """
        cdef NvBufSurface *surface
        cdef Py_ssize_t i
        cdef list frames
        self.get()
        self.lease.pin()
        try:
            surface = self.surface_of()
            # All frames of the batch have one set of pixels, so that the first moves all.
            frames = [self.planes(self.surface_of(), i, writable, retain)
                      for i in range(surface.numFilled)]
        finally:
            self.lease.unpin()
        if not frames:
            return frames
        if not isinstance(frames[0], tuple):
            whole = stack(frames)
            return frames if whole is None else whole
        if len({len(frame) if isinstance(frame, tuple) else 1 for frame in frames}) != 1:
            return frames
        planes = tuple([stack(list(plane)) for plane in zip(*frames, strict=True)])
        return frames if None in planes else planes

    cdef NvBufSurface *surface_of(self) except NULL:
        cdef NvBufSurface *surface = find_surface(self.buffer)
        if surface == NULL:
            surface = self.plain
        if surface == NULL:
            raise ConfigError("this buffer carries no NvBufSurface, only memory:NVMM does; "
                              "attach the probe to an element after nvstreammux or "
                              "nvvideoconvert")
        return surface

    cdef object planes(self, NvBufSurface *surface, Py_ssize_t index, bint writable, bint retain):
        """The planes of a frame that exists. The lease is pinned."""
        cdef bint changeable = self.sole and is_exclusive(self.buffer)
        cdef Leased lent
        if writable and not changeable:
            surface = self.writable_surface()
            changeable = True
        if retain and (writable or not is_crowded(self.buffer, self.place)):
            return view_frame(surface, index, self.hold(), not changeable)
        lent = Leased.__new__(Leased)
        lent.view = self
        lent.moves = self.moves
        lent.writable = writable
        frame = view_frame(surface, index, lent, not changeable)
        if not retain:
            return frame
        return tuple([copy_of_plane(plane) for plane in frame]) if isinstance(frame, tuple) \
            else copy_of_plane(frame)

    cdef Held hold(self):
        """What holds the buffer, one for all tensors. The lease is pinned."""
        cdef Held held
        if self.held != NULL:
            return <Held>self.held
        held = hold(self.buffer, self.place)
        # Another thread may have been faster.
        if self.held != NULL:
            return <Held>self.held
        held.link = &self.held
        self.held = <void *>held
        return held

    cdef NvBufSurface *writable_surface(self) except NULL:
        """The surface, of pixels that nobody else sees. The lease is pinned."""
        cdef GstMapInfo map
        cdef gboolean mapped = False
        cdef NvBufSurface *surface = NULL
        cdef GstMemory *memory = gst_buffer_peek_memory(self.buffer, 0)
        # `plain` describes the memory that is there, which making it writable may replace.
        if self.plain == NULL and gst_buffer_is_writable(self.buffer):
            with nogil:
                mapped = gst_buffer_map(self.buffer, &map, GST_MAP_READWRITE)
            if mapped:
                gst_buffer_unmap(self.buffer, &map)
                surface = find_surface(self.buffer)
                self.moves += gst_buffer_peek_memory(self.buffer, 0) != memory
        if surface == NULL:
            raise SurfaceError("the pixels of this buffer cannot be changed: somebody else holds "
                               "it, which is another branch, a retriever's own sink, or a Tensor "
                               "extracted before. clone() the frame to change a copy")
        return surface

    def get_chunk_id(self, batch_id):
        """Tell which source a frame of the batch comes from, as `SourceManager.add_source` counts.

        Returns
        -------
        int
            Its `source_id`; -1 where there is no such frame, or no metadata.
        """
        batch = self.batch_meta
        for frame in () if batch is None else batch.frame_items:
            if frame.batch_id == batch_id:
                return frame.source_id
        return -1

    def measure_latency(self):
        """Measure how long the frames of the batch took to get here.

        Only where the environment has NVDS_ENABLE_LATENCY_MEASUREMENT=1, from before the pipeline
        starts.

        Returns
        -------
        list of dict
            One for each frame: `source_id`, `frame_num`, and `latency` in milliseconds. Empty when
            nothing is measured.
        """
        cdef NvDsFrameLatencyInfo *info
        cdef NvDsBatchMeta *batch
        cdef unsigned int count
        self.lease.check()
        batch = NULL if self.buffer == NULL else gst_buffer_get_nvds_batch_meta(self.buffer)
        if batch == NULL or not nvds_get_enable_latency_measurement():
            return []
        info = <NvDsFrameLatencyInfo *>calloc(batch.max_frames_in_batch + 1,
                                              sizeof(NvDsFrameLatencyInfo))
        if info == NULL:
            raise MemoryError()
        self.lease.pin()
        try:
            with nogil:
                count = nvds_measure_buffer_latency(self.buffer, info)
            return [{"source_id": info[i].source_id, "frame_num": info[i].frame_num,
                     "latency": info[i].latency} for i in range(count)]
        finally:
            self.lease.unpin()
            free(info)

    def __reduce__(self):
        raise TypeError("a Buffer cannot be pickled: it is memory of this process; send "
                        "numpy.array() of what you extract")

    def __repr__(self):
        if not self.lease.open:
            return "<Buffer that is gone>"
        if self.buffer == NULL:
            if self.content is None:
                return "<Buffer that ends the stream>"
            if self.color:
                return f"<Buffer over {self.content!r}>"
            return f"<Buffer of {self.content.size()} bytes>"
        return f"<Buffer batch_size={self.batch_size} timestamp={self.timestamp}>"


@cython.final
cdef class Leased(Keeper):
    """Owner of tensors that hold nothing: pixels of a buffer in flight."""

    cdef Buffer view
    cdef unsigned int moves
    # What is written has to reach the elements downstream.
    cdef bint writable

    cdef object keep(self):
        self.view.lease.pin()
        try:
            if self.moves != self.view.moves:
                raise BufferError("the batch has got other pixels since, by "
                                  "extract(writable=True): extract the frame again")
            self.scarce = not self.writable and is_crowded(self.view.buffer, self.view.place)
            return self.view.hold()
        finally:
            self.view.lease.unpin()


cdef Tensor copy_of_plane(Tensor plane):
    """A read-only copy of pixels that stay meanwhile."""
    cdef Tensor copy
    copy = plane.copied(None)
    copy.readonly = True
    return copy


cdef bint is_exclusive(GstBuffer *buffer) noexcept:
    """Whether nobody else sees the one memory of a buffer."""
    cdef GstMemory *memory = gst_buffer_peek_memory(buffer, 0)
    cdef GstMapInfo map
    if not gst_memory_map(memory, &map, GST_MAP_READWRITE):
        return False
    gst_memory_unmap(memory, &map)
    return True


cdef Tensor content_of(object data):
    """The bytes that somebody gave for a buffer, without gaps."""
    cdef Tensor content
    if isinstance(data, (list, tuple)):
        data = bytes_of(data)
    elif isinstance(data, (str, Buffer)):
        raise ArgumentTypeError(f"a Buffer is made of bytes, numbers or an array, not of {data!r}")
    content = as_tensor(data)
    if content.type.code != DL_UINT or content.type.bits != 8:
        raise ArgumentTypeError(f"a Buffer holds bytes, not {content!r}; convert it by "
                                ".astype(numpy.uint8), or give its memory by .view(numpy.uint8)")
    content.need_cpu("make a Buffer of")
    if not content or is_pitched(content):
        return content
    return pack(content)


cdef bytes bytes_of(object numbers):
    """The bytes with these values."""
    try:
        return bytes(numbers)
    except (TypeError, ValueError, OverflowError):
        for i, number in enumerate(numbers):
            try:
                bytes((number,))
            except TypeError:
                raise ArgumentTypeError(f"a Buffer holds whole numbers from 0 to 255, not "
                                        f"{number!r} at position {i}") from None
            except (ValueError, OverflowError):
                raise ConfigError(f"a Buffer holds numbers from 0 to 255, not {number} at "
                                  f"position {i}") from None
        raise


cdef Buffer wrap_buffer(GstBuffer *buffer, Lease lease):
    cdef Buffer view = Buffer.__new__(Buffer)
    view.lease = lease
    view.buffer = buffer
    view.sole = gst_buffer_is_writable(buffer)
    return view


def _of_picture(Tensor frame not None, int color):
    """A buffer of a (H, W, C) picture, for `Tensor.wrap`."""
    cdef Buffer made
    if frame.on_cpu():
        return Buffer(video_rows(frame))
    if packed_from(3, frame.dims, frame.steps, 1) > 1 or frame.steps[0] < 0:
        frame = frame.copied(None)
    # Elements of the pipeline do not know what the program has under way.
    wait_for_default(frame.device.device_id)
    made = Buffer.__new__(Buffer)
    made.content = frame
    made.color = color
    made.lease = ALWAYS
    return made


cdef Tensor video_rows(Tensor frame):
    """The bytes of a (H, W, C) frame, of whole words in each row as GStreamer wants: H rows.

    Rows that are whole words already stay where they are.
    """
    cdef Tensor tight = frame
    cdef Py_ssize_t row = frame.dims[1] * frame.dims[2]
    cdef Py_ssize_t pitch = (row + 3) // 4 * 4
    cdef Py_ssize_t[2] dims = [frame.dims[0], pitch]
    cdef Py_ssize_t i
    cdef Tensor rows
    if packed_from(3, frame.dims, frame.steps, 1) > 1:
        # Pixels apart from each other, for example channels in reverse.
        tight = frame.clone()
    if pitch == row and (tight.contiguous() or is_pitched(tight)):
        rows = packed_tensor(tight, tight.data, 2, dims, tight.type, True)
        if not tight.contiguous():
            rows.steps[0] = tight.steps[0]
        return rows
    rows = empty_tensor(2, dims, tight.type)
    with nogil:
        for i in range(tight.dims[0]):
            memcpy(<char *>rows.data + i * pitch, <char *>tight.data + i * tight.steps[0], row)
            memset(<char *>rows.data + i * pitch + row, 0, pitch - row)
    return rows


cdef bint is_spare_buffer(Buffer view) noexcept:
    # Tensors that hold the buffer know the view.
    return references(<PyObject *>view) == 1 and references(<PyObject *>view.lease) == 1 \
        and view.held == NULL


cdef void reuse_buffer(Buffer view, GstBuffer *buffer) noexcept:
    view.lease.batch = NULL
    view.lease.open = True
    view.buffer = buffer
    view.sole = gst_buffer_is_writable(buffer)
    view.plain = NULL
    view.place = NULL
    view.moves = 0


cdef GstBuffer *buffer_to_push(Buffer buffer) except? NULL:
    cdef Tensor content = buffer.content
    buffer.lease.check()
    if buffer.buffer != NULL:
        return copy_of(buffer)
    if content is None:
        return NULL
    if buffer.color:
        return surface_over(content, buffer.color)
    return buffer_over(pack(content), content.count())


cdef GstBuffer *buffer_over(Tensor content, Py_ssize_t size) except NULL:
    cdef GstBuffer *made = gst_buffer_new()
    cdef GstMemory *memory
    if size:
        Py_INCREF(content)
        memory = gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, content.data, size, 0, size,
                                        <void *>content, drop)
        gst_buffer_append_memory(made, memory)
    return made


cdef GstBuffer *copy_of(Buffer buffer) except NULL:
    """A buffer over the memory, and with the metadata, of one in flight."""
    cdef GstBuffer *made
    buffer.lease.pin()
    with nogil:
        made = gst_buffer_copy(buffer.buffer)
    buffer.lease.unpin()
    if made == NULL:
        raise SurfaceError("a buffer of the pipeline could not be copied")
    made.pts = made.dts = GST_CLOCK_TIME_NONE
    return made
