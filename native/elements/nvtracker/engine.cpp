/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <utility>

#include "error.h"

namespace dsbind::nvtracker {
namespace {

/* A look is kept at least this long. */
constexpr uint64_t kLeastKept = 30;

class MetaLock {
 public:
  explicit MetaLock(NvDsBatchMeta *batch) : batch_(batch) { nvds_acquire_meta_lock(batch_); }
  ~MetaLock() { nvds_release_meta_lock(batch_); }
  MetaLock(const MetaLock &) = delete;
  MetaLock &operator=(const MetaLock &) = delete;

 private:
  NvDsBatchMeta *batch_;
};

/* A config file; no library's is larger than this. */
std::string read_small(const std::string &path) {
  constexpr std::streamsize kMost = 1 << 20;
  std::error_code none;
  std::ifstream file;
  std::string text(static_cast<size_t>(kMost) + 1, '\0');
  /* Before it is opened: a pipe would wait for its writer. */
  if (std::filesystem::is_regular_file(path, none)) file.open(path, std::ios::binary);
  if (!file.is_open())
    throw Error(ErrorKind::NotFound, "the tracker's config file '" + path +
                                         "' (ll-config-file) cannot be read; the last one stays");
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.gcount() > kMost)
    throw Error(ErrorKind::Settings, "the tracker's config file '" + path +
                                         "' (ll-config-file) is larger than 1 MiB");
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

unsigned pad_of(NvMOTStreamId stream) { return static_cast<unsigned>(stream >> 32); }

}  // namespace

NvMOTStreamId Engine::id_of(const NvDsFrameMeta &frame) {
  return NvMOTStreamId{frame.pad_index} << 32 | frame.surface_index;
}

Engine::Engine(const Properties &properties, unsigned max_streams)
    : properties_(properties),
      class_ids_(parse_class_ids(properties.class_ids)),
      max_streams_(std::max(max_streams, 1u)) {
  if (properties_.input_tensor_meta)
    warnings_.push_back(
        "input-tensor-meta has no effect: no library here takes tensors of nvdspreprocess");
  for (SubBatch &sub : parse_sub_batches(properties_.sub_batches, properties_.config)) {
    if (!library_) library_ = std::make_unique<Library>(properties_.library, sub.config);
    lanes_.emplace_back();
    lanes_.back().query = Context::ask(*library_, sub.config);
    lanes_.back().sub = std::move(sub);
  }
  pools_ = std::make_unique<MiscPools>(properties_.pool_size, max_streams_);
  for (Lane &lane : lanes_) {
    /* Tells now what is wrong with a config, and not at the first frame. */
    Context *context = context_of(&lane, 0);
    if (lane.query.outputConvexHull)
      warnings_.push_back(library_->path() + " gives outlines of objects, which are not attached");
    for (std::string &text : context->take_messages()) warnings_.push_back(std::move(text));
  }
}

std::vector<std::string> Engine::take_warnings() {
  for (Lane &lane : lanes_)
    for (auto &[stream, context] : lane.contexts)
      for (std::string &text : context->take_messages()) warnings_.push_back(std::move(text));
  if (pools_->exhausted && !told_exhausted_) {
    told_exhausted_ = true;
    warnings_.push_back("user-meta-pool-size=" + std::to_string(properties_.pool_size) +
                        " lists of past frames are all in use, so some are left out; raise it, or "
                        "let go of buffers sooner");
  }
  return std::exchange(warnings_, {});
}

/* One for the library's batch mode; else one for each stream. */
Context *Engine::context_of(Lane *lane, NvMOTStreamId stream) {
  const bool batches = lane->query.batchMode == NvMOTBatchMode_Batch;
  std::unique_ptr<Context> &context = lane->contexts[batches ? 0 : stream];
  if (!context)
    context = std::make_unique<Context>(*library_, lane->query, properties_, lane->sub.config,
                                        batches ? max_streams_ : 1);
  return context.get();
}

Engine::Lane *Engine::lane_of(unsigned pad) {
  for (Lane &lane : lanes_)
    if (lane.sub.sources.count(pad) || lane.taken.count(pad)) return &lane;
  for (Lane &lane : lanes_) {
    if (!lane.sub.sources.empty()) continue;
    if (lane.sub.capacity && lane.taken.size() >= lane.sub.capacity) continue;
    lane.taken.insert(pad);
    return &lane;
  }
  throw Error(ErrorKind::Settings,
              "sub-batches=" + properties_.sub_batches + " has no place for source " +
                  std::to_string(pad) + "; name every source, or give sizes that hold all");
}

void Engine::collect(const NvDsBatchMeta *batch, const NvBufSurface *surface) {
  for (Lane &lane : lanes_) lane.frames.clear();
  for (const GList *l = batch->frame_meta_list; l; l = l->next) {
    auto *meta = static_cast<NvDsFrameMeta *>(l->data);
    if (meta->batch_id >= surface->numFilled)
      throw Error(ErrorKind::Run, "frame metadata with batch_id " + std::to_string(meta->batch_id) +
                                      ", but the batch has " + std::to_string(surface->numFilled) +
                                      " frames");
    if (properties_.surface_type && meta->surface_type != properties_.surface_type) continue;
    FrameIn frame;
    frame.meta = meta;
    frame.surface = &surface->surfaceList[meta->batch_id];
    if (!frame.surface->width || !frame.surface->height)
      throw Error(ErrorKind::Run, "a frame without a size");
    frame.stream = id_of(*meta);
    StreamState &state = streams_[frame.stream];
    frame.reset = std::exchange(state.reset, false);
    Lane *lane = lane_of(meta->pad_index);
    state.ids.use(static_cast<unsigned>(lane - lanes_.data()), lanes_.size() > 1);
    lane->frames.push_back(std::move(frame));
  }
}

void Engine::run(Lane *lane, Context *context, std::vector<FrameIn> *frames,
                 std::vector<std::vector<Tracked>> *results, NvBufSurfaceMemType type) {
  context->process(frames, type, class_ids_, results);
  const size_t first = lane->lists.size();
  context->retrieve(pools_.get(), &lane->lists);
  if (!frames->empty())
    for (size_t i = first; i < lane->lists.size(); i++)
      finish_list(lane->lists[i], frames->front());
}

/* In the frames' own pixels, and with the ids that the objects have. */
void Engine::finish_list(MiscBatch *list, const FrameIn &frame) {
  list->scale(frame.scale_x, frame.scale_y);
  for (uint32_t s = 0; s < list->data()->numFilled; s++) {
    NvDsTargetMiscDataStream &stream = list->data()->list[s];
    auto state = streams_.find(stream.surfaceStreamID);
    if (state == streams_.end()) continue;
    for (uint32_t t = 0; t < stream.numFilled; t++)
      stream.list[t].uniqueId = state->second.ids.shown(stream.list[t].uniqueId);
  }
}

void Engine::attach(NvDsBatchMeta *batch, Lane *lane, const Context &context,
                    const std::vector<FrameIn> &frames,
                    const std::vector<std::vector<Tracked>> &results) {
  AttachOptions options;
  options.display_id = properties_.display_id;
  options.keep_frames = std::max<uint64_t>(lane->query.maxShadowTrackingAge, kLeastKept);
  MetaLock lock(batch);
  for (size_t i = 0; i < frames.size(); i++)
    attach_tracks(frames[i], results[i], context, options, &streams_.at(frames[i].stream));
  if (context.features() && context.features()->numFilled)
    attach_features(batch, *context.features());
}

/* The frames of a lane by its one context, or stream by stream. */
void Engine::run_lane(Lane *lane, NvDsBatchMeta *batch, NvBufSurfaceMemType type) {
  if (lane->query.batchMode == NvMOTBatchMode_Batch) {
    Context *context = context_of(lane, 0);
    run(lane, context, &lane->frames, &lane->results, type);
    attach(batch, lane, *context, lane->frames, lane->results);
    return;
  }
  std::vector<FrameIn> one(1);
  for (FrameIn &frame : lane->frames) {
    Context *context = context_of(lane, frame.stream);
    std::swap(one[0], frame);
    run(lane, context, &one, &lane->results, type);
    attach(batch, lane, *context, one, lane->results);
    std::swap(one[0], frame);
  }
}

void Engine::track(NvDsBatchMeta *batch, const NvBufSurface *surface) {
  collect(batch, surface);
  std::vector<std::future<void>> others;
  Lane *own = nullptr;
  for (Lane &lane : lanes_) {
    if (lane.frames.empty()) continue;
    if (!own)
      own = &lane;
    else
      others.push_back(std::async(std::launch::async, [this, &lane, batch, surface] {
        run_lane(&lane, batch, surface->memType);
      }));
  }
  std::exception_ptr failed;
  try {
    if (own) run_lane(own, batch, surface->memType);
  } catch (...) {
    failed = std::current_exception();
  }
  /* All have to be done before the batch may go. */
  for (std::future<void> &other : others) {
    try {
      other.get();
    } catch (...) {
      if (!failed) failed = std::current_exception();
    }
  }
  MetaLock lock(batch);
  for (Lane &lane : lanes_) {
    for (MiscBatch *list : lane.lists) attach_list(batch, list);
    lane.lists.clear();
  }
  if (failed) std::rethrow_exception(failed);
}

void Engine::update(const std::string &configs) {
  std::vector<SubBatch> subs;
  std::vector<std::string> texts;
  try {
    subs = parse_sub_batches(properties_.sub_batches, configs);
    for (const SubBatch &sub : subs) texts.push_back(read_small(sub.config));
  } catch (const Error &error) {
    warnings_.emplace_back(error.what());
    return;
  }
  for (size_t i = 0; i < lanes_.size(); i++) {
    bool taken = true;
    for (auto &[stream, context] : lanes_[i].contexts) {
      const std::string why = context->update(subs[i].config, texts[i]);
      if (why.empty()) continue;
      warnings_.push_back(why);
      taken = false;
      break; /* the others would say the same */
    }
    if (taken) lanes_[i].sub.config = subs[i].config;
  }
}

void Engine::remove(unsigned pad) {
  for (auto state = streams_.begin(); state != streams_.end();) {
    if (pad_of(state->first) != pad) {
      ++state;
      continue;
    }
    for (Lane &lane : lanes_) {
      if (lane.query.batchMode == NvMOTBatchMode_Batch)
        for (auto &[stream, context] : lane.contexts) context->remove(state->first);
      else
        lane.contexts.erase(state->first);
    }
    state = streams_.erase(state);
  }
  for (Lane &lane : lanes_) lane.taken.erase(pad);
}

void Engine::stream_reset(unsigned pad) {
  if (!(properties_.reset_mode & kResetOnRestart)) return;
  for (auto &[stream, state] : streams_)
    if (pad_of(stream) == pad) state.reset = true;
}

void Engine::stream_eos(unsigned pad) {
  if (!(properties_.reset_mode & kResetOnEos)) return;
  for (auto &[stream, state] : streams_) {
    if (pad_of(stream) != pad) continue;
    state.reset = true;
    state.ids.restart(pad);
    state.looks.clear();
  }
}

void Engine::flush() {
  for (auto &[stream, state] : streams_) state.reset = true;
}

}  // namespace dsbind::nvtracker
