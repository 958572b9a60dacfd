# SPDX-License-Identifier: Apache-2.0
"""One object in a frame. Users find it in `dsbind.meta`."""

cimport cython

from libc.stdint cimport uint64_t

from dsbind.capi.analytics cimport dsbind_object_analytics_type
from dsbind.capi.nvdsmeta cimport (
    NVDS_TRACKER_OBJ_REID_META,
    NVDSINFER_SEGMENTATION_META,
    NVDSINFER_TENSOR_OUTPUT_META,
    nvds_add_classifier_meta_to_object,
    nvds_add_user_meta_to_obj,
)
from dsbind.capi.nvll_osd_struct cimport NvBbox_Coords
from dsbind._classifier cimport ClassifierMetadata, wrap_classifier
from dsbind._items cimport snapshot
from dsbind._labels cimport read_label
from dsbind._lease cimport CLOSED, take
from dsbind._shapes cimport Rect, wrap_rect
from dsbind._strings cimport gone, set_label
from dsbind._usermeta cimport UserMetadata, wrap_user
from dsbind.osd cimport Mask, TextBase, copy_mask, copy_text, wrap_mask, wrap_text


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class ObjectMetadata:
    """Wrap `NvDsObjectMeta`, one object in a frame."""

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("ObjectMetadata comes from FrameMetadata.object_items or "
                        "BatchMetadata.acquire_object_meta()")

    cdef NvDsObjectMeta *get(self) except NULL:
        self.lease.check()
        return self.meta

    @property
    def class_id(self):
        """Index of its class in the model's labels."""
        return self.get().class_id

    @class_id.setter
    def class_id(self, int value):
        self.get().class_id = value

    @property
    def object_id(self):
        """Number the tracker gave it; 2**64 - 1 while it is untracked."""
        return self.get().object_id

    @object_id.setter
    def object_id(self, uint64_t value):
        self.get().object_id = value

    @property
    def unique_component_id(self):
        """Number of the component that found it (`gie-unique-id`)."""
        return self.get().unique_component_id

    @unique_component_id.setter
    def unique_component_id(self, int value):
        self.get().unique_component_id = value

    @property
    def confidence(self):
        """Confidence of the detector, from 0 to 1; negative where it reports none."""
        return self.get().confidence

    @confidence.setter
    def confidence(self, float value):
        self.get().confidence = value

    @property
    def tracker_confidence(self):
        """Confidence of the tracker."""
        return self.get().tracker_confidence

    @tracker_confidence.setter
    def tracker_confidence(self, float value):
        self.get().tracker_confidence = value

    @property
    def label(self):
        """Name of its class, as str; str or bytes can be assigned, up to 127 bytes of UTF-8."""
        return read_label(self.get().obj_label)

    @label.setter
    def label(self, value):
        set_label(self.get().obj_label, value)

    @property
    def rect_params(self):
        """Its box, as a live `osd.Rect`: writing to it moves the box."""
        return wrap_rect(&self.get().rect_params, self.lease)

    @rect_params.setter
    def rect_params(self, Rect value not None):
        self.get().rect_params = value.get()[0]

    @property
    def text_params(self):
        """The text drawn with it, as a live `osd.TextParams`."""
        return wrap_text(&self.get().text_params, self.lease)

    @text_params.setter
    def text_params(self, TextBase value not None):
        copy_text(&self.get().text_params, value.get(), self.lease)

    @property
    def mask_params(self):
        """Its mask, as a live `osd.Mask`."""
        return wrap_mask(&self.get().mask_params, self.lease)

    @mask_params.setter
    def mask_params(self, Mask value not None):
        copy_mask(&self.get().mask_params, value.get(), self.lease)

    @property
    def nv_bbox_info(self):
        """The tracker's box before clipping: a dict of left, top, width and height."""
        cdef NvBbox_Coords *box = &self.get().tracker_bbox_info.org_bbox_coords
        return {"left": box.left, "top": box.top, "width": box.width, "height": box.height}

    @nv_bbox_info.setter
    def nv_bbox_info(self, value):
        cdef NvBbox_Coords box
        box.left = value["left"]
        box.top = value["top"]
        box.width = value["width"]
        box.height = value["height"]
        self.get().tracker_bbox_info.org_bbox_coords = box

    @property
    def classifier_items(self):
        """What classifiers said about it, as a sequence of `ClassifierMetadata`."""
        return snapshot(&self.get().classifier_meta_list, wrap_classifier, self.lease)

    @property
    def tensor_items(self):
        """Outputs of models, as a sequence of `UserMetadata`; see `as_tensor_output`."""
        return self.user_meta_items(NVDSINFER_TENSOR_OUTPUT_META)

    @property
    def segmentation_items(self):
        """Class maps, as a sequence of `UserMetadata`; see `as_segmentation`."""
        return self.user_meta_items(NVDSINFER_SEGMENTATION_META)

    @property
    def nvdsanalytics_obj_items(self):
        """Regions and lines, as a sequence of `UserMetadata`; see `as_nvdsanalytics_obj`."""
        return self.user_meta_items(dsbind_object_analytics_type())

    @property
    def obj_reid_items(self):
        """Feature vectors, as a sequence of `UserMetadata`; see `as_obj_reid`."""
        return self.user_meta_items(NVDS_TRACKER_OBJ_REID_META)

    def user_meta_items(self, meta_type):
        """The user metadata of a type, as a sequence of `UserMetadata`."""
        return snapshot(&self.get().obj_user_meta_list, wrap_user, self.lease, meta_type)

    def append(self, item):
        """Add user or classifier metadata acquired from the same batch."""
        cdef NvDsObjectMeta *meta = self.get()
        if type(item) is UserMetadata:
            take(self.lease, (<UserMetadata>item).lease, (<UserMetadata>item).meta, item)
            nvds_add_user_meta_to_obj(meta, (<UserMetadata>item).meta)
        elif type(item) is ClassifierMetadata:
            take(self.lease, (<ClassifierMetadata>item).lease, (<ClassifierMetadata>item).meta,
                 item)
            nvds_add_classifier_meta_to_object(meta, (<ClassifierMetadata>item).meta)
        else:
            raise TypeError(f"Invalid type for ObjectMetadata.append: {type(item).__name__}; "
                            "it takes UserMetadata or ClassifierMetadata")
        self.lease.unlock()

    def __eq__(self, other):
        return isinstance(other, ObjectMetadata) and self.meta == (<ObjectMetadata>other).meta \
            and self.lease is (<ObjectMetadata>other).lease

    def __hash__(self):
        return hash(<size_t>self.meta)

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        return (f"<ObjectMetadata label={self.label!r} class_id={self.class_id} "
                f"confidence={self.confidence:.3f} rect_params={self.rect_params!r}>")


cdef object wrap_object(void *element, Lease lease):
    cdef ObjectMetadata view = ObjectMetadata.__new__(ObjectMetadata)
    view.lease = lease
    view.meta = <NvDsObjectMeta *>element
    return view
