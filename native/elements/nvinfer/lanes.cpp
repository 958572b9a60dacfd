/* SPDX-License-Identifier: Apache-2.0 */
#include "lanes.h"

namespace dsbind::infer {

Lanes::Lanes(unsigned count, Work work, Pass pass)
    : work_(std::move(work)), pass_(std::move(pass)) {
  try {
    for (unsigned lane = 0; lane < count; lane++)
      threads_.emplace_back([this, lane] { run(lane); });
  } catch (...) {
    end(); /* a thread that is not joined would end the process */
    throw;
  }
}

Lanes::~Lanes() { end(); }

void Lanes::end() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    if (flow_ == GST_FLOW_OK) flow_ = GST_FLOW_FLUSHING;
  }
  changed_.notify_all();
  for (std::thread &thread : threads_) thread.join();
}

GstFlowReturn Lanes::submit(GstBuffer *buffer, std::unique_ptr<Task> task) {
  std::unique_lock<std::mutex> lock(mutex_);
  /* One buffer may wait for a lane, so that none idles while the next is on its way. */
  changed_.wait(lock, [this] {
    return submitted_ - passed_ <= threads_.size() || flow_ != GST_FLOW_OK;
  });
  if (flow_ != GST_FLOW_OK) {
    GstFlowReturn flow = flow_;
    lock.unlock();
    gst_buffer_unref(buffer);
    return flow;
  }
  waiting_.push_back({buffer, submitted_++, std::move(task)});
  changed_.notify_all();
  return GST_FLOW_OK;
}

void Lanes::drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return submitted_ == passed_; });
}

void Lanes::reset() {
  drain();
  std::lock_guard<std::mutex> lock(mutex_);
  if (!ending_) flow_ = GST_FLOW_OK;
}

void Lanes::run(unsigned lane) {
  for (;;) {
    Job job;
    GstFlowReturn flow;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
      if (waiting_.empty()) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
      flow = flow_;
    }
    if (flow == GST_FLOW_OK && job.task) flow = work_(lane, job.buffer, job.task.get());
    finish(std::move(job), flow);
  }
}

/* Jobs are taken in order, so the one whose turn it is always is in a lane's hands. */
void Lanes::finish(Job job, GstFlowReturn worked) {
  GstFlowReturn flow;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return passed_ == job.turn; });
    if (flow_ == GST_FLOW_OK) flow_ = worked;
    flow = flow_;
  }
  if (flow == GST_FLOW_OK)
    flow = pass_(job.buffer, job.task.get());
  else
    gst_buffer_unref(job.buffer);
  job.task.reset(); /* before drain() returns */
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (flow_ == GST_FLOW_OK) flow_ = flow;
    passed_++;
  }
  changed_.notify_all();
}

}  // namespace dsbind::infer
