# SPDX-License-Identifier: Apache-2.0
"""Pixels: buffers of a pipeline, surfaces of one's own, and transforms between them."""

cimport cython

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_STRIDES,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from dsbind.capi.gst cimport (
    GST_MAP_READ,
    GstMapInfo,
    gst_buffer_get_size,
    gst_buffer_map,
    gst_buffer_n_memory,
    gst_buffer_peek_memory,
    gst_buffer_unmap,
    gst_memory_is_type,
)
from dsbind.capi.gstnvdsmeta cimport gst_buffer_get_nvds_batch_meta
from dsbind.capi.nvbufsurface cimport (
    NVBUF_COLOR_FORMAT_BGR,
    NVBUF_COLOR_FORMAT_BGRA,
    NVBUF_COLOR_FORMAT_GRAY8,
    NVBUF_COLOR_FORMAT_NV12,
    NVBUF_COLOR_FORMAT_RGB,
    NVBUF_COLOR_FORMAT_RGBA,
    NVBUF_COLOR_FORMAT_YUV420,
    NVBUF_LAYOUT_PITCH,
    NVBUF_MEM_CUDA_DEVICE,
    NVBUF_MEM_CUDA_PINNED,
    NVBUF_MEM_CUDA_UNIFIED,
    NVBUF_MEM_DEFAULT,
    NVBUF_MEM_SYSTEM,
    NvBufSurfaceColorFormat,
    NvBufSurfaceCreate,
    NvBufSurfaceCreateParams,
    NvBufSurfaceDestroy,
    NvBufSurfaceMemType,
    NvBufSurfaceParams,
    NvBufSurfacePlaneParams,
)
from dsbind.capi.nvbufsurftransform cimport (
    NVBUFSURF_TRANSFORM_CROP_DST,
    NVBUFSURF_TRANSFORM_CROP_SRC,
    NVBUFSURF_TRANSFORM_FILTER,
    NVBUFSURF_TRANSFORM_FLIP,
    NvBufSurfTransform,
    NvBufSurfTransform_Error,
    NvBufSurfTransform_Flip,
    NvBufSurfTransform_Inter,
    NvBufSurfTransformError_Execution_Error,
    NvBufSurfTransformError_Invalid_Params,
    NvBufSurfTransformError_ROI_Error,
    NvBufSurfTransformError_Success,
    NvBufSurfTransformParams,
    NvBufSurfTransformRect,
)
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind._lease cimport CLOSED
from dsbind.meta cimport wrap_batch

import enum
import operator

from dsbind import runtime
from dsbind.errors import ConfigError, Error, UnsupportedError

__all__ = ("Buffer", "ColorFormat", "Filter", "Flip", "MemType", "Surface", "SurfaceError",
           "transform")

# Larger sides are no video, and their products would not fit the 32 bits of the C structs.
cdef enum:
    MAX_SIDE = 16384
    MAX_BATCH = 1024


class SurfaceError(Error, RuntimeError):
    """A surface could not be created, read or transformed."""


class ColorFormat(enum.IntEnum):
    """How pixels are stored (`NvBufSurfaceColorFormat`)."""

    GRAY8 = NVBUF_COLOR_FORMAT_GRAY8
    I420 = NVBUF_COLOR_FORMAT_YUV420
    NV12 = NVBUF_COLOR_FORMAT_NV12
    RGBA = NVBUF_COLOR_FORMAT_RGBA
    BGRA = NVBUF_COLOR_FORMAT_BGRA
    RGB = NVBUF_COLOR_FORMAT_RGB
    BGR = NVBUF_COLOR_FORMAT_BGR


class MemType(enum.IntEnum):
    """Where pixels are stored (`NvBufSurfaceMemType`)."""

    DEFAULT = NVBUF_MEM_DEFAULT
    CUDA_PINNED = NVBUF_MEM_CUDA_PINNED
    CUDA_DEVICE = NVBUF_MEM_CUDA_DEVICE
    CUDA_UNIFIED = NVBUF_MEM_CUDA_UNIFIED
    SYSTEM = NVBUF_MEM_SYSTEM


class Flip(enum.IntEnum):
    """How a transform turns the picture (`NvBufSurfTransform_Flip`); rotations are clockwise."""

    NONE = 0
    ROTATE_90 = 1
    ROTATE_180 = 2
    ROTATE_270 = 3
    FLIP_X = 4
    FLIP_Y = 5
    TRANSPOSE = 6
    INV_TRANSPOSE = 7


class Filter(enum.IntEnum):
    """How a transform computes a pixel from its neighbours (`NvBufSurfTransform_Inter`)."""

    NEAREST = 0
    BILINEAR = 1
    DEFAULT = 6


@cython.final
cdef class Buffer:
    """Wrap a `GstBuffer` of a running pipeline: its pixels and its metadata.

    Valid while the callback that received it runs.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("a Buffer comes from a pipeline, for example to BufferOperator")

    cdef GstBuffer *get(self) except NULL:
        self.lease.check()
        return self.buffer

    @property
    def batch_size(self):
        """Capacity of the batch; 1 for a plain buffer, 0 for an empty one."""
        cdef GstBuffer *buffer = self.get()
        cdef NvBufSurface *surface = find_surface(buffer)
        if surface != NULL:
            return surface.batchSize
        return 1 if gst_buffer_get_size(buffer) else 0

    @property
    def batch_meta(self):
        """The metadata of the batch, a `BatchMetadata`; None when the buffer carries none."""
        cdef NvDsBatchMeta *meta = gst_buffer_get_nvds_batch_meta(self.get())
        return None if meta == NULL else wrap_batch(meta, self.lease)

    @property
    def timestamp(self):
        """Presentation time in nanoseconds; 2**64 - 1 when there is none."""
        return <uint64_t>self.get().pts

    def extract(self, batch_id):
        """Copy one frame out of the batch.

        Parameters
        ----------
        batch_id : int
            Index of the frame in the batch (`FrameMetadata.batch_id`).

        Returns
        -------
        numpy.ndarray
            (H, W, 3) uint8, RGB, whatever the format of the batch. It is a copy and may be kept.
        """
        self.lease.pin()
        try:
            return self.copy_frame(batch_id)
        finally:
            self.lease.unpin()

    cdef object copy_frame(self, object batch_id):
        """What `extract` gives. The lease is pinned."""
        cdef NvBufSurface *surface = find_surface(self.buffer)
        cdef NvBufSurfaceParams *frame
        cdef NvBufSurface source
        cdef NvBufSurface target
        cdef NvBufSurfaceParams rgb
        cdef NvBufSurfTransform_Error code
        cdef int format
        cdef Py_ssize_t index = batch_id
        cdef Py_buffer view
        if surface == NULL:
            raise ConfigError("this buffer carries no NvBufSurface, only memory:NVMM does; attach "
                              "the probe to an element after nvstreammux or nvvideoconvert")
        if not 0 <= index < surface.numFilled:
            raise IndexError(f"batch_id {batch_id} of a batch with {surface.numFilled} frames")
        frame = &surface.surfaceList[index]
        if not (0 < frame.width <= MAX_SIDE and 0 < frame.height <= MAX_SIDE):
            raise SurfaceError(f"frame {batch_id} has the size {frame.width}x{frame.height}")
        import numpy  # 15 MiB that programs without pixels never need

        pixels = numpy.empty((frame.height, frame.width, 3), numpy.uint8)

        format = frame.colorFormat
        source = surface[0]
        source.surfaceList = frame
        source.batchSize = source.numFilled = 1
        PyObject_GetBuffer(pixels, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        describe_rgb(&target, &rgb, frame.width, frame.height, view.buf)
        with nogil:
            code = convert(&source, &target)
        PyBuffer_Release(&view)
        if code != NvBufSurfTransformError_Success:
            raise_transform(code, f"frame {batch_id} ({rgb.width}x{rgb.height}, color format "
                                  f"{format}) to RGB")
        return pixels

    def __repr__(self):
        if not self.lease.open:
            return "<Buffer that is gone>"
        return f"<Buffer batch_size={self.batch_size} timestamp={self.timestamp}>"


@cython.final
cdef class Surface:
    """Own an `NvBufSurface`: a batch of frames of one size and format.

    Made by `create()`. `close()` frees it at once; otherwise it goes when it is no longer used.
    """

    def __init__(self):
        raise TypeError("a Surface is made by Surface.create()")

    def __dealloc__(self):
        cdef NvBufSurface *surface = self.surface
        if surface != NULL:
            with nogil:
                NvBufSurfaceDestroy(surface)

    @staticmethod
    def create(width, height, format=ColorFormat.RGBA, batch=1, mem_type=MemType.DEFAULT):
        """Allocate a batch of frames.

        Parameters
        ----------
        width, height : int
            Size of each frame in pixels, from 1 to 16384.
        format : ColorFormat
            How the pixels are stored.
        batch : int
            Number of frames, from 1 to 1024.
        mem_type : MemType
            Where the pixels are stored; DEFAULT is what suits the machine.
        """
        cdef Surface self = Surface.__new__(Surface)
        cdef NvBufSurfaceCreateParams params
        cdef uint32_t count = whole("batch", batch, MAX_BATCH)
        cdef int code
        memset(&params, 0, sizeof(params))
        params.width = whole("width", width, MAX_SIDE)
        params.height = whole("height", height, MAX_SIDE)
        params.colorFormat = <NvBufSurfaceColorFormat><int>member(ColorFormat, "format", format)
        params.memType = <NvBufSurfaceMemType><int>member(MemType, "mem_type", mem_type)
        params.layout = NVBUF_LAYOUT_PITCH
        runtime.open()
        with nogil:
            code = NvBufSurfaceCreate(&self.surface, count, &params)
        if code != 0 or self.surface == NULL:
            self.surface = NULL
            raise SurfaceError(
                f"NvBufSurfaceCreate failed for {batch} x {width}x{height} "
                f"{ColorFormat(format).name} in {MemType(mem_type).name} memory: "
                "there is not enough memory, or this machine has no memory of that kind"
            )
        self.surface.numFilled = count
        return self

    cdef NvBufSurface *get(self) except NULL:
        if self.surface == NULL:
            raise SurfaceError("this Surface was closed")
        return self.surface

    def close(self):
        """Free the pixels. Can be called twice.

        Raises
        ------
        BufferError
            An array from `plane()` is still in use.
        """
        cdef NvBufSurface *surface = self.surface
        if surface == NULL:
            return
        if self.uses:
            raise BufferError("arrays over the pixels of this Surface are still in use; "
                              "delete or copy() them before closing it")
        self.surface = NULL
        with nogil:
            NvBufSurfaceDestroy(surface)

    def __enter__(self):
        self.get()
        return self

    def __exit__(self, *exception):
        self.close()

    @property
    def width(self):
        """Width of a frame in pixels."""
        return self.get().surfaceList[0].width

    @property
    def height(self):
        """Height of a frame in pixels."""
        return self.get().surfaceList[0].height

    @property
    def format(self):
        """How the pixels are stored, a `ColorFormat`."""
        return ColorFormat(self.get().surfaceList[0].colorFormat)

    @property
    def mem_type(self):
        """Where the pixels are stored, a `MemType`; never DEFAULT."""
        return MemType(self.get().memType)

    @property
    def batch_size(self):
        """Number of frames."""
        return self.get().batchSize

    @property
    def n_planes(self):
        """Number of planes of a frame: 1, 2 (NV12) or 3 (I420)."""
        return self.get().surfaceList[0].planeParams.num_planes

    def plane(self, index=0, plane=0):
        """Give access to the pixels of one plane of one frame, without a copy.

        Returns
        -------
        numpy.ndarray
            uint8; (H, W), or (H, W, C) where a pixel of the plane has several bytes. It keeps the
            memory: `close()` raises BufferError while it is in use.
        """
        import numpy

        cdef NvBufSurface *surface = self.get()
        cdef NvBufSurfacePlaneParams *planes
        cdef PlaneExport export = PlaneExport.__new__(PlaneExport)
        cdef Py_ssize_t i = index
        cdef Py_ssize_t p = plane
        if not 0 <= i < surface.batchSize:
            raise IndexError(f"frame {index} of a batch of {surface.batchSize}")
        planes = &surface.surfaceList[i].planeParams
        if not 0 <= p < planes.num_planes:
            raise IndexError(f"plane {plane} of {planes.num_planes}")
        if surface.memType != NVBUF_MEM_SYSTEM and surface.memType != NVBUF_MEM_CUDA_PINNED \
                and surface.memType != NVBUF_MEM_CUDA_UNIFIED:
            raise UnsupportedError(f"the CPU cannot reach {self.mem_type.name} memory; transform() "
                                   "the surface into one of SYSTEM memory")
        export.surface = self
        export.data = <uint8_t *>surface.surfaceList[i].dataPtr + planes.offset[p]
        export.shape[0] = planes.height[p]
        export.shape[1] = planes.width[p]
        export.shape[2] = planes.bytesPerPix[p]
        export.strides[0] = planes.pitch[p]
        export.strides[1] = planes.bytesPerPix[p]
        export.strides[2] = 1
        return numpy.asarray(export)

    def __repr__(self):
        if self.surface == NULL:
            return "<Surface closed>"
        return (f"<Surface {self.batch_size} x {self.width}x{self.height} {self.format.name} "
                f"{self.mem_type.name}>")


@cython.final
cdef class PlaneExport:
    """Lends one plane of a Surface to an array."""

    cdef Surface surface
    cdef uint8_t *data
    cdef Py_ssize_t[3] shape
    cdef Py_ssize_t[3] strides

    def __getbuffer__(self, Py_buffer *view, int flags):
        if flags & PyBUF_STRIDES != PyBUF_STRIDES:
            raise BufferError("the rows of a plane are padded; ask for its strides")
        self.surface.get()
        view.buf = self.data
        view.obj = self
        view.itemsize = 1
        view.format = "B"
        view.len = self.shape[0] * self.shape[1] * self.shape[2]
        view.ndim = 2 if self.shape[2] == 1 else 3
        view.readonly = 0
        view.shape = self.shape
        view.strides = self.strides
        view.suboffsets = NULL
        view.internal = NULL
        self.surface.uses += 1

    def __releasebuffer__(self, Py_buffer *view):
        self.surface.uses -= 1


def transform(Surface source not None, Surface target not None, *, source_rect=None,
              target_rect=None, flip=Flip.NONE, filter=Filter.DEFAULT):
    """Scale, crop, turn and convert each frame of one surface into another (`NvBufSurfTransform`).

    Parameters
    ----------
    source, target : Surface
        Batches of the same number of frames.
    source_rect, target_rect : tuple of int, optional
        left, top, width, height: the part that is read, and where it lands; the rest of the target
        stays as it is.
    flip : Flip
        How to turn the picture.
    filter : Filter
        How to interpolate.

    Raises
    ------
    ConfigError
        A rectangle or a parameter does not fit the surfaces.
    SurfaceError
        The transform failed.
    """
    source.get()
    target.get()
    # Neither can be closed from here on, by another thread either.
    source.uses += 1
    target.uses += 1
    try:
        run_transform(source, target, source_rect, target_rect, flip, filter)
    finally:
        source.uses -= 1
        target.uses -= 1


cdef int run_transform(Surface source, Surface target, source_rect, target_rect, flip,
                       filter) except -1:
    cdef NvBufSurface *src = source.surface
    cdef NvBufSurface *dst = target.surface
    cdef NvBufSurfTransformRect[MAX_BATCH] src_rects
    cdef NvBufSurfTransformRect[MAX_BATCH] dst_rects
    cdef NvBufSurfTransformParams params
    cdef NvBufSurfTransform_Error code
    if src.batchSize != dst.batchSize:
        raise ConfigError(f"the source holds {src.batchSize} frames and the target "
                          f"{dst.batchSize}; they must hold the same number")
    memset(&params, 0, sizeof(params))
    params.transform_flip = <NvBufSurfTransform_Flip><int>member(Flip, "flip", flip)
    params.transform_filter = <NvBufSurfTransform_Inter><int>member(Filter, "filter", filter)
    params.transform_flag = NVBUFSURF_TRANSFORM_FILTER | NVBUFSURF_TRANSFORM_FLIP
    if source_rect is not None:
        fill_rects(src_rects, src, "source_rect", source_rect)
        params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_SRC
        params.src_rect = src_rects
    if target_rect is not None:
        fill_rects(dst_rects, dst, "target_rect", target_rect)
        params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_DST
        params.dst_rect = dst_rects
    with nogil:
        code = NvBufSurfTransform(src, dst, &params)
    if code != NvBufSurfTransformError_Success:
        raise_transform(code, f"{source!r} to {target!r}")
    return 0


cdef Buffer wrap_buffer(GstBuffer *buffer, Lease lease):
    cdef Buffer view = Buffer.__new__(Buffer)
    view.lease = lease
    view.buffer = buffer
    return view


cdef NvBufSurface *find_surface(GstBuffer *buffer) noexcept:
    """The surface of a buffer, NULL when it carries none. A buffer does not tell its caps."""
    cdef NvBufSurface *surface
    cdef GstMapInfo map
    if gst_buffer_n_memory(buffer) != 1 or gst_buffer_get_size(buffer) != sizeof(NvBufSurface):
        return NULL
    # Plain memory that happens to be as large; programs may wrap surfaces of their own in it.
    if gst_memory_is_type(gst_buffer_peek_memory(buffer, 0), "SystemMemory") \
            and gst_buffer_get_nvds_batch_meta(buffer) == NULL:
        return NULL
    if not gst_buffer_map(buffer, &map, GST_MAP_READ):
        return NULL
    surface = <NvBufSurface *>map.data
    gst_buffer_unmap(buffer, &map)
    if surface.surfaceList == NULL or surface.numFilled > surface.batchSize:
        return NULL
    return surface


cdef void describe_rgb(NvBufSurface *surface, NvBufSurfaceParams *frame, uint32_t width,
                       uint32_t height, void *data) noexcept:
    """Describe memory of Python's as a surface."""
    memset(surface, 0, sizeof(surface[0]))
    memset(frame, 0, sizeof(frame[0]))
    surface.batchSize = surface.numFilled = 1
    surface.memType = NVBUF_MEM_SYSTEM
    surface.surfaceList = frame
    frame.width = frame.planeParams.width[0] = width
    frame.height = frame.planeParams.height[0] = height
    frame.pitch = frame.planeParams.pitch[0] = width * 3
    frame.colorFormat = NVBUF_COLOR_FORMAT_RGB
    frame.layout = NVBUF_LAYOUT_PITCH
    frame.dataPtr = data
    frame.dataSize = frame.planeParams.psize[0] = width * height * 3
    frame.planeParams.num_planes = 1
    frame.planeParams.bytesPerPix[0] = 3


cdef NvBufSurfTransform_Error convert(NvBufSurface *source, NvBufSurface *target) noexcept nogil:
    cdef NvBufSurfTransformParams params
    memset(&params, 0, sizeof(params))
    return NvBufSurfTransform(source, target, &params)


cdef int raise_transform(NvBufSurfTransform_Error code, str what) except -1:
    if code == NvBufSurfTransformError_ROI_Error:
        raise ConfigError(f"cannot transform {what}: a rectangle lies outside its surface")
    if code == NvBufSurfTransformError_Invalid_Params:
        raise ConfigError(f"cannot transform {what}: the parameters contradict the surfaces")
    if code == NvBufSurfTransformError_Execution_Error:
        raise SurfaceError(f"cannot transform {what}: NvBufSurfTransform failed while running")
    raise SurfaceError(f"cannot transform {what}: this machine does not support it "
                       f"(NvBufSurfTransform returned {<int>code})")


cdef int fill_rects(NvBufSurfTransformRect *rects, NvBufSurface *surface, str name,
                    object value) except -1:
    cdef uint32_t i
    cdef NvBufSurfaceParams *frame = surface.surfaceList
    left, top, width, height = [operator.index(number) for number in value]
    if not (0 <= left and 0 <= top and 0 < width and 0 < height
            and left + width <= frame.width and top + height <= frame.height):
        raise ConfigError(f"{name} {tuple(value)} (left, top, width, height) does not lie within "
                          f"{frame.width}x{frame.height}")
    for i in range(surface.batchSize):
        memset(&rects[i], 0, sizeof(rects[i]))
        rects[i].left = left
        rects[i].top = top
        rects[i].width = width
        rects[i].height = height
    return 0


cdef uint32_t whole(str name, object value, uint32_t most) except? 0:
    cdef object number = int(value)
    if number != value or not 1 <= number <= most:
        raise ConfigError(f"{name} is {value}; it is a whole number from 1 to {most}")
    return number


cdef object member(object kind, str name, object value):
    try:
        return kind(value)
    except ValueError:
        names = ", ".join([m.name for m in kind])
        raise ConfigError(f"{name} is {value!r}; it is one of {kind.__name__}.{names}") from None
