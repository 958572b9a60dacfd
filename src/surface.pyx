# SPDX-License-Identifier: Apache-2.0
"""Pixels: surfaces of one's own, and transforms between them."""

cimport cython

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

from dsbind.capi.device cimport NvBufSurfTransformCompute_Default, dsbind_transform
from dsbind.capi.dlpack cimport (
    DL_CPU,
    DL_CUDA,
    DL_CUDA_HOST,
    DL_CUDA_MANAGED,
    DL_UINT,
    DLDataType,
)
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
    NVBUF_MAX_PLANES,
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
from dsbind._cuda cimport gpu_of
from dsbind.tensor cimport Tensor, empty_tensor, plane_tensor

import enum
import operator

from dsbind import runtime
from dsbind.errors import ConfigError, Error, UnsupportedError

__all__ = ("ColorFormat", "Filter", "Flip", "MemType", "Surface", "SurfaceError", "transform")


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


# Bytes of a pixel, of formats with one plane.
cdef dict CHANNELS = {
    ColorFormat.GRAY8: 1, ColorFormat.RGB: 3, ColorFormat.BGR: 3, ColorFormat.RGBA: 4,
    ColorFormat.BGRA: 4,
}


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
    def create(width, height, format=ColorFormat.RGBA, batch=1, mem_type=MemType.DEFAULT,
               gpu_id=0):
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
        gpu_id : int
            Number of the GPU, for memory of one.
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
        params.gpuId = gpu_of(gpu_id)
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
        cdef NvBufSurface *surface = self.get()
        cdef Py_ssize_t i = index
        cdef Py_ssize_t p = plane
        if not 0 <= i < surface.batchSize:
            raise IndexError(f"frame {index} of a batch of {surface.batchSize}")
        if not 0 <= p < surface.surfaceList[i].planeParams.num_planes:
            raise IndexError(f"plane {plane} of {surface.surfaceList[i].planeParams.num_planes}")
        if surface.memType != NVBUF_MEM_SYSTEM and surface.memType != NVBUF_MEM_CUDA_PINNED \
                and surface.memType != NVBUF_MEM_CUDA_UNIFIED:
            raise UnsupportedError(f"the CPU cannot reach {self.mem_type.name} memory; transform() "
                                   "the surface into one of SYSTEM memory")
        return view_plane(surface, i, p, use_of(self), False).numpy()

    def __repr__(self):
        if self.surface == NULL:
            return "<Surface closed>"
        return (f"<Surface {self.batch_size} x {self.width}x{self.height} {self.format.name} "
                f"{self.mem_type.name}>")


@cython.final
cdef class Use:
    """Keeps a Surface from being closed."""

    cdef Surface surface

    def __dealloc__(self):
        if self.surface is not None:
            self.surface.uses -= 1


cdef Use use_of(Surface surface):
    cdef Use use = Use.__new__(Use)
    use.surface = surface
    surface.uses += 1
    return use


cdef Tensor view_plane(NvBufSurface *surface, Py_ssize_t index, Py_ssize_t plane, object owner,
                       bint readonly):
    cdef NvBufSurfaceParams *frame = &surface.surfaceList[index]
    cdef NvBufSurfacePlaneParams *planes = &frame.planeParams
    cdef Py_ssize_t height = planes.height[plane]
    cdef Py_ssize_t width = planes.width[plane]
    cdef Py_ssize_t channels = planes.bytesPerPix[plane]
    cdef Py_ssize_t pitch = planes.pitch[plane]
    cdef int device = device_of(surface.memType)
    cdef object size = planes.offset[plane] + pitch * (height - 1) + width * channels
    if device < 0 or frame.layout != NVBUF_LAYOUT_PITCH:
        raise SurfaceError(f"frame {index} lies in memory of type {<int>surface.memType} and layout "
                           f"{<int>frame.layout}, which no tensor can show; extract it with a "
                           "format, which converts it")
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and 1 <= channels <= 16
            and pitch >= width * channels and frame.dataPtr != NULL
            and (frame.dataSize == 0 or size <= frame.dataSize)):
        raise SurfaceError(f"frame {index} does not hold what it says: a plane of "
                           f"{width}x{height} with {channels} bytes a pixel, {pitch} a row, in "
                           f"{frame.dataSize} bytes")
    return plane_tensor(owner, <uint8_t *>frame.dataPtr + planes.offset[plane], height, width,
                        channels, pitch, readonly, device, surface.gpuId)


cdef object view_frame(NvBufSurface *surface, Py_ssize_t index, object owner, bint readonly):
    cdef Py_ssize_t count = surface.surfaceList[index].planeParams.num_planes
    if not 1 <= count <= NVBUF_MAX_PLANES:
        raise SurfaceError(f"frame {index} has {count} planes")
    if count == 1:
        return view_plane(surface, index, 0, owner, readonly)
    return tuple([view_plane(surface, index, i, owner, readonly) for i in range(count)])


cdef int device_of(NvBufSurfaceMemType type) noexcept:
    """The device of DLPack that the memory is on; -1 for none."""
    if type == NVBUF_MEM_SYSTEM:
        return DL_CPU
    if type == NVBUF_MEM_CUDA_PINNED:
        return DL_CUDA_HOST
    if type == NVBUF_MEM_CUDA_UNIFIED:
        return DL_CUDA_MANAGED
    if type == NVBUF_MEM_CUDA_DEVICE or type == NVBUF_MEM_DEFAULT:
        return DL_CUDA
    return -1


cdef object convert_frame(NvBufSurface *surface, Py_ssize_t index, object format):
    cdef NvBufSurfaceParams *frame = &surface.surfaceList[index]
    cdef object kind = member(ColorFormat, "format", format)
    cdef Py_ssize_t channels = CHANNELS.get(kind, 0)
    cdef Surface target
    if channels and surface.memType == NVBUF_MEM_SYSTEM:
        return convert_to_memory(surface, index, kind, channels)
    target = Surface.create(frame.width, frame.height, kind, gpu_id=surface.gpuId)
    convert(surface, index, target.surface, kind)
    return view_frame(target.surface, 0, use_of(target), False)


cdef Tensor convert_to_memory(NvBufSurface *surface, Py_ssize_t index, object kind,
                              Py_ssize_t channels):
    """Convert into memory of a tensor, which need not be blackened first as a surface is."""
    cdef NvBufSurfaceParams *frame = &surface.surfaceList[index]
    cdef Py_ssize_t width = whole("width", frame.width, MAX_SIDE)
    cdef Py_ssize_t height = whole("height", frame.height, MAX_SIDE)
    # Rows have room for a pair of pixels, and begin where vector instructions like it.
    cdef Py_ssize_t pitch = ((width + width % 2) * channels + 63) // 64 * 64
    cdef Py_ssize_t size = pitch * height
    cdef Tensor memory = empty_tensor(1, &size, DLDataType(DL_UINT, 8, 1))
    cdef NvBufSurface target
    cdef NvBufSurfaceParams entry
    memset(&target, 0, sizeof(target))
    memset(&entry, 0, sizeof(entry))
    target.batchSize = target.numFilled = 1
    target.memType = NVBUF_MEM_SYSTEM
    target.surfaceList = &entry
    entry.width = <uint32_t>width
    entry.height = <uint32_t>height
    entry.pitch = <uint32_t>pitch
    entry.colorFormat = <NvBufSurfaceColorFormat><int>kind
    entry.layout = NVBUF_LAYOUT_PITCH
    entry.dataPtr = memory.data
    entry.dataSize = <uint32_t>size
    entry.planeParams.num_planes = 1
    entry.planeParams.width[0] = <uint32_t>width
    entry.planeParams.height[0] = <uint32_t>height
    entry.planeParams.pitch[0] = <uint32_t>pitch
    entry.planeParams.psize[0] = <uint32_t>size
    entry.planeParams.bytesPerPix[0] = <uint32_t>channels
    convert(surface, index, &target, kind)
    return plane_tensor(memory, memory.data, height, width, channels, pitch, False, DL_CPU, 0)


cdef int convert(NvBufSurface *surface, Py_ssize_t index, NvBufSurface *target,
                 object kind) except -1:
    cdef NvBufSurfaceParams *frame = &surface.surfaceList[index]
    cdef NvBufSurface source = surface[0]
    cdef NvBufSurfTransformParams params
    cdef NvBufSurfTransform_Error code
    source.surfaceList = frame
    source.batchSize = source.numFilled = 1
    memset(&params, 0, sizeof(params))
    with nogil:
        code = dsbind_transform(&source, target, &params, NvBufSurfTransformCompute_Default,
                                surface.gpuId)
    if code != NvBufSurfTransformError_Success:
        raise_transform(code, f"frame {index} ({frame.width}x{frame.height}, color format "
                              f"{<int>frame.colorFormat}) to {kind.name}")
    return 0


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
        code = dsbind_transform(src, dst, &params, NvBufSurfTransformCompute_Default,
                                dst.gpuId if src.memType == NVBUF_MEM_SYSTEM else src.gpuId)
    if code != NvBufSurfTransformError_Success:
        raise_transform(code, f"{source!r} to {target!r}")
    return 0


cdef NvBufSurface *find_surface(GstBuffer *buffer) noexcept nogil:
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
