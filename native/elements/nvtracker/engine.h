/* SPDX-License-Identifier: Apache-2.0 */
/* All that nvtracker does between start and stop: which context follows which stream. */
#ifndef DSBIND_NVTRACKER_ENGINE_H
#define DSBIND_NVTRACKER_ENGINE_H

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "attach.h"
#include "context.h"
#include "library.h"
#include "settings.h"

namespace dsbind::nvtracker {

class Engine {
 public:
  /* Loads the library and its configs. `max_streams` is the batch size upstream. Throws Error. */
  Engine(const Properties &properties, unsigned max_streams);

  /* Tracks the objects of a batch. Throws Error. */
  void track(NvDsBatchMeta *batch, const NvBufSurface *surface);

  /* ll-config-file names other files from now on. What cannot change is a warning, and stays. */
  void update(const std::string &configs);

  /* A source is gone for good. */
  void remove(unsigned pad);
  void stream_reset(unsigned pad);
  void stream_eos(unsigned pad);
  /* All streams go on somewhere else. */
  void flush();

  /* Of the library, and what is not offered; since the last call. */
  std::vector<std::string> take_warnings();

 private:
  /* A context, or one for each stream where the library cannot do several; and its share of the
   * batch. */
  struct Lane {
    SubBatch sub;
    NvMOTQuery query{};
    std::map<NvMOTStreamId, std::unique_ptr<Context>> contexts;
    std::set<unsigned> taken; /* pads, where the lane has a capacity */
    std::vector<FrameIn> frames;
    std::vector<std::vector<Tracked>> results;
    std::vector<MiscBatch *> lists;
    Context *used = nullptr;
  };

  Lane *lane_of(unsigned pad);
  void collect(const NvDsBatchMeta *batch, const NvBufSurface *surface);
  Context *context_of(Lane *lane, NvMOTStreamId stream);
  void run(Lane *lane, Context *context, std::vector<FrameIn> *frames,
           std::vector<std::vector<Tracked>> *results, NvBufSurfaceMemType type);
  void finish_list(MiscBatch *list, const FrameIn &frame);
  void run_lane(Lane *lane, NvDsBatchMeta *batch, NvBufSurfaceMemType type);
  void attach(NvDsBatchMeta *batch, Lane *lane, const Context &context,
              const std::vector<FrameIn> &frames,
              const std::vector<std::vector<Tracked>> &results);
  static NvMOTStreamId id_of(const NvDsFrameMeta &frame);

  Properties properties_;
  std::set<int> class_ids_;
  std::unique_ptr<Library> library_;
  std::vector<Lane> lanes_;
  std::map<NvMOTStreamId, StreamState> streams_;
  std::unique_ptr<MiscPools> pools_;
  unsigned max_streams_;
  bool told_exhausted_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace dsbind::nvtracker

#endif
