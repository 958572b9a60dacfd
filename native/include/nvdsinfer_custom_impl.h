/* SPDX-License-Identifier: Apache-2.0 */
/* What a custom parser library (custom-lib-path) implements. C++ only.
 *
 * Symbols are extern "C" and take C++ containers of libstdc++ by reference. A CHECK_* macro
 * declares a parser and checks its signature at compile time.
 *
 * DeepStream 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDSINFER_CUSTOM_IMPL_H
#define DSBIND_NVDSINFER_CUSTOM_IMPL_H

#include <string>
#include <vector>
#include "nvdsinfer.h"

/* TensorRT's types appear by reference only; a library that does not use them needs no TensorRT. */
namespace nvinfer1 {
class IBuilder;
class IBuilderConfig;
class ICudaEngine;
class INetworkDefinition;
class IPluginFactory;
enum class DataType : int32_t;
}  // namespace nvinfer1

struct _NvDsInferContextInitParams;
typedef struct _NvDsInferContextInitParams NvDsInferContextInitParams;

/* Thresholds of a detector, one entry per class. */
struct NvDsInferParseDetectionParams {
  unsigned int numClassesConfigured;
  std::vector<float> perClassPreclusterThreshold;
  std::vector<float> perClassPostclusterThreshold;
  /* The name that older parsers read. */
  std::vector<float> &perClassThreshold = perClassPreclusterThreshold;
};

/* Fills a TensorRT network from a model format of the library's own. */
class IModelParser {
 public:
  IModelParser() {}
  virtual ~IModelParser() {}
  virtual NvDsInferStatus parseModel(nvinfer1::INetworkDefinition &network) = 0;
  virtual bool hasFullDimsSupported() const = 0;
  virtual const char *getModelName() const = 0;
};

/* Boxes are in pixels of the network's input; layer buffers are on the host. */
typedef bool (*NvDsInferParseCustomFunc)(
    std::vector<NvDsInferLayerInfo> const &outputLayersInfo,
    NvDsInferNetworkInfo const &networkInfo,
    NvDsInferParseDetectionParams const &detectionParams,
    std::vector<NvDsInferObjectDetectionInfo> &objectList);

/* `mask` of each entry comes from `new float[]`; the caller deletes it. */
typedef bool (*NvDsInferInstanceMaskParseCustomFunc)(
    std::vector<NvDsInferLayerInfo> const &outputLayersInfo,
    NvDsInferNetworkInfo const &networkInfo,
    NvDsInferParseDetectionParams const &detectionParams,
    std::vector<NvDsInferInstanceMaskInfo> &objectList);

/* `attributeLabel` of each entry comes from malloc(); the caller frees it. */
typedef bool (*NvDsInferClassiferParseCustomFunc)(
    std::vector<NvDsInferLayerInfo> const &outputLayersInfo,
    NvDsInferNetworkInfo const &networkInfo, float classifierThreshold,
    std::vector<NvDsInferAttribute> &attrList, std::string &descString);

typedef bool (*NvDsInferSemSegmentationParseCustomFunc)(
    std::vector<NvDsInferLayerInfo> const &outputLayersInfo,
    NvDsInferNetworkInfo const &networkInfo, float segmentationThreshold,
    unsigned int numClasses, int *classificationMap, float *&classProbabilityMap);

typedef bool (*NvDsInferEngineCreateCustomFunc)(
    nvinfer1::IBuilder *const builder, nvinfer1::IBuilderConfig *const builderConfig,
    const NvDsInferContextInitParams *const initParams, nvinfer1::DataType dataType,
    nvinfer1::ICudaEngine *&cudaEngine);

#define CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(customParseFunc)                                   \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &,                   \
                                  NvDsInferNetworkInfo const &,                              \
                                  NvDsInferParseDetectionParams const &,                     \
                                  std::vector<NvDsInferObjectDetectionInfo> &);              \
  static_assert(sizeof(NvDsInferParseCustomFunc{customParseFunc}) != 0, "parser signature")

#define CHECK_CUSTOM_INSTANCE_MASK_PARSE_FUNC_PROTOTYPE(customParseFunc)                     \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &,                   \
                                  NvDsInferNetworkInfo const &,                              \
                                  NvDsInferParseDetectionParams const &,                     \
                                  std::vector<NvDsInferInstanceMaskInfo> &);                 \
  static_assert(sizeof(NvDsInferInstanceMaskParseCustomFunc{customParseFunc}) != 0,          \
                "parser signature")

#define CHECK_CUSTOM_CLASSIFIER_PARSE_FUNC_PROTOTYPE(customParseFunc)                        \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &,                   \
                                  NvDsInferNetworkInfo const &, float,                       \
                                  std::vector<NvDsInferAttribute> &, std::string &);         \
  static_assert(sizeof(NvDsInferClassiferParseCustomFunc{customParseFunc}) != 0,             \
                "parser signature")

#define CHECK_CUSTOM_SEM_SEGMENTATION_PARSE_FUNC_PROTOTYPE(customParseFunc)                  \
  extern "C" bool customParseFunc(std::vector<NvDsInferLayerInfo> const &,                   \
                                  NvDsInferNetworkInfo const &, float, unsigned int, int *,  \
                                  float *&);                                                 \
  static_assert(sizeof(NvDsInferSemSegmentationParseCustomFunc{customParseFunc}) != 0,       \
                "parser signature")

#define CHECK_CUSTOM_ENGINE_CREATE_FUNC_PROTOTYPE(customEngineCreateFunc)                    \
  extern "C" bool customEngineCreateFunc(                                                    \
      nvinfer1::IBuilder *const, nvinfer1::IBuilderConfig *const,                            \
      const NvDsInferContextInitParams *const, nvinfer1::DataType, nvinfer1::ICudaEngine *&);\
  static_assert(sizeof(NvDsInferEngineCreateCustomFunc{customEngineCreateFunc}) != 0,        \
                "engine signature")

/* Fixed names that a custom library may export. */
extern "C" {
bool NvDsInferInitializeInputLayers(std::vector<NvDsInferLayerInfo> const &inputLayersInfo,
                                    NvDsInferNetworkInfo const &networkInfo,
                                    unsigned int maxBatchSize);
IModelParser *NvDsInferCreateModelParser(const NvDsInferContextInitParams *initParams);
bool NvDsInferCudaEngineGet(nvinfer1::IBuilder *builder, NvDsInferContextInitParams *initParams,
                            nvinfer1::DataType dataType, nvinfer1::ICudaEngine *&cudaEngine);
bool NvDsInferPluginFactoryRuntimeGet(nvinfer1::IPluginFactory *&pluginFactory);
void NvDsInferPluginFactoryRuntimeDestroy(nvinfer1::IPluginFactory *pluginFactory);
}

#endif
