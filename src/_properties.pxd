# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.glib cimport GObject

# `owner` names the object in messages, as in "nvstreammux 'mux'".
cdef int set_property(GObject *object, str owner, str name, object value) except -1
cdef object get_property(GObject *object, str owner, str name)
