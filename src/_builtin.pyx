# SPDX-License-Identifier: Apache-2.0
"""The probes that come with dsbind. They run on the streaming thread without the GIL."""

from dsbind.capi.glib cimport GError, g_error_free, g_free
from dsbind.capi.probes cimport *
from dsbind._watch cimport Watch
from dsbind.gst cimport Element

import collections
import os

from dsbind.errors import MissingElementError, OutputError

__all__ = ("NativeAttachment", "NativeProbe", "Property", "names", "properties")

Property = collections.namedtuple("Property", "kind minimum maximum brief")
Property.__doc__ = """A property of a probe: "integer", "boolean" or "path", and its range."""

cdef dict KINDS = {DSBIND_INTEGER: "integer", DSBIND_BOOLEAN: "boolean", DSBIND_PATH: "path"}


def names():
    """The names of all of them."""
    cdef unsigned int n = 0
    cdef list found = []
    while dsbind_probe_class_at(n) != NULL:
        found.append(dsbind_probe_class_at(n).name.decode())
        n += 1
    return found


def properties(str factory not None):
    """The properties of a probe, by name."""
    cdef const DsbindProperty *item = class_of(factory).properties
    cdef dict found = {}
    while item.name != NULL:
        found[item.name.decode()] = Property(KINDS[item.type], item.minimum, item.maximum,
                                             item.brief.decode())
        item += 1
    return found


cdef class NativeProbe:
    """One probe, with its properties and what it has counted.

    Parameters
    ----------
    factory
        One of `names()`.
    """

    cdef DsbindProbe *probe
    cdef list order

    def __init__(self, str factory not None):
        if self.probe == NULL:
            self.order = list(properties(factory))
            self.probe = dsbind_probe_new(class_of(factory))

    def __dealloc__(self):
        if self.probe != NULL:
            with nogil:
                dsbind_probe_unref(self.probe)

    def set(self, str name not None, value):
        """Set a property; its type and range have been checked."""
        cdef unsigned int index = self.order.index(name)
        cdef bytes path
        cdef const char *path_c
        cdef int64_t number
        if self.probe.klass.properties[index].type == DSBIND_PATH:
            path = os.fsencode(value)
            path_c = path
            with nogil:
                dsbind_probe_set_path(self.probe, index, path_c)
        else:
            number = value
            with nogil:
                dsbind_probe_set_number(self.probe, index, number)

    def get(self, str name not None):
        """The value of a property."""
        cdef unsigned int index = self.order.index(name)
        cdef DsbindPropertyType kind = self.probe.klass.properties[index].type
        cdef char *path
        cdef int64_t number
        if kind == DSBIND_PATH:
            with nogil:
                path = dsbind_probe_path(self.probe, index)
            try:
                return os.fsdecode(path)
            finally:
                g_free(path)
        with nogil:
            number = dsbind_probe_number(self.probe, index)
        return bool(number) if kind == DSBIND_BOOLEAN else number

    def start(self):
        """Begin anew: what was counted is forgotten.

        Raises
        ------
        OutputError
            It cannot write where it is to write.
        """
        cdef GError *error = NULL
        cdef bint started
        with nogil:
            started = dsbind_probe_start(self.probe, &error)
        if not started:
            text = error.message.decode("utf-8", "replace")
            g_error_free(error)
            raise OutputError(text)

    def values(self):
        """What it knows: a dict for each source, by source id."""
        cdef unsigned int n = 0
        cdef unsigned int i
        cdef DsbindProbeRow *rows
        cdef const DsbindProbeClass *klass = self.probe.klass
        cdef dict found = {}
        with nogil:
            rows = dsbind_probe_rows(self.probe, &n)
        try:
            for i in range(n):
                found[rows[i].source_id] = columns_of(klass, &rows[i])
        finally:
            g_free(rows)
        return found


cdef class NativeAttachment(Watch):
    """A probe at an element, until it is closed.

    Parameters
    ----------
    probe
        What it offers buffers to.
    element
        The element to watch.
    pad
        A pad's name, or a template's; empty for the last source pad, or a sink's own pad.
    """

    cdef NativeProbe probe

    def __init__(self, NativeProbe probe not None, Element element not None, str pad not None):
        if self.hook == NULL:
            self.probe = probe
            self.begin(dsbind_probe_hook(probe.probe), element, pad)

    cdef str title(self):
        return self.probe.probe.klass.name.decode()


cdef const DsbindProbeClass *class_of(str factory) except NULL:
    cdef bytes key = factory.encode()
    cdef const DsbindProbeClass *klass = dsbind_probe_class(key)
    if klass == NULL:
        raise MissingElementError(f"there is no probe {factory!r}: there are {', '.join(names())}")
    return klass


cdef dict columns_of(const DsbindProbeClass *klass, DsbindProbeRow *row):
    cdef dict found = {}
    cdef int i = 0
    while klass.columns[i].name != NULL:
        value = row.values[i]
        found[klass.columns[i].name.decode()] = int(value) if klass.columns[i].whole else value
        i += 1
    return found
