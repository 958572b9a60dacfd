# SPDX-License-Identifier: Apache-2.0
"""Native functions that a program gives as probes, and their state: what is at which address."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, NamedTuple

from dsbind.errors import ArgumentTypeError

__all__ = ["Address", "function_of", "is_native", "need_plain", "state_of"]

_SIGNATURE = "int probe(NvDsBatchMeta *batch, void *user), as dsbind.h declares it"
_KINDS = (
    "a ctypes or cffi function pointer, a Numba cfunc, a PyCapsule named 'dsbind.probe', or the "
    "one in a Cython module's __pyx_capi__"
)
# As Cython writes the signature of a cdef function.
_CYTHON = re.compile(r"int \((?:(?:struct )?_?NvDsBatchMeta|void) \*, ?void \*\)(?: ?noexcept)?")
_POINTER_BITS = 64


class Address(NamedTuple):
    """Where something is, and what keeps it there."""

    value: int
    kept: object


def need_plain(who: str, function: object) -> None:
    """Refuse a function of which a call runs nothing yet: `async`, or with `yield` in it.

    Raises
    ------
    ArgumentTypeError
        It is one.
    """
    lazy = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    if any(check(function) for check in lazy):
        raise ArgumentTypeError(
            f"{who}: {getattr(function, '__qualname__', function)} is called on a thread of its "
            "own, without an event loop, and would never run: define it without async and yield"
        )


def is_native(value: object) -> bool:
    """Whether a value is of a kind that holds a native function."""
    kind = type(value)
    return (
        kind.__name__ == "PyCapsule"
        or _is_ctypes_function(value)
        or _is_cffi(value)
        or _is_numba(value)
    )


def function_of(who: str, native: Any) -> Address:
    """The function that a program gave as a probe; `who` is what messages call it.

    Raises
    ------
    ArgumentTypeError
        It is no native function, or none of this signature.
    """
    if type(native).__name__ == "PyCapsule":
        address = _of_capsule(who, native)
    elif _is_ctypes_function(native):
        address = _of_ctypes(who, native)
    elif _is_cffi(native):
        address = _of_cffi(who, native)
    elif _is_numba(native):
        address = _of_numba(who, native)
    else:
        raise ArgumentTypeError(f"{who} needs a native function: {_KINDS}; not {native!r}")
    if not address:
        raise ArgumentTypeError(f"{who}: the function pointer is NULL")
    return Address(address, native)


def state_of(who: str, user: Any) -> Address:
    """The state that a program gave to a native probe, 0 for None.

    Raises
    ------
    ArgumentTypeError
        It has no address that stays.
    """
    if user is None:
        return Address(0, None)
    if isinstance(user, int) and not isinstance(user, bool):
        if not 0 <= user < 1 << _POINTER_BITS:
            raise ArgumentTypeError(f"{who}: {user} is no address; user is from 0 to 2**64 - 1")
        return Address(user, None)
    if type(user).__name__ == "PyCapsule":
        return Address(_capsule(user)[1], user)
    if type(user).__module__ == "dsbind._capi":
        return Address(user.address, user)
    if _is_cffi(user):
        return Address(_cffi_address(user), user)
    ctypes = sys.modules.get("ctypes")
    if ctypes is not None:
        # A CArgObject is what byref() makes.
        pointers = (ctypes.c_void_p, ctypes._Pointer)
        if isinstance(user, pointers) or type(user).__name__ == "CArgObject":
            return Address(ctypes.cast(user, ctypes.c_void_p).value or 0, user)
        # The base of structures, arrays and numbers.
        if isinstance(user, ctypes.c_int.__mro__[-2]):
            return Address(ctypes.addressof(user), user)
    return _of_memory(who, user)


def _of_memory(who: str, user: Any) -> Address:
    """The memory of a NumPy array, or of another object with the buffer protocol."""
    import ctypes

    usage = "user is an address, a ctypes or cffi pointer, or a NumPy array"
    interface = getattr(user, "__array_interface__", None)
    if interface is not None:
        # Not every array speaks the buffer protocol: those of dates do not.
        if getattr(user.dtype, "hasobject", False):
            raise ArgumentTypeError(f"{who}: an array of Python objects is no native state")
        if not user.flags.c_contiguous:
            raise ArgumentTypeError(
                f"{who}: the array has gaps; pass numpy.ascontiguousarray() of it"
            )
        if not user.flags.writeable:
            raise ArgumentTypeError(f"{who}: the array is read-only; pass a copy() of it")
        return Address(interface["data"][0], user)
    try:
        memory = memoryview(user)
    except TypeError:
        raise ArgumentTypeError(f"{who}: {usage}, not {user!r}") from None
    if memory.readonly or not memory.c_contiguous:
        raise ArgumentTypeError(f"{who}: {usage}; the memory of {user!r} cannot be written as one")
    # Holds the export, so that a bytearray cannot be resized meanwhile.
    array = (ctypes.c_char * memory.nbytes).from_buffer(user)
    return Address(ctypes.addressof(array), array)


def _is_ctypes_function(value: object) -> bool:
    ctypes = sys.modules.get("_ctypes")
    return ctypes is not None and isinstance(value, ctypes.CFuncPtr)


def _is_cffi(value: object) -> bool:
    return type(value).__module__ == "_cffi_backend" and "CData" in type(value).__name__


def _is_numba(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "numba" and hasattr(value, "address")


def _capsule(value: object) -> tuple[str, int]:
    from dsbind._native_probe import capsule_address

    found = capsule_address(value)
    assert found is not None
    return found


def _of_capsule(who: str, capsule: object) -> int:
    name, address = _capsule(capsule)
    if name != "dsbind.probe" and not _CYTHON.fullmatch(name):
        raise ArgumentTypeError(
            f"{who}: the capsule is named {name!r}, not 'dsbind.probe' "
            f"(DSBIND_PROBE_CAPSULE); of Cython it takes {_SIGNATURE}"
        )
    return address


def _of_ctypes(who: str, function: Any) -> int:
    import ctypes

    if function.restype is None or (
        isinstance(function.restype, type) and not issubclass(function.restype, ctypes.c_int)
    ):
        raise ArgumentTypeError(f"{who}: {function!r} does not return c_int: it takes {_SIGNATURE}")
    if function.argtypes is not None and len(function.argtypes) != 2:
        raise ArgumentTypeError(
            f"{who}: {function!r} has {len(function.argtypes)} arguments: it takes {_SIGNATURE}"
        )
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _cffi_address(pointer: object) -> int:
    ffi = sys.modules["_cffi_backend"].FFI()
    kind = ffi.typeof(pointer).kind
    if kind not in ("pointer", "array"):
        raise ArgumentTypeError(f"{pointer!r} is no pointer: take ffi.addressof() of it")
    return int(ffi.cast("uintptr_t", pointer))


def _of_cffi(who: str, pointer: object) -> int:
    kind = sys.modules["_cffi_backend"].FFI().typeof(pointer)
    if kind.kind == "function":
        item = kind
    elif kind.kind == "pointer":
        item = kind.item
    else:
        item = None
    if item is not None and item.kind == "function":
        if len(item.args) != 2 or item.result.cname != "int" or item.ellipsis:
            raise ArgumentTypeError(
                f"{who}: {pointer!r} is another function: it takes {_SIGNATURE}"
            )
    elif item is None or item.kind != "void":
        raise ArgumentTypeError(f"{who}: {pointer!r} is no function: it takes {_SIGNATURE}")
    return int(sys.modules["_cffi_backend"].FFI().cast("uintptr_t", pointer))


def _of_numba(who: str, function: Any) -> int:
    signature = getattr(function, "_sig", None)
    if signature is not None and (
        len(signature.args) != 2 or str(signature.return_type) not in ("int32", "intc")
    ):
        raise ArgumentTypeError(
            f"{who}: {signature} is another signature: declare the cfunc as int32(voidptr, voidptr)"
        )
    return int(function.address)
