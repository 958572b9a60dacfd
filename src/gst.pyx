# SPDX-License-Identifier: Apache-2.0
"""GStreamer's elements, pipelines and bus, as far as dsbind uses them."""

import os
import threading

from dsbind.capi.gst cimport *
from dsbind.capi.runtime cimport dsbind_runtime_register_plugins
from dsbind._padlink cimport link_elements
from dsbind._structure cimport structure_fields
from dsbind._properties cimport get_property, set_property

from dsbind import runtime
from dsbind.errors import (
    ConfigError,
    Error,
    MissingElementError,
    RuntimeNotFoundError,
    mask_uri,
    nearest,
)
from dsbind.forked import check, left_behind, need_threads

NULL_STATE = <int>GST_STATE_NULL
READY = <int>GST_STATE_READY
PAUSED = <int>GST_STATE_PAUSED
PLAYING = <int>GST_STATE_PLAYING


cdef class Element:
    """One GStreamer element, or a bin of them.

    Parameters
    ----------
    factory
        What to make, as `gst-inspect-1.0` names it.
    name
        Its name within the pipeline.

    Raises
    ------
    MissingElementError
        There is no such element; the message names the nearest and what may provide it.
    """

    def __init__(self, str factory not None, str name not None):
        cdef bytes factory_b = c_name(factory)
        cdef bytes name_b = c_name(name)
        cdef const char *factory_c = factory_b
        cdef const char *name_c = name_b
        cdef GstElementFactory *found
        cdef GstElement *made
        if self.element != NULL:
            raise Error(f"{self} cannot be initialised twice")
        init()
        with nogil:
            # Finding loads the plugin, creating runs its code.
            found = gst_element_factory_find(factory_c)
            made = NULL
            if found != NULL:
                made = gst_element_factory_create(found, name_c)
                gst_object_unref(found)
            if made != NULL:
                gst_object_ref_sink(made)
        if made == NULL:
            raise MissingElementError(missing_element(factory, found != NULL))
        self.element = made

    def __dealloc__(self):
        if self.element != NULL and not orphaned:
            # The last reference ends streaming threads, which may want the GIL.
            with nogil:
                gst_object_unref(self.element)

    @property
    def name(self):
        """Its name within the pipeline."""
        return take(gst_object_get_name(<GstObject *>self.element))

    @property
    def factory(self):
        """The kind of element, as `gst-inspect-1.0` names it; empty for a plain bin."""
        return factory_name(self.element)

    def __str__(self):
        return f"{self.factory or 'bin'} {self.name!r}"

    def __repr__(self):
        return f"<{type(self).__name__} {self}>"

    def set(self, str name not None, value):
        """Set a property from a Python value; enums and flags by number or nick.

        Raises
        ------
        ConfigError
            The value is of another type or out of range. An unknown property only warns.
        """
        set_property(<GObject *>self.element, str(self), name, value)

    def get(self, str name not None):
        """The value of a property; None, with a warning, where there is no such property."""
        return get_property(<GObject *>self.element, str(self), name)

    def has(self, str name not None):
        """Whether there is a property of this name."""
        cdef bytes key = name.encode()
        return g_object_class_find_property(G_OBJECT_GET_CLASS(self.element), key) != NULL

    def link(self, Element target not None, str source_pad="", str target_pad=""):
        """Link to `target`, each pad named by template, by its own name or not at all.

        Returns
        -------
        tuple
            The names of both pads; the source's is None where that pad is still to come. It is then
            linked when it appears, to the sink pad that was reserved here.

        Raises
        ------
        LinkError
            No pads of theirs go together.
        """
        return link_elements(self.element, str(self), source_pad,
                             target.element, str(target), target_pad)

    def end_pad(self, str name not None):
        """End the stream of a sink pad, as if its source had sent EOS."""
        cdef bytes key = name.encode()
        cdef const char *key_c = key
        cdef GstPad *pad
        cdef GstEvent *started
        with nogil:
            pad = gst_element_get_static_pad(self.element, key_c)
            if pad != NULL:
                # A pad that never had data has not even begun a stream.
                started = gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0)
                if started == NULL:
                    gst_pad_send_event(pad, gst_event_new_stream_start("none"))
                else:
                    gst_event_unref(started)
                gst_pad_send_event(pad, gst_event_new_eos())
                gst_object_unref(pad)

    def has_begun(self, str name not None):
        """Whether a sink pad knows what is to come: its caps."""
        return has_event(self.element, name, GST_EVENT_CAPS)

    def has_ended(self, str name not None):
        """Whether the stream of a sink pad has ended, and the element has dealt with that."""
        return has_event(self.element, name, GST_EVENT_EOS)

    def set_state(self, int state):
        """Ask for a state: False when the element refused at once."""
        cdef GstStateChangeReturn result
        if state != GST_STATE_NULL:
            need_threads()
        with nogil:
            result = gst_element_set_state(self.element, <GstState>state)
        return result != GST_STATE_CHANGE_FAILURE

    def wait_state(self, double timeout):
        """The state now, after at most `timeout` seconds for a change that is going on."""
        cdef GstState state = GST_STATE_NULL
        cdef GstClockTime limit = nanoseconds(timeout)
        with nogil:
            gst_element_get_state(self.element, &state, NULL, limit)
        return <int>state

    def lock_state(self, bint locked):
        """Whether the element keeps its state when its pipeline changes."""
        with nogil:
            gst_element_set_locked_state(self.element, locked)

    def position(self):
        """Nanoseconds played so far, or None while unknown."""
        cdef gint64 position = 0
        cdef gboolean known
        with nogil:
            known = gst_element_query_position(self.element, GST_FORMAT_TIME, &position)
        return position if known else None

    def duration(self):
        """Nanoseconds that there are to play, or None while unknown."""
        cdef gint64 duration = 0
        cdef gboolean known
        with nogil:
            known = gst_element_query_duration(self.element, GST_FORMAT_TIME, &duration)
        return duration if known else None

    def seek(self, double seconds):
        """Go to the last key frame at or before a time: False where that cannot be done."""
        cdef int flags = (GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT | GST_SEEK_FLAG_SNAP_BEFORE)
        cdef gint64 position = <gint64>(seconds * GST_SECOND)
        cdef gboolean done
        with nogil:
            done = gst_element_seek_simple(self.element, GST_FORMAT_TIME, <GstSeekFlags>flags,
                                           position)
        return bool(done)


cdef bint has_event(GstElement *element, str name, GstEventType kind):
    """Whether a pad keeps an event of this kind."""
    cdef bytes key = name.encode()
    cdef const char *key_c = key
    cdef GstEvent *event = NULL
    cdef GstPad *pad
    with nogil:
        pad = gst_element_get_static_pad(element, key_c)
        if pad != NULL:
            event = gst_pad_get_sticky_event(pad, kind, 0)
            if event != NULL:
                gst_event_unref(event)
            gst_object_unref(pad)
    return event != NULL


cdef class Bin(Element):
    """A pipeline: the elements in it, their state and their bus."""

    def __init__(self, str name not None):
        cdef bytes name_b = c_name(name)
        cdef const char *name_c = name_b
        if self.element != NULL:
            raise Error(f"{self} cannot be initialised twice")
        init()
        with nogil:
            self.element = gst_pipeline_new(name_c)
            gst_object_ref_sink(self.element)

    def __dealloc__(self):
        cdef GstState state = GST_STATE_NULL
        if self.element == NULL or orphaned:
            return
        with nogil:
            gst_element_get_state(self.element, &state, NULL, 0)
            # Going to NULL waits for the streaming threads, and this may be one of them.
            if state != GST_STATE_NULL:
                gst_element_call_async(self.element, halt, NULL, NULL)

    def add(self, Element element not None):
        """Take an element in: False when one of this name is there already."""
        cdef gboolean added
        with nogil:
            added = gst_bin_add(<GstBin *>self.element, element.element)
        return bool(added)

    def remove(self, Element element not None):
        """Let an element go, with its links."""
        with nogil:
            gst_bin_remove(<GstBin *>self.element, element.element)

    def send_eos(self):
        """Ask all sources to end their streams. Returns at once. For a pipeline that plays.

        A source that is blocked keeps its own state from changing until the elements after it let
        go. Asking the pipeline instead would keep all of them from it.
        """
        cdef GstIterator *sources
        with nogil:
            sources = gst_bin_iterate_sources(<GstBin *>self.element)
            gst_iterator_foreach(sources, ask_to_end, NULL)
            gst_iterator_free(sources)

    def wake(self, str what not None):
        """Put an "application" message on the bus."""
        cdef bytes name = what.encode()
        cdef const char *name_c = name
        cdef GstBus *bus
        with nogil:
            bus = gst_element_get_bus(self.element)
            gst_bus_post(bus, gst_message_new_application(<GstObject *>self.element,
                                                          gst_structure_new_empty(name_c)))
            gst_object_unref(bus)

    def pop(self, double timeout, bint states):
        """The next message of the bus, or None after `timeout` seconds.

        State changes are passed over unless `states`.
        """
        cdef int kinds = (GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING
                          | GST_MESSAGE_APPLICATION | GST_MESSAGE_ELEMENT)
        cdef GstClockTime limit = nanoseconds(timeout)
        cdef GstBus *bus
        cdef GstMessage *message
        if states:
            kinds |= GST_MESSAGE_STATE_CHANGED
        with nogil:
            bus = gst_element_get_bus(self.element)
            message = gst_bus_timed_pop_filtered(bus, limit, <GstMessageType>kinds)
            gst_object_unref(bus)
        if message == NULL:
            return None
        try:
            return read_message(message, <GstObject *>self.element)
        finally:
            with nogil:
                gst_message_unref(message)

    def graph(self):
        """The elements and their links, in Graphviz' dot language."""
        cdef gchar *dot
        with nogil:
            # In full: where values are cut off, credentials could not be told from hosts.
            dot = gst_debug_bin_to_dot_data(<GstBin *>self.element, GST_DEBUG_GRAPH_SHOW_VERBOSE)
        return mask_uri(take(dot))


cdef class Message:
    """What an element told on the bus.

    Attributes
    ----------
    kind : str
        "eos", "error", "warning", "state-changed", "element" or "application".
    origin, factory : str
        Name and kind of the element that sent it.
    path : tuple of str
        From the pipeline's own child down to the origin; empty for the pipeline itself.
    domain : str
        Of an error or warning: "core", "library", "resource", "stream", or GLib's name of another.
    code : int
        Of an error or warning, within its domain.
    text, debug : str
        Of an error or warning: for users, and for developers. Of an application or
        element message: its name.
    details : dict
        Of an element message, error or warning: the fields that it brings.
    old, new : int
        Of a change of state.
    """

    cdef readonly str kind, origin, factory, domain, text, debug
    cdef readonly tuple path
    cdef readonly dict details
    cdef readonly int code, old, new


cdef Message read_message(GstMessage *source, GstObject *top):
    cdef Message message = Message.__new__(Message)
    cdef GError *error = NULL
    cdef gchar *debug = NULL
    cdef GstState old = GST_STATE_NULL
    cdef GstState new = GST_STATE_NULL
    cdef const GstStructure *details = NULL
    message.domain = message.text = message.debug = ""
    message.details = {}
    read_origin(message, source.src, top)
    if source.type == GST_MESSAGE_EOS:
        message.kind = "eos"
    elif source.type == GST_MESSAGE_APPLICATION:
        message.kind = "application"
        message.text = gst_structure_get_name(gst_message_get_structure(source)).decode()
    elif source.type == GST_MESSAGE_ELEMENT:
        message.kind = "element"
        message.text = gst_structure_get_name(gst_message_get_structure(source)).decode()
        message.details = structure_fields(gst_message_get_structure(source))
    elif source.type == GST_MESSAGE_STATE_CHANGED:
        message.kind = "state-changed"
        gst_message_parse_state_changed(source, &old, &new, NULL)
        message.old = old
        message.new = new
    else:
        if source.type == GST_MESSAGE_WARNING:
            message.kind = "warning"
            gst_message_parse_warning(source, &error, &debug)
            gst_message_parse_warning_details(source, &details)
        else:
            message.kind = "error"
            gst_message_parse_error(source, &error, &debug)
            gst_message_parse_error_details(source, &details)
        message.domain = error_domain(error.domain)
        message.code = error.code
        message.text = error.message.decode("utf-8", "replace")
        message.debug = take(debug)
        message.details = structure_fields(details)
        g_error_free(error)
    return message


cdef int read_origin(Message message, GstObject *source, GstObject *top) except -1:
    """The element that sent a message (a pad speaks for its element) and where it sits."""
    cdef list path = []
    cdef GstObject *object
    cdef GstObject *parent
    message.origin = message.factory = ""
    object = <GstObject *>gst_object_ref(source) if source != NULL else NULL
    while object != NULL and object != top:
        if g_type_is_a(G_OBJECT_TYPE(object), GST_TYPE_ELEMENT):
            path.append(take(gst_object_get_name(object)))
            if len(path) == 1:
                message.origin = path[0]
                message.factory = factory_name(<GstElement *>object)
        parent = gst_object_get_parent(object)
        gst_object_unref(object)
        object = parent
    if object == top:
        gst_object_unref(object)
        if not path:
            message.origin = take(gst_object_get_name(top))
    path.reverse()
    message.path = tuple(path)
    return 0


cdef str error_domain(GQuark domain):
    cdef str name = g_quark_to_string(domain).decode()
    return name[4:-12] if name.startswith("gst-") and name.endswith("-error-quark") else name


cdef str factory_name(GstElement *element):
    cdef GstElementFactory *factory = gst_element_get_factory(element)
    return "" if factory == NULL else take(gst_object_get_name(<GstObject *>factory))


cdef void ask_to_end(const GValue *source, gpointer data) noexcept nogil:
    gst_element_call_async(<GstElement *>g_value_get_object(source), end_stream, NULL, NULL)


cdef void end_stream(GstElement *element, gpointer data) noexcept nogil:
    cdef GstFlowReturn result
    # An appsrc still gives what it has queued; the event would go before that.
    if g_signal_lookup("end-of-stream", G_OBJECT_TYPE(element)) != 0:
        g_signal_emit_by_name(element, "end-of-stream", &result)
    else:
        gst_element_send_event(element, gst_event_new_eos())


cdef void halt(GstElement *element, gpointer data) noexcept nogil:
    gst_element_set_state(element, GST_STATE_NULL)


def _note_fork():
    global orphaned
    orphaned = left_behind()


os.register_at_fork(after_in_child=_note_fork)

cdef bint _ready = False
_init_lock = threading.Lock()


def init():
    """Start GStreamer, open the libraries and register the plugins; once, on first use.

    Raises
    ------
    RuntimeNotFoundError
        GStreamer or the native libraries cannot be used here.
    StateError
        GStreamer ran before this process was forked.
    """
    global _ready
    cdef GError *error = NULL
    cdef gboolean done
    check()
    if _ready:
        return
    with _init_lock:
        if _ready:
            return
        with nogil:
            done = gst_init_check(NULL, NULL, &error)
        if not done:
            raise RuntimeNotFoundError(f"GStreamer does not start: {take_error(error)}")
        runtime.open()
        with nogil:
            done = dsbind_runtime_register_plugins(&error)
        if not done:
            raise RuntimeNotFoundError(take_error(error))
        _ready = True


def version():
    """GStreamer's version, such as "GStreamer 1.22.0"."""
    return take(gst_version_string())


def has_element(str factory not None):
    """Whether there is an element of this kind here."""
    cdef bytes factory_b = factory.encode()
    cdef const char *factory_c = factory_b
    cdef GstElementFactory *found
    init()
    with nogil:
        found = gst_element_factory_find(factory_c)
        if found != NULL:
            gst_object_unref(found)
    return found != NULL


def element_names():
    """The names of all elements that can be made here."""
    cdef GList *features
    cdef GList *feature
    init()
    with nogil:
        features = gst_registry_get_feature_list(gst_registry_get(), GST_TYPE_ELEMENT_FACTORY)
    names = []
    feature = features
    while feature != NULL:
        names.append(take(gst_object_get_name(<GstObject *>feature.data)))
        feature = feature.next
    gst_plugin_feature_list_free(features)
    return sorted(names)


cdef str missing_element(str factory, bint found):
    text = f"Element creation failed: there is no GStreamer element {factory!r}"
    if found:
        return (f"Element creation failed: {factory!r} is known but its plugin does not load; "
                f"`gst-inspect-1.0 {factory}` tells why")
    close = nearest(factory, element_names())
    if close:
        text += f"; the nearest is {close!r}"
    return text + ". `dsbind doctor` shows what is missing and how to get it"


cdef bytes c_name(str name):
    """A name for the C API, which would take a NUL for its end."""
    if "\0" in name:
        raise ConfigError(f"{name!r} holds a NUL character; choose another name")
    return name.encode("utf-8", "replace")


cdef str take(gchar *text):
    """A C string as Python's, and the C string freed."""
    if text == NULL:
        return ""
    try:
        return text.decode("utf-8", "replace")
    finally:
        g_free(text)


cdef str take_error(GError *error):
    if error == NULL:
        return ""
    try:
        return error.message.decode("utf-8", "replace")
    finally:
        g_error_free(error)


cdef GstClockTime nanoseconds(double seconds) noexcept:
    return <GstClockTime>(seconds * GST_SECOND) if seconds > 0 else 0
