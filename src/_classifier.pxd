# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsClassifierMeta, NvDsLabelInfo
from dsbind._lease cimport Lease


cdef class ClassifierMetadata:
    cdef Lease lease
    cdef NvDsClassifierMeta *meta

    cdef NvDsClassifierMeta *get(self) except NULL


cdef class LabelInfo:
    cdef Lease lease
    cdef NvDsLabelInfo *meta

    cdef NvDsLabelInfo *get(self) except NULL


cdef object wrap_classifier(void *element, Lease lease)
