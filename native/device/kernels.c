/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#define MAX_GPUS 64

/* The text of kernels.ptx, with a NUL behind it. */
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    "dsbind_ptx:\n"
    ".incbin \"" DSBIND_PTX "\"\n"
    ".byte 0\n"
    ".previous\n");
extern const char dsbind_ptx[] __attribute__((visibility("hidden")));

enum { PLANAR, DRAW, BLUR, KERNELS };

static const char *const names[KERNELS] = {"dsbind_planar", "dsbind_draw", "dsbind_blur"};

/* Each GPU's, loaded by the first that asks and kept: threads of any element use them. */
static GMutex mutex;
static CUfunction functions[MAX_GPUS][KERNELS];

/* The context of the GPU is current. */
static CUfunction find(const DsbindCuda *cuda, guint gpu, guint kernel, GError **error) {
  g_mutex_lock(&mutex);
  CUfunction *own = functions[gpu];
  CUmodule module = NULL;
  if (!own[kernel] && dsbind_cuda_check(cuda->ModuleLoadData(&module, dsbind_ptx),
                                        "cuModuleLoadData", error)) {
    for (guint i = 0; i < KERNELS; i++) {
      CUfunction found = NULL;
      if (!dsbind_cuda_check(cuda->ModuleGetFunction(&found, module, names[i]),
                             "cuModuleGetFunction", error))
        break;
      own[i] = found;
    }
  }
  CUfunction function = own[kernel];
  g_mutex_unlock(&mutex);
  return function;
}

typedef struct {
  guint x, y, z;
} Size;

static gboolean launch(guint gpu, guint kernel, Size grid, Size block, void **parameters,
                       GError **error) {
  CUstream stream = dsbind_device_stream(gpu, error);
  if (!stream || !dsbind_cuda_enter((int)gpu, error)) return FALSE;
  const DsbindCuda *cuda = dsbind_cuda(NULL);
  CUfunction function = find(cuda, gpu, kernel, error);
  const gboolean ok =
      function && dsbind_cuda_check(cuda->LaunchKernel(function, grid.x, grid.y, grid.z, block.x,
                                                       block.y, block.z, 0, stream, parameters,
                                                       NULL),
                                    "cuLaunchKernel", error);
  dsbind_cuda_leave();
  return ok;
}

static guint divided(guint total, guint part) { return (total + part - 1) / part; }

gboolean dsbind_kernel_planar(guint gpu, const DsbindPlanar *task, guint count, GError **error) {
  enum { ROW = 128 };
  void *parameters[] = {(void *)task};
  g_return_val_if_fail(count <= DSBIND_MOST_PICTURES, FALSE);
  if (!count) return TRUE;
  return launch(gpu, PLANAR, (Size){divided(task->width, ROW), task->height, count},
                (Size){ROW, 1, 1}, parameters, error);
}

gboolean dsbind_kernel_draw(guint gpu, const DsbindDrawFrame *frame, CUdeviceptr items, guint count,
                            CUdeviceptr bitmaps, gint x0, gint y0, gint x1, gint y1,
                            GError **error) {
  enum { WIDE = 16, HIGH = 16 };
  /* A thread has two by two pixels. */
  gint left = x0 / 2, top = y0 / 2, number = (gint)count;
  void *parameters[] = {(void *)frame, &items, &number, &bitmaps, &left, &top};
  if (!count || x0 >= x1 || y0 >= y1) return TRUE;
  return launch(gpu, DRAW,
                (Size){divided((guint)((x1 + 1) / 2 - left), WIDE),
                       divided((guint)((y1 + 1) / 2 - top), HIGH), 1},
                (Size){WIDE, HIGH, 1}, parameters, error);
}

gboolean dsbind_kernel_blur(guint gpu, const DsbindBlur *task, GError **error) {
  void *parameters[] = {(void *)task};
  if (task->x0 >= task->x1 || task->y0 >= task->y1 || task->tile < 1) return TRUE;
  return launch(gpu, BLUR,
                (Size){divided((guint)(task->x1 - task->x0), (guint)task->tile),
                       divided((guint)(task->y1 - task->y0), (guint)task->tile), 1},
                (Size){128, 1, 1}, parameters, error);
}
