# SPDX-License-Identifier: Apache-2.0
"""How frames of given caps lie in memory.

GStreamer pads the rows of raw video to four bytes; a picture of Python's has no padding. What comes
in the one layout is brought into the other, and what fits neither is refused: as a picture it would
be garbage.
"""

from libc.string cimport memcpy, memset

from dsbind.capi.gst cimport *
from dsbind.capi.gstvideo cimport *
from dsbind.capi.nvbufsurface cimport (
    NVBUF_COLOR_FORMAT_BGR,
    NVBUF_COLOR_FORMAT_BGRA,
    NVBUF_COLOR_FORMAT_GRAY8,
    NVBUF_COLOR_FORMAT_INVALID,
    NVBUF_COLOR_FORMAT_NV12,
    NVBUF_COLOR_FORMAT_RGB,
    NVBUF_COLOR_FORMAT_RGBA,
    NVBUF_COLOR_FORMAT_YUV420,
    NVBUF_LAYOUT_PITCH,
    NVBUF_MEM_SYSTEM,
    NvBufSurface,
    NvBufSurfaceColorFormat,
    NvBufSurfacePlaneParams,
)
from dsbind.surface cimport find_surface

from dsbind.errors import ConfigError


cdef FrameLayout layout_of(GstCaps *caps):
    cdef FrameLayout layout = FrameLayout.__new__(FrameLayout)
    cdef GstStructure *structure
    cdef gint numerator = 0
    cdef gint denominator = 1
    if caps == NULL or gst_caps_get_size(caps) != 1:
        return layout
    structure = gst_caps_get_structure(caps, 0)
    if gst_structure_get_fraction(structure, "framerate", &numerator, &denominator) \
            and numerator > 0:
        layout.period = GST_SECOND * denominator // numerator
    if gst_structure_has_name(structure, "video/x-raw") \
            and gst_video_info_from_caps(&layout.info, caps):
        if gst_caps_features_contains(gst_caps_get_features(caps, 0), "memory:NVMM"):
            layout.surfaces = True
        else:
            layout.raw = True
            layout.tight = tight_size(&layout.info)
    return layout


cdef class FrameLayout:
    """What the buffers of a stream have to look like."""

    cdef GstBuffer *fit(self, GstBuffer *buffer) except NULL:
        cdef GstBuffer *copy
        cdef gsize size = gst_buffer_get_size(buffer)
        try:
            if self.surfaces:
                self.check_surface(buffer)
            if not self.raw:
                return buffer
            if self.describes_itself(buffer) or size == self.info.size:
                return buffer
            if size != self.tight or not size:
                raise ConfigError(
                    f"{'a surface' if find_surface(buffer) != NULL else f'{size} bytes'} came "
                    f"where {self.expected()} is wanted"
                )
            with nogil:
                copy = pad_rows(buffer, &self.info)
            if copy == NULL:
                raise MemoryError(f"there is no memory for {self.expected()}")
        except BaseException:
            gst_buffer_unref(buffer)
            raise
        gst_buffer_unref(buffer)
        return copy

    cdef bint describes_itself(self, GstBuffer *buffer) except -1:
        """Whether the buffer tells its own rows; its frame must then be of the right size."""
        cdef GstVideoMeta *meta = gst_buffer_get_video_meta(buffer)
        if meta == NULL:
            return False
        if meta.width != <guint>self.info.width or meta.height != <guint>self.info.height \
                or meta.format != GST_VIDEO_INFO_FORMAT(&self.info):
            name = gst_video_format_to_string(meta.format).decode()
            raise ConfigError(
                f"a {meta.width}x{meta.height} {name} frame came where {self.expected()} is wanted"
            )
        return True

    cdef int check_surface(self, GstBuffer *buffer) except -1:
        cdef NvBufSurface *surface = find_surface(buffer)
        if surface == NULL:
            raise ConfigError(
                f"{gst_buffer_get_size(buffer)} bytes of plain memory came where a surface of "
                f"{self.info.width}x{self.info.height} is wanted: wrap() a tensor of the GPU, or "
                "say device = 'cpu' in the provider"
            )
        if surface.numFilled < 1 or surface.surfaceList[0].width != <guint>self.info.width \
                or surface.surfaceList[0].height != <guint>self.info.height:
            raise ConfigError(
                f"a surface of {surface.surfaceList[0].width}x{surface.surfaceList[0].height} "
                f"came where {self.info.width}x{self.info.height} is wanted"
            )
        return 0

    cdef int planes(self) noexcept:
        """Number of planes of raw video."""
        return GST_VIDEO_INFO_N_PLANES(&self.info)

    cdef str expected(self):
        cdef str name = self.info.finfo.name.decode()
        cdef str text = f"a {self.info.width}x{self.info.height} {name} frame"
        if not self.tight:
            return f"{text} of {self.info.size} bytes"
        parts = [f"{tight_row(&self.info, plane)} x {plane_rows(&self.info, plane)}"
                 for plane in range(GST_VIDEO_INFO_N_PLANES(&self.info))]
        text += f" of {self.tight} bytes ({' + '.join(parts)}, without padding)"
        if self.info.size != self.tight:
            text += f" or of {self.info.size} bytes (with rows padded to four)"
        return text


cdef gsize tight_row(const GstVideoInfo *info, guint plane) noexcept nogil:
    """Bytes of a row without padding; 0 where pixels are no whole bytes."""
    cdef guint i
    cdef gsize row
    cdef gsize most = 0
    for i in range(GST_VIDEO_INFO_N_COMPONENTS(info)):
        if <guint>GST_VIDEO_INFO_COMP_PLANE(info, i) == plane:
            row = <gsize>GST_VIDEO_INFO_COMP_WIDTH(info, i) * GST_VIDEO_INFO_COMP_PSTRIDE(info, i)
            most = max(most, row)
    return most


cdef gsize plane_rows(const GstVideoInfo *info, guint plane) noexcept nogil:
    cdef guint i
    for i in range(GST_VIDEO_INFO_N_COMPONENTS(info)):
        if <guint>GST_VIDEO_INFO_COMP_PLANE(info, i) == plane:
            return GST_VIDEO_INFO_COMP_HEIGHT(info, i)
    return 0


cdef gsize tight_size(const GstVideoInfo *info) noexcept nogil:
    cdef guint plane
    cdef gsize part
    cdef gsize size = 0
    for plane in range(GST_VIDEO_INFO_N_PLANES(info)):
        part = tight_row(info, plane) * plane_rows(info, plane)
        if part == 0:
            return 0
        size += part
    return size


cdef GstBuffer *pad_rows(GstBuffer *source, const GstVideoInfo *info) noexcept nogil:
    """A copy of a frame with the rows that GStreamer expects; NULL where memory is short."""
    cdef int kinds = GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS
    cdef GstBuffer *target = gst_buffer_new_allocate(NULL, info.size, NULL)
    cdef GstMapInfo input
    cdef GstMapInfo output
    cdef guint plane
    cdef gsize row, y
    cdef gsize at = 0
    if target == NULL:
        return NULL
    if not gst_buffer_map(source, &input, GST_MAP_READ):
        gst_buffer_unref(target)
        return NULL
    if not gst_buffer_map(target, &output, GST_MAP_WRITE):
        gst_buffer_unmap(source, &input)
        gst_buffer_unref(target)
        return NULL
    for plane in range(GST_VIDEO_INFO_N_PLANES(info)):
        row = tight_row(info, plane)
        for y in range(plane_rows(info, plane)):
            memcpy(output.data + info.offset[plane] + y * info.stride[plane], input.data + at, row)
            at += row
    gst_buffer_unmap(target, &output)
    gst_buffer_unmap(source, &input)
    gst_buffer_copy_into(target, source, <GstBufferCopyFlags>kinds, 0, <gsize>-1)
    return target


cdef bint describe_plain(PlainFrame *plain, GstBuffer *buffer, GstCaps *caps) noexcept nogil:
    cdef GstVideoInfo info
    cdef GstVideoMeta *meta = gst_buffer_get_video_meta(buffer)
    cdef NvBufSurfacePlaneParams *planes = &plain.frame.planeParams
    cdef GstMapInfo map
    cdef guint i, plane
    memset(plain, 0, sizeof(plain[0]))
    if caps == NULL or gst_buffer_n_memory(buffer) != 1 \
            or not gst_memory_is_type(gst_buffer_peek_memory(buffer, 0), "SystemMemory") \
            or not gst_video_info_from_caps(&info, caps):
        return False
    plain.frame.colorFormat = color_of(GST_VIDEO_INFO_FORMAT(&info))
    if plain.frame.colorFormat == NVBUF_COLOR_FORMAT_INVALID \
            or not gst_buffer_map(buffer, &map, GST_MAP_READ):
        return False
    # Plain memory stays where it is.
    gst_buffer_unmap(buffer, &map)
    if map.size == 0 or map.size >> 32:
        return False
    plain.frame.dataPtr = map.data
    plain.frame.dataSize = <unsigned int>map.size
    plain.frame.layout = NVBUF_LAYOUT_PITCH
    plain.frame.width = info.width
    plain.frame.height = info.height
    planes.num_planes = GST_VIDEO_INFO_N_PLANES(&info)
    for i in range(GST_VIDEO_INFO_N_COMPONENTS(&info)):
        plane = GST_VIDEO_INFO_COMP_PLANE(&info, i)
        if planes.width[plane]:
            continue
        planes.width[plane] = GST_VIDEO_INFO_COMP_WIDTH(&info, i)
        planes.height[plane] = GST_VIDEO_INFO_COMP_HEIGHT(&info, i)
        planes.bytesPerPix[plane] = GST_VIDEO_INFO_COMP_PSTRIDE(&info, i)
        planes.pitch[plane] = info.stride[plane] if meta == NULL else meta.stride[plane]
        planes.offset[plane] = <unsigned int>(info.offset[plane] if meta == NULL
                                              else meta.offset[plane])
        planes.psize[plane] = planes.pitch[plane] * planes.height[plane]
    plain.frame.pitch = planes.pitch[0]
    plain.surface.batchSize = plain.surface.numFilled = 1
    plain.surface.memType = NVBUF_MEM_SYSTEM
    plain.surface.surfaceList = &plain.frame
    return True


cdef NvBufSurfaceColorFormat color_of(GstVideoFormat format) noexcept nogil:
    if format == GST_VIDEO_FORMAT_RGB:
        return NVBUF_COLOR_FORMAT_RGB
    if format == GST_VIDEO_FORMAT_BGR:
        return NVBUF_COLOR_FORMAT_BGR
    if format == GST_VIDEO_FORMAT_RGBA:
        return NVBUF_COLOR_FORMAT_RGBA
    if format == GST_VIDEO_FORMAT_BGRA:
        return NVBUF_COLOR_FORMAT_BGRA
    if format == GST_VIDEO_FORMAT_GRAY8:
        return NVBUF_COLOR_FORMAT_GRAY8
    if format == GST_VIDEO_FORMAT_NV12:
        return NVBUF_COLOR_FORMAT_NV12
    if format == GST_VIDEO_FORMAT_I420:
        return NVBUF_COLOR_FORMAT_YUV420
    return NVBUF_COLOR_FORMAT_INVALID
