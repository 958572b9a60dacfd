/* SPDX-License-Identifier: Apache-2.0 */
/* Works on several buffers at a time and passes them on in the order they came. */
#ifndef DSBIND_INFER_LANES_H
#define DSBIND_INFER_LANES_H

#include <gst/gst.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace dsbind::infer {

class Lanes {
 public:
  /* What is to be done with a buffer. It goes with its buffer through work and pass. */
  struct Task {
    virtual ~Task() = default;
  };
  /* Called on a lane's own thread, by several lanes at a time. Does not own the buffer. */
  using Work = std::function<GstFlowReturn(unsigned lane, GstBuffer *buffer, Task *task)>;
  /* Called by one lane at a time, in the order of submit(). Takes the buffer; `task` may be NULL. */
  using Pass = std::function<GstFlowReturn(GstBuffer *buffer, Task *task)>;

  Lanes(unsigned count, Work work, Pass pass);
  /* Drops what has not been worked on. Nothing may be submitting. */
  ~Lanes();
  Lanes(const Lanes &) = delete;
  Lanes &operator=(const Lanes &) = delete;

  /* Takes the buffer; waits while every lane is busy. Returns how passing on went last: anything
   * but OK drops all buffers until reset(). Without a task the buffer only keeps its place. */
  GstFlowReturn submit(GstBuffer *buffer, std::unique_ptr<Task> task);

  /* Waits until every buffer has been passed on or dropped. */
  void drain();

  /* After a flush: passes buffers on again. */
  void reset();

 private:
  struct Job {
    GstBuffer *buffer = nullptr;
    uint64_t turn = 0;
    std::unique_ptr<Task> task;
  };

  void end();
  void run(unsigned lane);
  void finish(Job job, GstFlowReturn worked);

  const Work work_;
  const Pass pass_;
  std::mutex mutex_; /* guards all below */
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  uint64_t submitted_ = 0, passed_ = 0; /* passed_ is also whose turn it is */
  GstFlowReturn flow_ = GST_FLOW_OK;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dsbind::infer

#endif
