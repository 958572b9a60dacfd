/* SPDX-License-Identifier: Apache-2.0 */
/* What broker adapters share: their configuration, addresses, and how they tell what went wrong. */
#ifndef DSBIND_ADAPTER_H
#define DSBIND_ADAPTER_H

#include <glib.h>

#include "nvds_msgapi.h"

G_BEGIN_DECLS

#define DSBIND_EXPORT __attribute__((visibility("default")))

/* What an error means for who sends. */
typedef enum {
  DSBIND_ADAPTER_AGAIN,   /* the broker is away or slow: connect or send again */
  DSBIND_ADAPTER_NEVER,   /* address, configuration or credentials are wrong */
  DSBIND_ADAPTER_REFUSED, /* the broker does not take this message */
  DSBIND_ADAPTER_UNSAID,  /* an adapter of others failed, which does not say why */
} DsbindAdapterError;

/* Notes what went wrong on this thread. Texts never hold credentials. */
void dsbind_adapter_fail(DsbindAdapterError kind, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What went wrong last on this thread, as DsbindAdapterError; its text goes to `text`. Adapters of
 * others do not have it. */
DSBIND_EXPORT int dsbind_msgapi_last_error(char *text, size_t size);

/* The group [message-broker] of an INI file, or an empty one where there is no file. NULL after
 * dsbind_adapter_fail(). */
GKeyFile *dsbind_adapter_config(const char *path);
#define DSBIND_ADAPTER_GROUP "message-broker"

/* A key's value without quotes and spaces around; NULL where it is absent or empty. */
char *dsbind_adapter_text(GKeyFile *config, const char *key);
gint64 dsbind_adapter_number(GKeyFile *config, const char *key, gint64 initial);

/* Whether enable-tls is on. FALSE after dsbind_adapter_fail(), where it says neither yes nor no: that
 * is not to go out in the clear. */
gboolean dsbind_adapter_tls(GKeyFile *config, gboolean *on);

/* Of "host;port" or "host;port;topic". FALSE after dsbind_adapter_fail(). */
typedef struct {
  char *host, *topic; /* the topic may be NULL */
  guint port;
} DsbindAddress;
gboolean dsbind_adapter_address(const char *text, const char *protocol, DsbindAddress *address);
void dsbind_address_clear(DsbindAddress *address);

/* nvds_msgapi_connection_signature() of all: a hash of where the connection goes, with
 * share-connection = 1 in the config, else "". */
NvDsMsgApiErrorType dsbind_adapter_signature(const char *protocol, const char *address,
                                             const char *config, char *out, int size);

/* nvds_msgapi_send() of all: nvds_msgapi_send_async() and the wait for its answer. */
NvDsMsgApiErrorType dsbind_adapter_send(NvDsMsgApiHandle handle, char *topic,
                                        const uint8_t *payload, size_t size);

/* A message under way: its callback, to be called from do_work. It counts as taken, until
 * dsbind_sent_fail() notes what dsbind_adapter_fail() said last. */
typedef struct {
  nvds_msgapi_send_cb_t callback;
  void *user;
  NvDsMsgApiErrorType result;
  DsbindAdapterError kind;
  char *reason;
} DsbindSent;
DsbindSent *dsbind_sent_new(nvds_msgapi_send_cb_t callback, void *user);
void dsbind_sent_fail(DsbindSent *sent);
void dsbind_sent_finish(DsbindSent *sent);

G_END_DECLS

#endif
