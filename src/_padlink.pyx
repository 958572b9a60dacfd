# SPDX-License-Identifier: Apache-2.0
"""Links elements by their pad templates.

The first pair of templates wins whose caps have something in common and whose names fit the hints.
A requested sink pad is reserved at once, also for a source pad that is still to come: the order of
the calls fixes the pads of a muxer.
"""

from libc.string cimport strcmp

from dsbind.capi.gst cimport *

from dsbind.errors import LinkError


cdef tuple link_elements(GstElement *source, str source_name, str source_hint,
                         GstElement *target, str target_name, str target_hint):
    cdef GList *outputs
    cdef GList *inputs
    cdef GstPadTemplate *output
    cdef GstPadTemplate *input
    cdef str reason = ""
    cdef list offered = []
    cdef list wanted = []
    outputs = gst_element_get_pad_template_list(source)
    while outputs != NULL:
        output = <GstPadTemplate *>outputs.data
        outputs = outputs.next
        if output.direction != GST_PAD_SRC:
            continue
        offered.append(output.name_template.decode())
        if not fits(output, source_hint):
            continue
        wanted = []
        inputs = gst_element_get_pad_template_list(target)
        while inputs != NULL:
            input = <GstPadTemplate *>inputs.data
            inputs = inputs.next
            if input.direction != GST_PAD_SINK:
                continue
            wanted.append(input.name_template.decode())
            if not fits(input, target_hint):
                continue
            if not have_common_caps(output, input):
                reason = "they have no media type in common"
                continue
            names = link_pads(source, output, source_hint, target, input, target_hint)
            if isinstance(names, tuple):
                return names
            reason = names
    if not offered:
        reason = f"{source_name} has no source pads"
    elif not wanted and not reason:
        reason = (f"{source_name} has no source pad {source_hint!r}, only {', '.join(offered)}"
                  if not_offered(source_hint, offered) else f"{target_name} has no sink pads")
    elif not reason:
        reason = f"{target_name} has no sink pad {target_hint!r}, only {', '.join(wanted)}"
    raise LinkError(f"Elements linking failed: {source_name} to {target_name}: {reason}")


cdef bint not_offered(str hint, list offered):
    return hint != "" and hint not in offered


cdef bint fits(GstPadTemplate *template, str hint):
    """Whether a hint (nothing, a template's name or a pad's name) means this template."""
    cdef str name = template.name_template.decode()
    if hint in ("", name):
        return True
    prefix, percent, _ = name.partition("%")
    return bool(percent) and hint.startswith(prefix) and hint[len(prefix):].isalnum()


cdef bytes literal(GstPadTemplate *template, str hint):
    """The name of the pad that the hint asks for, or None for any of the template."""
    if "%" not in template.name_template.decode():
        return template.name_template
    return hint.encode() if hint and "%" not in hint else None


cdef bint have_common_caps(GstPadTemplate *a, GstPadTemplate *b):
    cdef GstCaps *caps_a = gst_pad_template_get_caps(a)
    cdef GstCaps *caps_b = gst_pad_template_get_caps(b)
    cdef bint common = gst_caps_can_intersect(caps_a, caps_b)
    gst_caps_unref(caps_a)
    gst_caps_unref(caps_b)
    return common


cdef object link_pads(GstElement *source, GstPadTemplate *output, str source_hint,
                      GstElement *target, GstPadTemplate *input, str target_hint):
    """Link one pad of each template: their names, or why it cannot be."""
    cdef GstPad *sink = free_pad(target, input, target_hint)
    cdef GstPad *src = NULL
    cdef GstPadLinkReturn result
    if sink == NULL:
        return f"its sink pad {input.name_template.decode()} is in use already"
    try:
        src = free_pad(source, output, source_hint)
        if src != NULL:
            with nogil:
                result = gst_pad_link(src, sink)
            if result == GST_PAD_LINK_OK:
                return pad_name(src), pad_name(sink)
            release(source, output, src)
            release(target, input, sink)
            return f"their pads do not fit: {gst_pad_link_get_name(result).decode()}"
        if output.presence == GST_PAD_SOMETIMES:
            link_later(source, output, literal(output, source_hint), sink)
            return None, pad_name(sink)
        release(target, input, sink)
        return f"its source pad {output.name_template.decode()} is in use already"
    finally:
        gst_object_unref(sink)
        if src != NULL:
            gst_object_unref(src)


cdef GstPad *free_pad(GstElement *element, GstPadTemplate *template, str hint):
    """A new reference to a pad of the template that is not linked, or NULL."""
    cdef bytes name = literal(template, hint)
    cdef const char *name_c = NULL
    cdef GstPad *pad
    if name is not None:
        name_c = name
        pad = gst_element_get_static_pad(element, name_c)
        if pad != NULL:
            if not gst_pad_is_linked(pad):
                return pad
            gst_object_unref(pad)
            return NULL
    if template.presence != GST_PAD_REQUEST:
        return unlinked_of(element, template)
    with nogil:
        pad = gst_element_request_pad(element, template, name_c, NULL)
    return pad


cdef struct Search:
    GstPadTemplate *template
    GstPad *found


cdef gboolean examine(GstElement *element, GstPad *pad, gpointer data) noexcept nogil:
    cdef Search *search = <Search *>data
    if not gst_pad_is_linked(pad) and is_of(pad, search.template):
        search.found = <GstPad *>gst_object_ref(pad)
        return False
    return True


cdef GstPad *unlinked_of(GstElement *element, GstPadTemplate *template):
    cdef Search search
    search.template = template
    search.found = NULL
    if template.direction == GST_PAD_SRC:
        gst_element_foreach_src_pad(element, examine, &search)
    else:
        gst_element_foreach_sink_pad(element, examine, &search)
    return search.found


cdef bint is_of(GstPad *pad, GstPadTemplate *template) noexcept nogil:
    # By name: a pad made from a static template has a copy of it.
    cdef GstPadTemplate *own = gst_pad_get_pad_template(pad)
    cdef bint same
    if own == NULL:
        return False
    same = strcmp(own.name_template, template.name_template) == 0
    gst_object_unref(own)
    return same


cdef int release(GstElement *element, GstPadTemplate *template, GstPad *pad) except -1:
    if template.presence == GST_PAD_REQUEST:
        with nogil:
            gst_element_release_request_pad(element, pad)
    return 0


cdef str pad_name(GstPad *pad):
    cdef gchar *name = gst_pad_get_name(pad)
    try:
        return name.decode()
    finally:
        g_free(name)


# What the handler of "pad-added" needs. It belongs to the signal's connection.
cdef struct Awaited:
    GstPadTemplate *template
    gchar *name
    GstPad *sink


cdef int link_later(GstElement *source, GstPadTemplate *output, bytes name,
                    GstPad *sink) except -1:
    cdef Awaited *awaited = <Awaited *>g_malloc0(sizeof(Awaited))
    awaited.template = <GstPadTemplate *>gst_object_ref(output)
    awaited.name = g_strdup(<const char *>name) if name is not None else NULL
    awaited.sink = <GstPad *>gst_object_ref(sink)
    g_signal_connect_data(source, "pad-added", <GCallback>on_pad_added, awaited, forget, 0)
    return 0


cdef void on_pad_added(GstElement *element, GstPad *pad, gpointer data) noexcept nogil:
    cdef Awaited *awaited = <Awaited *>data
    cdef gchar *name
    cdef bint other
    if not is_of(pad, awaited.template) or gst_pad_is_linked(awaited.sink):
        return
    if awaited.name != NULL:
        name = gst_pad_get_name(pad)
        other = strcmp(name, awaited.name) != 0
        g_free(name)
        if other:
            return
    if gst_pad_can_link(pad, awaited.sink):
        gst_pad_link(pad, awaited.sink)


cdef void forget(gpointer data, GClosure *closure) noexcept nogil:
    cdef Awaited *awaited = <Awaited *>data
    gst_object_unref(awaited.template)
    gst_object_unref(awaited.sink)
    g_free(awaited.name)
    g_free(awaited)
