// SPDX-License-Identifier: Apache-2.0
// A program that embeds Python, and runs a Flow with a probe of its own: embedding VIDEO FAIL_AT
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "dsbind.h"
#include "nvds_version.h"

namespace {

struct Counter {
  std::atomic<long> frames{0};
  long fail_at = 0;
};

int count(NvDsBatchMeta *batch, void *user) {
  auto *counter = static_cast<Counter *>(user);
  counter->frames += batch->num_frames_in_batch;
  return counter->fail_at && counter->frames >= counter->fail_at ? -7 : DSBIND_PROBE_KEEP;
}

const char program[] =
    "from dsbind import Flow, Pipeline, RenderMode\n"
    "flow = Flow(Pipeline('embedded')).batch_capture([video], width=64, height=64)\n"
    "flow.attach(probe).render(RenderMode.DISCARD, sync=False)()\n";

int run(const char *video, Counter &counter) {
  const DsbindApi *api = nullptr;
  if (DSBIND_IMPORT(api) < 0) return -1;
  PyObject *probe = api->probe_new("count", count, &counter, nullptr, DSBIND_PROBE_READS_ONLY);
  if (!probe) return -1;
  PyObject *names = Py_BuildValue("{s:s,s:N,s:s}", "video", video, "probe", probe, "__name__",
                                  "__main__");
  PyObject *result = names ? PyRun_String(program, Py_file_input, names, names) : nullptr;
  Py_XDECREF(names);
  Py_XDECREF(result);
  return result ? 0 : -1;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  Counter counter;
  counter.fail_at = std::atol(argv[2]);

  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  // The interpreter whose packages are to be found.
  PyConfig_SetBytesString(&config, &config.executable, PYTHON);
  PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) Py_ExitStatusException(status);

  const int failed = run(argv[1], counter);
  if (failed) PyErr_Print();
  unsigned major = 0, minor = 0;
  nvds_version(&major, &minor);
  std::printf("frames=%ld deepstream=%u.%u\n", counter.frames.load(), major, minor);
  return Py_FinalizeEx() < 0 || failed ? 1 : 0;
}
