# SPDX-License-Identifier: Apache-2.0
"""Metadata of a batch of frames: what was seen, where, and what to draw.

Views of the C structs, without a copy. They are valid while the callback that received them runs;
later each use raises `dsbind.errors.StaleMetadataError`.
"""

cimport cython

from libc.string cimport memset

from dsbind.capi.nvdsmeta cimport (
    NVDS_USER_META,
    UNTRACKED_OBJECT_ID,
    NvDsClassifierMeta,
    NvDsDisplayMeta,
    NvDsObjectMeta,
    NvDsUserMeta,
    nvds_acquire_classifier_meta_from_pool,
    nvds_acquire_display_meta_from_pool,
    nvds_acquire_frame_meta_from_pool,
    nvds_acquire_obj_meta_from_pool,
    nvds_acquire_user_meta_from_pool,
    nvds_add_display_meta_to_frame,
    nvds_add_frame_meta_to_batch,
    nvds_add_obj_meta_to_frame,
    nvds_add_user_meta_to_batch,
    nvds_add_user_meta_to_frame,
    nvds_create_batch_meta,
    nvds_destroy_batch_meta,
)
from dsbind._analyticsmeta cimport AnalyticsFrameMeta, AnalyticsObjInfo
from dsbind._classifier cimport wrap_classifier
from dsbind._display cimport wrap_display
from dsbind._drawing cimport draw_items
from dsbind._eventmeta cimport EventMessageUserMetadata, wrap_event
from dsbind._items cimport snapshot
from dsbind._lease cimport take
from dsbind.osd cimport Text, set_font_defaults
from dsbind._objectmeta cimport wrap_object
from dsbind._shapes cimport Rect
from dsbind._strings cimport gone
from dsbind._preprocessmeta cimport (
    PreprocessBatchUserMetadata,
    PreprocessTensorMetadata,
    RoiMetadata,
)
from dsbind._segmentation cimport SegmentationUserMetadata
from dsbind._tensormeta cimport TensorOutputUserMetadata
from dsbind._trackermeta cimport ObjectReidUserMetadata
from dsbind._usermeta cimport wrap_user

__all__ = (
    "AnalyticsFrameMeta",
    "AnalyticsObjInfo",
    "BatchMetadata",
    "ClassifierMetadata",
    "DisplayMetadata",
    "EventMessageUserMetadata",
    "FrameMetadata",
    "LabelInfo",
    "ObjectMetadata",
    "ObjectReidUserMetadata",
    "PreprocessBatchUserMetadata",
    "PreprocessTensorMetadata",
    "RoiMetadata",
    "SegmentationUserMetadata",
    "TensorOutputUserMetadata",
    "UserMetadata",
)

# A class that is cimported is no attribute of the module by itself.
globals().update({kind.__name__: kind for kind in (
    AnalyticsFrameMeta, AnalyticsObjInfo, ClassifierMetadata, DisplayMetadata,
    EventMessageUserMetadata, LabelInfo, ObjectMetadata, ObjectReidUserMetadata,
    PreprocessBatchUserMetadata, PreprocessTensorMetadata, RoiMetadata, SegmentationUserMetadata,
    TensorOutputUserMetadata, UserMetadata,
)})

# Bounds the pools of a batch made here: 8 objects per frame at first.
cdef enum:
    MAX_FRAMES = 4096


@cython.final
@cython.no_gc_clear
cdef class BatchMetadata(BatchTensors):
    """Wrap `NvDsBatchMeta`, the metadata of one batched buffer."""

    def __init__(self):
        raise TypeError("BatchMetadata comes from a pipeline; in a test, from "
                        "BatchMetadata.create()")

    def __dealloc__(self):
        if self.owned:
            self.close()

    @staticmethod
    def create(max_frames=1):
        """Make a batch without a pipeline, for tests of code that reads or writes metadata.

        Parameters
        ----------
        max_frames : int
            How many frames the batch is made for.

        Returns
        -------
        BatchMetadata
            It owns its memory. Use it as a context manager, or `close()` it.
        """
        import dsbind.runtime

        cdef BatchMetadata batch
        cdef NvDsBatchMeta *meta
        cdef unsigned int frames
        if not 1 <= max_frames <= MAX_FRAMES:
            raise ValueError(f"max_frames is {max_frames}; it goes from 1 to {MAX_FRAMES}")
        frames = max_frames
        dsbind.runtime.open()
        with nogil:
            meta = nvds_create_batch_meta(frames)
        if meta == NULL:
            raise MemoryError(f"no memory for the metadata of {max_frames} frames")
        meta.max_frames_in_batch = frames
        batch = wrap_batch(meta, Lease())
        batch.owned = True
        return batch

    def close(self):
        """Free a batch made by `create()`; views of it become stale. Can be called twice.

        A batch that came from a pipeline belongs to it and stays as it is.
        """
        cdef NvDsBatchMeta *meta = self.meta
        if not self.owned:
            return
        self.owned = False
        self.lease.close()
        with nogil:
            nvds_destroy_batch_meta(meta)

    def __enter__(self):
        self.get()
        return self

    def __exit__(self, *exception):
        self.close()

    @property
    def frame_items(self):
        """The frames, as a sequence of `FrameMetadata`."""
        return snapshot(&self.get().frame_meta_list, wrap_frame, self.lease)

    @property
    def n_frames(self):
        """Number of frames."""
        return self.get().num_frames_in_batch

    @property
    def is_audio(self):
        """False: this is the metadata of video."""
        self.get()
        return False

    @property
    def audio_frame_items(self):
        """The audio frames: none in a batch of video."""
        self.get()
        return ()

    def acquire_frame_meta(
        self, *, frame_number=0, pad_index=0, source_id=0, batch_id=None, source_width=0,
        source_height=0, pipeline_width=0, pipeline_height=0, buffer_pts=0, ntp_timestamp=0
    ):
        """Take a `FrameMetadata` from the pool; `append()` it to this batch."""
        cdef NvDsBatchMeta *batch = self.get()
        cdef NvDsFrameMeta values
        cdef NvDsFrameMeta *frame
        memset(&values, 0, sizeof(values))
        values.frame_num = frame_number
        values.pad_index = pad_index
        values.source_id = source_id
        values.batch_id = batch.num_frames_in_batch if batch_id is None else batch_id
        values.source_frame_width = source_width
        values.source_frame_height = source_height
        values.pipeline_width = pipeline_width
        values.pipeline_height = pipeline_height
        values.buf_pts = buffer_pts
        values.ntp_timestamp = ntp_timestamp
        values.num_surfaces_per_frame = 1
        self.lease.lock()
        frame = nvds_acquire_frame_meta_from_pool(batch)
        self.lease.unlock()
        self.lease.add_stray(frame, batch.frame_meta_pool)
        values.base_meta = frame.base_meta
        frame[0] = values
        return wrap_frame(frame, self.lease)

    def acquire_object_meta(self):
        """Take an `ObjectMetadata` from the pool; `append()` it to its frame.

        It is untracked, and its text is white Serif 11. One that is not appended before the
        callback returns goes back to the pool, as all that are acquired do.
        """
        cdef NvDsBatchMeta *batch = self.get()
        cdef NvDsObjectMeta *meta
        self.lease.lock()
        meta = nvds_acquire_obj_meta_from_pool(batch)
        self.lease.unlock()
        self.lease.add_stray(meta, batch.obj_meta_pool)
        meta.object_id = UNTRACKED_OBJECT_ID
        set_font_defaults(&meta.text_params.font_params)
        return wrap_object(meta, self.lease)

    def acquire_display_meta(self):
        """Take a `DisplayMetadata` from the pool; `append()` it to its frame."""
        cdef NvDsBatchMeta *batch = self.get()
        cdef NvDsDisplayMeta *meta
        self.lease.lock()
        meta = nvds_acquire_display_meta_from_pool(batch)
        self.lease.unlock()
        self.lease.add_stray(meta, batch.display_meta_pool)
        return wrap_display(meta, self.lease)

    def acquire_classifier_meta(self):
        """Take a `ClassifierMetadata` from the pool; `append()` it to its object."""
        cdef NvDsBatchMeta *batch = self.get()
        cdef NvDsClassifierMeta *meta
        self.lease.lock()
        meta = nvds_acquire_classifier_meta_from_pool(batch)
        self.lease.unlock()
        self.lease.add_stray(meta, batch.classifier_meta_pool)
        return wrap_classifier(meta, self.lease)

    def acquire_user_meta(self):
        """Take a `UserMetadata` from the pool; `append()` it to an object, frame or batch."""
        cdef NvDsBatchMeta *batch = self.get()
        cdef NvDsUserMeta *meta
        self.lease.lock()
        meta = nvds_acquire_user_meta_from_pool(batch)
        self.lease.unlock()
        self.lease.add_stray(meta, batch.user_meta_pool)
        # The pool hands it out with all that its last user left in it.
        meta.user_meta_data = NULL
        meta.base_meta.meta_type = NVDS_USER_META
        meta.base_meta.uContext = NULL
        meta.base_meta.copy_func = NULL
        meta.base_meta.release_func = NULL
        return wrap_user(meta, self.lease)

    def acquire_event_message_meta(self):
        """Take an `EventMessageUserMetadata` from the pool: `generate()`, then `append()` it."""
        return wrap_event(self.acquire_user_meta())

    def user_meta_items(self, meta_type):
        """The user metadata of a type, as a sequence of `UserMetadata`."""
        return snapshot(&self.get().batch_user_meta_list, wrap_user, self.lease, meta_type)

    def extract(self, max_items):
        """Copy what was found, as plain data that may be kept.

        Parameters
        ----------
        max_items : int
            Length of the result: one place for each pad of the muxer.

        Returns
        -------
        list
            By pad index, a dict for the last frame of that pad, or None without one: `shape` (H, W)
            of the batch's frames in pixels, `timestamp` in nanoseconds, and for each object
            `bboxes` [left, top, right, bottom] in pixels, `probs`, `labels` (a list: its own label
            and those of classifiers), `objects` (their ids) and `seg_maps` (a mask, or None).
        """
        from dsbind.plain import extract

        return extract(self, max_items)

    def append(self, item):
        """Add a frame, user metadata or a tensor that was acquired from this batch."""
        cdef NvDsBatchMeta *batch = self.get()
        if type(item) is FrameMetadata:
            take(self.lease, (<FrameMetadata>item).lease, (<FrameMetadata>item).meta, item)
            nvds_add_frame_meta_to_batch(batch, (<FrameMetadata>item).meta)
        elif type(item) is UserMetadata or type(item) is PreprocessBatchUserMetadata:
            item = getattr(item, "_user", item)
            take(self.lease, (<UserMetadata>item).lease, (<UserMetadata>item).meta, item)
            nvds_add_user_meta_to_batch(batch, (<UserMetadata>item).meta)
        else:
            raise TypeError(f"Invalid type for BatchMetadata.append: {type(item).__name__}; "
                            "it takes FrameMetadata, UserMetadata or PreprocessBatchUserMetadata")
        self.lease.unlock()

    def __eq__(self, other):
        return isinstance(other, BatchMetadata) and self.meta == (<BatchMetadata>other).meta \
            and self.lease is (<BatchMetadata>other).lease

    def __hash__(self):
        return hash(<size_t>self.meta)

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        return f"<BatchMetadata n_frames={self.n_frames}>"


@cython.final
cdef class FrameMetadata(FrameAttached):
    """Wrap `NvDsFrameMeta`, one frame of a batch."""

    def __init__(self):
        raise TypeError("FrameMetadata comes from BatchMetadata.frame_items")

    cdef NvDsFrameMeta *get(self) except NULL:
        self.lease.check()
        return self.meta

    @property
    def frame_number(self):
        """Number of this frame in its source, from 0."""
        return self.get().frame_num

    @property
    def pad_index(self):
        """Index of the muxer's sink pad that it came through."""
        return self.get().pad_index

    @property
    def batch_id(self):
        """Index of its pixels in the batch (`Buffer.extract`)."""
        return self.get().batch_id

    @property
    def source_id(self):
        """Number of its source."""
        return self.get().source_id

    @property
    def source_width(self):
        """Width in pixels that its source delivered."""
        return self.get().source_frame_width

    @property
    def source_height(self):
        """Height in pixels that its source delivered."""
        return self.get().source_frame_height

    @property
    def pipeline_width(self):
        """Width in pixels within the batch; boxes are in these pixels."""
        return self.get().pipeline_width

    @property
    def pipeline_height(self):
        """Height in pixels within the batch; boxes are in these pixels."""
        return self.get().pipeline_height

    @property
    def buffer_pts(self):
        """Presentation time in nanoseconds; 2**64 - 1 when there is none."""
        return self.get().buf_pts

    @property
    def ntp_timestamp(self):
        """Time of capture in nanoseconds since 1970."""
        return self.get().ntp_timestamp

    @property
    def object_items(self):
        """The objects, as a sequence of `ObjectMetadata`; the one added last comes first."""
        return snapshot(&self.get().obj_meta_list, wrap_object, self.lease)

    def draw(self, boxes, texts=None, *, Rect rect=None, Text text=None):
        """Draw many boxes, each with a text above it where `texts` has one.

        `boxes` is (N, 4): left, top, width and height in pixels; or rows with these fields. All
        have the border and fill of `rect`, texts the font and background of `text`; by default
        thin and white, and Serif 11, white on black.
        """
        draw_items(self.get(), self.lease, boxes, texts, rect, text)

    def append(self, item):
        """Add an object, display metadata or user metadata acquired from the same batch."""
        cdef NvDsFrameMeta *frame = self.get()
        if type(item) is EventMessageUserMetadata:
            item = (<EventMessageUserMetadata>item).user
        if type(item) is ObjectMetadata:
            take(self.lease, (<ObjectMetadata>item).lease, (<ObjectMetadata>item).meta, item)
            nvds_add_obj_meta_to_frame(frame, (<ObjectMetadata>item).meta, NULL)
        elif type(item) is DisplayMetadata:
            take(self.lease, (<DisplayMetadata>item).lease, (<DisplayMetadata>item).meta, item)
            nvds_add_display_meta_to_frame(frame, (<DisplayMetadata>item).meta)
        elif type(item) is UserMetadata:
            take(self.lease, (<UserMetadata>item).lease, (<UserMetadata>item).meta, item)
            nvds_add_user_meta_to_frame(frame, (<UserMetadata>item).meta)
        else:
            raise TypeError(f"Invalid type for FrameMetadata.append: {type(item).__name__}; "
                            "it takes ObjectMetadata, DisplayMetadata or UserMetadata")
        self.lease.unlock()

    def __eq__(self, other):
        return isinstance(other, FrameMetadata) and self.meta == (<FrameMetadata>other).meta \
            and self.lease is (<FrameMetadata>other).lease

    def __hash__(self):
        return hash(<size_t>self.meta)

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        return (f"<FrameMetadata source_id={self.source_id} frame_number={self.frame_number} "
                f"objects={self.meta.num_obj_meta}>")


cdef BatchMetadata wrap_batch(NvDsBatchMeta *meta, Lease lease):
    cdef BatchMetadata batch = BatchMetadata.__new__(BatchMetadata)
    lease.batch = meta
    batch.lease = lease
    batch.meta = meta
    return batch


cdef object wrap_frame(void *element, Lease lease):
    cdef FrameMetadata frame = FrameMetadata.__new__(FrameMetadata)
    frame.lease = lease
    frame.meta = <NvDsFrameMeta *>element
    return frame
