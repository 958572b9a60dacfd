# SPDX-License-Identifier: Apache-2.0
"""The structs of the metadata as NumPy dtypes, for native probes that Numba compiles."""

from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsFrameMeta, NvDsObjectMeta, NvDsUserMeta

cdef GList *LINK = NULL
cdef NvDsBatchMeta *BATCH = NULL
cdef NvDsFrameMeta *FRAME = NULL
cdef NvDsObjectMeta *OBJECT = NULL
cdef NvDsUserMeta *USER = NULL

# By name: the size, and (format, offset) by field. Addresses are u8.
STRUCTS = {
    "GList": (sizeof(GList), {
        "data": ("u8", <size_t>&LINK.data),
        "next": ("u8", <size_t>&LINK.next),
        "prev": ("u8", <size_t>&LINK.prev),
    }),
    "NvDsBatchMeta": (sizeof(NvDsBatchMeta), {
        "max_frames_in_batch": ("u4", <size_t>&BATCH.max_frames_in_batch),
        "num_frames_in_batch": ("u4", <size_t>&BATCH.num_frames_in_batch),
        "frame_meta_list": ("u8", <size_t>&BATCH.frame_meta_list),
        "batch_user_meta_list": ("u8", <size_t>&BATCH.batch_user_meta_list),
    }),
    "NvDsFrameMeta": (sizeof(NvDsFrameMeta), {
        "pad_index": ("u4", <size_t>&FRAME.pad_index),
        "batch_id": ("u4", <size_t>&FRAME.batch_id),
        "frame_num": ("i4", <size_t>&FRAME.frame_num),
        "buf_pts": ("u8", <size_t>&FRAME.buf_pts),
        "ntp_timestamp": ("u8", <size_t>&FRAME.ntp_timestamp),
        "source_id": ("u4", <size_t>&FRAME.source_id),
        "source_frame_width": ("u4", <size_t>&FRAME.source_frame_width),
        "source_frame_height": ("u4", <size_t>&FRAME.source_frame_height),
        "num_obj_meta": ("u4", <size_t>&FRAME.num_obj_meta),
        "obj_meta_list": ("u8", <size_t>&FRAME.obj_meta_list),
        "display_meta_list": ("u8", <size_t>&FRAME.display_meta_list),
        "frame_user_meta_list": ("u8", <size_t>&FRAME.frame_user_meta_list),
        "pipeline_width": ("u4", <size_t>&FRAME.pipeline_width),
        "pipeline_height": ("u4", <size_t>&FRAME.pipeline_height),
    }),
    # With the box of `rect_params` as fields of its own.
    "NvDsObjectMeta": (sizeof(NvDsObjectMeta), {
        "parent": ("u8", <size_t>&OBJECT.parent),
        "unique_component_id": ("i4", <size_t>&OBJECT.unique_component_id),
        "class_id": ("i4", <size_t>&OBJECT.class_id),
        "object_id": ("u8", <size_t>&OBJECT.object_id),
        "confidence": ("f4", <size_t>&OBJECT.confidence),
        "tracker_confidence": ("f4", <size_t>&OBJECT.tracker_confidence),
        "left": ("f4", <size_t>&OBJECT.rect_params.left),
        "top": ("f4", <size_t>&OBJECT.rect_params.top),
        "width": ("f4", <size_t>&OBJECT.rect_params.width),
        "height": ("f4", <size_t>&OBJECT.rect_params.height),
        "obj_label": ("S128", <size_t>&OBJECT.obj_label),
        "classifier_meta_list": ("u8", <size_t>&OBJECT.classifier_meta_list),
        "obj_user_meta_list": ("u8", <size_t>&OBJECT.obj_user_meta_list),
    }),
    "NvDsUserMeta": (sizeof(NvDsUserMeta), {
        "meta_type": ("i4", <size_t>&USER.base_meta.meta_type),
        "user_meta_data": ("u8", <size_t>&USER.user_meta_data),
    }),
}


cdef object dtype_of(str name):
    import numpy

    if name not in STRUCTS:
        raise ValueError(f"there is no dtype of {name!r}; choose from {', '.join(STRUCTS)}")
    size, fields = STRUCTS[name]
    formats, offsets = zip(*fields.values(), strict=True)
    return numpy.dtype({"names": list(fields), "formats": formats, "offsets": offsets,
                        "itemsize": size})
