/* SPDX-License-Identifier: Apache-2.0 */
/* One context of a tracker library and the memory that is shared with it. */
#ifndef DSBIND_NVTRACKER_CONTEXT_H
#define DSBIND_NVTRACKER_CONTEXT_H

#include <memory>
#include <string>
#include <vector>

#include "library.h"
#include "misc_meta.h"
#include "nvdsmeta.h"
#include "nvmm.h"
#include "settings.h"

namespace dsbind::nvtracker {

/* One frame of the batch on its way through a context. */
struct FrameIn {
  NvDsFrameMeta *meta = nullptr;
  const NvBufSurfaceParams *surface = nullptr;
  NvMOTStreamId stream = 0;
  bool reset = false;
  /* The objects that were handed over; the place tells the object of NvMOT. */
  std::vector<NvDsObjectMeta *> objects;
  float scale_x = 1, scale_y = 1; /* from the frame to the tracker's picture */
};

/* A target of the library, checked: in the frame's own pixels. */
struct Tracked {
  uint64_t id = 0;
  uint16_t class_id = 0;
  NvMOTRect box{};
  float confidence = 0;
  int object = -1; /* its place in FrameIn::objects, or -1 */
  const NvMOTTrackedObj *raw = nullptr; /* until the next process() */
};

class Context {
 public:
  /* Asks the library what it wants. Throws Error. */
  static NvMOTQuery ask(const Library &library, const std::string &config);

  Context(const Library &library, const NvMOTQuery &query, const Properties &properties,
          const std::string &config, unsigned max_streams);
  ~Context();
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;

  /* Hands frames over and checks what comes back: `results` has one list per frame. `type` is the
   * memory of the surfaces. Throws Error. */
  void process(std::vector<FrameIn> *frames, NvBufSurfaceMemType type,
               const std::set<int> &class_ids, std::vector<std::vector<Tracked>> *results);
  void remove(NvMOTStreamId stream);
  /* Goes on by another config, whose text this is; or says why not and goes on by the last one. */
  std::string update(const std::string &config, const std::string &text);
  /* What the library tells beside the frames of the last process(); the lists are taken from the
   * pools. */
  void retrieve(MiscPools *pools, std::vector<MiscBatch *> *lists);

  const NvMOTQuery &query() const { return query_; }
  const NvDsReidTensorBatch *features() const { return has_features_ ? &features_ : nullptr; }
  /* Warnings of the library since the last call. */
  std::vector<std::string> take_messages();

 private:
  void open();
  void close();
  void fill(FrameIn *frame, size_t index, const std::set<int> &class_ids);
  void convert(const std::vector<FrameIn> &frames, NvBufSurfaceMemType type);
  void make_room(size_t frames);
  void check(const std::vector<FrameIn> &frames, size_t index, std::vector<Tracked> *results);
  [[noreturn]] void fail(const std::string &what) const;
  std::string words();

  const Library &library_;
  const NvMOTQuery query_;
  const Properties &properties_;
  std::string config_;
  unsigned max_streams_;
  NvMOTContextHandle handle_ = nullptr;
  std::vector<std::string> messages_;
  int failures_ = 0;

  std::vector<NvMOTFrame> frames_;
  std::vector<std::vector<NvMOTObjToTrack>> objects_;
  std::vector<NvMOTTrackedObjList> lists_;
  std::vector<std::vector<NvMOTTrackedObj>> tracked_;
  std::vector<NvBufSurfaceParams *> buffers_;
  std::vector<float> feature_data_;
  NvDsReidTensorBatch features_{};
  bool has_features_ = false;
  NvMOTProcessParams params_{};

  /* The frames as the library wants them. */
  NvBufSurface *scaled_ = nullptr;
  std::vector<NvBufSurfaceParams> sources_;
  std::vector<NvBufSurfTransformRect> rects_;
};

}  // namespace dsbind::nvtracker

#endif
