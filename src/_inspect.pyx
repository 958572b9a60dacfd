# SPDX-License-Identifier: Apache-2.0
"""What elements are made of: properties, pad templates, signals; and what their pads carry."""

from dsbind.capi.glib cimport *
from dsbind.capi.gst cimport *
from dsbind.gst cimport Element
from dsbind._properties cimport enum_members, flags_members, to_python


def link_to(Element element not None, str pad not None):
    """What is linked to a sink pad.

    Returns
    -------
    tuple
        The name of the source pad, None where the pad has none now; and the caps that were agreed
        on, empty where nothing flows yet.
    """
    cdef bytes key = pad.encode()
    cdef const char *key_c = key
    cdef GstPad *sink
    cdef GstPad *source = NULL
    cdef GstCaps *caps = NULL
    with nogil:
        sink = gst_element_get_static_pad(element.element, key_c)
        if sink != NULL:
            source = gst_pad_get_peer(sink)
            caps = gst_pad_get_current_caps(sink)
            gst_object_unref(sink)
    name = None
    if source != NULL:
        name = taken(gst_pad_get_name(source))
        gst_object_unref(source)
    return name, text_of_caps(caps)


def describe(Element element not None):
    """All about the kind of an element: plain dicts and lists, as JSON has them."""
    cdef GstElementFactory *factory = gst_element_get_factory(element.element)
    cdef dict found = {"name": element.factory}
    if factory != NULL:
        found["long_name"] = metadata(factory, GST_ELEMENT_METADATA_LONGNAME)
        found["class"] = metadata(factory, GST_ELEMENT_METADATA_KLASS)
        found["description"] = metadata(factory, GST_ELEMENT_METADATA_DESCRIPTION)
        found["rank"] = gst_plugin_feature_get_rank(<GstPluginFeature *>factory)
        found["plugin"] = plugin_of(<GstPluginFeature *>factory)
    found["pads"] = templates_of(element.element)
    found["properties"] = properties_of(<GObject *>element.element)
    found["signals"] = signals_of(G_OBJECT_TYPE(element.element))
    return found


cdef str metadata(GstElementFactory *factory, const gchar *key):
    return plain(gst_element_factory_get_metadata(factory, key))


cdef dict plugin_of(GstPluginFeature *feature):
    cdef GstPlugin *plugin = gst_plugin_feature_get_plugin(feature)
    if plugin == NULL:
        return {}
    found = {"name": plain(gst_plugin_get_name(plugin)),
             "version": plain(gst_plugin_get_version(plugin)),
             "file": plain(gst_plugin_get_filename(plugin))}
    gst_object_unref(plugin)
    return found


cdef list templates_of(GstElement *element):
    cdef GList *item = gst_element_get_pad_template_list(element)
    cdef GstPadTemplate *template
    cdef list found = []
    while item != NULL:
        template = <GstPadTemplate *>item.data
        found.append({
            "name": plain(template.name_template),
            "direction": "source" if template.direction == GST_PAD_SRC else "sink",
            "presence": ("always" if template.presence == GST_PAD_ALWAYS else
                         "on request" if template.presence == GST_PAD_REQUEST else "sometimes"),
            "caps": text_of_caps(gst_pad_template_get_caps(template)),
        })
        item = item.next
    return found


cdef list properties_of(GObject *object):
    cdef guint n = 0
    cdef guint i
    cdef GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(object), &n)
    try:
        return [property_of(specs[i]) for i in range(n)]
    finally:
        g_free(specs)


cdef dict property_of(GParamSpec *spec):
    cdef GType kind = G_TYPE_FUNDAMENTAL(spec.value_type)
    # A GValue of its type's default: nothing is allocated in it.
    cdef GValue *default = <GValue *>g_param_spec_get_default_value(spec)
    cdef dict found = {
        "name": plain(spec.name),
        "type": type_name(spec.value_type),
        "description": plain(g_param_spec_get_blurb(spec)),
        "default": to_python(default),
        "readable": bool(spec.flags & G_PARAM_READABLE),
        "writable": bool(spec.flags & G_PARAM_WRITABLE
                         and not spec.flags & G_PARAM_CONSTRUCT_ONLY),
        "deprecated": bool(spec.flags & G_PARAM_DEPRECATED),
        "controllable": bool(spec.flags & GST_PARAM_CONTROLLABLE),
        "changeable": ("playing" if spec.flags & GST_PARAM_MUTABLE_PLAYING else
                       "paused" if spec.flags & GST_PARAM_MUTABLE_PAUSED else
                       "ready" if spec.flags & GST_PARAM_MUTABLE_READY else ""),
    }
    limits = range_of(spec, kind)
    if limits is not None:
        found["minimum"], found["maximum"] = limits
    if kind == G_TYPE_ENUM:
        found["choices"] = choices(enum_members(spec.value_type))
    elif kind == G_TYPE_FLAGS:
        found["choices"] = choices(flags_members(spec.value_type))
    return found


cdef list choices(list members):
    return [{"value": value, "nick": nick, "description": text} for value, nick, text in members]


cdef tuple range_of(GParamSpec *spec, GType kind):
    if kind == G_TYPE_INT:
        return (<GParamSpecInt *>spec).minimum, (<GParamSpecInt *>spec).maximum
    if kind == G_TYPE_UINT:
        return (<GParamSpecUInt *>spec).minimum, (<GParamSpecUInt *>spec).maximum
    if kind == G_TYPE_INT64:
        return (<GParamSpecInt64 *>spec).minimum, (<GParamSpecInt64 *>spec).maximum
    if kind == G_TYPE_UINT64:
        return (<GParamSpecUInt64 *>spec).minimum, (<GParamSpecUInt64 *>spec).maximum
    if kind == G_TYPE_LONG:
        return (<GParamSpecLong *>spec).minimum, (<GParamSpecLong *>spec).maximum
    if kind == G_TYPE_ULONG:
        return (<GParamSpecULong *>spec).minimum, (<GParamSpecULong *>spec).maximum
    if kind == G_TYPE_CHAR:
        return (<GParamSpecChar *>spec).minimum, (<GParamSpecChar *>spec).maximum
    if kind == G_TYPE_UCHAR:
        return (<GParamSpecUChar *>spec).minimum, (<GParamSpecUChar *>spec).maximum
    if kind == G_TYPE_FLOAT:
        return (<GParamSpecFloat *>spec).minimum, (<GParamSpecFloat *>spec).maximum
    if kind == G_TYPE_DOUBLE:
        return (<GParamSpecDouble *>spec).minimum, (<GParamSpecDouble *>spec).maximum
    return None


cdef list signals_of(GType kind):
    """Those of the element's own classes: what every element has is left out."""
    cdef list found = []
    cdef guint *ids
    cdef guint n
    cdef guint i
    cdef guint k
    cdef GSignalQuery query
    while kind != 0 and kind != GST_TYPE_ELEMENT:
        n = 0
        ids = g_signal_list_ids(kind, &n)
        for i in range(n):
            g_signal_query(ids[i], &query)
            found.append({
                "name": plain(query.signal_name),
                "action": bool(query.signal_flags & G_SIGNAL_ACTION),
                # The lowest bit of a type is a flag of the signal's own.
                "arguments": [type_name((query.param_types[k] & ~<GType>1))
                              for k in range(query.n_params)],
                "result": type_name((query.return_type & ~<GType>1)),
            })
        g_free(ids)
        kind = g_type_parent(kind)
    return found


cdef str type_name(GType kind):
    """A type as Python's documentation would call it, where there is such a word."""
    name = plain(g_type_name(kind))
    return PLAIN_TYPES.get(name, name)


cdef dict PLAIN_TYPES = {
    "gchararray": "str", "gboolean": "bool", "gfloat": "float", "gdouble": "float",
    "gint": "int", "guint": "int", "gint64": "int", "guint64": "int", "glong": "int",
    "gulong": "int", "gchar": "int", "guchar": "int", "void": "None",
}


cdef str text_of_caps(GstCaps *caps):
    if caps == NULL:
        return ""
    text = taken(gst_caps_to_string(caps))
    gst_caps_unref(caps)
    return text


cdef str plain(const gchar *text):
    return "" if text == NULL else (<const char *>text).decode("utf-8", "replace")


cdef str taken(gchar *text):
    try:
        return plain(text)
    finally:
        g_free(text)
