/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the rest, for it needs the functions of an adapter. */
#include "adapter.h"

typedef struct {
  gint done;
  NvDsMsgApiErrorType result;
} Waited;

static void on_sent(void *user, NvDsMsgApiErrorType result) {
  Waited *waited = user;
  waited->result = result;
  g_atomic_int_set(&waited->done, 1);
}

NvDsMsgApiErrorType dsbind_adapter_send(NvDsMsgApiHandle handle, char *topic,
                                        const uint8_t *payload, size_t size) {
  Waited waited = {0};
  const NvDsMsgApiErrorType begun =
      nvds_msgapi_send_async(handle, topic, payload, size, on_sent, &waited);
  if (begun != NVDS_MSGAPI_OK) return begun;
  /* Adapters answer all that they took: with an error where the broker does not. */
  for (;;) {
    nvds_msgapi_do_work(handle);
    if (g_atomic_int_get(&waited.done)) return waited.result;
    g_usleep(500);
  }
}
