/* SPDX-License-Identifier: Apache-2.0 */
#include "misc.h"

namespace dsbind::tracker {
namespace {

TRACKER_STATE state_of(TargetState state) {
  switch (state) {
    case TargetState::Tentative: return TENTATIVE;
    case TargetState::Active: return ACTIVE;
    default: return INACTIVE;
  }
}

NvDsTargetMiscDataStream *next_stream(NvDsTargetMiscDataBatch *batch, NvMOTStreamId id) {
  if (!batch || batch->numFilled >= batch->numAllocated) return nullptr;
  NvDsTargetMiscDataStream *stream = &batch->list[batch->numFilled++];
  stream->streamID = static_cast<uint32_t>(id >> 32); /* the pad's index */
  stream->surfaceStreamID = id;
  stream->numFilled = 0;
  return stream;
}

void add(NvDsTargetMiscDataStream *stream, uint64_t id, uint16_t class_id, const Moment *moments,
         size_t count) {
  if (stream->numFilled >= stream->numAllocated) return;
  NvDsTargetMiscDataObject *object = &stream->list[stream->numFilled++];
  object->uniqueId = id;
  object->classId = class_id;
  object->objLabel[0] = '\0';
  object->numObj = 0;
  /* The latest ones, where there is not room for all. */
  if (count > object->numAllocated) {
    moments += count - object->numAllocated;
    count = object->numAllocated;
  }
  for (size_t i = 0; i < count; i++) {
    NvDsTargetMiscDataFrame *frame = &object->list[object->numObj++];
    *frame = NvDsTargetMiscDataFrame{};
    frame->frameNum = moments[i].frame;
    frame->tBbox.left = moments[i].box.x;
    frame->tBbox.top = moments[i].box.y;
    frame->tBbox.width = moments[i].box.width;
    frame->tBbox.height = moments[i].box.height;
    frame->confidence = moments[i].confidence;
    frame->age = moments[i].age;
    frame->trackerState = state_of(moments[i].state);
    frame->visibility = 1;
  }
}

}  // namespace

MiscWriter::MiscWriter(NvMOTTrackerMiscData *out) : out_(out) {
  for (NvDsTargetMiscDataBatch *batch :
       {out->pPastFrameObjBatch, out->pTerminatedTrackBatch, out->pShadowTrackBatch})
    if (batch) batch->numFilled = 0;
}

void MiscWriter::write(NvMOTStreamId id, uint32_t frame, const Stream &stream) {
  if (!stream.past().empty())
    if (auto *past = next_stream(out_->pPastFrameObjBatch, id))
      for (const Stream::Past &one : stream.past())
        add(past, one.id, one.class_id, one.moments.data(), one.moments.size());
  if (!stream.ended().empty())
    if (auto *ended = next_stream(out_->pTerminatedTrackBatch, id))
      for (const Ended &one : stream.ended())
        add(ended, one.id, one.class_id, one.trajectory.data(), one.trajectory.size());
  NvDsTargetMiscDataStream *shadow = nullptr;
  for (const Target &target : stream.targets()) {
    if (target.state != TargetState::Inactive) continue;
    if (!shadow && !(shadow = next_stream(out_->pShadowTrackBatch, id))) break;
    const Moment now{frame, target.box, target.confidence, target.age, target.state};
    add(shadow, target.id, target.class_id, &now, 1);
  }
}

}  // namespace dsbind::tracker
