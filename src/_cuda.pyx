# SPDX-License-Identifier: Apache-2.0
"""Memory and streams of GPUs, through the driver API. It is opened by the first use."""

cimport cython

from libc.stdint cimport uintptr_t
from libc.string cimport memset
from posix.unistd cimport getpid

from dsbind.capi.cuda cimport *
from dsbind.capi.glib cimport GError, g_error_free

import operator

from dsbind.errors import ArgumentTypeError, ConfigError, CudaError


@cython.final
cdef class DeviceMemory:
    """Memory of a GPU."""

    def __cinit__(self, int gpu, size_t size):
        cdef GError *error = NULL
        cdef bint ok
        self.gpu = gpu
        self.process = getpid()
        with nogil:
            ok = allocate(gpu, max(size, <size_t>1), &self.address, &error)
        if not ok:
            raise_cuda(error)

    def __dealloc__(self):
        # A process that was forked has no GPU.
        if self.address and self.process == getpid():
            # It waits for the work of the GPU.
            with nogil:
                release(self.gpu, self.address)


cdef bint allocate(int gpu, size_t size, CUdeviceptr *memory, GError **error) noexcept nogil:
    cdef bint ok
    if not dsbind_cuda_enter(gpu, error):
        return False
    ok = dsbind_cuda_check(dsbind_cuda(NULL).MemAlloc(memory, size), "cuMemAlloc", error)
    dsbind_cuda_leave()
    return ok


cdef void release(int gpu, CUdeviceptr memory) noexcept nogil:
    # A GPU that failed has nothing to free.
    if dsbind_cuda_enter(gpu, NULL):
        dsbind_cuda(NULL).MemFree(memory)
        dsbind_cuda_leave()


cdef CUstream stream_of(object stream) except NULL:
    cdef object handle = stream
    if stream is None:
        return CU_STREAM_LEGACY
    if not hasattr(stream, "__index__"):
        # cuda.core; PyTorch; CuPy; cuda.core before it had the protocol.
        for name in ("__cuda_stream__", "cuda_stream", "ptr", "handle"):
            if hasattr(stream, name):
                handle = getattr(stream, name)
                break
        else:
            raise ArgumentTypeError(
                f"a stream is a number, or one of cuda.core, PyTorch or CuPy, not {stream!r}"
            )
        if name == "__cuda_stream__":
            handle = (handle() if callable(handle) else handle)[1]
        # Of an object, 0 is the default stream.
        handle = int(handle) or 1
    handle = operator.index(handle)
    if handle == 0:
        raise ConfigError("stream 0 may be one of two: 1 is the default stream, and 2 is the one "
                          "of each thread")
    if not 0 < handle < 1 << 64:
        raise ConfigError(f"{handle} is no stream of CUDA")
    return <CUstream><uintptr_t>handle


cdef int gpu_of(object device) except -1:
    cdef object number = device
    if not hasattr(device, "__index__"):
        # cuda.core, PyTorch ("cuda" without a number is the first), CuPy.
        for name in ("device_id", "index", "id"):
            if hasattr(device, name):
                number = getattr(device, name)
                break
        if number is None:
            number = 0
    try:
        number = operator.index(number)
    except TypeError:
        raise ArgumentTypeError(f"a GPU is a number, or a device of cuda.core, PyTorch or CuPy, "
                                f"not {device!r}") from None
    if not 0 <= number < 1 << 31:
        raise ConfigError(f"there is no GPU {number}; they count from 0")
    return number


cdef int copy_rows(int gpu, void *target, bint target_on_gpu, const void *source,
                   bint source_on_gpu, int ndim, const Py_ssize_t *dims, const Py_ssize_t *steps,
                   Py_ssize_t block, CUstream stream) except -1:
    cdef GError *error = NULL
    cdef CUDA_MEMCPY2D copy
    cdef bint ok
    memset(&copy, 0, sizeof(copy))
    copy.srcMemoryType = CU_MEMORYTYPE_UNIFIED if source_on_gpu else CU_MEMORYTYPE_HOST
    copy.srcHost = source
    copy.srcDevice = <CUdeviceptr><uintptr_t>source
    copy.dstMemoryType = CU_MEMORYTYPE_UNIFIED if target_on_gpu else CU_MEMORYTYPE_HOST
    copy.dstHost = target
    copy.dstDevice = <CUdeviceptr><uintptr_t>target
    copy.WidthInBytes = copy.dstPitch = copy.srcPitch = block
    copy.Height = 1
    if ndim:
        copy.Height = dims[ndim - 1]
        copy.srcPitch = steps[ndim - 1]
    with nogil:
        ok = dsbind_cuda_enter(gpu, &error)
        if ok:
            ok = run_copies(&copy, ndim - 1, dims, steps, stream, &error)
            # Those before one that failed still use the memory of both sides.
            if ok:
                ok = dsbind_cuda_check(dsbind_cuda(NULL).StreamSynchronize(stream),
                                       "cuStreamSynchronize", &error)
            else:
                dsbind_cuda(NULL).StreamSynchronize(stream)
            dsbind_cuda_leave()
    if not ok:
        raise_cuda(error)
    return 0


cdef bint run_copies(CUDA_MEMCPY2D *copy, int ndim, const Py_ssize_t *dims,
                     const Py_ssize_t *steps, CUstream stream, GError **error) noexcept nogil:
    """Queue one for each of the outer dims."""
    cdef const DsbindCuda *cuda = dsbind_cuda(NULL)
    cdef Py_ssize_t[8] at
    cdef size_t size = copy.WidthInBytes * copy.Height
    cdef int i
    memset(at, 0, sizeof(at))
    while True:
        if copy.Height == 1 and copy.srcMemoryType == copy.dstMemoryType:
            # Of any size, and between GPUs.
            if not dsbind_cuda_check(cuda.MemcpyAsync(copy.dstDevice, copy.srcDevice, size, stream),
                                     "cuMemcpyAsync", error):
                return False
        elif not dsbind_cuda_check(cuda.Memcpy2DAsync(copy, stream), "cuMemcpy2DAsync", error):
            return False
        copy.dstDevice += size
        copy.dstHost = <char *>copy.dstHost + size
        i = ndim - 1
        while i >= 0:
            at[i] += 1
            advance(copy, steps[i])
            if at[i] < dims[i]:
                break
            advance(copy, -at[i] * steps[i])
            at[i] = 0
            i -= 1
        if i < 0:
            return True


cdef void advance(CUDA_MEMCPY2D *copy, Py_ssize_t step) noexcept nogil:
    copy.srcDevice += <CUdeviceptr>step
    copy.srcHost = <const char *>copy.srcHost + step


cdef int order_after_default(int gpu, CUstream stream) except -1:
    cdef GError *error = NULL
    cdef bint ok
    with nogil:
        ok = dsbind_cuda_enter(gpu, &error)
        if ok:
            ok = order(stream, &error)
            dsbind_cuda_leave()
    if not ok:
        raise_cuda(error)
    return 0


cdef bint order(CUstream stream, GError **error) noexcept nogil:
    cdef const DsbindCuda *cuda = dsbind_cuda(NULL)
    cdef CUevent event = NULL
    cdef bint ok
    if not dsbind_cuda_check(cuda.EventCreate(&event, CU_EVENT_DISABLE_TIMING), "cuEventCreate",
                             error):
        return False
    ok = dsbind_cuda_check(cuda.EventRecord(event, CU_STREAM_LEGACY), "cuEventRecord", error) \
        and dsbind_cuda_check(cuda.StreamWaitEvent(stream, event, 0), "cuStreamWaitEvent", error)
    # It goes once it has been reached.
    cuda.EventDestroy(event)
    return ok


cdef void wait_for_readers(int gpu, bint all_streams) noexcept nogil:
    if dsbind_cuda_enter(gpu, NULL):
        if all_streams:
            dsbind_cuda(NULL).CtxSynchronize()
        else:
            finish_default(NULL)
        dsbind_cuda_leave()


cdef int wait_for_default(int gpu) except -1:
    cdef GError *error = NULL
    cdef bint ok
    with nogil:
        ok = dsbind_cuda_enter(gpu, &error)
        if ok:
            ok = finish_default(&error)
            dsbind_cuda_leave()
    if not ok:
        raise_cuda(error)
    return 0


cdef bint finish_default(GError **error) noexcept nogil:
    cdef const DsbindCuda *cuda = dsbind_cuda(NULL)
    # Asking costs less than waiting, and mostly there is nothing to wait for.
    return cuda.StreamQuery(CU_STREAM_LEGACY) == 0 \
        or dsbind_cuda_check(cuda.StreamSynchronize(CU_STREAM_LEGACY), "cuStreamSynchronize", error)


cdef int raise_cuda(GError *error) except -1:
    cdef str message = error.message.decode("utf-8", "replace")
    g_error_free(error)
    raise CudaError(message)
