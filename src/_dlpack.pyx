# SPDX-License-Identifier: Apache-2.0
"""Memory lent and borrowed by the DLPack protocol."""

cimport cython

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid, PyCapsule_SetName
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from dsbind.capi.dlpack cimport *
from dsbind._threads cimport keep_thread

from dsbind.errors import ArgumentTypeError, UnsupportedError

cdef extern from "Python.h":
    int Py_IsInitialized() nogil

    # Its destructor is called for an object without references, which none may be taken of.
    ctypedef void (*Destructor "PyCapsule_Destructor")(PyObject *capsule) noexcept
    object PyCapsule_New(void *pointer, const char *name, Destructor destructor)
    int is_capsule "PyCapsule_IsValid"(PyObject *capsule, const char *name)
    void *pointer_in "PyCapsule_GetPointer"(PyObject *capsule, const char *name)


# A loan is one piece of memory: the struct of the protocol, then its shape and strides; its context
# is a reference to what keeps the memory.

cdef struct Loan:
    DLManagedTensor managed
    int64_t[8] shape
    int64_t[8] strides


cdef struct VersionedLoan:
    DLManagedTensorVersioned managed
    int64_t[8] shape
    int64_t[8] strides


cdef void describe(DLTensor *target, int64_t *shape, int64_t *strides,
                   const DLTensor *tensor) noexcept:
    target[0] = tensor[0]
    target.shape = shape
    target.strides = strides
    memcpy(shape, tensor.shape, tensor.ndim * sizeof(int64_t))
    memcpy(strides, tensor.strides, tensor.ndim * sizeof(int64_t))


cdef object lend(object keeper, const DLTensor *tensor):
    cdef Loan *loan = <Loan *>calloc(1, sizeof(Loan))
    if loan == NULL:
        raise MemoryError()
    describe(&loan.managed.tensor, loan.shape, loan.strides, tensor)
    Py_INCREF(keeper)
    loan.managed.context = <void *>keeper
    loan.managed.deleter = end_loan
    try:
        return PyCapsule_New(loan, "dltensor", end_unused)
    except BaseException:
        end_loan(&loan.managed)
        raise


cdef object lend_versioned(object keeper, const DLTensor *tensor, uint64_t flags):
    cdef VersionedLoan *loan = <VersionedLoan *>calloc(1, sizeof(VersionedLoan))
    if loan == NULL:
        raise MemoryError()
    describe(&loan.managed.tensor, loan.shape, loan.strides, tensor)
    Py_INCREF(keeper)
    loan.managed.context = <void *>keeper
    loan.managed.deleter = end_versioned
    loan.managed.version.major = DLPACK_MAJOR
    loan.managed.version.minor = DLPACK_MINOR
    loan.managed.flags = flags
    try:
        return PyCapsule_New(loan, "dltensor_versioned", end_unused_versioned)
    except BaseException:
        end_versioned(&loan.managed)
        raise


# Consumers call these from any thread, with or without the GIL, and after Python has ended.

cdef void end_loan(DLManagedTensor *managed) noexcept nogil:
    if managed != NULL:
        let_go(managed.context)
        free(managed)


cdef void end_versioned(DLManagedTensorVersioned *managed) noexcept nogil:
    if managed != NULL:
        let_go(managed.context)
        free(managed)


cdef void drop(void *reference) noexcept nogil:
    """Give up a reference on a thread of a pipeline's, which does so for each frame."""
    if Py_IsInitialized():
        keep_thread()
    let_go(reference)


cdef void let_go(void *reference) noexcept nogil:
    """Give up a reference; nobody can once Python has ended.

    Nothing is kept for the thread: its end would want the GIL, which a consumer may hold while it
    waits for a thread of its own to end.
    """
    if Py_IsInitialized():
        with gil:
            Py_DECREF(<object>reference)


cdef void end_unused(PyObject *capsule) noexcept:
    # A consumer has renamed it, and calls the deleter itself.
    if is_capsule(capsule, "dltensor"):
        end_loan(<DLManagedTensor *>pointer_in(capsule, "dltensor"))


cdef void end_unused_versioned(PyObject *capsule) noexcept:
    if is_capsule(capsule, "dltensor_versioned"):
        end_versioned(<DLManagedTensorVersioned *>pointer_in(capsule, "dltensor_versioned"))


# The producer goes after its deleter has run.
@cython.no_gc_clear
@cython.final
cdef class Borrowed:
    """What a producer lent: its deleter runs once, when nobody uses the memory any longer."""

    def __dealloc__(self):
        # It may be code that waits for a thread which wants the GIL.
        with nogil:
            if self.managed != NULL and self.managed.deleter != NULL:
                self.managed.deleter(self.managed)
            if self.versioned != NULL and self.versioned.deleter != NULL:
                self.versioned.deleter(self.versioned)


cdef Borrowed borrow(object producer):
    cdef object capsule = ask(producer)
    cdef Borrowed self = Borrowed.__new__(Borrowed)
    self.producer = producer
    # What has not been renamed, the capsule's own destructor frees.
    if PyCapsule_IsValid(capsule, "dltensor_versioned"):
        self.versioned = <DLManagedTensorVersioned *>PyCapsule_GetPointer(
            capsule, "dltensor_versioned")
        PyCapsule_SetName(capsule, "used_dltensor_versioned")
        if self.versioned.version.major != DLPACK_MAJOR:
            raise UnsupportedError(
                f"{type(producer).__name__} speaks DLPack {self.versioned.version.major}."
                f"{self.versioned.version.minor}; dsbind knows {DLPACK_MAJOR}.{DLPACK_MINOR}"
            )
        self.tensor = &self.versioned.tensor
        self.readonly = self.versioned.flags & DL_READ_ONLY != 0
    elif PyCapsule_IsValid(capsule, "dltensor"):
        self.managed = <DLManagedTensor *>PyCapsule_GetPointer(capsule, "dltensor")
        PyCapsule_SetName(capsule, "used_dltensor")
        self.tensor = &self.managed.tensor
    else:
        raise ArgumentTypeError(
            f"{type(producer).__name__}.__dlpack__ gave {capsule!r}, not a DLPack capsule"
        )
    return self


cdef object ask(object producer):
    cdef dict options = {}
    if hasattr(producer, "__dlpack_device__") \
            and producer.__dlpack_device__()[0] in (DL_CUDA, DL_CUDA_MANAGED):
        # The legacy default stream: work under way on it is waited for.
        options["stream"] = 1
    try:
        return producer.__dlpack__(max_version=(DLPACK_MAJOR, DLPACK_MINOR), **options)
    except TypeError:
        # Producers from before 1.0 do not know the argument.
        return producer.__dlpack__(**options)
