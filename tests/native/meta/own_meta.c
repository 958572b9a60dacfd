/* SPDX-License-Identifier: Apache-2.0 */
/* What our libnvds_meta promises beyond DeepStream's: no mistake of a caller corrupts a batch. */
#include "check.h"
#include "nvds_roi_meta.h"
#include "nvdsmeta.h"

static int criticals;

static void count_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data) {
  (void)domain;
  (void)text;
  (void)data;
  if (level & G_LOG_LEVEL_CRITICAL) criticals++;
}

static void release_payload(gpointer data, gpointer user_data) {
  (void)user_data;
  g_clear_pointer(&((NvDsUserMeta *)data)->user_meta_data, g_free);
}

static NvDsFrameMeta *add_frame(NvDsBatchMeta *batch) {
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  nvds_add_frame_meta_to_batch(batch, frame);
  return frame;
}

static void test_a_batch_without_frames_can_grow_and_be_copied(void) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(0);
  CHECK(batch != NULL);
  for (int i = 0; i < 20; i++)
    nvds_add_obj_meta_to_frame(add_frame(batch), nvds_acquire_obj_meta_from_pool(batch), NULL);
  CHECK_INT(batch->max_frames_in_batch, 0);
  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  CHECK_INT(copy->num_frames_in_batch, 20);
  CHECK_INT(copy->obj_meta_pool->num_full_elements, 20);
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK(nvds_destroy_batch_meta(copy));
}

static void test_a_batch_too_large_is_refused(void) {
  criticals = 0;
  CHECK(nvds_create_batch_meta(G_MAXUINT) == NULL);
  CHECK_INT(criticals, 1);
}

static void test_cleared_display_items_go_back_to_their_pool(void) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsFrameMeta *frame = add_frame(batch);
  NvDsDisplayMeta *display = nvds_acquire_display_meta_from_pool(batch);
  display->text_params[3].display_text = g_strdup("text");
  nvds_add_display_meta_to_frame(frame, display);
  nvds_clear_display_meta_list(frame, frame->display_meta_list);
  CHECK(frame->display_meta_list == NULL);
  CHECK_INT(batch->display_meta_pool->num_full_elements, 0);
  CHECK_INT(batch->obj_meta_pool->num_full_elements, 0);
  CHECK(nvds_acquire_display_meta_from_pool(batch) == display);
  CHECK(display->text_params[3].display_text == NULL);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_user_metadata_leaves_a_region(void) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsRoiMeta roi = {0};
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  user->user_meta_data = g_strdup("region");
  user->base_meta.release_func = release_payload;
  nvds_add_user_meta_to_roi(&roi, user);
  nvds_remove_user_meta_from_roi(&roi, user);
  CHECK(roi.roi_user_meta_list == NULL);
  CHECK_INT(batch->user_meta_pool->num_full_elements, 0);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_reused_user_metadata_is_blank(void) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  user->user_meta_data = g_strdup("first");
  user->base_meta.meta_type = NVDS_START_USER_META;
  user->base_meta.uContext = &criticals;
  user->base_meta.release_func = release_payload;
  nvds_add_user_meta_to_batch(batch, user);
  nvds_remove_user_meta_from_batch(batch, user);
  CHECK(nvds_acquire_user_meta_from_pool(batch) == user);
  CHECK(user->user_meta_data == NULL && user->base_meta.uContext == NULL);
  CHECK(user->base_meta.release_func == NULL && user->base_meta.copy_func == NULL);
  CHECK_INT(user->base_meta.meta_type, NVDS_USER_META);
  CHECK(user->base_meta.batch_meta == batch);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_removing_a_stranger_changes_nothing(void) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(1), *other = nvds_create_batch_meta(1);
  NvDsFrameMeta *frame = add_frame(batch), *foreign = add_frame(other);
  NvDsObjectMeta *obj = nvds_acquire_obj_meta_from_pool(other);
  nvds_add_obj_meta_to_frame(foreign, obj, NULL);
  criticals = 0;
  nvds_remove_obj_meta_from_frame(frame, obj);
  nvds_remove_frame_meta_from_batch(batch, foreign);
  CHECK_INT(criticals, 2);
  CHECK_INT(frame->num_obj_meta, 0);
  CHECK_INT(batch->num_frames_in_batch, 1);
  nvds_remove_obj_meta_from_frame(foreign, obj);
  nvds_remove_obj_meta_from_frame(foreign, obj);
  CHECK_INT(criticals, 3);
  CHECK(nvds_get_current_metadata_info(batch) && nvds_get_current_metadata_info(other));
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK(nvds_destroy_batch_meta(other));
}

static void test_a_copy_keeps_the_pipeline_size(void) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsFrameMeta *frame = add_frame(batch);
  frame->pipeline_width = 1280;
  frame->pipeline_height = 720;
  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  NvDsFrameMeta *copied = copy->frame_meta_list->data;
  CHECK_INT(copied->pipeline_width, 1280);
  CHECK_INT(copied->pipeline_height, 720);
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK(nvds_destroy_batch_meta(copy));
}

static void test_a_copy_keeps_the_kind_of_classifier(void) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsClassifierMeta *classifier = nvds_acquire_classifier_meta_from_pool(batch);
  NvDsClassifierMeta *copy = nvds_acquire_classifier_meta_from_pool(batch);
  classifier->classifier_type = "colour";
  nvds_copy_classifier_meta(classifier, copy);
  CHECK_STR(copy->classifier_type, "colour");
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_null_is_refused(void) {
  criticals = 0;
  CHECK(!nvds_destroy_batch_meta(NULL));
  CHECK(nvds_acquire_obj_meta_from_pool(NULL) == NULL);
  nvds_add_obj_meta_to_frame(NULL, NULL, NULL);
  CHECK(nvds_batch_meta_copy_func(NULL, NULL) == NULL);
  CHECK_INT(criticals, 4);
  nvds_batch_meta_release_func(NULL, NULL);
  CHECK(nvds_get_nth_frame_meta(NULL, 0) == NULL);
}

int main(void) {
  g_log_set_default_handler(count_log, NULL);
  test_a_batch_without_frames_can_grow_and_be_copied();
  test_a_batch_too_large_is_refused();
  test_cleared_display_items_go_back_to_their_pool();
  test_user_metadata_leaves_a_region();
  test_reused_user_metadata_is_blank();
  test_removing_a_stranger_changes_nothing();
  test_a_copy_keeps_the_pipeline_size();
  test_a_copy_keeps_the_kind_of_classifier();
  test_null_is_refused();
  return 0;
}
