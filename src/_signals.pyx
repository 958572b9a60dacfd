# SPDX-License-Identifier: Apache-2.0
"""GObject signals of elements: emitting them, and Python callbacks on them."""

from cpython.exc cimport PyErr_WriteUnraisable
from libc.stdlib cimport calloc, free

from dsbind.capi.gst cimport *
from dsbind._callbacks cimport Entry, enter, is_current, leave
from dsbind._properties cimport to_python
from dsbind._threads cimport keep_thread
from dsbind.gst cimport Element, orphaned

from dsbind.errors import ArgumentTypeError, ConfigError, ProbeError, nearest, shown

cdef extern from "glib-object.h" nogil:
    ctypedef struct GSignalQuery:
        guint signal_id
        GType return_type
        guint n_params
        const GType *param_types
        guint signal_flags
    ctypedef struct SignalClosure "GClosure":
        gpointer data
    ctypedef void (*SignalMarshal)(SignalClosure *closure, GValue *result, guint n,
                                   const GValue *values, gpointer hint,
                                   gpointer data) noexcept nogil
    ctypedef void (*ClosureNotify)(gpointer data, SignalClosure *closure) noexcept nogil
    GType G_SIGNAL_TYPE_STATIC_SCOPE
    GType g_type_parent(GType type)
    guint *g_signal_list_ids(GType type, guint *n)
    const gchar *g_signal_name(guint id)
    guint g_signal_lookup(const gchar *name, GType type)
    void g_signal_query(guint id, GSignalQuery *query)
    void g_signal_emitv(const GValue *values, guint id, GQuark detail, GValue *result)
    void g_value_set_object(GValue *value, gpointer object)
    gpointer g_value_get_pointer(const GValue *value)
    SignalClosure *g_closure_new_simple(guint size, gpointer data)
    void g_closure_set_marshal(SignalClosure *closure, SignalMarshal marshal)
    void g_closure_add_finalize_notifier(SignalClosure *closure, gpointer data,
                                         ClosureNotify notify)
    gulong g_signal_connect_closure_by_id(gpointer instance, guint id, GQuark detail,
                                          SignalClosure *closure, gboolean after)

cdef extern from "gst/gst.h" nogil:
    gboolean GST_IS_OBJECT(gpointer object)


def signal_names(Element element not None):
    """The names of an element's signals, those of its own kind first."""
    cdef GType kind = G_OBJECT_TYPE(element.element)
    cdef guint n = 0
    cdef guint i
    cdef guint *ids
    cdef list names = []
    while kind != 0:
        ids = g_signal_list_ids(kind, &n)
        names.extend(g_signal_name(ids[i]).decode() for i in range(n))
        g_free(ids)
        kind = g_type_parent(kind)
    return names


def check(Element element not None, str name not None):
    """Raise a ProbeError where an element has no action of this name."""
    need_action(element, name)


def emit(Element element not None, str name not None, tuple values not None):
    """Emit a signal: for an action, the call of what it does. Returns its result.

    Raises
    ------
    ProbeError
        The element has no such action.
    ArgumentTypeError
        It takes other values.
    """
    cdef GSignalQuery query
    cdef GValue *result
    cdef GValue *items
    cdef guint id = need_action(element, name)
    cdef guint i
    g_signal_query(id, &query)
    if query.n_params != <guint>len(values):
        raise ArgumentTypeError(
            f"signal {name!r} of {element} takes {query.n_params} values, not {shown(values)}")
    items = <GValue *>calloc(query.n_params + 2, sizeof(GValue))
    if items == NULL:
        raise MemoryError()
    try:
        g_value_init(&items[0], G_OBJECT_TYPE(element.element))
        g_value_set_object(&items[0], element.element)
        for i in range(query.n_params):
            g_value_init(&items[i + 1], query.param_types[i] & ~G_SIGNAL_TYPE_STATIC_SCOPE)
            fill(&items[i + 1], values[i], f"signal {name!r} of {element}")
        result = &items[query.n_params + 1]
        if query.return_type != G_TYPE_NONE:
            g_value_init(result, query.return_type & ~G_SIGNAL_TYPE_STATIC_SCOPE)
        with nogil:
            g_signal_emitv(items, id, 0, result)
        return None if query.return_type == G_TYPE_NONE else read(result)
    finally:
        for i in range(query.n_params + 2):
            if items[i].g_type != 0:
                g_value_unset(&items[i])
        free(items)


# What the signal's closure holds. It outlives the Connection while a callback is just starting.
cdef struct Link:
    # The Connection; cleared when it goes. Read and written under the GIL only.
    void *connection
    int enabled


cdef class Connection:
    """Calls `callback(*values)` for each emission of a signal, until it is collected.

    Parameters
    ----------
    element, signal
        What to listen to.
    callback
        Gets the signal's values: numbers, texts, names of objects, addresses of structures. Where
        the signal has a result, what it returns becomes that; None leaves the default.
    on_error
        Gets an exception raised by the callback, on the thread that emitted the signal.

    Raises
    ------
    ProbeError
        The element has no such signal.
    """

    cdef object callback
    cdef object on_error
    cdef GstElement *element
    cdef Link *link
    cdef gulong id
    cdef object __weakref__

    def __cinit__(self, Element element not None, str signal not None, callback, on_error):
        cdef guint id = need(element, signal)
        cdef SignalClosure *closure
        self.link = <Link *>calloc(1, sizeof(Link))
        if self.link == NULL:
            raise MemoryError()
        self.callback = callback
        self.on_error = on_error
        self.element = <GstElement *>gst_object_ref(element.element)
        self.link.connection = <void *>self
        self.link.enabled = 1
        closure = g_closure_new_simple(sizeof_closure(), self.link)
        g_closure_set_marshal(closure, on_signal)
        g_closure_add_finalize_notifier(closure, self.link, free_link)
        self.id = g_signal_connect_closure_by_id(self.element, id, 0, closure, False)

    def __dealloc__(self):
        if self.link != NULL:
            self.link.connection = NULL
        if self.element != NULL and not orphaned:
            # The last reference ends streaming threads, which may want the GIL.
            with nogil:
                if self.id != 0:
                    g_signal_handler_disconnect(self.element, self.id)
                gst_object_unref(self.element)

    @property
    def enabled(self):
        """Whether the callback is called."""
        return bool(g_atomic_int_get(&self.link.enabled))

    @enabled.setter
    def enabled(self, bint on):
        g_atomic_int_set(&self.link.enabled, on)

    def is_current(self):
        """Whether the calling thread is in the callback."""
        return is_current(self)


cdef extern from *:
    """
    #define dsbind_closure_size() ((guint)sizeof(GClosure))
    """
    guint sizeof_closure "dsbind_closure_size"() nogil


cdef void free_link(gpointer data, SignalClosure *closure) noexcept nogil:
    free(data)


cdef void on_signal(SignalClosure *closure, GValue *result, guint n, const GValue *values,
                    gpointer hint, gpointer data) noexcept nogil:
    cdef Link *link = <Link *>closure.data
    if g_atomic_int_get(&link.enabled):
        keep_thread()
        call(link, result, n, values)


cdef void call(Link *link, GValue *result, guint n, const GValue *values) noexcept with gil:
    cdef Connection connection
    if link.connection == NULL:
        return
    connection = <Connection>link.connection
    # None once the garbage collector has taken the connection apart.
    if connection.callback is not None:
        run(connection, result, n, values)


cdef void run(Connection connection, GValue *result, guint n, const GValue *values) noexcept:
    cdef Entry entry
    cdef guint i
    enter(&entry, connection)
    try:
        answer = connection.callback(*[read(<GValue *>&values[i]) for i in range(1, n)])
        if answer is not None and result != NULL and result.g_type != 0:
            fill(result, answer, "the result of a signal's handler")
    except BaseException as error:
        g_atomic_int_set(&connection.link.enabled, 0)
        try:
            connection.on_error(error)
        except BaseException:
            PyErr_WriteUnraisable(connection.callback)
    finally:
        leave(&entry)


cdef guint need(Element element, str name) except 0:
    cdef bytes key = name.encode("utf-8", "replace")
    cdef guint id = g_signal_lookup(key, G_OBJECT_TYPE(element.element))
    if id == 0:
        names = signal_names(element)
        close = nearest(name, names)
        raise ProbeError(f"{element} has no signal {name!r}"
                         f"{f', did you mean {close!r}?' if close else ':'} "
                         f"its signals are {', '.join(names)}")
    return id


cdef guint need_action(Element element, str name) except 0:
    cdef GSignalQuery query
    cdef guint id = need(element, name)
    g_signal_query(id, &query)
    if not query.signal_flags & G_SIGNAL_ACTION:
        # Its handlers trust the values: None for an object would be the end of the process.
        raise ProbeError(f"signal {name!r} of {element} is no action: the element emits it, and a "
                         "Handler listens to it")
    return id


cdef object read(GValue *value):
    cdef GType kind = G_TYPE_FUNDAMENTAL(value.g_type)
    cdef gpointer object
    if kind == G_TYPE_OBJECT:
        object = g_value_get_object(value)
        if object == NULL or not GST_IS_OBJECT(object):
            return None
        return name_of(<GstObject *>object)
    if kind == G_TYPE_POINTER:
        return <size_t>g_value_get_pointer(value) or None
    return to_python(value)


cdef str name_of(GstObject *object):
    cdef gchar *name = gst_object_get_name(object)
    try:
        return name.decode("utf-8", "replace")
    finally:
        g_free(name)


cdef int fill(GValue *out, object value, str what) except -1:
    cdef GType kind = G_TYPE_FUNDAMENTAL(out.g_type)
    try:
        if kind == G_TYPE_STRING:
            if not isinstance(value, str):
                raise TypeError
            if "\0" in value:
                raise ConfigError(f"{what}: {shown(value)} holds a NUL character")
            g_value_set_string(out, value.encode("utf-8", "surrogateescape"))
        elif kind == G_TYPE_BOOLEAN:
            g_value_set_boolean(out, bool(value))
        elif kind == G_TYPE_INT:
            g_value_set_int(out, value)
        elif kind == G_TYPE_UINT:
            g_value_set_uint(out, value)
        elif kind == G_TYPE_INT64:
            g_value_set_int64(out, value)
        elif kind == G_TYPE_UINT64:
            g_value_set_uint64(out, value)
        elif kind == G_TYPE_ENUM:
            g_value_set_enum(out, value)
        elif kind == G_TYPE_FLAGS:
            g_value_set_flags(out, value)
        elif kind == G_TYPE_FLOAT:
            g_value_set_float(out, value)
        elif kind == G_TYPE_DOUBLE:
            g_value_set_double(out, value)
        elif value is not None:
            raise TypeError
    except (TypeError, OverflowError):
        raise ArgumentTypeError(f"{what} takes a {g_type_name(out.g_type).decode()}, "
                                f"not {shown(value)}") from None
    return 0
