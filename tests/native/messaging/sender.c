/* SPDX-License-Identifier: Apache-2.0 */
/* A sender over an adapter of somebody else's, by itself and by libnvds_msgbroker: it ends when it is
 * told to, and each message is in one of the counts. */
#include "sender.h"

#include "check.h"

static gint told;

static void tell(DsbindSenderEvent event, const char *text, gpointer data) {
  (void)event, (void)text, (void)data;
  g_atomic_int_inc(&told);
}

static DsbindSender *sender_new(const char *address, gboolean shared) {
  GError *error = NULL;
  const DsbindSenderSettings settings = {.library = DSBIND_TEST_ADAPTER, .address = address,
                                         .shared = shared, .queue_size = 500,
                                         .policy = DSBIND_POLICY_BLOCK};
  DsbindSender *sender = dsbind_sender_new(&settings, tell, NULL, &error);
  if (!sender) check_failed(__FILE__, __LINE__, "%s", error->message);
  return sender;
}

static void push(DsbindSender *sender, guint count) {
  const DsbindBytes bytes = {"payload", 7};
  guint taken;
  for (guint i = 0; i < count; i++)
    CHECK_INT(dsbind_sender_push(sender, "topic", &bytes, 1, &taken), DSBIND_PUSH_DONE);
}

static void all_are_acknowledged(gboolean shared) {
  DsbindSenderStats stats;
  guint left = 0;
  DsbindSender *sender = sender_new("loses;1", shared);
  push(sender, 600);
  CHECK(dsbind_sender_flush(sender, 20000, &left));
  CHECK_INT(left, 0);
  dsbind_sender_free(sender, &stats);
  CHECK_INT(stats.acknowledged, 600);
  CHECK_INT(stats.messages, 600);
}

/* It connects for 1.5 s. */
static void the_end_does_not_wait(gboolean shared) {
  DsbindSenderStats stats;
  for (guint round = 0; round < 3; round++) {
    DsbindSender *sender = sender_new("slow;1", shared);
    push(sender, 10);
    g_usleep(round * 50000);
    const gint64 begun = g_get_monotonic_time();
    dsbind_sender_free(sender, &stats);
    CHECK(g_get_monotonic_time() - begun < G_USEC_PER_SEC);
    CHECK_INT(stats.failed, 10);
    CHECK_INT(stats.queued, 0);
  }
  /* At about the moment when it is through. */
  DsbindSender *sender = sender_new("slow;1", shared);
  push(sender, 10);
  g_usleep(1450000);
  dsbind_sender_free(sender, &stats);
  CHECK_INT(stats.acknowledged + stats.failed, 10);
  const gint so_far = g_atomic_int_get(&told);
  g_usleep(1700000);
  CHECK_INT(g_atomic_int_get(&told), so_far);
}

static void a_closed_host_is_told_once(gboolean shared) {
  DsbindSenderStats stats;
  g_atomic_int_set(&told, 0);
  DsbindSender *sender = sender_new("closed;1", shared);
  push(sender, 5);
  g_usleep(500000);
  dsbind_sender_free(sender, &stats);
  CHECK_INT(g_atomic_int_get(&told), 1);
  CHECK_INT(stats.failed, 5);
}

int main(void) {
  char *folder = g_path_get_dirname(DSBIND_TEST_ADAPTER);
  g_setenv("DSBIND_LIBRARY_PATH", folder, TRUE);
  g_free(folder);
  for (gint shared = 0; shared < 2; shared++) {
    all_are_acknowledged(shared);
    the_end_does_not_wait(shared);
    a_closed_host_is_told_once(shared);
  }
  printf("senders end, and count\n");
  return 0;
}
