# SPDX-License-Identifier: Apache-2.0
"""Pictures of the program's in the memory of a GPU, as buffers with a surface."""

from cpython.ref cimport Py_INCREF
from libc.stdint cimport uint32_t
from libc.string cimport memset

from dsbind.capi.dlpack cimport DL_CPU
from dsbind.capi.gst cimport *
from dsbind.capi.gstvideo cimport GST_VIDEO_INFO_FORMAT
from dsbind.capi.nvbufsurface cimport (
    NVBUF_LAYOUT_PITCH,
    NVBUF_MEM_CUDA_DEVICE,
    NvBufSurfaceColorFormat,
    NvBufSurfaceParams,
)
from dsbind.capi.nvmm cimport dsbind_buffer_new_batch, dsbind_buffer_surface
from dsbind._dlpack cimport drop
from dsbind._framelayout cimport FrameLayout, color_of
from dsbind.surface cimport MAX_SIDE
from dsbind.tensor cimport Tensor, pack, plane_tensor

from dsbind.errors import ConfigError
from dsbind.surface import ColorFormat, SurfaceError

# Bytes of a pixel.
cdef dict CHANNELS = {ColorFormat.RGB: 3, ColorFormat.BGR: 3, ColorFormat.RGBA: 4,
                      ColorFormat.BGRA: 4}

# The CPU reads nothing of what an owner holds.
cdef char nothing = 0


cdef GstBuffer *surface_over(Tensor picture, int color) except NULL:
    cdef NvBufSurfaceParams entry
    cdef GstBuffer *owner
    cdef GstBuffer *made
    if picture.dims[0] > MAX_SIDE or picture.dims[1] > MAX_SIDE \
            or picture.steps[0] * picture.dims[0] >> 32:
        raise SurfaceError(f"a surface has sides of at most {MAX_SIDE}, and less than 4 GiB: "
                           f"{picture!r} has more")
    memset(&entry, 0, sizeof(entry))
    entry.width = <uint32_t>picture.dims[1]
    entry.height = <uint32_t>picture.dims[0]
    entry.pitch = <uint32_t>picture.steps[0]
    entry.colorFormat = <NvBufSurfaceColorFormat>color
    entry.layout = NVBUF_LAYOUT_PITCH
    entry.dataPtr = picture.data
    entry.dataSize = entry.pitch * entry.height
    entry.planeParams.num_planes = 1
    entry.planeParams.width[0] = entry.width
    entry.planeParams.height[0] = entry.height
    entry.planeParams.pitch[0] = entry.pitch
    entry.planeParams.psize[0] = entry.dataSize
    entry.planeParams.bytesPerPix[0] = <uint32_t>picture.dims[2]
    # Its one memory is a reference to the picture; nobody may write to that.
    owner = gst_buffer_new()
    Py_INCREF(picture)
    gst_buffer_append_memory(owner, gst_memory_new_wrapped(
        GST_MEMORY_FLAG_READONLY, &nothing, 1, 0, 1, <void *>picture, drop))
    made = dsbind_buffer_new_batch(1, 1, &entry, &owner, NVBUF_MEM_CUDA_DEVICE)
    gst_buffer_unref(owner)
    dsbind_buffer_surface(made).gpuId = picture.device.device_id
    return made


cdef GstBuffer *buffer_moved(Tensor content, int color, FrameLayout layout) except? NULL:
    if layout.surfaces and content.count() and not color:
        return surface_over(picture_of(content, layout).copied_to(0, None),
                            color_of(GST_VIDEO_INFO_FORMAT(&layout.info)))
    if layout.raw and color:
        return rows_of(content.copied_to(-1, None), layout)
    return NULL


cdef Tensor picture_of(Tensor content, FrameLayout layout):
    """Bytes on the CPU as (height, width, channels); their rows may be padded."""
    cdef Py_ssize_t height = layout.info.height
    cdef Py_ssize_t width = layout.info.width
    cdef Py_ssize_t channels = CHANNELS.get(color_of(GST_VIDEO_INFO_FORMAT(&layout.info)), 0)
    cdef Py_ssize_t pitch
    content = pack(content)
    pitch = content.count() // height
    if not channels or content.count() % height \
            or pitch != width * channels and pitch != layout.info.stride[0]:
        raise ConfigError(f"{content!r} came where {layout.expected()} on the GPU is wanted: give "
                          "that, or say device = 'cpu' in the provider")
    return plane_tensor(content, content.data, height, width, channels, pitch, True, DL_CPU, 0)


cdef GstBuffer *rows_of(Tensor picture, FrameLayout layout) except NULL:
    """A picture on the CPU, with the rows that the caps say."""
    cdef GstBuffer *buffer
    picture.readonly = True
    if picture.dims[0] != layout.info.height or picture.dims[1] != layout.info.width:
        raise ConfigError(f"{picture!r} came where {layout.expected()} is wanted")
    Py_INCREF(picture)
    buffer = gst_buffer_new()
    gst_buffer_append_memory(buffer, gst_memory_new_wrapped(
        GST_MEMORY_FLAG_READONLY, picture.data, picture.count(), 0, picture.count(),
        <void *>picture, drop))
    return buffer
