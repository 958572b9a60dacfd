/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DSBIND_GSTNVMSGCONV_H
#define DSBIND_GSTNVMSGCONV_H

#include <gst/base/gstbasetransform.h>

#include "converter.h"

#define DSBIND_TYPE_MSG_CONV (dsbind_msg_conv_get_type())
G_DECLARE_FINAL_TYPE(DsbindMsgConv, dsbind_msg_conv, DSBIND, MSG_CONV, GstBaseTransform)

struct _DsbindMsgConv {
  GstBaseTransform parent;

  /* Under the object's lock. */
  char *config, *library, *dump_folder;
  guint payload_type, component, frame_interval;
  gboolean multiple_payloads, new_api, dummy;

  /* Of the streaming thread. */
  DsbindConverter *converter;
  GArray *events;      /* NvDsEvent, of one frame */
  GHashTable *frames;  /* by source id: how many, for frame-interval */
  guint64 silent;      /* frames with objects before the first event */
  gboolean heard, told, failed;
};

void dsbind_msg_conv_install(GObjectClass *klass);
void dsbind_msg_conv_defaults(DsbindMsgConv *self);

#endif
