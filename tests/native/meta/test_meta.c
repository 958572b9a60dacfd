/* SPDX-License-Identifier: Apache-2.0 */
/* Pools, lists, counters, locks and release of batch metadata. */
#include "check.h"
#include "nvds_roi_meta.h"
#include "nvdsmeta.h"

static int released;

static void count_release(gpointer data, gpointer user_data) {
  NvDsUserMeta *user = data;
  CHECK(user_data == NULL);
  g_clear_pointer(&user->user_meta_data, g_free);
  released++;
}

static NvDsBatchMeta *new_batch(guint frames) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(frames);
  CHECK(batch != NULL);
  batch->max_frames_in_batch = frames;
  return batch;
}

static NvDsFrameMeta *add_frame(NvDsBatchMeta *batch, int number) {
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  frame->frame_num = number;
  nvds_add_frame_meta_to_batch(batch, frame);
  return frame;
}

static NvDsObjectMeta *add_object(NvDsBatchMeta *batch, NvDsFrameMeta *frame, guint64 id) {
  NvDsObjectMeta *obj = nvds_acquire_obj_meta_from_pool(batch);
  obj->object_id = id;
  nvds_add_obj_meta_to_frame(frame, obj, NULL);
  return obj;
}

static NvDsUserMeta *new_user(NvDsBatchMeta *batch, const char *payload) {
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  user->user_meta_data = g_strdup(payload);
  user->base_meta.meta_type = NVDS_START_USER_META;
  user->base_meta.uContext = NULL;
  user->base_meta.copy_func = NULL;
  user->base_meta.release_func = count_release;
  return user;
}

static void check_pool(NvDsMetaPool *pool, NvDsMetaType type, guint size, guint count) {
  CHECK_INT(pool->meta_type, type);
  CHECK_INT(pool->element_size, size);
  CHECK_INT(pool->max_elements_in_pool, count);
  CHECK_INT(pool->num_empty_elements, count);
  CHECK_INT(pool->num_full_elements, 0);
  CHECK_INT(g_list_length(pool->empty_list), count);
  CHECK(pool->full_list == NULL);
  printf("pool of type %d: %u elements of %u bytes\n", pool->meta_type,
         pool->max_elements_in_pool, pool->element_size);
}

static void test_pools_are_sized_by_the_batch(void) {
  NvDsBatchMeta *batch = new_batch(3);
  CHECK(batch->base_meta.batch_meta == batch);
  CHECK_INT(batch->base_meta.meta_type, NVDS_BATCH_META);
  CHECK_INT(batch->num_frames_in_batch, 0);
  check_pool(batch->frame_meta_pool, NVDS_FRAME_META, sizeof(NvDsFrameMeta), 3);
  check_pool(batch->obj_meta_pool, NVDS_OBJ_META, sizeof(NvDsObjectMeta), 24);
  check_pool(batch->classifier_meta_pool, NVDS_CLASSIFIER_META, sizeof(NvDsClassifierMeta), 24);
  check_pool(batch->display_meta_pool, NVDS_DISPLAY_META, sizeof(NvDsDisplayMeta), 8);
  check_pool(batch->user_meta_pool, NVDS_USER_META, sizeof(NvDsUserMeta), 8);
  check_pool(batch->label_info_meta_pool, NVDS_LABEL_INFO_META, sizeof(NvDsLabelInfo), 24);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void check_fresh(gpointer element, NvDsBatchMeta *batch, NvDsMetaType type, gsize size) {
  const NvDsBaseMeta *base = element;
  CHECK(base->batch_meta == batch);
  CHECK_INT(base->meta_type, type);
  CHECK(base->uContext == NULL);
  CHECK(base->copy_func == NULL);
  CHECK_INT(base->release_func != NULL, type != NVDS_USER_META);
  for (gsize i = sizeof *base; i < size; i++) CHECK_INT(((char *)element)[i], 0);
}

static void test_new_elements_are_zero(void) {
  NvDsBatchMeta *batch = new_batch(1);
  check_fresh(nvds_acquire_frame_meta_from_pool(batch), batch, NVDS_FRAME_META,
              sizeof(NvDsFrameMeta));
  check_fresh(nvds_acquire_obj_meta_from_pool(batch), batch, NVDS_OBJ_META, sizeof(NvDsObjectMeta));
  check_fresh(nvds_acquire_classifier_meta_from_pool(batch), batch, NVDS_CLASSIFIER_META,
              sizeof(NvDsClassifierMeta));
  check_fresh(nvds_acquire_display_meta_from_pool(batch), batch, NVDS_DISPLAY_META,
              sizeof(NvDsDisplayMeta));
  check_fresh(nvds_acquire_user_meta_from_pool(batch), batch, NVDS_USER_META, sizeof(NvDsUserMeta));
  check_fresh(nvds_acquire_label_info_meta_from_pool(batch), batch, NVDS_LABEL_INFO_META,
              sizeof(NvDsLabelInfo));
  CHECK(nvds_destroy_batch_meta(batch));
  printf("new elements: zero but for their base\n");
}

static void test_pool_grows_when_empty(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsMetaPool *pool = batch->user_meta_pool;
  printf("growth:");
  for (int growths = 0; growths < 6; growths++) {
    while (pool->num_empty_elements) nvds_acquire_user_meta_from_pool(batch);
    CHECK(pool->empty_list == NULL);
    CHECK(nvds_acquire_user_meta_from_pool(batch) != NULL);
    CHECK_INT(pool->num_empty_elements + pool->num_full_elements, pool->max_elements_in_pool);
    CHECK_INT(g_list_length(pool->full_list), pool->num_full_elements);
    CHECK_INT(g_list_length(pool->empty_list), pool->num_empty_elements);
    printf(" %u", pool->max_elements_in_pool);
  }
  printf("\n");
  CHECK_INT(pool->max_elements_in_pool, 584);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_reuse_is_last_in_first_out(void) {
  NvDsBatchMeta *batch = new_batch(2);
  NvDsMetaPool *pool = batch->obj_meta_pool;
  NvDsFrameMeta *frame = add_frame(batch, 0);
  gpointer next = pool->empty_list->data;
  NvDsObjectMeta *a = add_object(batch, frame, 1), *b = add_object(batch, frame, 2);
  CHECK(a == next);
  CHECK(pool->full_list->data == b);
  CHECK(pool->full_list->next->data == a);
  GList *node = pool->full_list->next;
  nvds_remove_obj_meta_from_frame(frame, a);
  CHECK(pool->empty_list == node);
  CHECK(pool->empty_list->data == a);
  nvds_remove_obj_meta_from_frame(frame, b);
  CHECK(nvds_acquire_obj_meta_from_pool(batch) == b);
  CHECK(nvds_acquire_obj_meta_from_pool(batch) == a);
  CHECK_INT(a->object_id, 0);
  CHECK_INT(pool->num_full_elements, 2);
  printf("reuse: last in, first out, %u in use\n", pool->num_full_elements);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_order_and_counters_of_lists(void) {
  NvDsBatchMeta *batch = new_batch(4);
  for (int i = 0; i < 4; i++) add_frame(batch, i);
  CHECK_INT(batch->num_frames_in_batch, 4);
  printf("frames:");
  for (guint i = 0; i < 4; i++) {
    NvDsFrameMeta *frame = nvds_get_nth_frame_meta(batch->frame_meta_list, i);
    CHECK_INT(frame->frame_num, i);
    printf(" %d", frame->frame_num);
  }
  CHECK(nvds_get_nth_frame_meta(batch->frame_meta_list, 4) == NULL);

  NvDsFrameMeta *frame = batch->frame_meta_list->data;
  NvDsObjectMeta *parent = add_object(batch, frame, 10);
  NvDsObjectMeta *child = nvds_acquire_obj_meta_from_pool(batch);
  child->object_id = 11;
  nvds_add_obj_meta_to_frame(frame, child, parent);
  CHECK(child->parent == parent && parent->parent == NULL);
  CHECK_INT(frame->num_obj_meta, 2);
  CHECK(frame->obj_meta_list->data == child);
  CHECK(frame->obj_meta_list->next->data == parent);

  for (int i = 0; i < 2; i++)
    nvds_add_classifier_meta_to_object(child, nvds_acquire_classifier_meta_from_pool(batch));
  NvDsClassifierMeta *classifier = child->classifier_meta_list->data;
  CHECK_INT(g_list_length(child->classifier_meta_list), 2);
  NvDsLabelInfo *first = nvds_acquire_label_info_meta_from_pool(batch);
  NvDsLabelInfo *second = nvds_acquire_label_info_meta_from_pool(batch);
  nvds_add_label_info_meta_to_classifier(classifier, first);
  nvds_add_label_info_meta_to_classifier(classifier, second);
  CHECK_INT(classifier->num_labels, 2);
  CHECK(classifier->label_info_list->data == second);
  nvds_remove_label_info_meta_from_classifier(classifier, second);
  CHECK_INT(classifier->num_labels, 1);
  CHECK(classifier->label_info_list->data == first);

  NvDsDisplayMeta *lower = nvds_acquire_display_meta_from_pool(batch);
  NvDsDisplayMeta *upper = nvds_acquire_display_meta_from_pool(batch);
  nvds_add_display_meta_to_frame(frame, lower);
  nvds_add_display_meta_to_frame(frame, upper);
  CHECK(frame->display_meta_list->data == upper);
  nvds_remove_display_meta_from_frame(frame, upper);
  CHECK(frame->display_meta_list->data == lower && frame->display_meta_list->next == NULL);
  CHECK_INT(batch->display_meta_pool->num_full_elements, 1);

  nvds_remove_obj_meta_from_frame(frame, child);
  CHECK_INT(frame->num_obj_meta, 1);
  CHECK_INT(batch->classifier_meta_pool->num_full_elements, 0);
  CHECK_INT(batch->label_info_meta_pool->num_full_elements, 0);
  nvds_remove_frame_meta_from_batch(batch, frame);
  CHECK_INT(batch->num_frames_in_batch, 3);
  CHECK_INT(batch->obj_meta_pool->num_full_elements, 0);
  CHECK_INT(batch->frame_meta_pool->num_empty_elements, 1);
  printf("; after removing the first: %u\n", batch->num_frames_in_batch);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_user_metadata_order_and_release(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsFrameMeta *frame = add_frame(batch, 0);
  NvDsObjectMeta *obj = add_object(batch, frame, 1);
  NvDsUserMeta *users[6];
  for (int i = 0; i < 6; i++) users[i] = new_user(batch, "payload");
  nvds_add_user_meta_to_batch(batch, users[0]);
  nvds_add_user_meta_to_batch(batch, users[1]);
  nvds_add_user_meta_to_frame(frame, users[2]);
  nvds_add_user_meta_to_frame(frame, users[3]);
  nvds_add_user_meta_to_obj(obj, users[4]);
  nvds_add_user_meta_to_obj(obj, users[5]);
  CHECK(batch->batch_user_meta_list->data == users[0]);
  CHECK(frame->frame_user_meta_list->data == users[3]);
  CHECK(obj->obj_user_meta_list->data == users[5]);

  released = 0;
  nvds_remove_user_meta_from_batch(batch, users[0]);
  CHECK_INT(released, 1);
  nvds_remove_user_meta_from_frame(frame, users[3]);
  nvds_remove_user_meta_from_object(obj, users[5]);
  CHECK_INT(released, 3);
  CHECK_INT(batch->user_meta_pool->num_full_elements, 3);
  nvds_remove_obj_meta_from_frame(frame, obj);
  CHECK_INT(released, 4);
  nvds_clear_frame_user_meta_list(frame, frame->frame_user_meta_list);
  CHECK_INT(released, 5);
  CHECK(frame->frame_user_meta_list == NULL);
  printf("user metadata: %d released, ", released);
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK_INT(released, 6);
  printf("%d after the batch\n", released);
}

static void test_clear_lists(void) {
  NvDsBatchMeta *batch = new_batch(2);
  NvDsFrameMeta *frame = add_frame(batch, 0);
  add_frame(batch, 1);
  NvDsObjectMeta *obj = add_object(batch, frame, 1);
  add_object(batch, frame, 2);
  NvDsClassifierMeta *classifier = nvds_acquire_classifier_meta_from_pool(batch);
  nvds_add_classifier_meta_to_object(obj, classifier);
  nvds_add_label_info_meta_to_classifier(classifier, nvds_acquire_label_info_meta_from_pool(batch));
  nvds_add_user_meta_to_obj(obj, new_user(batch, "object"));
  nvds_add_user_meta_to_batch(batch, new_user(batch, "batch"));

  nvds_clear_label_info_meta_list(classifier, classifier->label_info_list);
  CHECK(classifier->label_info_list == NULL);
  CHECK_INT(classifier->num_labels, 0);
  nvds_clear_classifier_meta_list(obj, obj->classifier_meta_list);
  CHECK(obj->classifier_meta_list == NULL);
  CHECK_INT(batch->classifier_meta_pool->num_full_elements, 0);
  released = 0;
  nvds_clear_obj_user_meta_list(obj, obj->obj_user_meta_list);
  CHECK(obj->obj_user_meta_list == NULL);
  nvds_clear_batch_user_meta_list(batch, batch->batch_user_meta_list);
  CHECK(batch->batch_user_meta_list == NULL);
  CHECK_INT(released, 2);
  nvds_clear_obj_meta_list(frame, frame->obj_meta_list);
  CHECK(frame->obj_meta_list == NULL);
  CHECK_INT(frame->num_obj_meta, 0);
  CHECK_INT(batch->obj_meta_pool->num_full_elements, 0);
  nvds_clear_frame_meta_list(batch, batch->frame_meta_list);
  CHECK(batch->frame_meta_list == NULL);
  CHECK_INT(batch->num_frames_in_batch, 0);
  CHECK_INT(batch->frame_meta_pool->num_full_elements, 0);

  NvDsMetaList *loose = NULL;
  for (int i = 0; i < 3; i++) loose = g_list_append(loose, nvds_acquire_obj_meta_from_pool(batch));
  CHECK(nvds_clear_meta_list(batch, loose, batch->obj_meta_pool) == NULL);
  CHECK_INT(batch->obj_meta_pool->num_full_elements, 0);
  CHECK(nvds_destroy_batch_meta(batch));
  printf("cleared: %d user metadata released, all pools empty\n", released);
}

static void test_release_frees_strings_and_masks(void) {
  NvDsBatchMeta *batch = new_batch(1);
  for (int round = 0; round < 2; round++) {
    NvDsFrameMeta *frame = add_frame(batch, round);
    frame->sensorInfo_meta.uri = g_strdup("file:///a.mp4");
    frame->sensorInfo_meta.sensor_id = g_strdup("cam-1");
    frame->sensorInfo_meta.sensor_name = g_strdup("door");
    NvDsObjectMeta *obj = add_object(batch, frame, 1);
    obj->text_params.display_text = g_strdup("car 0.93");
    obj->mask_params.data = g_malloc0(64);
    obj->mask_params.size = 64;
    NvDsClassifierMeta *classifier = nvds_acquire_classifier_meta_from_pool(batch);
    NvDsLabelInfo *label = nvds_acquire_label_info_meta_from_pool(batch);
    label->pResult_label = g_strnfill(200, 'x');
    nvds_add_label_info_meta_to_classifier(classifier, label);
    nvds_add_classifier_meta_to_object(obj, classifier);
    NvDsDisplayMeta *display = nvds_acquire_display_meta_from_pool(batch);
    for (int i = 0; i < MAX_ELEMENTS_IN_DISPLAY_META; i++)
      display->text_params[i].display_text = g_strdup("text");
    display->num_labels = MAX_ELEMENTS_IN_DISPLAY_META;
    nvds_add_display_meta_to_frame(frame, display);
    if (round == 0) {
      nvds_remove_display_meta_from_frame(frame, display);
      CHECK(display->text_params[15].display_text == NULL);
      nvds_remove_frame_meta_from_batch(batch, frame);
      CHECK(frame->sensorInfo_meta.uri == NULL);
      CHECK(obj->text_params.display_text == NULL && obj->mask_params.data == NULL);
      CHECK(label->pResult_label == NULL);
    }
  }
  CHECK(nvds_destroy_batch_meta(batch));
  printf("strings and masks: freed by removing and by destroying\n");
}

static void test_stray_elements_are_released_with_the_batch(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsObjectMeta *obj = nvds_acquire_obj_meta_from_pool(batch);
  obj->text_params.display_text = g_strdup("never added");
  new_user(batch, "never added");
  CHECK(batch->obj_meta_pool->full_list->data == obj);
  released = 0;
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK_INT(released, 1);
  printf("stray elements: %d released with the batch\n", released);
}

static void test_regions_hold_classifiers_and_user_metadata(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsRoiMeta roi = {.frame_meta = add_frame(batch, 0)};
  NvDsClassifierMeta *first = nvds_acquire_classifier_meta_from_pool(batch);
  NvDsClassifierMeta *second = nvds_acquire_classifier_meta_from_pool(batch);
  nvds_add_classifier_meta_to_roi(&roi, first);
  nvds_add_classifier_meta_to_roi(&roi, second);
  CHECK(roi.classifier_meta_list->data == second);
  nvds_remove_classifier_meta_from_roi(&roi, second);
  CHECK(roi.classifier_meta_list->data == first);
  nvds_remove_classifier_meta_from_roi(&roi, first);
  CHECK(roi.classifier_meta_list == NULL);
  CHECK_INT(batch->classifier_meta_pool->num_full_elements, 0);
  nvds_add_user_meta_to_roi(&roi, new_user(batch, "region"));
  CHECK_INT(g_list_length(roi.roi_user_meta_list), 1);
  g_list_free(roi.roi_user_meta_list);
  CHECK(nvds_destroy_batch_meta(batch));
  printf("regions: classifiers and user metadata\n");
}

static gpointer work(gpointer data) {
  NvDsBatchMeta *batch = data;
  for (int i = 0; i < 2000; i++) {
    nvds_acquire_meta_lock(batch);
    nvds_acquire_meta_lock(batch);
    NvDsFrameMeta *frame = batch->frame_meta_list->data;
    NvDsObjectMeta *obj = add_object(batch, frame, 5);
    nvds_release_meta_lock(batch);
    if (i % 2) nvds_remove_obj_meta_from_frame(frame, obj);
    nvds_release_meta_lock(batch);
  }
  return NULL;
}

static gpointer try_lock(gpointer data) {
  NvDsBatchMeta *batch = data;
  gboolean free = g_rec_mutex_trylock(&batch->meta_mutex);
  if (free) g_rec_mutex_unlock(&batch->meta_mutex);
  return GINT_TO_POINTER(free);
}

static void test_lock_is_recursive_and_keeps_threads_apart(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsFrameMeta *frame = add_frame(batch, 0);
  nvds_acquire_meta_lock(batch);
  nvds_acquire_meta_lock(batch);
  nvds_release_meta_lock(batch);
  CHECK_INT(GPOINTER_TO_INT(g_thread_join(g_thread_new("try", try_lock, batch))), FALSE);
  nvds_release_meta_lock(batch);
  CHECK_INT(GPOINTER_TO_INT(g_thread_join(g_thread_new("try", try_lock, batch))), TRUE);
  GThread *threads[4];
  for (int i = 0; i < 4; i++) threads[i] = g_thread_new("work", work, batch);
  for (int i = 0; i < 4; i++) g_thread_join(threads[i]);
  CHECK_INT(frame->num_obj_meta, 4000);
  CHECK_INT(g_list_length(frame->obj_meta_list), 4000);
  CHECK_INT(batch->obj_meta_pool->num_full_elements, 4000);
  printf("threads: %u objects\n", frame->num_obj_meta);
  CHECK(nvds_destroy_batch_meta(batch));
}

static gpointer take_from_pool(gpointer data) {
  for (int i = 0; i < 500; i++) CHECK(nvds_acquire_obj_meta_from_pool(data) != NULL);
  return NULL;
}

static void test_pools_need_no_lock_of_the_caller(void) {
  NvDsBatchMeta *batch = new_batch(1);
  GThread *threads[4];
  for (int i = 0; i < 4; i++) threads[i] = g_thread_new("take", take_from_pool, batch);
  for (int i = 0; i < 4; i++) g_thread_join(threads[i]);
  CHECK_INT(batch->obj_meta_pool->num_full_elements, 2000);
  CHECK_INT(g_list_length(batch->obj_meta_pool->full_list), 2000);
  printf("pools: %u elements taken by four threads\n", batch->obj_meta_pool->num_full_elements);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_user_types_are_stable_and_distinct(void) {
  NvDsMetaType a = nvds_get_user_meta_type((gchar *)"DSBIND.TEST.A");
  NvDsMetaType b = nvds_get_user_meta_type((gchar *)"DSBIND.TEST.B");
  CHECK(a > NVDS_START_USER_META && b > NVDS_START_USER_META && a != b);
  CHECK_INT(a, NVDS_START_USER_META + g_quark_try_string("DSBIND.TEST.A"));
  CHECK_INT(nvds_get_user_meta_type((gchar *)"DSBIND.TEST.A"), a);
  printf("user types: distinct and stable\n");
}

int main(void) {
  test_pools_are_sized_by_the_batch();
  test_new_elements_are_zero();
  test_pool_grows_when_empty();
  test_reuse_is_last_in_first_out();
  test_order_and_counters_of_lists();
  test_user_metadata_order_and_release();
  test_clear_lists();
  test_release_frees_strings_and_masks();
  test_stray_elements_are_released_with_the_batch();
  test_regions_hold_classifiers_and_user_metadata();
  test_lock_is_recursive_and_keeps_threads_apart();
  test_pools_need_no_lock_of_the_caller();
  test_user_types_are_stable_and_distinct();
  return 0;
}
