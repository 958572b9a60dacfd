/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DSBIND_GSTNVMSGBROKER_H
#define DSBIND_GSTNVMSGBROKER_H

#include <gst/base/gstbasesink.h>

#include "sender.h"

#define DSBIND_TYPE_MSG_BROKER (dsbind_msg_broker_get_type())
G_DECLARE_FINAL_TYPE(DsbindMsgBroker, dsbind_msg_broker, DSBIND, MSG_BROKER, GstBaseSink)

struct _DsbindMsgBroker {
  GstBaseSink parent;

  /* Under the object's lock. */
  char *library, *address, *config, *topic;
  guint component, sleep_time, queue_size, flush_timeout;
  DsbindPolicy policy;
  gboolean new_api;
  DsbindSender *sender;   /* between READY and PAUSED, and above */
  DsbindSenderStats last; /* when it was freed */

  GArray *payloads; /* DsbindBytes of one frame; of the streaming thread */
};

void dsbind_msg_broker_install(GObjectClass *klass);
void dsbind_msg_broker_defaults(DsbindMsgBroker *self);

#endif
