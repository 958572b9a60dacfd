/* SPDX-License-Identifier: Apache-2.0 */
/* An adapter in use: the functions of its library. */
#ifndef DSBIND_MESSAGING_OPENED_H
#define DSBIND_MESSAGING_OPENED_H

#include <glib.h>

#include "adapter.h"

G_BEGIN_DECLS

typedef struct {
  NvDsMsgApiHandle (*connect)(char *, nvds_msgapi_connect_cb_t, char *);
  NvDsMsgApiErrorType (*send_async)(NvDsMsgApiHandle, char *, const uint8_t *, size_t,
                                    nvds_msgapi_send_cb_t, void *);
  NvDsMsgApiErrorType (*send)(NvDsMsgApiHandle, char *, const uint8_t *, size_t);
  NvDsMsgApiErrorType (*subscribe)(NvDsMsgApiHandle, char **, int,
                                   nvds_msgapi_subscribe_request_cb_t, void *);
  void (*do_work)(NvDsMsgApiHandle);
  NvDsMsgApiErrorType (*disconnect)(NvDsMsgApiHandle);
  NvDsMsgApiErrorType (*signature)(char *, char *, char *, int);
  int (*last_error)(char *, size_t); /* of our adapters */
  char *path;                        /* of the library */
  gboolean shared;                   /* its connections are those of libnvds_msgbroker */
} DsbindAdapter;

/* The adapter of that name, which the config may stand beside. FALSE with an error where there is
 * none, it may not be loaded, or lacks what an adapter must have. `shared`: by libnvds_msgbroker. */
gboolean dsbind_adapter_open(DsbindAdapter *self, const char *name, const char *config,
                             gboolean shared, GError **error);
void dsbind_adapter_clear(DsbindAdapter *self);

NvDsMsgApiHandle dsbind_adapter_connect(const DsbindAdapter *self, const char *address,
                                        nvds_msgapi_connect_cb_t on_event, const char *config);

/* What went wrong last on this thread. */
DsbindAdapterError dsbind_adapter_error(const DsbindAdapter *self, char *text, gsize size);

/* Of shared.c: puts libnvds_msgbroker between; connects by it. */
gboolean dsbind_adapter_share(DsbindAdapter *self, GError **error);
NvDsMsgApiHandle dsbind_shared_connect(const DsbindAdapter *self, const char *address,
                                       const char *config);

G_END_DECLS

#endif
