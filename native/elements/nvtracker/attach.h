/* SPDX-License-Identifier: Apache-2.0 */
/* Targets into NvDs metadata. */
#ifndef DSBIND_NVTRACKER_ATTACH_H
#define DSBIND_NVTRACKER_ATTACH_H

#include <string>
#include <unordered_map>
#include <vector>

#include "context.h"

namespace dsbind::nvtracker {

/* Ids as programs see them, of one stream. */
class Ids {
 public:
  /* `lane` tells contexts apart, whose libraries count for themselves. */
  void use(unsigned lane, bool several) { offset_ = several ? uint64_t{lane} << 48 : 0; }
  /* From now on ids count from 0 again, below an upper half of the stream's own. */
  void restart(unsigned stream);
  uint64_t shown(uint64_t id);
  /* One frame more: what was not asked for in `keep` frames is forgotten. */
  void advance(uint64_t keep);

 private:
  uint64_t offset_ = 0;
  bool renames_ = false;
  uint64_t upper_ = 0;
  uint32_t next_ = 0;
  uint64_t frame_ = 0;
  struct Name {
    uint32_t number;
    uint64_t last; /* frame in which it was asked for */
  };
  std::unordered_map<uint64_t, Name> renamed_;
};

/* How an object was described when it was last detected, for the frames in which it is not. */
struct Look {
  gint component = 0;
  NvOSD_RectParams rect{};
  NvOSD_TextParams text{}; /* without its text */
  std::string label;
  uint64_t last_frame = 0;
};

/* What is kept of a stream between batches. */
struct StreamState {
  Ids ids;
  bool reset = false; /* before the next frame */
  uint64_t frames = 0;
  std::unordered_map<uint64_t, Look> looks;
};

struct AttachOptions {
  bool display_id = true;
  uint64_t keep_frames = 60; /* a look outlives its object so long */
};

/* Objects of a frame after tracking: those matched get their id, box and confidence; targets that
 * no object was matched with become objects; objects without a target go. The caller holds the lock
 * of the batch. */
void attach_tracks(const FrameIn &frame, const std::vector<Tracked> &tracks,
                   const Context &context, const AttachOptions &options, StreamState *state);

/* The feature vectors of the batch, as its user metadata. */
void attach_features(NvDsBatchMeta *batch, const NvDsReidTensorBatch &features);

}  // namespace dsbind::nvtracker

#endif
