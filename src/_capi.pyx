# SPDX-License-Identifier: Apache-2.0
"""The C API of dsbind for other extensions: the table that dsbind.h declares, in a capsule."""

cimport cython

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uintptr_t

from dsbind.capi.api cimport *
from dsbind.capi.glib cimport GError
from dsbind.capi.gst cimport GstBuffer, GstElement
from dsbind.capi.nvbufsurface cimport NvBufSurface
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsFrameMeta, NvDsObjectMeta
from dsbind.capi.runtime cimport dsbind_runtime_symbol
from dsbind._lease cimport Lease
from dsbind._objectmeta cimport wrap_object
from dsbind.buffer cimport Buffer, wrap_buffer
from dsbind.gst cimport Element
from dsbind.meta cimport BatchMetadata, FrameMetadata, ObjectMetadata, wrap_batch, wrap_frame
from dsbind.surface cimport Surface, find_surface

from dsbind.errors import ArgumentTypeError, ConfigError, MissingElementError

ctypedef void (*Destroy)(void *) noexcept nogil


@cython.final
cdef class State:
    """The state of a probe that native code made; `destroy` frees it."""

    cdef void *user
    cdef Destroy destroy

    @property
    def address(self):
        """Where it is; 0 for a probe without state."""
        return <uintptr_t>self.user

    def __dealloc__(self):
        if self.destroy != NULL:
            with nogil:
                self.destroy(self.user)


# Leases and views

cdef object lease_new():
    return Lease()


cdef int lease_close(object lease) except -1:
    lease_of(lease).close()
    return 0


cdef Lease lease_of(object lease):
    if type(lease) is not Lease:
        raise ArgumentTypeError(f"a view needs a lease, which lease_new() makes, not {lease!r}")
    return lease


cdef int check(void *memory, Lease lease) except -1:
    if memory == NULL:
        raise ArgumentTypeError("a view needs memory, not NULL")
    lease.check()
    return 0


cdef object batch_view(NvDsBatchMeta *batch, object lease):
    check(batch, lease_of(lease))
    return wrap_batch(batch, lease)


cdef object frame_view(NvDsFrameMeta *frame, object lease):
    cdef Lease held = lease_of(lease)
    check(frame, held)
    if held.batch == NULL:
        held.batch = frame.base_meta.batch_meta
    return wrap_frame(frame, held)


cdef object object_view(NvDsObjectMeta *item, object lease):
    cdef Lease held = lease_of(lease)
    check(item, held)
    if held.batch == NULL:
        held.batch = item.base_meta.batch_meta
    return wrap_object(item, held)


cdef object buffer_view(GstBuffer *buffer, object lease):
    check(buffer, lease_of(lease))
    return wrap_buffer(buffer, lease)


cdef object surface_view(NvBufSurface *surface):
    cdef Surface view
    if surface == NULL:
        raise ArgumentTypeError("a Surface needs memory, not NULL")
    view = Surface.__new__(Surface)
    view.surface = surface
    return view


cdef int raise_type(str wanted, object view) except -1:
    raise ArgumentTypeError(f"this takes {wanted}, not {view!r}")


cdef NvDsBatchMeta *batch_of(object view) except NULL:
    if type(view) is not BatchMetadata:
        raise_type("a BatchMetadata", view)
    return (<BatchMetadata>view).get()


cdef NvDsFrameMeta *frame_of(object view) except NULL:
    if type(view) is not FrameMetadata:
        raise_type("a FrameMetadata", view)
    return (<FrameMetadata>view).get()


cdef NvDsObjectMeta *object_of(object view) except NULL:
    if type(view) is not ObjectMetadata:
        raise_type("an ObjectMetadata", view)
    return (<ObjectMetadata>view).get()


cdef GstBuffer *buffer_of(object view) except NULL:
    if type(view) is not Buffer:
        raise_type("a Buffer", view)
    return (<Buffer>view).get()


cdef NvBufSurface *surface_of(object view) except NULL:
    cdef NvBufSurface *surface
    if type(view) is Surface:
        return (<Surface>view).get()
    if type(view) is not Buffer:
        raise_type("a Surface or a Buffer", view)
    surface = find_surface((<Buffer>view).get())
    if surface == NULL:
        raise ConfigError("this buffer carries no NvBufSurface; only memory:NVMM does")
    return surface


cdef GstElement *element_of(object pipeline, const char *name) except NULL:
    from dsbind.pipeline import Pipeline

    cdef Element element
    if not isinstance(pipeline, Pipeline):
        raise_type("a Pipeline", pipeline)
    element = pipeline._graph.element(name.decode())
    return element.element


# Probes

cdef tuple native_of(DsbindProbeFunction function, void *user, Destroy destroy):
    cdef State state = State.__new__(State)
    state.user = user
    state.destroy = destroy
    if function == NULL:
        raise ArgumentTypeError("a probe needs a function, not NULL")
    return PyCapsule_New(<void *>function, DSBIND_PROBE_CAPSULE, NULL), state


cdef object probe_new(const char *name, DsbindProbeFunction function, void *user, Destroy destroy,
                      unsigned int flags):
    from dsbind.probes import Probe

    native, state = native_of(function, user, destroy)
    return Probe(name.decode(), native, state, **options_of(flags))


cdef dict options_of(unsigned int flags):
    return {"reads_only": bool(flags & DSBIND_PROBE_READS_ONLY),
            "all_buffers": bool(flags & DSBIND_PROBE_ALL_BUFFERS)}


cdef int probe_attach(object target, const char *element, object probe) except -1:
    if element == NULL:
        target.attach(probe)
    else:
        target.attach(element.decode(), probe)
    return 0


cdef int probe_register(const char *factory, DsbindProbeFunction function, void *user,
                        Destroy destroy, unsigned int flags) except -1:
    from dsbind.registry import register_native_probe

    native, state = native_of(function, user, destroy)
    register_native_probe(factory.decode(), native, state, **options_of(flags))
    return 0


# Runtime

cdef void *symbol(const char *name) except NULL:
    from dsbind import runtime

    cdef void *address
    runtime.open()
    address = dsbind_runtime_symbol(name)
    if address == NULL:
        raise MissingElementError(f"the {runtime.origin()} libraries have no function "
                                  f"{name.decode('utf-8', 'replace')!r} that dsbind knows")
    return address


cdef DsbindApi table
table.version = DSBIND_API_VERSION
table.size = sizeof(DsbindApi)
table.lease_new = lease_new
table.lease_close = lease_close
table.wrap_batch = batch_view
table.wrap_frame = frame_view
table.wrap_object = object_view
table.wrap_buffer = buffer_view
table.wrap_surface = surface_view
table.unwrap_batch = batch_of
table.unwrap_frame = frame_of
table.unwrap_object = object_of
table.unwrap_buffer = buffer_of
table.unwrap_surface = surface_of
table.unwrap_element = element_of
table.probe_new = probe_new
table.probe_attach = probe_attach
table.probe_register = probe_register
table.symbol = symbol

_C_API = PyCapsule_New(&table, DSBIND_API_CAPSULE, NULL)
