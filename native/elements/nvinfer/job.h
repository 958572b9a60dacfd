/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be inferred in one buffer, and where the results go. */
#ifndef DSBIND_NVINFER_JOB_H
#define DSBIND_NVINFER_JOB_H

#include <memory>
#include <optional>
#include <vector>

#include "lanes.h"
#include "model.h"
#include "nvdsmeta.h"

namespace dsbind::infer {

/* Whom a result is about. The metadata lives as long as its buffer. */
struct Target {
  NvDsFrameMeta *frame = nullptr;
  NvDsObjectMeta *object = nullptr; /* NULL: the whole frame */
  std::optional<ObjectKey> key;     /* of an object that is tracked */
  NvDsRoiMeta *roi = nullptr;       /* the region, of an image from the metadata */
};

struct Job : Lanes::Task {
  std::shared_ptr<Model> model;
  std::vector<Region> regions;
  std::vector<Target> targets; /* one per region */
  std::vector<const float *> images; /* instead of regions: images from the metadata */
  std::vector<Placement> places;
  std::vector<Found> found;
  std::vector<Target> known; /* objects that get what was said about them before */
};

/* Which frames, or objects of frames, the model is to run on; the frames' pixels are in `surface`.
 * Throws Error when metadata and pixels do not fit together. */
std::unique_ptr<Job> make_job(std::shared_ptr<Model> model, const NvDsBatchMeta *batch,
                              const NvBufSurface &surface);

/* Whether a secondary model has anything to do with a batch. */
bool concerns(const Config &config, const NvDsBatchMeta *batch);

/* Puts the results into the metadata; the caller holds the lock of the batch. */
void attach_results(Job *job, unsigned unique_id);

}  // namespace dsbind::infer

#endif
