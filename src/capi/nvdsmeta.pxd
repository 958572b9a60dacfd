# SPDX-License-Identifier: Apache-2.0
# What nvdsmeta.h declares for video metadata.

from libc.stdint cimport int64_t, uint64_t

from dsbind.capi.glib cimport GList
from dsbind.capi.nvll_osd_struct cimport (
    NvBbox_Coords,
    NvOSD_ArrowParams,
    NvOSD_CircleParams,
    NvOSD_LineParams,
    NvOSD_MaskParams,
    NvOSD_RectParams,
    NvOSD_TextParams,
)


cdef extern from "glib.h" nogil:
    ctypedef struct GRecMutex:
        pass

    bint g_rec_mutex_trylock(GRecMutex *rec_mutex)
    GList *g_list_prepend(GList *list, void *data)
    char *g_strdup(const char *str)
    char *g_strndup(const char *str, size_t n)
    const char *g_intern_string(const char *string)
    void *g_try_malloc(size_t n_bytes)
    void g_usleep(unsigned long microseconds)


# POSIX; Cython declares what C has.
cdef extern from "string.h" nogil:
    size_t strnlen(const char *text, size_t most)


cdef extern from "nvdsmeta.h" nogil:
    enum:
        MAX_LABEL_SIZE
        MAX_ELEMENTS_IN_DISPLAY_META

    const uint64_t UNTRACKED_OBJECT_ID

    ctypedef enum NvDsMetaType:
        NVDS_INVALID_META
        NVDS_BATCH_META
        NVDS_FRAME_META
        NVDS_OBJ_META
        NVDS_DISPLAY_META
        NVDS_CLASSIFIER_META
        NVDS_LABEL_INFO_META
        NVDS_USER_META
        NVDS_EVENT_MSG_META
        NVDSINFER_TENSOR_OUTPUT_META
        NVDS_TRACKER_PAST_FRAME_META
        NVDS_TRACKER_OBJ_REID_META
        NVDS_TRACKER_TERMINATED_LIST_META
        NVDS_TRACKER_SHADOW_LIST_META
        NVDSINFER_SEGMENTATION_META
        NVDS_PREPROCESS_BATCH_META
        NVDS_RESERVED_META
        NVDS_START_USER_META

    ctypedef void *(*NvDsMetaCopyFunc)(void *data, void *user_data) noexcept nogil
    ctypedef void (*NvDsMetaReleaseFunc)(void *data, void *user_data) noexcept nogil

    ctypedef struct NvDsComp_BboxInfo:
        NvBbox_Coords org_bbox_coords

    ctypedef struct NvDsMetaPool:
        NvDsMetaType meta_type
        unsigned int max_elements_in_pool
        unsigned int num_empty_elements
        unsigned int num_full_elements
        GList *empty_list
        GList *full_list

    ctypedef struct NvDsBatchMeta

    ctypedef struct NvDsBaseMeta:
        NvDsBatchMeta *batch_meta
        NvDsMetaType meta_type
        void *uContext
        NvDsMetaCopyFunc copy_func
        NvDsMetaReleaseFunc release_func

    ctypedef struct NvDsBatchMeta:
        NvDsBaseMeta base_meta
        unsigned int max_frames_in_batch
        unsigned int num_frames_in_batch
        NvDsMetaPool *frame_meta_pool
        NvDsMetaPool *obj_meta_pool
        NvDsMetaPool *classifier_meta_pool
        NvDsMetaPool *display_meta_pool
        NvDsMetaPool *user_meta_pool
        NvDsMetaPool *label_info_meta_pool
        GList *frame_meta_list
        GList *batch_user_meta_list
        GRecMutex meta_mutex

    ctypedef struct NvDsFrameMeta:
        NvDsBaseMeta base_meta
        unsigned int pad_index
        unsigned int batch_id
        int frame_num
        uint64_t buf_pts
        uint64_t ntp_timestamp
        unsigned int source_id
        int num_surfaces_per_frame
        unsigned int source_frame_width
        unsigned int source_frame_height
        unsigned int surface_type
        unsigned int surface_index
        unsigned int num_obj_meta
        int bInferDone
        GList *obj_meta_list
        GList *display_meta_list
        GList *frame_user_meta_list
        unsigned int pipeline_width
        unsigned int pipeline_height

    ctypedef struct NvDsObjectMeta:
        NvDsBaseMeta base_meta
        NvDsObjectMeta *parent
        int unique_component_id
        int class_id
        uint64_t object_id
        NvDsComp_BboxInfo detector_bbox_info
        NvDsComp_BboxInfo tracker_bbox_info
        float confidence
        float tracker_confidence
        NvOSD_RectParams rect_params
        NvOSD_MaskParams mask_params
        NvOSD_TextParams text_params
        char obj_label[128]
        GList *classifier_meta_list
        GList *obj_user_meta_list

    ctypedef struct NvDsClassifierMeta:
        NvDsBaseMeta base_meta
        unsigned int num_labels
        int unique_component_id
        GList *label_info_list
        const char *classifier_type

    ctypedef struct NvDsLabelInfo:
        NvDsBaseMeta base_meta
        unsigned int num_classes
        char result_label[128]
        char *pResult_label
        unsigned int result_class_id
        unsigned int label_id
        float result_prob

    ctypedef struct NvDsDisplayMeta:
        NvDsBaseMeta base_meta
        unsigned int num_rects
        unsigned int num_labels
        unsigned int num_lines
        unsigned int num_arrows
        unsigned int num_circles
        NvOSD_RectParams rect_params[16]
        NvOSD_TextParams text_params[16]
        NvOSD_LineParams line_params[16]
        NvOSD_ArrowParams arrow_params[16]
        NvOSD_CircleParams circle_params[16]

    ctypedef struct NvDsUserMeta:
        NvDsBaseMeta base_meta
        void *user_meta_data

    void nvds_acquire_meta_lock(NvDsBatchMeta *batch_meta)
    void nvds_release_meta_lock(NvDsBatchMeta *batch_meta)
    NvDsBatchMeta *nvds_create_batch_meta(unsigned int max_batch_size)
    int nvds_destroy_batch_meta(NvDsBatchMeta *batch_meta)
    NvDsFrameMeta *nvds_acquire_frame_meta_from_pool(NvDsBatchMeta *batch_meta)
    void nvds_add_frame_meta_to_batch(NvDsBatchMeta *batch_meta, NvDsFrameMeta *frame_meta)
    NvDsObjectMeta *nvds_acquire_obj_meta_from_pool(NvDsBatchMeta *batch_meta)
    void nvds_add_obj_meta_to_frame(
        NvDsFrameMeta *frame_meta, NvDsObjectMeta *obj_meta, NvDsObjectMeta *obj_parent)
    NvDsClassifierMeta *nvds_acquire_classifier_meta_from_pool(NvDsBatchMeta *batch_meta)
    void nvds_add_classifier_meta_to_object(
        NvDsObjectMeta *obj_meta, NvDsClassifierMeta *classifier_meta)
    NvDsDisplayMeta *nvds_acquire_display_meta_from_pool(NvDsBatchMeta *batch_meta)
    void nvds_add_display_meta_to_frame(NvDsFrameMeta *frame_meta, NvDsDisplayMeta *display_meta)
    NvDsLabelInfo *nvds_acquire_label_info_meta_from_pool(NvDsBatchMeta *batch_meta)
    void nvds_add_label_info_meta_to_classifier(
        NvDsClassifierMeta *classifier_meta, NvDsLabelInfo *label_info_meta)
    NvDsUserMeta *nvds_acquire_user_meta_from_pool(NvDsBatchMeta *batch_meta)
    void nvds_add_user_meta_to_batch(NvDsBatchMeta *batch_meta, NvDsUserMeta *user_meta)
    void nvds_add_user_meta_to_frame(NvDsFrameMeta *frame_meta, NvDsUserMeta *user_meta)
    void nvds_add_user_meta_to_obj(NvDsObjectMeta *obj_meta, NvDsUserMeta *user_meta)
    GList *nvds_clear_meta_list(
        NvDsBatchMeta *batch_meta, GList *meta_list, NvDsMetaPool *meta_pool)
