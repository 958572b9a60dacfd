/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of past frames, terminated and shadow tracks, as user metadata of a batch. */
#ifndef DSBIND_NVTRACKER_MISC_META_H
#define DSBIND_NVTRACKER_MISC_META_H

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nvdsmeta.h"
#include "nvdstracker.h"

namespace dsbind::nvtracker {

class MiscPool;

/* The memory of one list, sized as the library asked; boxes are in the tracker's pixels until
 * scale(). */
class MiscBatch {
 public:
  MiscBatch(NvDsMetaType type, unsigned streams, unsigned targets, unsigned frames);
  /* Of the filled part only, without a pool. */
  MiscBatch(const MiscBatch &other);
  MiscBatch &operator=(const MiscBatch &) = delete;

  NvDsMetaType type() const { return type_; }
  NvDsTargetMiscDataBatch *data() { return &data_; }
  /* What is wrong with what a library filled in, or nothing. */
  std::string check() const;
  void scale(float x, float y);
  void clear();

  std::shared_ptr<MiscPool> pool; /* where it goes when it is released; NULL for a copy */

 private:
  NvDsMetaType type_;
  NvDsTargetMiscDataBatch data_{};
  std::vector<NvDsTargetMiscDataStream> streams_;
  std::vector<NvDsTargetMiscDataObject> objects_;
  /* Not initialised before use: most of it never is used. */
  std::unique_ptr<NvDsTargetMiscDataFrame[], void (*)(void *)> frames_;
  unsigned targets_ = 0, per_target_ = 0;
};

/* Lists of one type that are not in use; lives as long as a list is out. */
class MiscPool : public std::enable_shared_from_this<MiscPool> {
 public:
  MiscPool(NvDsMetaType type, unsigned size, unsigned streams, const NvMOTQuery &query);
  /* NULL where all are in use. */
  MiscBatch *take();
  void give_back(MiscBatch *batch);

 private:
  NvDsMetaType type_;
  unsigned left_, streams_, targets_, frames_;
  std::mutex mutex_; /* guards left_ and free_ */
  std::vector<std::unique_ptr<MiscBatch>> free_;
};

class MiscPools {
 public:
  MiscPools(unsigned size, unsigned streams) : size_(size), streams_(streams) {}
  /* NULL, and noted in `exhausted`, where user-meta-pool-size lists are in use downstream. */
  MiscBatch *take(NvDsMetaType type, const NvMOTQuery &query);
  void give_back(MiscBatch *batch) { batch->pool->give_back(batch); }

  bool exhausted = false;

 private:
  unsigned size_, streams_;
  std::mutex mutex_; /* several contexts take at a time */
  std::vector<std::pair<NvDsMetaType, std::shared_ptr<MiscPool>>> pools_;
};

/* Gives a list to the batch; it goes back to its pool with it. */
void attach_list(NvDsBatchMeta *batch, MiscBatch *list);

}  // namespace dsbind::nvtracker

#endif
