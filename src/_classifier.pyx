# SPDX-License-Identifier: Apache-2.0
"""What classifiers said about an object. Users find it in `dsbind.meta`."""

cimport cython

from libc.string cimport memset

from dsbind.capi.nvdsmeta cimport (
    MAX_LABEL_SIZE,
    NvDsBatchMeta,
    g_intern_string,
    g_strdup,
    nvds_acquire_label_info_meta_from_pool,
    nvds_add_label_info_meta_to_classifier,
)
from dsbind._items cimport snapshot
from dsbind._lease cimport CLOSED
from dsbind._strings cimport encode, gone, set_label


@cython.final
cdef class ClassifierMetadata:
    """Wrap `NvDsClassifierMeta`: the attributes that one classifier found."""

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("ClassifierMetadata comes from ObjectMetadata.classifier_items or "
                        "BatchMetadata.acquire_classifier_meta()")

    cdef NvDsClassifierMeta *get(self) except NULL:
        self.lease.check()
        return self.meta

    @property
    def n_labels(self):
        """Number of labels."""
        return self.get().num_labels

    @property
    def unique_component_id(self):
        """Number of the classifier (`gie-unique-id`)."""
        return self.get().unique_component_id

    @unique_component_id.setter
    def unique_component_id(self, int value):
        self.get().unique_component_id = value

    @property
    def classifier_type(self):
        """What it classifies, as configured (`classifier-type`); "" when that is not told."""
        cdef NvDsClassifierMeta *meta = self.get()
        if meta.classifier_type == NULL:
            return ""
        return meta.classifier_type.decode("utf-8", "replace")

    @classifier_type.setter
    def classifier_type(self, value):
        # The C API borrows it for as long as any copy of the metadata lives.
        cdef bytes name = encode(value)
        self.get().classifier_type = g_intern_string(name)

    def get_label_info(self, index):
        """Return the label `index` as a `LabelInfo`."""
        return snapshot(&self.get().label_info_list, wrap_label, self.lease)[index]

    def get_n_label(self, index):
        """Return the name of the label `index`."""
        return self.get_label_info(index).label

    def add_label(self, label, *, class_id=0, prob=1.0, label_id=0, num_classes=0):
        """Add a label; it becomes label 0, as in the C API."""
        cdef NvDsClassifierMeta *meta = self.get()
        cdef NvDsBatchMeta *batch = meta.base_meta.batch_meta
        cdef NvDsLabelInfo values
        cdef NvDsLabelInfo *info
        cdef bytes name = encode(label)
        memset(&values, 0, sizeof(values))
        set_label(values.result_label, name)
        values.result_class_id = class_id
        values.result_prob = prob
        values.label_id = label_id
        values.num_classes = num_classes
        self.lease.lock()
        info = nvds_acquire_label_info_meta_from_pool(batch)
        if info != NULL:
            values.base_meta = info.base_meta
            if len(name) >= MAX_LABEL_SIZE:
                values.pResult_label = g_strdup(name)
            info[0] = values
            nvds_add_label_info_meta_to_classifier(meta, info)
        self.lease.unlock()
        if info == NULL:
            raise MemoryError("the pool of labels of this batch cannot grow")

    def __eq__(self, other):
        return isinstance(other, ClassifierMetadata) \
            and self.meta == (<ClassifierMetadata>other).meta \
            and self.lease is (<ClassifierMetadata>other).lease

    def __hash__(self):
        return hash(<size_t>self.meta)

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        return (f"<ClassifierMetadata unique_component_id={self.unique_component_id} "
                f"n_labels={self.n_labels}>")


@cython.final
cdef class LabelInfo:
    """Wrap `NvDsLabelInfo`, one attribute that a classifier found."""

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("LabelInfo comes from ClassifierMetadata.get_label_info()")

    cdef NvDsLabelInfo *get(self) except NULL:
        self.lease.check()
        return self.meta

    @property
    def label(self):
        """Name of the attribute."""
        cdef NvDsLabelInfo *meta = self.get()
        if meta.pResult_label != NULL:
            return meta.pResult_label.decode("utf-8", "replace")
        return meta.result_label.decode("utf-8", "replace")

    @property
    def class_id(self):
        """Index of the class within the attribute."""
        return self.get().result_class_id

    @property
    def prob(self):
        """Probability, from 0 to 1."""
        return self.get().result_prob

    @property
    def label_id(self):
        """Index of the attribute, for a model with several."""
        return self.get().label_id

    @property
    def num_classes(self):
        """Number of classes of the attribute."""
        return self.get().num_classes

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        return f"<LabelInfo label={self.label!r} class_id={self.class_id} prob={self.prob:.3f}>"


cdef object wrap_classifier(void *element, Lease lease):
    cdef ClassifierMetadata classifier = ClassifierMetadata.__new__(ClassifierMetadata)
    classifier.lease = lease
    classifier.meta = <NvDsClassifierMeta *>element
    return classifier


cdef object wrap_label(void *element, Lease lease):
    cdef LabelInfo info = LabelInfo.__new__(LabelInfo)
    info.lease = lease
    info.meta = <NvDsLabelInfo *>element
    return info
