/* SPDX-License-Identifier: Apache-2.0 */
/* A tracker library of a user's. The text of its config file is what it does: words such as
 * "nonbatch", "transform", "twice", "nan". */
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nvdstracker.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

struct NvMOTContext {
  std::string mode;
  std::vector<NvMOTStreamId> seen;
  unsigned calls = 0;
  bool has(const char *word) const { return mode.find(word) != std::string::npos; }
};

static int contexts;
static unsigned removed;
static unsigned opened;

/* For the test: how many contexts there are, were, and how many streams were removed. */
EXPORT int test_contexts() { return contexts; }
EXPORT unsigned test_opened() { return opened; }
EXPORT unsigned test_removed() { return removed; }

static std::string mode_of(const char *path) {
  if (!path) return "";
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

EXPORT NvMOTStatus NvMOT_Query(uint16_t, char *path, NvMOTQuery *query) {
  NvMOTContext asked{mode_of(path), {}, 0};
  if (asked.has("noquery")) return NvMOTStatus_Error;
  query->maxTargetsPerStream = 8;
  query->maxShadowTrackingAge = 5;
  query->batchMode = asked.has("nonbatch")   ? NvMOTBatchMode_NonBatch
                     : asked.has("badbatch") ? NvMOTBatchMode_Error
                                             : NvMOTBatchMode_Batch;
  if (asked.has("transform")) {
    query->numTransforms = asked.has("transforms") ? 2 : 1;
    query->colorFormats[0] = NVBUF_COLOR_FORMAT_GRAY8;
    query->memType = NVBUF_MEM_SYSTEM;
  }
  query->outputReidTensor = asked.has("reid");
  query->reidFeatureSize = 3;
  query->outputVisibility = query->outputFootLocation = asked.has("feet");
  query->supportPastFrame = asked.has("past");
  return NvMOTStatus_OK;
}

EXPORT NvMOTStatus NvMOT_Init(NvMOTConfig *config, NvMOTContextHandle *handle,
                              NvMOTConfigResponse *response) {
  NvMOTContext asked{mode_of(config->customConfigFilePath), {}, 0};
  opened++;
  if (asked.has("noinit")) {
    response->customConfigStatus = NvMOTConfigStatus_Unsupported;
    return NvMOTStatus_Error;
  }
  contexts++;
  *handle = new NvMOTContext(asked);
  return NvMOTStatus_OK;
}

EXPORT void NvMOT_DeInit(NvMOTContextHandle context) {
  contexts--;
  delete context;
}

/* What a tracker must not do. */
static void misbehave(NvMOTContextHandle context, const NvMOTFrame &frame,
                      NvMOTTrackedObjList *list) {
  static NvMOTObjToTrack stranger;
  if (!list->numFilled) return;
  if (context->has("twice") && list->numFilled > 1) list->list[1].trackingId = list->list[0].trackingId;
  if (context->has("nan")) list->list[0].bbox.x = NAN;
  if (context->has("infinite")) list->list[0].confidence = INFINITY;
  if (context->has("toomany")) list->numFilled = 4000000000u;
  if (context->has("stranger")) list->list[0].associatedObjectIn = &stranger;
  if (context->has("between"))
    list->list[0].associatedObjectIn = reinterpret_cast<NvMOTObjToTrack *>(
        reinterpret_cast<char *>(frame.objectsIn.list) + 4);
  if (context->has("shared") && list->numFilled > 1)
    list->list[1].associatedObjectIn = list->list[0].associatedObjectIn;
  if (context->has("otherstream")) list->streamID ^= uint64_t{1} << 40;
  if (context->has("replaced")) {
    static NvMOTTrackedObj other[1];
    list->list = other;
  }
}

EXPORT NvMOTStatus NvMOT_Process(NvMOTContextHandle context, NvMOTProcessParams *params,
                                 NvMOTTrackedObjBatch *out) {
  context->calls++;
  if (context->has("fails") && context->calls > 1) return NvMOTStatus_Error;
  if (context->has("throws")) throw std::string("an exception of the library");
  if (context->has("nonbatch") && params->numFrames != 1) return NvMOTStatus_Error;
  uint32_t features = 0;
  for (uint32_t f = 0; f < params->numFrames; f++) {
    const NvMOTFrame &frame = params->frameList[f];
    NvMOTTrackedObjList *list = &out->list[f];
    list->streamID = frame.streamID;
    list->frameNum = frame.frameNum;
    list->valid = true;
    if (context->has("transform") && (frame.numBuffers != 1 || frame.bufferList[0]->width != 96))
      return NvMOTStatus_Error;
    for (uint32_t i = 0; i < frame.objectsIn.numFilled && i < list->numAllocated; i++) {
      NvMOTObjToTrack *object = &frame.objectsIn.list[i];
      NvMOTTrackedObj *tracked = &list->list[list->numFilled++];
      tracked->classId = object->classId;
      tracked->trackingId = 100 + i;
      tracked->bbox = object->bbox;
      tracked->confidence = 0.5f;
      tracked->visibility = 0.25f;
      tracked->ptImgFeet[0] = 7;
      tracked->associatedObjectIn = object;
      if (context->has("reid")) {
        float *feature = out->pReidTensorBatch->ptr_host + 3 * features++;
        for (int n = 0; n < 3; n++) feature[n] = static_cast<float>(10 * i + static_cast<unsigned>(n));
        tracked->reid = {3, feature, nullptr};
        out->pReidTensorBatch->numFilled = features;
      }
    }
    misbehave(context, frame, list);
  }
  out->numFilled = context->has("morelists") ? params->numFrames + 1 : params->numFrames;
  return NvMOTStatus_OK;
}

EXPORT NvMOTStatus NvMOT_RetrieveMiscData(NvMOTContextHandle context, NvMOTProcessParams *params,
                                          NvMOTTrackerMiscData *data) {
  NvDsTargetMiscDataBatch *past = data->pPastFrameObjBatch;
  if (!past) return NvMOTStatus_OK;
  if (context->has("pastfails")) return NvMOTStatus_Error;
  past->numFilled = context->has("pastmany") ? past->numAllocated + 1 : 1;
  past->list[0].surfaceStreamID = params->frameList[0].streamID;
  past->list[0].numFilled = 1;
  past->list[0].list[0].uniqueId = 42;
  past->list[0].list[0].numObj = 1;
  past->list[0].list[0].list[0].frameNum = 3;
  past->list[0].list[0].list[0].tBbox.left = context->has("pastbox") ? NAN : 12;
  return NvMOTStatus_OK;
}

EXPORT NvMOTStatus NvMOT_RemoveStreams(NvMOTContextHandle, NvMOTStreamId) {
  removed++;
  return NvMOTStatus_OK;
}
