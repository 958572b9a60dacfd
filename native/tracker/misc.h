/* SPDX-License-Identifier: Apache-2.0 */
/* What is told beside the current frame: past frames, terminated and shadow tracks. */
#ifndef DSBIND_TRACKER_MISC_H
#define DSBIND_TRACKER_MISC_H

#include "nvdstracker.h"
#include "stream.h"

namespace dsbind::tracker {

/* Fills lists that the caller allocated; what has no room in them is left out. */
class MiscWriter {
 public:
  explicit MiscWriter(NvMOTTrackerMiscData *out);
  void write(NvMOTStreamId id, uint32_t frame, const Stream &stream);

 private:
  NvMOTTrackerMiscData *out_;
};

}  // namespace dsbind::tracker

#endif
