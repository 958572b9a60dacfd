/* SPDX-License-Identifier: Apache-2.0 */
/* nvmultiurisrcbin and nvdsdynamicsrcbin with files that play, files that do not exist, and a program
 * that stops, adds and removes at any moment. */
#include <glib/gstdio.h>

#include "pipelines.h"

#define FRAMES 10

static gchar *folder, *clip;

static void make_clip(void) {
  folder = g_dir_make_tmp("dsbind-XXXXXX", NULL);
  CHECK(folder);
  gchar *path = g_build_filename(folder, "clip.mkv", NULL);
  GstElement *pipeline = pipeline_new(
      "videotestsrc num-buffers=%d ! video/x-raw,format=NV12,width=64,height=48,framerate=25/1 "
      "! nvv4l2h264enc ! h264parse ! matroskamux ! filesink location=%s", FRAMES, path);
  CHECK(pipeline_run(pipeline));
  pipeline_free(pipeline);
  clip = g_filename_to_uri(path, NULL, NULL);
  g_free(path);
}

static void remove_clip(void) {
  gchar *path = g_filename_from_uri(clip, NULL, NULL);
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
  g_free(clip);
  g_free(folder);
}

static void a_source_that_fails_leaves_the_others(void) {
  gint batches = 0;
  GstElement *pipeline = pipeline_new(
      "nvmultiurisrcbin width=64 height=48 uri-list=\"%s,file:///nowhere.mkv,%s\" "
      "! fakesink name=out", clip, clip);
  count_buffers(pipeline, "out", &batches);
  for (guint run = 1; run <= 2; run++) {
    CHECK(pipeline_run(pipeline));
    CHECK(g_atomic_int_get(&batches) >= (gint)run * FRAMES);
  }
  pipeline_free(pipeline);
}

static void without_any_source_it_fails(void) {
  GstElement *pipeline = pipeline_new(
      "nvmultiurisrcbin uri-list=\"file:///nowhere.mkv\" width=64 height=48 ! fakesink");
  CHECK(!pipeline_run(pipeline));
  pipeline_free(pipeline);
}

/* Also while sources that cannot be read are being left out. */
static void it_stops_at_any_moment(void) {
  GstElement *pipeline = pipeline_new(
      "nvmultiurisrcbin name=bin width=64 height=48 ! fakesink");
  GstElement *bin = gst_bin_get_by_name(GST_BIN(pipeline), "bin");
  gchar *list = g_strdup_printf("%s,file:///nowhere.mkv,%s", clip, clip);
  for (guint round = 0; round < 8; round++) {
    g_object_set(bin, "uri-list", list, NULL);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_usleep(round * 12000);
    gst_element_set_state(pipeline, round % 2 ? GST_STATE_READY : GST_STATE_NULL);
  }
  g_free(list);
  gst_object_unref(bin);
  pipeline_free(pipeline);
}

typedef struct {
  GstElement *pipeline, *bin;
  gint frames;
} Player;

static Player player_new(void) {
  Player player = {
      .pipeline = pipeline_new("nvdsdynamicsrcbin name=bin ! fakesink name=out async=false")};
  player.bin = gst_bin_get_by_name(GST_BIN(player.pipeline), "bin");
  return player;
}

static void player_free(Player *player) {
  gst_object_unref(player->bin);
  pipeline_free(player->pipeline);
}

static gint add(const Player *player, const gchar *uri) {
  gint id = -1;
  g_signal_emit_by_name(player->bin, "add-source", uri, &id);
  return id;
}

static gboolean take_away(const Player *player, gint id) {
  gboolean removed = FALSE;
  g_signal_emit_by_name(player->bin, "remove-source", id, &removed);
  return removed;
}

static void sources_play_one_after_the_other(void) {
  Player player = player_new();
  count_buffers(player.pipeline, "out", &player.frames);
  CHECK_INT(add(&player, clip), 0);
  CHECK_INT(add(&player, "file:///nowhere.mkv"), 1);
  CHECK_INT(add(&player, clip), 2);
  const gint unwanted = add(&player, clip);
  CHECK(take_away(&player, unwanted));
  CHECK(!take_away(&player, 99));
  g_signal_emit_by_name(player.bin, "terminate");
  CHECK_INT(add(&player, clip), -1);
  CHECK(pipeline_run(player.pipeline));
  CHECK_INT(g_atomic_int_get(&player.frames), 2 * FRAMES);
  player_free(&player);
}

static void the_end_may_come_before_any_source(void) {
  Player player = player_new();
  g_signal_emit_by_name(player.bin, "terminate");
  CHECK(pipeline_run(player.pipeline));
  player_free(&player);
}

static gpointer add_and_remove(gpointer data) {
  const Player *player = data;
  for (guint i = 0; i < 12; i++) {
    const gint id = add(player, i % 4 ? clip : "file:///nowhere.mkv");
    g_usleep(4000);
    take_away(player, id - (gint)(i % 3));
  }
  return NULL;
}

static void the_program_may_do_all_at_once(void) {
  for (guint round = 0; round < 4; round++) {
    Player player = player_new();
    GThread *thread = g_thread_new("program", add_and_remove, &player);
    for (guint i = 0; i < 3; i++) {
      gst_element_set_state(player.pipeline, GST_STATE_PLAYING);
      g_usleep((round + i) * 10000);
      if (i == 1) gst_element_send_event(player.pipeline, gst_event_new_eos());
      gst_element_set_state(player.pipeline, i % 2 ? GST_STATE_NULL : GST_STATE_READY);
    }
    g_thread_join(thread);
    player_free(&player);
  }
}

int main(void) {
  bench_init("nvstreammux", "nvvideoconvert", "nvv4l2decoder", "nvurisrcbin", "nvv4l2h264enc",
             "nvmultiurisrcbin", "nvdsdynamicsrcbin", NULL);
  if (!has_element("x264enc") || !has_element("h264parse") || !has_element("matroskamux")) return 77;
  make_clip();
  a_source_that_fails_leaves_the_others();
  without_any_source_it_fails();
  it_stops_at_any_moment();
  sources_play_one_after_the_other();
  the_end_may_come_before_any_source();
  the_program_may_do_all_at_once();
  remove_clip();
  puts("sources come, fail and go");
  return 0;
}
