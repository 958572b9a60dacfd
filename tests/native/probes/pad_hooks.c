/* SPDX-License-Identifier: Apache-2.0 */
/* Which pads a hook watches, and when it lets go. */
#include "hook.h"
#include "stage.h"

typedef struct {
  gint seen, freed;
  gboolean drop;
} Counter;

static gboolean count(GstElement *element, GstBuffer *buffer, NvDsBatchMeta *batch, gpointer data) {
  Counter *counter = data;
  (void)buffer;
  (void)batch;
  CHECK(GST_IS_ELEMENT(element));
  g_atomic_int_inc(&counter->seen);
  return !counter->drop;
}

static void freed(gpointer data) { ((Counter *)data)->freed++; }

static void push(Stage *stage, guint buffers) {
  for (guint i = 0; i < buffers; i++)
    CHECK_INT(gst_pad_push(stage->source, gst_buffer_new()), GST_FLOW_OK);
}

static void push_list(Stage *stage, guint buffers) {
  GstBufferList *list = gst_buffer_list_new();
  for (guint i = 0; i < buffers; i++) gst_buffer_list_add(list, gst_buffer_new());
  CHECK_INT(gst_pad_push_list(stage->source, list), GST_FLOW_OK);
}

static DsbindHookResult try(const char *factory, const char *name, DsbindHookFlags flags) {
  Stage *stage = stage_new(factory);
  Counter counter = {0};
  DsbindHook *hook = dsbind_hook_new(count, flags, &counter, freed);
  const DsbindHookResult result = dsbind_hook_attach(hook, stage->element, name);
  dsbind_hook_close(hook);
  CHECK_INT(counter.freed, 1);
  stage_free(stage);
  return result;
}

static void test_which(void) {
  CHECK_INT(try("identity", "", 0), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("identity", "src", 0), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("identity", "sink", 0), DSBIND_HOOK_SINK_PAD);
  CHECK_INT(try("identity", "sink", DSBIND_HOOK_SINK_PADS), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("identity", "other", 0), DSBIND_HOOK_NO_PAD);
  CHECK_INT(try("fakesink", "", 0), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("fakesink", "sink", 0), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("fakesink", "src", 0), DSBIND_HOOK_NO_PAD);
  CHECK_INT(try("tee", "", 0), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("tee", "src_%u", 0), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("tee", "src_3", 0), DSBIND_HOOK_ATTACHED);
  CHECK_INT(try("tee", "vsrc_%u", 0), DSBIND_HOOK_NO_PAD);
  printf("which pads\n");
}

static void test_buffers(void) {
  Stage *stage = stage_new("identity");
  Counter counter = {0};
  DsbindHook *hook = dsbind_hook_new(count, 0, &counter, freed);
  CHECK_INT(dsbind_hook_attach(hook, stage->element, ""), DSBIND_HOOK_ATTACHED);
  push(stage, 3);
  push_list(stage, 2);
  CHECK_INT(counter.seen, 5);
  CHECK_INT(stage->arrived, 5);
  counter.drop = TRUE;
  push(stage, 1);
  push_list(stage, 2);
  CHECK_INT(counter.seen, 8);
  CHECK_INT(stage->arrived, 5);
  dsbind_hook_set_enabled(hook, FALSE);
  CHECK(!dsbind_hook_is_enabled(hook));
  push(stage, 1);
  CHECK_INT(counter.seen, 8);
  CHECK_INT(stage->arrived, 6);
  dsbind_hook_close(hook);
  CHECK_INT(counter.freed, 1);
  push(stage, 1);
  CHECK_INT(counter.seen, 8);
  stage_free(stage);
  printf("buffers\n");
}

/* What others hold too is copied for who may write, and only for them. */
static void test_shared_buffers(DsbindHookFlags flags) {
  Stage *stage = stage_new("tee");
  GstPad *pad = gst_element_request_pad_simple(stage->element, "src_%u");
  Counter counter = {0};
  DsbindHook *hook = dsbind_hook_new(count, flags, &counter, freed);
  GstBuffer *buffer = gst_buffer_new();
  stage_link_sink(stage, pad);
  CHECK_INT(dsbind_hook_attach(hook, stage->element, ""), DSBIND_HOOK_ATTACHED);
  CHECK_INT(gst_pad_push(stage->source, gst_buffer_ref(buffer)), GST_FLOW_OK);
  CHECK_INT(counter.seen, 1);
  CHECK_INT(stage->last == buffer, flags == DSBIND_HOOK_READS);
  gst_buffer_unref(buffer);
  dsbind_hook_close(hook);
  gst_object_unref(pad);
  stage_free(stage);
  printf("shared buffers\n");
}

/* Pads that come, go and come again. */
static void test_pads_to_come(void) {
  Stage *stage = stage_new("tee");
  Counter counter = {0};
  DsbindHook *hook = dsbind_hook_new(count, 0, &counter, freed);
  CHECK_INT(dsbind_hook_attach(hook, stage->element, "src_%u"), DSBIND_HOOK_ATTACHED);
  for (gint i = 0; i < 3; i++) {
    GstPad *pad = gst_element_request_pad_simple(stage->element, "src_%u");
    stage_link_sink(stage, pad);
    push(stage, 2);
    CHECK_INT(counter.seen, 2 * (i + 1));
    CHECK_INT(stage->arrived, 2 * (i + 1));
    gst_pad_unlink(pad, stage->sink);
    gst_element_release_request_pad(stage->element, pad);
    gst_object_unref(pad);
    g_clear_pointer(&stage->sink, gst_object_unref);
  }
  CHECK_INT(counter.freed, 0);
  dsbind_hook_close(hook);
  CHECK_INT(counter.freed, 1);
  stage_free(stage);
  printf("pads to come\n");
}

/* The element goes first. */
static void test_element_gone(void) {
  Stage *stage = stage_new("identity");
  Counter counter = {0};
  DsbindHook *hook = dsbind_hook_new(count, 0, &counter, freed);
  CHECK_INT(dsbind_hook_attach(hook, stage->element, ""), DSBIND_HOOK_ATTACHED);
  stage_free(stage);
  dsbind_hook_close(hook);
  CHECK_INT(counter.freed, 1);
  printf("element gone\n");
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  test_which();
  test_buffers();
  test_shared_buffers(0);
  test_shared_buffers(DSBIND_HOOK_READS);
  test_pads_to_come();
  test_element_gone();
  gst_deinit();
  return 0;
}
