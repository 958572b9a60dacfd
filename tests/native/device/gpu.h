/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a GPU, for tests that need one. */
#ifndef DSBIND_TEST_GPU_H
#define DSBIND_TEST_GPU_H

#include <device.h>

static inline gboolean has_gpu(void) {
  return dsbind_cuda_enter(0, NULL) && (dsbind_cuda_leave(), TRUE);
}

static inline CUdeviceptr gpu_copy_of(const void *data, gsize size) {
  const DsbindCuda *cuda = dsbind_cuda(NULL);
  CUdeviceptr memory = 0;
  g_assert_true(dsbind_cuda_enter(0, NULL));
  g_assert_cmpint(cuda->MemAlloc(&memory, size), ==, 0);
  g_assert_cmpint(cuda->MemcpyHtoDAsync(memory, data, size, CU_STREAM_LEGACY), ==, 0);
  g_assert_cmpint(cuda->StreamSynchronize(CU_STREAM_LEGACY), ==, 0);
  dsbind_cuda_leave();
  return memory;
}

/* Reads it back and frees it. */
static inline void gpu_take(CUdeviceptr memory, void *data, gsize size) {
  const DsbindCuda *cuda = dsbind_cuda(NULL);
  g_assert_true(dsbind_cuda_enter(0, NULL));
  g_assert_cmpint(cuda->MemcpyDtoHAsync(data, memory, size, CU_STREAM_LEGACY), ==, 0);
  g_assert_cmpint(cuda->StreamSynchronize(CU_STREAM_LEGACY), ==, 0);
  g_assert_cmpint(cuda->MemFree(memory), ==, 0);
  dsbind_cuda_leave();
}

#endif
