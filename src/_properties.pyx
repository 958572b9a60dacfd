# SPDX-License-Identifier: Apache-2.0
"""Python values to and from the properties of GStreamer objects."""

import functools
import operator
import os

from libc.string cimport memset

from dsbind.capi.glib cimport *
from dsbind.capi.gst cimport (
    GST_TYPE_ARRAY,
    GST_TYPE_CAPS,
    GST_TYPE_CHILD_PROXY,
    GST_TYPE_FRACTION,
    GstCaps,
    GstChildProxy,
    gst_caps_to_string,
    gst_child_proxy_lookup,
    gst_value_deserialize,
    gst_value_serialize,
)

from dsbind.errors import ConfigError, shown, warn_unknown_property


cdef int set_property(GObject *object, str owner, str name, object value) except -1:
    cdef GParamSpec *spec = NULL
    cdef GObject *target = find_property(object, owner, name, &spec)
    cdef GValue converted
    if target == NULL:
        return 0
    try:
        if not spec.flags & G_PARAM_WRITABLE or spec.flags & G_PARAM_CONSTRUCT_ONLY:
            raise ConfigError(f"property {name!r} of {owner} is read-only: "
                              f"it cannot be set to {shown(value)}")
        memset(&converted, 0, sizeof(converted))
        g_value_init(&converted, spec.value_type)
        try:
            convert(&converted, spec, f"property {name!r} of {owner}", value)
            # An element may load a file or wait for its lock here.
            with nogil:
                g_object_set_property(target, spec.name, &converted)
        finally:
            g_value_unset(&converted)
    finally:
        with nogil:
            g_object_unref(target)
    return 0


cdef object get_property(GObject *object, str owner, str name):
    cdef GParamSpec *spec = NULL
    cdef GObject *target = find_property(object, owner, name, &spec)
    cdef GValue value
    if target == NULL:
        return None
    try:
        if not spec.flags & G_PARAM_READABLE:
            raise ConfigError(f"property {name!r} of {owner} is write-only: it cannot be read")
        memset(&value, 0, sizeof(value))
        g_value_init(&value, spec.value_type)
        try:
            with nogil:
                g_object_get_property(target, spec.name, &value)
            return to_python(&value)
        finally:
            g_value_unset(&value)
    finally:
        with nogil:
            g_object_unref(target)


cdef GObject *find_property(GObject *object, str owner, str name, GParamSpec **spec) except? NULL:
    """A new reference to the object that has the property; NULL, with a warning, without one.

    "child::property" is a property of a child: of an element in a bin, or of a pad.
    """
    cdef bytes key = name.encode("utf-8", "replace")
    cdef const char *key_c = key
    cdef GObject *target = NULL
    cdef gboolean found
    cdef str child
    if "::" not in name:
        spec[0] = g_object_class_find_property(G_OBJECT_GET_CLASS(object), key_c)
        if spec[0] == NULL:
            warn_unknown_property(owner, name, property_names(object))
            return NULL
        return <GObject *>g_object_ref(object)
    if not g_type_is_a(G_OBJECT_TYPE(object), GST_TYPE_CHILD_PROXY):
        warn_unknown_property(owner, name, property_names(object))
        return NULL
    with nogil:
        found = gst_child_proxy_lookup(<GstChildProxy *>object, key_c, &target, spec)
    if not found:
        warn_unknown_property(owner, name, ())
        return NULL
    return target


cdef list property_names(GObject *object):
    cdef guint n = 0
    cdef guint i
    cdef GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(object), &n)
    try:
        return [specs[i].name.decode() for i in range(n)]
    finally:
        g_free(specs)


cdef int convert(GValue *out, GParamSpec *spec, str what, object value) except -1:
    cdef GType kind = G_TYPE_FUNDAMENTAL(spec.value_type)
    if kind == G_TYPE_BOOLEAN:
        g_value_set_boolean(out, as_bool(what, value))
    elif kind == G_TYPE_INT:
        g_value_set_int(out, as_int(what, value, (<GParamSpecInt *>spec).minimum,
                                    (<GParamSpecInt *>spec).maximum))
    elif kind == G_TYPE_UINT:
        g_value_set_uint(out, as_int(what, value, (<GParamSpecUInt *>spec).minimum,
                                     (<GParamSpecUInt *>spec).maximum))
    elif kind == G_TYPE_INT64:
        g_value_set_int64(out, as_int(what, value, (<GParamSpecInt64 *>spec).minimum,
                                      (<GParamSpecInt64 *>spec).maximum))
    elif kind == G_TYPE_UINT64:
        g_value_set_uint64(out, as_int(what, value, (<GParamSpecUInt64 *>spec).minimum,
                                       (<GParamSpecUInt64 *>spec).maximum))
    elif kind == G_TYPE_LONG:
        g_value_set_long(out, as_int(what, value, (<GParamSpecLong *>spec).minimum,
                                     (<GParamSpecLong *>spec).maximum))
    elif kind == G_TYPE_ULONG:
        g_value_set_ulong(out, as_int(what, value, (<GParamSpecULong *>spec).minimum,
                                      (<GParamSpecULong *>spec).maximum))
    elif kind == G_TYPE_CHAR:
        g_value_set_schar(out, as_int(what, value, (<GParamSpecChar *>spec).minimum,
                                      (<GParamSpecChar *>spec).maximum))
    elif kind == G_TYPE_UCHAR:
        g_value_set_uchar(out, as_int(what, value, (<GParamSpecUChar *>spec).minimum,
                                      (<GParamSpecUChar *>spec).maximum))
    elif kind == G_TYPE_FLOAT:
        g_value_set_float(out, as_float(what, value, (<GParamSpecFloat *>spec).minimum,
                                        (<GParamSpecFloat *>spec).maximum))
    elif kind == G_TYPE_DOUBLE:
        g_value_set_double(out, as_float(what, value, (<GParamSpecDouble *>spec).minimum,
                                         (<GParamSpecDouble *>spec).maximum))
    elif kind == G_TYPE_STRING:
        if value is not None:
            g_value_set_string(out, as_text(what, value))
    elif kind == G_TYPE_ENUM:
        g_value_set_enum(out, as_enum(what, value, spec.value_type))
    elif kind == G_TYPE_FLAGS:
        g_value_set_flags(out, as_flags(what, value, spec.value_type))
    elif value is not None or kind not in (G_TYPE_BOXED, G_TYPE_OBJECT):
        if isinstance(value, tuple):
            value = text_of_tuple(out.g_type, value)
        deserialize(out, what, value)
    return 0


cdef object to_python(GValue *value):
    cdef GType kind = G_TYPE_FUNDAMENTAL(value.g_type)
    cdef const gchar *text
    cdef gchar *serialized
    if kind == G_TYPE_BOOLEAN:
        return bool(g_value_get_boolean(value))
    if kind == G_TYPE_INT:
        return g_value_get_int(value)
    if kind == G_TYPE_UINT:
        return g_value_get_uint(value)
    if kind == G_TYPE_INT64:
        return g_value_get_int64(value)
    if kind == G_TYPE_UINT64:
        return g_value_get_uint64(value)
    if kind == G_TYPE_LONG:
        return g_value_get_long(value)
    if kind == G_TYPE_ULONG:
        return g_value_get_ulong(value)
    if kind == G_TYPE_CHAR:
        return g_value_get_schar(value)
    if kind == G_TYPE_UCHAR:
        return g_value_get_uchar(value)
    if kind == G_TYPE_FLOAT:
        return g_value_get_float(value)
    if kind == G_TYPE_DOUBLE:
        return g_value_get_double(value)
    if kind == G_TYPE_ENUM:
        return g_value_get_enum(value)
    if kind == G_TYPE_FLAGS:
        return g_value_get_flags(value)
    if kind == G_TYPE_STRING:
        text = g_value_get_string(value)
        return None if text == NULL else text.decode("utf-8", "replace")
    if kind == G_TYPE_OBJECT or kind == G_TYPE_POINTER:
        return None
    if kind == G_TYPE_BOXED and g_value_get_boxed(value) == NULL:
        return None
    if value.g_type == GST_TYPE_CAPS:
        # Serialised as a value it would be quoted, to be part of another.
        serialized = gst_caps_to_string(<GstCaps *>g_value_get_boxed(value))
    else:
        serialized = gst_value_serialize(value)
    if serialized == NULL:
        return None
    try:
        return serialized.decode("utf-8", "replace")
    finally:
        g_free(serialized)


cdef object text_of_tuple(GType kind, tuple value):
    """Fractions and arrays as GStreamer writes them; else the tuple itself."""
    if kind == GST_TYPE_FRACTION and len(value) == 2:
        return f"{value[0]}/{value[1]}"
    if kind == GST_TYPE_ARRAY:
        return f"<{', '.join(map(str, value))}>"
    return value


cdef bint as_bool(str what, object value) except -1:
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("true", "yes", "on", "1"):
            return True
        if text in ("false", "no", "off", "0"):
            return False
        raise ConfigError(f"{what} is a switch: use True or False, not {shown(value)}")
    try:
        return operator.index(value) != 0
    except TypeError:
        # NumPy's booleans are no integers.
        if type(value).__name__ in ("bool", "bool_"):
            return bool(value)
        raise ConfigError(f"{what} is a switch: use True or False, not {shown(value)}") from None


cdef object whole_number(object value):
    if isinstance(value, str):
        return int(value, 0)
    try:
        return operator.index(value)
    except TypeError:
        # 30.0 is as good as 30, and NumPy's booleans are no integers.
        if type(value).__name__ in ("bool", "bool_") or value == int(value):
            return int(value)
        raise


cdef object as_int(str what, object value, object minimum, object maximum):
    try:
        number = whole_number(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{what} is a whole number from {minimum} to {maximum}, "
                          f"not {shown(value)}") from None
    if not minimum <= number <= maximum:
        raise ConfigError(f"{what} must be from {minimum} to {maximum}, not {number}")
    return number


cdef object as_float(str what, object value, object minimum, object maximum):
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ConfigError(f"{what} is a number, not {shown(value)}") from None
    if not minimum <= number <= maximum:
        raise ConfigError(f"{what} must be from {minimum:g} to {maximum:g}, not {number!r}")
    return number


cdef bytes as_text(str what, object value):
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if not isinstance(value, bytes):
        raise ConfigError(f"{what} is a text, not {shown(value)}")
    if b"\0" in value:
        raise ConfigError(f"{what} holds a NUL character: {shown(value)}")
    return value


cdef list enum_members(GType kind):
    cdef GEnumClass *cls = <GEnumClass *>g_type_class_ref(kind)
    cdef guint i
    try:
        return [(cls.values[i].value, cls.values[i].value_nick.decode(),
                 cls.values[i].value_name.decode()) for i in range(cls.n_values)]
    finally:
        g_type_class_unref(cls)


cdef list flags_members(GType kind):
    cdef GFlagsClass *cls = <GFlagsClass *>g_type_class_ref(kind)
    cdef guint i
    try:
        return [(cls.values[i].value, cls.values[i].value_nick.decode(),
                 cls.values[i].value_name.decode()) for i in range(cls.n_values)]
    finally:
        g_type_class_unref(cls)


cdef object as_enum(str what, object value, GType kind):
    cdef list members = enum_members(kind)
    try:
        wanted = value if isinstance(value, str) else operator.index(value)
    except TypeError:
        wanted = None
    for number, nick, name in members:
        if wanted in (number, nick, name, str(number)):
            return number
    choices = ", ".join(f"{nick!r} ({number})" for number, nick, _ in members)
    raise ConfigError(f"{what} is one of {choices}, not {shown(value)}")


cdef object as_flags(str what, object value, GType kind):
    cdef list members = flags_members(kind)
    mask = functools.reduce(operator.or_, (bit for bit, _, _ in members), 0)
    if not isinstance(value, str):
        number = as_int(what, value, 0, 2**32 - 1)
        if number & ~mask == 0:
            return number
    else:
        number = 0
        words = [word.strip() for word in value.replace("|", "+").split("+") if word.strip()]
        for word in words:
            bits = [bit for bit, nick, name in members if word in (nick, name)]
            if not bits:
                break
            number |= bits[0]
        else:
            return number
    choices = ", ".join(f"{nick!r} ({bit:#x})" for bit, nick, _ in members)
    raise ConfigError(f"{what} is made of {choices}, joined by '+', not {shown(value)}")


cdef int deserialize(GValue *out, str what, object value) except -1:
    """Caps, structures, fractions, arrays: whatever GStreamer reads from a text."""
    cdef bytes text
    if not isinstance(value, str):
        raise ConfigError(f"{what} is a {g_type_name(out.g_type).decode()}: give it as a text, "
                          f"not {shown(value)}")
    text = as_text(what, value)
    if not gst_value_deserialize(out, text):
        example = " such as 'video/x-raw, format=NV12'" if out.g_type == GST_TYPE_CAPS else ""
        raise ConfigError(f"{what}: {shown(value)} cannot be read as a "
                          f"{g_type_name(out.g_type).decode()}{example}")
    return 0
