# SPDX-License-Identifier: Apache-2.0
"""Event messages of a program's own. Users find them in `dsbind.meta`."""

cimport cython

from dsbind.capi.event cimport (
    NvDsEventMsgMeta,
    dsbind_event_carry,
    dsbind_event_free,
    dsbind_event_new,
)
from dsbind.capi.nvdsmeta cimport NVDS_EVENT_MSG_META, NvDsUserMeta
from dsbind._attached cimport FrameAttached
from dsbind._objectmeta cimport ObjectMetadata
from dsbind._strings cimport encode, gone
from dsbind._usermeta cimport UserMetadata


@cython.final
cdef class EventMessageUserMetadata:
    """Wrap `NvDsEventMsgMeta`: what happened to an object, for `publish()` to make a message of."""

    def __init__(self):
        raise TypeError("EventMessageUserMetadata comes from "
                        "BatchMetadata.acquire_event_message_meta()")

    def generate(self, ObjectMetadata object_meta not None, FrameAttached frame_meta not None,
                 sensor="N/A", uri="N/A", labels=()):
        """Fill it: the object's box in pixels of the source, its ids, and the frame's time.

        Parameters
        ----------
        object_meta : ObjectMetadata
            What it is about. Its label tells the type: car, person, face or bag.
        frame_meta : FrameMetadata
            Where it was seen.
        sensor : str
            Name of the camera.
        uri : str
            Where its video is.
        labels : sequence of str
            Labels by class id, in place of the object's own.
        """
        cdef NvDsUserMeta *meta
        cdef int index
        cdef bytes sensor_text = encode(sensor)
        cdef bytes uri_text = encode(uri)
        cdef bytes label_text
        cdef const char *label = NULL
        cdef NvDsEventMsgMeta *event
        object_meta.lease.check()
        index = object_meta.meta.class_id
        if 0 <= index < len(labels):
            label_text = encode(labels[index])
            label = label_text
        # After the program's own code, which `labels` may run: it can end a lease.
        meta = self.user.get()
        object_meta.lease.check()
        frame_meta.lease.check()
        event = dsbind_event_new(object_meta.meta, frame_meta.meta, sensor_text, uri_text, label)
        try:
            self.user.lease.lock()
        except BaseException:
            dsbind_event_free(event)
            raise
        if meta.user_meta_data != NULL and meta.base_meta.release_func != NULL:
            meta.base_meta.release_func(meta, NULL)
        dsbind_event_carry(meta, event)
        self.user.lease.unlock()

    @property
    def meta_type(self):
        """NVDS_EVENT_MSG_META."""
        self.user.get()
        return NVDS_EVENT_MSG_META

    def __bool__(self):
        # Programs test what they acquired before they fill it.
        self.user.get()
        return True

    def __repr__(self):
        if not self.user.lease.open:
            return gone(self)
        return "<EventMessageUserMetadata>"


cdef object wrap_event(UserMetadata user):
    cdef EventMessageUserMetadata event = \
        EventMessageUserMetadata.__new__(EventMessageUserMetadata)
    event.user = user
    return event
