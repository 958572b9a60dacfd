/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, and the clients that share them.
 *
 * A connection has a thread, which makes all calls of its adapter. One lock guards everything; no
 * callback and no adapter is called with it. */
#ifndef DSBIND_BROKER_PRIVATE_H
#define DSBIND_BROKER_PRIVATE_H

#include "nvmsgbroker.h"
#include "opened.h"

extern GMutex dsbind_broker_lock;
extern GCond dsbind_broker_change; /* of a connection's state, of a client's calls */

typedef struct Connection Connection;

typedef struct {
  Connection *connection;
  nv_msgbroker_connect_cb_t on_connect;
  GQueue pending;  /* Request.own: without an answer */
  GSList *more;    /* Connection: of its further subscriptions */
  guint calls;     /* callbacks of it that run */
  guint64 notified;
  gboolean closed; /* the last call frees it */
} Client;

/* A message, with its topic and bytes behind it. */
typedef struct {
  GList link; /* among those that wait, or those that the adapter has */
  GList own;
  gboolean taken; /* it does not wait any more */
  Client *client; /* NULL when it is gone */
  nv_msgbroker_send_cb_t callback;
  void *user;
  Connection *connection;
  gsize size;
  char *topic;
  guint8 *bytes;
} Request;

typedef enum { ASKED, SUBSCRIBED, REFUSED } Asked;

typedef struct {
  Client *client; /* NULL when it is gone */
  nv_msgbroker_subscribe_cb_t callback;
  void *user;
  char **topics;
  Asked asked;
} Subscription;

typedef enum { CONNECTING, CONNECTED, RECONNECTING, DEAD } State;

struct Connection {
  DsbindAdapter adapter;
  char *address, *config;
  char *key; /* what those that share it have in common; NULL for one's own */
  GThread *thread;
  GCond work;
  State state;
  GSList *clients;
  GQueue waiting, under_way; /* Request.link */
  NvDsMsgApiHandle handle;
  Subscription *subscription;
  gboolean stop;
  gboolean lost;      /* the adapter's connection is not to be used any more */
  gboolean within;    /* the thread is in the adapter's connect */
  gboolean abandoned; /* nobody waits for the thread, which frees what is left */
  DsbindAdapterError kind;
  char *reason; /* why there is no connection */
};

/* Takes the adapter. The thread begins to connect, and to subscribe where `subscription`, which it
 * takes too, is not NULL. The lock is held. */
Connection *dsbind_connection_new(DsbindAdapter *adapter, const char *address, const char *config,
                                  char *key, Subscription *subscription);

/* One that is there, or is coming, under that key. The lock is held. */
Connection *dsbind_connection_find(const char *key);

/* Ends it, without its clients. The lock is held, and given up for a time. */
void dsbind_connection_close(Connection *self);

/* Asks a connected one that has no subscription for this one, which is taken. FALSE where it was
 * refused. The lock is held, and given up for a time. */
gboolean dsbind_connection_subscribe(Connection *self, Subscription *subscription);
void dsbind_subscription_free(Subscription *self);

/* Calls of a client's: begun with the lock held and kept by the frame `call` until they end. */
typedef struct Call {
  Client *client;
  struct Call *outer;
} Call;
void dsbind_call_begin(Call *call, Client *client);
void dsbind_call_end(Call *call); /* takes the lock */

/* Whether this thread is within a callback; how many are of that client. */
gboolean dsbind_call_is_within(void);
guint dsbind_call_depth(const Client *client);

/* Tells all clients of a connection. The lock is held, and given up for each. */
void dsbind_call_connect(Connection *connection, NvMsgBrokerErrorType status);

/* Ends a request, whose links are in no queue but its client's. The lock is held, and given up for
 * the callback. `text` is why it failed. */
void dsbind_call_sent(Request *request, NvMsgBrokerErrorType status, DsbindAdapterError kind,
                      const char *text);

#endif
