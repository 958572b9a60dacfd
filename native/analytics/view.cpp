/* SPDX-License-Identifier: Apache-2.0 */
#include "analytics_view.h"

#include "nvds_analytics_meta.h"

namespace {

const NvDsAnalyticsFrameMeta &frame_of(const void *meta) {
  return *static_cast<const NvDsAnalyticsFrameMeta *>(meta);
}

const NvDsAnalyticsObjInfo &object_of(const void *info) {
  return *static_cast<const NvDsAnalyticsObjInfo *>(info);
}

template <class Value>
size_t by_label(const std::unordered_map<std::string, Value> &map, DsbindCount *counts,
                size_t capacity) {
  size_t i = 0;
  for (const auto &[label, value] : map) {
    if (i == capacity) break;
    counts[i++] = {label.c_str(), -1, static_cast<uint64_t>(value)};
  }
  return map.size();
}

const char *at(const std::vector<std::string> &labels, size_t index) {
  return index < labels.size() ? labels[index].c_str() : nullptr;
}

const char *only(const std::string &label, size_t index) {
  return index == 0 && !label.empty() ? label.c_str() : nullptr;
}

}  // namespace

int dsbind_frame_analytics_type(void) { return NVDS_USER_FRAME_META_NVDSANALYTICS; }
int dsbind_object_analytics_type(void) { return NVDS_USER_OBJ_META_NVDSANALYTICS; }

size_t dsbind_frame_counts(const void *frame_meta, DsbindCountKind kind, DsbindCount *counts,
                           size_t capacity) {
  const NvDsAnalyticsFrameMeta &frame = frame_of(frame_meta);
  switch (kind) {
    case DSBIND_COUNT_IN_ROI: return by_label(frame.objInROIcnt, counts, capacity);
    case DSBIND_COUNT_OVERCROWDED: return by_label(frame.ocStatus, counts, capacity);
    case DSBIND_COUNT_CROSSED: return by_label(frame.objLCCurrCnt, counts, capacity);
    case DSBIND_COUNT_CROSSED_TOTAL: return by_label(frame.objLCCumCnt, counts, capacity);
    case DSBIND_COUNT_CLASS: break;
  }
  size_t i = 0;
  for (const auto &[class_id, number] : frame.objCnt) {
    if (i == capacity) break;
    counts[i++] = {nullptr, class_id, number};
  }
  return frame.objCnt.size();
}

unsigned dsbind_frame_unique_id(const void *frame_meta) { return frame_of(frame_meta).unique_id; }

const char *dsbind_object_status(const void *object_info, DsbindStatusKind kind, size_t index) {
  const NvDsAnalyticsObjInfo &info = object_of(object_info);
  switch (kind) {
    case DSBIND_STATUS_ROI: return at(info.roiStatus, index);
    case DSBIND_STATUS_OVERCROWDED: return at(info.ocStatus, index);
    case DSBIND_STATUS_CROSSED: return at(info.lcStatus, index);
    case DSBIND_STATUS_DIRECTION: return only(info.dirStatus, index);
    case DSBIND_STATUS_OBJECT: return only(info.objStatus, index);
  }
  return nullptr;
}

unsigned dsbind_object_unique_id(const void *object_info) {
  return object_of(object_info).unique_id;
}
