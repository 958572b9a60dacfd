# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.glib cimport GObject, GType, GValue

# `owner` names the object in messages, as in "nvstreammux 'mux'".
cdef int set_property(GObject *object, str owner, str name, object value) except -1
cdef object get_property(GObject *object, str owner, str name)

# None for what has no value or cannot be shown.
cdef object to_python(GValue *value)
# The members of an enum or flags type as (number, nick, name).
cdef list enum_members(GType kind)
cdef list flags_members(GType kind)
