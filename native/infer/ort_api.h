/* SPDX-License-Identifier: Apache-2.0 */
/* The part of ONNX Runtime's C API that dsbind uses.
 *
 * The API is one append-only table of function pointers: a function keeps its slot for ever. So
 * these slots hold for every ONNX Runtime from 1.11 on, whatever version is installed. */
#ifndef DSBIND_INFER_ORT_API_H
#define DSBIND_INFER_ORT_API_H

#include <cstddef>
#include <cstdint>

struct OrtAllocator;
struct OrtArenaCfg;
struct OrtCUDAProviderOptionsV2;
struct OrtEnv;
struct OrtMemoryInfo;
struct OrtRunOptions;
struct OrtSession;
struct OrtSessionOptions;
struct OrtStatus;
struct OrtTensorTypeAndShapeInfo;
struct OrtTypeInfo;
struct OrtValue;

extern "C" {
typedef void (*OrtLoggingFunction)(void *param, int severity, const char *category,
                                   const char *logid, const char *location, const char *message);

/* What OrtGetApiBase() returns. */
struct OrtApiBase {
  const void *(*GetApi)(uint32_t version);
  const char *(*GetVersionString)(void);
};
}

namespace dsbind::infer::ort {

constexpr uint32_t kApiVersion = 11;

enum LogLevel { kLogVerbose, kLogInfo, kLogWarning, kLogError, kLogFatal };
enum Optimization { kOptimizeAll = 99 };
enum Allocator { kDeviceAllocator = 0, kArenaAllocator = 1 };
enum ArenaExtend { kSameAsRequested = 1 };
enum MemType { kMemTypeDefault = 0 };
enum OnnxType { kOnnxTensor = 1 };
enum ElementType {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kInt32 = 6,
  kInt64 = 7,
  kFloat16 = 10,
};

/* slot, name, return type, arguments */
#define DSBIND_ORT_FUNCTIONS(X)                                                                  \
  X(2, GetErrorMessage, const char *, (const OrtStatus *))                                       \
  X(4, CreateEnvWithCustomLogger, OrtStatus *,                                                   \
    (OrtLoggingFunction, void *, int, const char *, OrtEnv **))                                  \
  X(6, DisableTelemetryEvents, OrtStatus *, (const OrtEnv *))                                    \
  X(7, CreateSession, OrtStatus *,                                                               \
    (const OrtEnv *, const char *, const OrtSessionOptions *, OrtSession **))                    \
  X(9, Run, OrtStatus *,                                                                         \
    (OrtSession *, const OrtRunOptions *, const char *const *, const OrtValue *const *, size_t,  \
     const char *const *, size_t, OrtValue **))                                                  \
  X(10, CreateSessionOptions, OrtStatus *, (OrtSessionOptions **))                               \
  X(22, SetSessionLogSeverityLevel, OrtStatus *, (OrtSessionOptions *, int))                     \
  X(23, SetSessionGraphOptimizationLevel, OrtStatus *, (OrtSessionOptions *, int))               \
  X(24, SetIntraOpNumThreads, OrtStatus *, (OrtSessionOptions *, int))                           \
  X(25, SetInterOpNumThreads, OrtStatus *, (OrtSessionOptions *, int))                           \
  X(30, SessionGetInputCount, OrtStatus *, (const OrtSession *, size_t *))                       \
  X(31, SessionGetOutputCount, OrtStatus *, (const OrtSession *, size_t *))                      \
  X(33, SessionGetInputTypeInfo, OrtStatus *, (const OrtSession *, size_t, OrtTypeInfo **))      \
  X(34, SessionGetOutputTypeInfo, OrtStatus *, (const OrtSession *, size_t, OrtTypeInfo **))     \
  X(36, SessionGetInputName, OrtStatus *, (const OrtSession *, size_t, OrtAllocator *, char **)) \
  X(37, SessionGetOutputName, OrtStatus *,                                                       \
    (const OrtSession *, size_t, OrtAllocator *, char **))                                       \
  X(49, CreateTensorWithDataAsOrtValue, OrtStatus *,                                             \
    (const OrtMemoryInfo *, void *, size_t, const int64_t *, size_t, int, OrtValue **))          \
  X(51, GetTensorMutableData, OrtStatus *, (OrtValue *, void **))                                \
  X(55, CastTypeInfoToTensorInfo, OrtStatus *,                                                   \
    (const OrtTypeInfo *, const OrtTensorTypeAndShapeInfo **))                                   \
  X(60, GetTensorElementType, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, int *))           \
  X(61, GetDimensionsCount, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, size_t *))          \
  X(62, GetDimensions, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, int64_t *, size_t))      \
  X(65, GetTensorTypeAndShape, OrtStatus *, (const OrtValue *, OrtTensorTypeAndShapeInfo **))    \
  X(68, CreateMemoryInfo, OrtStatus *, (const char *, int, int, int, OrtMemoryInfo **))          \
  X(69, CreateCpuMemoryInfo, OrtStatus *, (int, int, OrtMemoryInfo **))                          \
  X(76, AllocatorFree, OrtStatus *, (OrtAllocator *, void *))                                    \
  X(78, GetAllocatorWithDefaultOptions, OrtStatus *, (OrtAllocator **))                          \
  X(93, ReleaseStatus, void, (OrtStatus *))                                                      \
  X(94, ReleaseMemoryInfo, void, (OrtMemoryInfo *))                                              \
  X(95, ReleaseSession, void, (OrtSession *))                                                    \
  X(96, ReleaseValue, void, (OrtValue *))                                                        \
  X(98, ReleaseTypeInfo, void, (OrtTypeInfo *))                                                  \
  X(99, ReleaseTensorTypeAndShapeInfo, void, (OrtTensorTypeAndShapeInfo *))                      \
  X(100, ReleaseSessionOptions, void, (OrtSessionOptions *))                                     \
  X(130, AddSessionConfigEntry, OrtStatus *, (OrtSessionOptions *, const char *, const char *))  \
  X(144, CreateAndRegisterAllocator, OrtStatus *,                                                \
    (OrtEnv *, const OrtMemoryInfo *, const OrtArenaCfg *))                                      \
  X(156, CreateArenaCfg, OrtStatus *, (size_t, int, int, int, OrtArenaCfg **))                   \
  X(157, ReleaseArenaCfg, void, (OrtArenaCfg *))                                                 \
  X(204, SessionOptionsAppendExecutionProvider_CUDA_V2, OrtStatus *,                             \
    (OrtSessionOptions *, const OrtCUDAProviderOptionsV2 *))                                     \
  X(205, CreateCUDAProviderOptions, OrtStatus *, (OrtCUDAProviderOptionsV2 **))                  \
  X(206, UpdateCUDAProviderOptions, OrtStatus *,                                                 \
    (OrtCUDAProviderOptionsV2 *, const char *const *, const char *const *, size_t))              \
  X(208, ReleaseCUDAProviderOptions, void, (OrtCUDAProviderOptionsV2 *))

struct Api {
#define DSBIND_ORT_MEMBER(slot, name, result, arguments) result(*name) arguments;
  DSBIND_ORT_FUNCTIONS(DSBIND_ORT_MEMBER)
#undef DSBIND_ORT_MEMBER
};

}  // namespace dsbind::infer::ort

#endif
