/* SPDX-License-Identifier: Apache-2.0 */
#include "dsbind_cuda.h"

#include <dlfcn.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define LIBCUDA "libcuda.so.1"
/* More GPUs than a machine holds. */
#define MAX_GPUS 64

EXPORT G_DEFINE_QUARK(dsbind-cuda-error-quark, dsbind_cuda_error)

/* Guards all below. */
static GMutex mutex;
static void *library;
static DsbindCuda functions;
static gboolean started;
static CUcontext contexts[MAX_GPUS];

static const struct {
  const char *symbol;
  size_t offset;
} symbols[] = {
#define DSBIND_CUDA_SYMBOL(field, symbol, parameters) {symbol, offsetof(DsbindCuda, field)},
    DSBIND_CUDA_FUNCTIONS(DSBIND_CUDA_SYMBOL)
#undef DSBIND_CUDA_SYMBOL
};

/* What to do about the errors that a user can do something about. */
static const char *advice(CUresult code) {
  switch (code) {
    case 2: return ": use smaller batches or fewer streams, or let go of tensors";
    case 3: return ": a process that was forked after CUDA had started cannot use it; start "
                   "processes with multiprocessing's \"spawn\"";
    case 35: case 803: return ": install a newer NVIDIA driver";
    case 100: return ": nvidia-smi shows the GPUs of this machine, and CUDA_VISIBLE_DEVICES may "
                     "hide them; DSBIND_RUNTIME=bundled does without";
    case 101: return ": nvidia-smi shows the numbers of the GPUs; they count from 0";
    case 700: case 719: return ": memory of the GPU was used after it had been freed, by this "
                               "program or another library in it; start the program anew";
    default: return "";
  }
}

EXPORT gboolean dsbind_cuda_check(CUresult code, const char *call, GError **error) {
  if (code == 0) return TRUE;
  CUresult (*name_of)(CUresult, const char **) = library ? dlsym(library, "cuGetErrorName") : NULL;
  CUresult (*text_of)(CUresult, const char **) =
      library ? dlsym(library, "cuGetErrorString") : NULL;
  const char *name = NULL, *text = NULL;
  if (name_of) name_of(code, &name);
  if (text_of) text_of(code, &text);
  g_set_error(error, DSBIND_CUDA_ERROR, code, "%s failed: CUDA error %d, %s (%s)%s", call, code,
              name ? name : "unknown", text ? text : "the driver does not know it", advice(code));
  return FALSE;
}

/* The mutex is held. */
static gboolean start(GError **error) {
  if (!library) library = dlopen(LIBCUDA, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    g_set_error(error, DSBIND_CUDA_ERROR, 0,
                "cuInit failed: there is no NVIDIA driver here (%s). Install it, until nvidia-smi "
                "shows the GPU; start a container with --gpus all", dlerror());
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS(symbols); i++) {
    void *address = dlsym(library, symbols[i].symbol);
    if (!address) {
      g_set_error(error, DSBIND_CUDA_ERROR, 0,
                  "%s lacks %s: install a newer NVIDIA driver", LIBCUDA, symbols[i].symbol);
      return FALSE;
    }
    memcpy((char *)&functions + symbols[i].offset, &address, sizeof address);
  }
  CUresult (*init)(unsigned) = dlsym(library, "cuInit");
  if (!dsbind_cuda_check(init ? init(0) : 35, "cuInit", error)) return FALSE;
  g_atomic_int_set(&started, TRUE);
  return TRUE;
}

EXPORT const DsbindCuda *dsbind_cuda(GError **error) {
  if (!g_atomic_int_get(&started)) {
    g_mutex_lock(&mutex);
    gboolean ok = started || start(error);
    g_mutex_unlock(&mutex);
    if (!ok) return NULL;
  }
  return &functions;
}

/* The primary context of a GPU, held as long as the process lives. */
static CUcontext context_of(const DsbindCuda *cuda, int gpu, GError **error) {
  CUdevice device;
  CUcontext context = NULL;
  if (gpu < 0 || gpu >= MAX_GPUS) {
    dsbind_cuda_check(101, "cuDeviceGet", error);
    return NULL;
  }
  g_mutex_lock(&mutex);
  context = contexts[gpu];
  if (!context && dsbind_cuda_check(cuda->DeviceGet(&device, gpu), "cuDeviceGet", error) &&
      dsbind_cuda_check(cuda->DevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain",
                        error))
    contexts[gpu] = context;
  g_mutex_unlock(&mutex);
  return context;
}

EXPORT gboolean dsbind_cuda_enter(int gpu, GError **error) {
  const DsbindCuda *cuda = dsbind_cuda(error);
  CUcontext context = cuda ? context_of(cuda, gpu, error) : NULL;
  return context && dsbind_cuda_check(cuda->CtxPushCurrent(context), "cuCtxPushCurrent", error);
}

EXPORT void dsbind_cuda_leave(void) {
  CUcontext context;
  functions.CtxPopCurrent(&context);
}
