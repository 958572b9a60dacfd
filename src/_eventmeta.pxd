# SPDX-License-Identifier: Apache-2.0
from dsbind._usermeta cimport UserMetadata


cdef class EventMessageUserMetadata:
    cdef UserMetadata user


cdef object wrap_event(UserMetadata user)
