/* SPDX-License-Identifier: Apache-2.0 */
/* libnvds_msgbroker over an adapter of somebody else's: every message is answered once, whoever
 * leaves, and whenever. */
#include <dlfcn.h>
#include <glib.h>

#include "check.h"
#include "nvmsgbroker.h"

#define PATIENCE (20 * G_USEC_PER_SEC)

typedef struct {
  gint good, bad, messages, lost, back;
} Told;

static gint (*open_connections)(void);

static void on_connect(void *handle, NvMsgBrokerErrorType status) {
  (void)handle, (void)status;
}

static void on_sent(void *user, NvMsgBrokerErrorType status) {
  Told *told = user;
  g_atomic_int_inc(status == NV_MSGBROKER_API_OK ? &told->good : &told->bad);
}

static void on_message(NvMsgBrokerErrorType status, void *message, int size, char *topic,
                       void *user) {
  CHECK_INT(status, NV_MSGBROKER_API_OK);
  CHECK(size == 4 && memcmp(message, "ping", 4) == 0);
  CHECK_STR(topic, "topic");
  g_atomic_int_inc(&((Told *)user)->messages);
}

static NvMsgBrokerClientHandle join(const char *address) {
  return nv_msgbroker_connect((char *)address, (char *)DSBIND_TEST_ADAPTER, on_connect, NULL);
}

static NvMsgBrokerErrorType send_one(NvMsgBrokerClientHandle client, Told *told) {
  const NvMsgBrokerClientMsg message = {(char *)"topic", (void *)"payload", 7};
  return nv_msgbroker_send_async(client, message, on_sent, told);
}

static void await(const gint *value, gint least) {
  const gint64 until = g_get_monotonic_time() + PATIENCE;
  while (g_atomic_int_get(value) < least) {
    CHECK(g_get_monotonic_time() < until);
    g_usleep(1000);
  }
}

static void await_closed(void) {
  const gint64 until = g_get_monotonic_time() + PATIENCE;
  while (open_connections()) {
    CHECK(g_get_monotonic_time() < until);
    g_usleep(1000);
  }
}

static void users_share_what_has_a_signature(void) {
  Told told[2] = {0};
  NvMsgBrokerClientHandle first = join("a;1"), second = join("a;1"), other = join("b;1");
  NvMsgBrokerClientHandle alone = join("alone;1"), too = join("alone;1");
  CHECK_INT(open_connections(), 4);
  for (int i = 0; i < 100; i++) {
    CHECK_INT(send_one(first, &told[0]), NV_MSGBROKER_API_OK);
    CHECK_INT(send_one(second, &told[1]), NV_MSGBROKER_API_OK);
  }
  await(&told[0].good, 100);
  CHECK_INT(nv_msgbroker_disconnect(first), NV_MSGBROKER_API_OK);
  await(&told[1].good, 100);
  CHECK_INT(open_connections(), 4);
  nv_msgbroker_disconnect(second);
  CHECK_INT(open_connections(), 3);
  nv_msgbroker_disconnect(other);
  nv_msgbroker_disconnect(alone);
  nv_msgbroker_disconnect(too);
  CHECK_INT(open_connections(), 0);
}

static void what_the_adapter_keeps_is_answered_at_the_end(void) {
  Told told = {0}, still = {0};
  NvMsgBrokerClientHandle client = join("keeps;1"), other = join("keeps;1");
  for (int i = 0; i < 3000; i++) CHECK_INT(send_one(client, &told), NV_MSGBROKER_API_OK);
  send_one(other, &still);
  nv_msgbroker_disconnect(client);
  CHECK_INT(told.bad, 3000);
  CHECK_INT(g_atomic_int_get(&still.bad), 0);
  nv_msgbroker_disconnect(other);
  CHECK_INT(still.bad, 1);
  CHECK_INT(told.good + still.good, 0);
}

static void subscriptions_come_and_go(void) {
  Told told[3] = {0};
  char *topics[] = {(char *)"one"}, *refused[] = {(char *)"refused"};
  NvMsgBrokerClientHandle client = join("a;1"), other = join("a;1");
  CHECK_INT(nv_msgbroker_subscribe(client, refused, 1, on_message, NULL), NV_MSGBROKER_API_ERR);
  for (int i = 0; i < 2; i++)
    CHECK_INT(nv_msgbroker_subscribe(client, topics, 1, on_message, &told[i]),
              NV_MSGBROKER_API_OK);
  CHECK_INT(nv_msgbroker_subscribe(other, topics, 1, on_message, &told[2]), NV_MSGBROKER_API_OK);
  CHECK_INT(nv_msgbroker_subscribe(client, refused, 1, on_message, NULL), NV_MSGBROKER_API_ERR);
  for (int i = 0; i < 3; i++) await(&told[i].messages, 3);
  nv_msgbroker_disconnect(client);
  const gint seen = told[0].messages + told[1].messages;
  g_atomic_int_set(&told[2].messages, 0);
  await(&told[2].messages, 3);
  CHECK_INT(told[0].messages + told[1].messages, seen);
  nv_msgbroker_disconnect(other);
}

static void a_host_that_is_slow_or_closed(void) {
  CHECK(!join("closed;1"));
  CHECK(!nv_msgbroker_connect((char *)"a;1", (char *)"libnone.so", on_connect, NULL));
  CHECK(!nv_msgbroker_connect((char *)"a;1", NULL, on_connect, NULL));
  NvMsgBrokerClientHandle client = join("slow;1");
  CHECK(client);
  nv_msgbroker_disconnect(client);
}

/* From within a callback of the connection that ends. */
static void on_sent_leave(void *user, NvMsgBrokerErrorType status) {
  NvMsgBrokerClientHandle *client = user;
  (void)status;
  NvMsgBrokerClientHandle mine = g_atomic_pointer_get(client);
  if (!mine) return;
  g_atomic_pointer_set(client, NULL);
  CHECK_INT(nv_msgbroker_disconnect(mine), NV_MSGBROKER_API_OK);
}

static void a_callback_may_leave(void) {
  const NvMsgBrokerClientMsg message = {(char *)"topic", (void *)"x", 1};
  NvMsgBrokerClientHandle client = join("alone;1"), kept = client;
  nv_msgbroker_send_async(kept, message, on_sent_leave, &client);
  const gint64 until = g_get_monotonic_time() + PATIENCE;
  while (g_atomic_pointer_get(&client)) CHECK(g_get_monotonic_time() < until);
  await_closed();
}

/* Messages of several threads over a connection that breaks all the time. */
static gpointer busy(gpointer data) {
  Told *told = data;
  for (int round = 0; round < 4; round++) {
    gint begun = 0, before = g_atomic_int_get(&told->good) + g_atomic_int_get(&told->bad);
    NvMsgBrokerClientHandle client = join("loses;1");
    for (int i = 0; client && i < 200; i++) begun += send_one(client, told) == NV_MSGBROKER_API_OK;
    if (client) nv_msgbroker_disconnect(client);
    CHECK_INT(g_atomic_int_get(&told->good) + g_atomic_int_get(&told->bad) - before, begun);
  }
  return NULL;
}

static void each_message_is_answered_once(void) {
  Told told[3] = {0};
  GThread *threads[3];
  NvMsgBrokerClientHandle stays = join("loses;1");
  for (int i = 0; i < 3; i++) threads[i] = g_thread_new("busy", busy, &told[i]);
  for (int i = 0; i < 3; i++) g_thread_join(threads[i]);
  nv_msgbroker_disconnect(stays);
  await_closed();
}

int main(void) {
  char *folder = g_path_get_dirname(DSBIND_TEST_ADAPTER);
  g_setenv("DSBIND_LIBRARY_PATH", folder, TRUE);
  g_free(folder);
  void *library = dlopen(DSBIND_TEST_ADAPTER, RTLD_NOW);
  CHECK(library);
  *(void **)&open_connections = dlsym(library, "moody_connections");
  CHECK_STR(nv_msgbroker_version(), "2.0");
  users_share_what_has_a_signature();
  what_the_adapter_keeps_is_answered_at_the_end();
  subscriptions_come_and_go();
  a_host_that_is_slow_or_closed();
  a_callback_may_leave();
  each_message_is_answered_once();
  CHECK_INT(nv_msgbroker_disconnect(NULL), NV_MSGBROKER_API_ERR);
  printf("connections are shared, and every message is answered\n");
  return 0;
}
