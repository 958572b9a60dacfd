# SPDX-License-Identifier: Apache-2.0
"""What elements and programs attached to a frame: the base of `dsbind.meta.FrameMetadata`."""

cimport cython

from dsbind.capi.analytics cimport dsbind_frame_analytics_type
from dsbind.capi.event cimport dsbind_payload_carry
from dsbind.capi.nvdsmeta cimport (
    NVDSINFER_SEGMENTATION_META,
    NVDSINFER_TENSOR_OUTPUT_META,
    NvDsUserMeta,
    nvds_acquire_user_meta_from_pool,
    nvds_add_user_meta_to_frame,
)
from dsbind._items cimport snapshot
from dsbind._lease cimport CLOSED
from dsbind._usermeta cimport wrap_user

import json


# No broker takes larger ones.
cdef enum:
    MAX_MESSAGE = 268435455

# NaN and infinity are no JSON: readers would refuse the message.
compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


@cython.no_gc
cdef class FrameAttached:
    """What is attached to a frame."""

    def __cinit__(self):
        self.lease = CLOSED

    @property
    def tensor_items(self):
        """Outputs of models, as a sequence of `UserMetadata`; see `as_tensor_output`."""
        return self.user_meta_items(NVDSINFER_TENSOR_OUTPUT_META)

    @property
    def segmentation_items(self):
        """Class maps, as a sequence of `UserMetadata`; see `as_segmentation`."""
        return self.user_meta_items(NVDSINFER_SEGMENTATION_META)

    @property
    def nvdsanalytics_frame_items(self):
        """What was counted, as a sequence of `UserMetadata`; see `as_nvdsanalytics_frame`."""
        return self.user_meta_items(dsbind_frame_analytics_type())

    def user_meta_items(self, meta_type):
        """The user metadata of a type, as a sequence of `UserMetadata`."""
        self.lease.check()
        return snapshot(&self.meta.frame_user_meta_list, wrap_user, self.lease, meta_type)

    def publish(self, message):
        """Send a message of the program's own with this frame.

        The flow's `publish()` sends it as it is, beside those that are made of events.

        Parameters
        ----------
        message : dict, list, str or bytes
            A dict or list is sent as JSON.

        Raises
        ------
        TypeError, ValueError
            It is something else, or JSON has nothing for what is in it, such as NaN.
        """
        cdef bytes text = payload_of(message)
        cdef NvDsUserMeta *user
        self.lease.check()
        self.lease.lock()
        user = nvds_acquire_user_meta_from_pool(self.meta.base_meta.batch_meta)
        dsbind_payload_carry(user, <char *>text, <unsigned int>len(text), 0)
        nvds_add_user_meta_to_frame(self.meta, user)
        self.lease.unlock()


cdef bytes payload_of(object message):
    cdef bytes text
    if isinstance(message, bytes):
        text = message
    elif isinstance(message, str):
        text = (<str>message).encode("utf-8", "replace")
    elif isinstance(message, (dict, list)):
        text = compact(message).encode("utf-8", "replace")
    else:
        raise TypeError(f"publish() takes a dict, list, str or bytes, not {type(message).__name__}")
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"a message has at most {MAX_MESSAGE} bytes, not {len(text)}")
    return text
