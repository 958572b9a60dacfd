/* SPDX-License-Identifier: Apache-2.0 */
#include "async.h"

#include <algorithm>

namespace dsbind::infer {

Async::Async(Fail fail) : fail_(std::move(fail)), thread_([this] { run(); }) {}

Async::~Async() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Async::offer(const Job &job, const NvBufSurface &surface) {
  if (job.regions.empty()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (model_) return;
  }
  /* The thread is idle and stays so: only this one gives it work. */
  Engine &engine = job.model->engine(0);
  const size_t count = std::min<size_t>(job.regions.size(), engine.most());
  engine.take(surface, job.regions.data(), static_cast<unsigned>(count));
  std::vector<ObjectKey> objects;
  for (size_t i = 0; i < count; i++) {
    const Target &target = job.targets[i];
    const NvOSD_RectParams &rect = target.object->rect_params;
    job.model->history().begin(*target.key, target.frame->frame_num, rect.width * rect.height);
    objects.push_back(*target.key);
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    model_ = job.model;
    objects_ = std::move(objects);
  }
  changed_.notify_all();
}

void Async::run() {
  std::vector<Found> found;
  for (;;) {
    std::shared_ptr<Model> model;
    std::vector<ObjectKey> objects;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return model_ || ending_; });
      if (ending_) return;
      model = model_;
      objects = objects_;
    }
    try {
      if (found.size() < objects.size()) found.resize(objects.size());
      model->engine(0).run(found.data());
      for (size_t i = 0; i < objects.size(); i++) model->history().learn(objects[i], found[i]);
    } catch (const std::exception &error) {
      fail_(error);
    }
    std::lock_guard<std::mutex> lock(mutex_);
    model_.reset();
  }
}

}  // namespace dsbind::infer
