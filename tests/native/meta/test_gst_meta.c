/* SPDX-License-Identifier: Apache-2.0 */
/* Batch metadata on GstBuffers: attach, find, copy, share, release. */
#include "check.h"
#include "gstnvdsmeta.h"

static int copies, releases;

static gpointer copy_text(gpointer data, gpointer user_data) {
  (void)user_data;
  copies++;
  return g_strdup(data);
}

static void release_text(gpointer data, gpointer user_data) {
  (void)user_data;
  releases++;
  g_free(data);
}

static gpointer copy_user_text(gpointer data, gpointer user_data) {
  (void)user_data;
  return g_strdup(((NvDsUserMeta *)data)->user_meta_data);
}

static void release_user_text(gpointer data, gpointer user_data) {
  (void)user_data;
  releases++;
  g_clear_pointer(&((NvDsUserMeta *)data)->user_meta_data, g_free);
}

static NvDsBatchMeta *attach_batch(GstBuffer *buffer) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(2);
  batch->max_frames_in_batch = 2;
  NvDsMeta *meta = gst_buffer_add_nvds_meta(buffer, batch, NULL, nvds_batch_meta_copy_func,
                                            nvds_batch_meta_release_func);
  CHECK(meta != NULL && meta->meta_data == batch);
  meta->meta_type = NVDS_BATCH_GST_META;
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  frame->frame_num = 42;
  nvds_add_frame_meta_to_batch(batch, frame);
  return batch;
}

static void test_type_and_tags(void) {
  CHECK_STR(g_type_name(nvds_meta_api_get_type()), "NvDsMetaAPI");
  CHECK_STR(g_type_name(nvds_meta_get_info()->type), "NvDsMeta");
  CHECK(nvds_meta_get_info()->api == NVDS_META_API_TYPE);
  CHECK_INT(nvds_meta_get_info()->size, sizeof(NvDsMeta));
  CHECK(gst_meta_api_type_has_tag(NVDS_META_API_TYPE, g_quark_from_string(NVDS_META_STRING)));
  printf("meta: %s of %s, %u bytes\n", g_type_name(nvds_meta_get_info()->type),
         g_type_name(NVDS_META_API_TYPE), (unsigned)nvds_meta_get_info()->size);
}

static void test_nothing_on_a_plain_buffer(void) {
  GstBuffer *buffer = gst_buffer_new();
  CHECK(gst_buffer_get_nvds_meta(buffer) == NULL);
  CHECK(gst_buffer_get_nvds_batch_meta(buffer) == NULL);
  gst_buffer_unref(buffer);
  printf("plain buffer: no metadata\n");
}

static void test_attach_and_release(void) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsMeta *meta = gst_buffer_add_nvds_meta(buffer, g_strdup("payload"), &copies, copy_text,
                                            release_text);
  CHECK_INT(meta->meta_type, 0);
  CHECK(meta->user_data == &copies);
  CHECK(meta->copyfunc == copy_text && meta->freefunc == release_text);
  CHECK(meta->gst_to_nvds_meta_transform_func == NULL);
  CHECK(meta->gst_to_nvds_meta_release_func == NULL);
  CHECK(gst_buffer_get_nvds_meta(buffer) == meta);
  CHECK(gst_buffer_get_nvds_batch_meta(buffer) == NULL);
  releases = 0;
  gst_buffer_unref(buffer);
  CHECK_INT(releases, 1);
  printf("attached: %d released with the buffer\n", releases);
}

static void test_several_metas_on_one_buffer(void) {
  GstBuffer *buffer = gst_buffer_new();
  gst_buffer_add_nvds_meta(buffer, g_strdup("first"), NULL, copy_text, release_text)->meta_type =
      NVDS_DECODER_GST_META;
  NvDsBatchMeta *batch = attach_batch(buffer);
  gst_buffer_add_nvds_meta(buffer, g_strdup("last"), NULL, copy_text, release_text)->meta_type =
      NVDS_DEWARPER_GST_META;
  CHECK(gst_buffer_get_nvds_batch_meta(buffer) == batch);
  CHECK_INT(gst_buffer_get_n_meta(buffer, NVDS_META_API_TYPE), 3);
  printf("several: %u metas\n", gst_buffer_get_n_meta(buffer, NVDS_META_API_TYPE));
  gst_buffer_unref(buffer);
}

static void test_copy_of_a_buffer(void) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = attach_batch(buffer);
  NvDsMeta *other = gst_buffer_add_nvds_meta(buffer, g_strdup("decoder"), &copies, copy_text,
                                             release_text);
  other->meta_type = NVDS_DECODER_GST_META;
  other->gst_to_nvds_meta_transform_func = copy_user_text;
  other->gst_to_nvds_meta_release_func = release_user_text;
  copies = releases = 0;

  GstBuffer *copy = gst_buffer_copy(buffer);
  NvDsBatchMeta *copied = gst_buffer_get_nvds_batch_meta(copy);
  CHECK(copied != NULL && copied != batch);
  CHECK_INT(((NvDsFrameMeta *)copied->frame_meta_list->data)->frame_num, 42);
  CHECK_INT(copies, 1);
  gst_buffer_unref(buffer);
  CHECK_INT(releases, 1);
  gpointer state = NULL;
  GstMeta *meta;
  int found = 0;
  while ((meta = gst_buffer_iterate_meta_filtered(copy, &state, NVDS_META_API_TYPE))) {
    NvDsMeta *m = (NvDsMeta *)meta;
    if (m->meta_type == NVDS_BATCH_GST_META) {
      CHECK(m->copyfunc == nvds_batch_meta_copy_func);
      CHECK(m->freefunc == nvds_batch_meta_release_func);
      found |= 1;
    } else {
      CHECK_INT(m->meta_type, NVDS_DECODER_GST_META);
      CHECK_STR(m->meta_data, "decoder");
      CHECK(m->user_data == NULL);
      CHECK(m->copyfunc == copy_text && m->freefunc == release_text);
      CHECK(m->gst_to_nvds_meta_transform_func == copy_user_text);
      CHECK(m->gst_to_nvds_meta_release_func == release_user_text);
      found |= 2;
    }
  }
  CHECK_INT(found, 3);
  GstBuffer *again = gst_buffer_copy_deep(copy);
  gst_buffer_unref(copy);
  NvDsFrameMeta *frame = gst_buffer_get_nvds_batch_meta(again)->frame_meta_list->data;
  CHECK_INT(frame->frame_num, 42);
  gst_buffer_unref(again);
  printf("copies: %d copied, %d released\n", copies, releases);
}

/* As behind a tee: one buffer, two owners. */
static void test_shared_buffer(void) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = attach_batch(buffer);
  GstBuffer *branch = gst_buffer_ref(buffer);
  CHECK(!gst_buffer_is_writable(buffer));

  NvDsMeta *added =
      gst_buffer_add_nvds_meta(buffer, g_strdup("late"), NULL, copy_text, release_text);
  CHECK(added != NULL);
  added->meta_type = NVDS_DECODER_GST_META;
  CHECK(!gst_buffer_is_writable(buffer));
  CHECK_INT(gst_buffer_get_n_meta(branch, NVDS_META_API_TYPE), 2);

  branch = gst_buffer_make_writable(branch);
  CHECK(branch != buffer);
  NvDsBatchMeta *copied = gst_buffer_get_nvds_batch_meta(branch);
  CHECK(copied != NULL && copied != batch);
  nvds_remove_frame_meta_from_batch(copied, copied->frame_meta_list->data);
  CHECK_INT(batch->num_frames_in_batch, 1);
  gst_buffer_unref(buffer);
  CHECK(gst_buffer_get_nvds_batch_meta(branch) == copied);
  printf("shared: %u metas on the branch\n", gst_buffer_get_n_meta(branch, NVDS_META_API_TYPE));
  gst_buffer_unref(branch);
}

static int seen;

static void check_branch(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user_data) {
  (void)sink;
  (void)pad;
  (void)user_data;
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  CHECK(batch != NULL);
  CHECK_INT(((NvDsFrameMeta *)batch->frame_meta_list->data)->frame_num, 42);
  g_atomic_int_inc(&seen);
}

static GstPadProbeReturn attach_probe(GstPad *pad, GstPadProbeInfo *info, gpointer user_data) {
  (void)pad;
  (void)user_data;
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  attach_batch(buffer);
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  return GST_PAD_PROBE_OK;
}

static void test_tee(void) {
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch(
      "fakesrc name=src num-buffers=5 sizetype=fixed sizemax=16 ! tee name=t "
      "t. ! queue ! identity drop-probability=0 ! fakesink name=a signal-handoffs=true sync=false "
      "t. ! queue ! fakesink name=b signal-handoffs=true sync=false",
      &error);
  if (!pipeline) check_failed(__FILE__, __LINE__, "%s", error->message);
  GstElement *src = gst_bin_get_by_name(GST_BIN(pipeline), "src");
  GstPad *pad = gst_element_get_static_pad(src, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, attach_probe, NULL, NULL);
  const char *names[] = {"a", "b"};
  for (int i = 0; i < 2; i++) {
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), names[i]);
    g_signal_connect(sink, "handoff", G_CALLBACK(check_branch), NULL);
    gst_object_unref(sink);
  }
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus *bus = gst_element_get_bus(pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered(bus, 20 * GST_SECOND,
                                                   GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  CHECK(message != NULL && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS);
  gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  CHECK_INT(seen, 10);
  printf("tee: %d buffers with metadata\n", seen);
  gst_object_unref(bus);
  gst_object_unref(pad);
  gst_object_unref(src);
  gst_object_unref(pipeline);
}

static void test_metas_of_a_stream_move_to_its_frame(void) {
  GstBuffer *source = gst_buffer_new();
  NvDsMeta *meta = gst_buffer_add_nvds_meta(source, g_strdup("sei"), NULL, copy_text, release_text);
  meta->meta_type = NVDS_GST_CUSTOM_META + 7;
  meta->gst_to_nvds_meta_transform_func = copy_user_text;
  meta->gst_to_nvds_meta_release_func = release_user_text;
  attach_batch(source);
  GstCaps *clock = gst_caps_new_empty_simple("timestamp/x-test");
  gst_buffer_add_reference_timestamp_meta(source, clock, 123, 4);
  gst_caps_unref(clock);

  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  batch->max_frames_in_batch = 1;
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  nvds_add_frame_meta_to_batch(batch, frame);
  nvds_copy_gst_meta_to_frame_meta(source, batch, frame);
  releases = 0;
  gst_buffer_unref(source);
  CHECK_INT(releases, 1);

  CHECK_INT(g_list_length(frame->frame_user_meta_list), 2);
  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  NvDsBatchMeta *both[] = {batch, copy};
  for (int i = 0; i < 2; i++) {
    int found = 0;
    for (GList *l = ((NvDsFrameMeta *)both[i]->frame_meta_list->data)->frame_user_meta_list; l;
         l = l->next) {
      NvDsUserMeta *user = l->data;
      if (user->base_meta.meta_type == (NvDsMetaType)(NVDS_GST_CUSTOM_META + 7)) {
        CHECK_STR(user->user_meta_data, "sei");
        CHECK(user->base_meta.copy_func == copy_user_text);
        CHECK(user->base_meta.release_func == release_user_text);
        found |= 1;
      } else {
        CHECK_INT(user->base_meta.meta_type, NVDS_BUFFER_GST_AS_FRAME_USER_META);
        GstBuffer *carrier = user->user_meta_data;
        CHECK(GST_IS_BUFFER(carrier));
        CHECK_INT(gst_buffer_get_size(carrier), 0);
        GstReferenceTimestampMeta *reference =
            gst_buffer_get_reference_timestamp_meta(carrier, NULL);
        CHECK(reference != NULL);
        CHECK_INT(reference->timestamp, 123);
        CHECK_INT(reference->duration, 4);
        found |= 2;
      }
    }
    CHECK_INT(found, 3);
  }
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK(nvds_destroy_batch_meta(copy));
  CHECK_INT(releases, 3);
  printf("frame: stream metas moved and copied, %d released\n", releases);
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  test_type_and_tags();
  test_nothing_on_a_plain_buffer();
  test_attach_and_release();
  test_several_metas_on_one_buffer();
  test_copy_of_a_buffer();
  test_shared_buffer();
  test_tee();
  test_metas_of_a_stream_move_to_its_frame();
  gst_deinit();
  return 0;
}
