/* SPDX-License-Identifier: Apache-2.0 */
/* Deep copies of batch metadata: contents, order, parents, user metadata. */
#include "check.h"
#include "nvdsmeta.h"

static int copies, releases;
static NvDsUserMeta *last_source;

static gpointer copy_payload(gpointer data, gpointer user_data) {
  NvDsUserMeta *user = data;
  CHECK(user_data == NULL);
  last_source = user;
  copies++;
  return g_strdup(user->user_meta_data);
}

static void release_payload(gpointer data, gpointer user_data) {
  NvDsUserMeta *user = data;
  (void)user_data;
  g_clear_pointer(&user->user_meta_data, g_free);
  releases++;
}

static NvDsUserMeta *new_user(NvDsBatchMeta *batch, const char *payload) {
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  user->user_meta_data = g_strdup(payload);
  user->base_meta.meta_type = NVDS_START_USER_META + 5;
  user->base_meta.uContext = user;
  user->base_meta.copy_func = copy_payload;
  user->base_meta.release_func = release_payload;
  return user;
}

static NvDsBatchMeta *new_batch(guint frames) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(frames);
  batch->max_frames_in_batch = frames;
  return batch;
}

static NvDsFrameMeta *add_frame(NvDsBatchMeta *batch, int number) {
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  frame->frame_num = number;
  nvds_add_frame_meta_to_batch(batch, frame);
  return frame;
}

static NvDsObjectMeta *add_object(
    NvDsBatchMeta *batch, NvDsFrameMeta *frame, guint64 id, NvDsObjectMeta *parent) {
  NvDsObjectMeta *obj = nvds_acquire_obj_meta_from_pool(batch);
  obj->object_id = id;
  nvds_add_obj_meta_to_frame(frame, obj, parent);
  return obj;
}

static NvDsObjectMeta *find_object(NvDsFrameMeta *frame, guint64 id) {
  for (GList *l = frame->obj_meta_list; l; l = l->next)
    if (((NvDsObjectMeta *)l->data)->object_id == id) return l->data;
  return NULL;
}

static void print_objects(const char *what, NvDsFrameMeta *frame) {
  printf("%s:", what);
  for (GList *l = frame->obj_meta_list; l; l = l->next) {
    NvDsObjectMeta *obj = l->data;
    printf(" %d", (int)obj->object_id);
    if (obj->parent) printf("(of %d)", (int)obj->parent->object_id);
  }
  printf("\n");
}

static void test_fields_of_batch_and_frame(void) {
  NvDsBatchMeta *batch = new_batch(2);
  batch->misc_batch_info[1] = 11;
  batch->reserved[2] = 12;
  NvDsFrameMeta *frame = add_frame(batch, 7);
  frame->pad_index = 1;
  frame->batch_id = 2;
  frame->buf_pts = 3;
  frame->ntp_timestamp = 4;
  frame->source_id = 5;
  frame->num_surfaces_per_frame = 6;
  frame->source_frame_width = 1920;
  frame->source_frame_height = 1080;
  frame->surface_type = 8;
  frame->surface_index = 9;
  frame->bInferDone = TRUE;
  frame->misc_frame_info[3] = 10;
  frame->reserved[0] = 11;
  frame->sensorInfo_meta.source_id = 5;
  frame->sensorInfo_meta.uri = g_strdup("file:///a.mp4");
  frame->sensorInfo_meta.sensor_id = g_strdup("cam-1");
  frame->sensorInfo_meta.sensor_name = g_strdup("door");

  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  CHECK(copy != NULL && copy != batch);
  CHECK(copy->base_meta.batch_meta == copy);
  CHECK_INT(copy->base_meta.meta_type, NVDS_BATCH_META);
  CHECK_INT(copy->max_frames_in_batch, 2);
  CHECK_INT(copy->num_frames_in_batch, 1);
  CHECK_INT(copy->misc_batch_info[1], 11);
  CHECK_INT(copy->reserved[2], 12);
  NvDsFrameMeta *f = copy->frame_meta_list->data;
  CHECK(f != frame && f->base_meta.batch_meta == copy);
  CHECK_INT(f->pad_index, 1);
  CHECK_INT(f->batch_id, 2);
  CHECK_INT(f->frame_num, 7);
  CHECK_INT(f->buf_pts, 3);
  CHECK_INT(f->ntp_timestamp, 4);
  CHECK_INT(f->source_id, 5);
  CHECK_INT(f->num_surfaces_per_frame, 6);
  CHECK_INT(f->source_frame_width, 1920);
  CHECK_INT(f->source_frame_height, 1080);
  CHECK_INT(f->surface_type, 8);
  CHECK_INT(f->surface_index, 9);
  CHECK_INT(f->bInferDone, TRUE);
  CHECK_INT(f->misc_frame_info[3], 10);
  CHECK_INT(f->reserved[0], 11);
  CHECK_INT(f->sensorInfo_meta.source_id, 5);
  CHECK(f->sensorInfo_meta.uri != frame->sensorInfo_meta.uri);
  nvds_batch_meta_release_func(batch, NULL);
  CHECK_STR(f->sensorInfo_meta.uri, "file:///a.mp4");
  CHECK_STR(f->sensorInfo_meta.sensor_id, "cam-1");
  CHECK_STR(f->sensorInfo_meta.sensor_name, "door");
  printf("frame: %d of source %u, %s\n", f->frame_num, f->source_id, f->sensorInfo_meta.uri);
  nvds_batch_meta_release_func(copy, NULL);
}

static void fill_object(NvDsBatchMeta *batch, NvDsObjectMeta *obj) {
  obj->unique_component_id = 1;
  obj->class_id = 2;
  obj->confidence = 0.75f;
  obj->tracker_confidence = 0.5f;
  obj->detector_bbox_info.org_bbox_coords.left = 10;
  obj->tracker_bbox_info.org_bbox_coords.top = 11;
  obj->rect_params.width = 12;
  obj->rect_params.border_width = 3;
  obj->rect_params.border_color.green = 1;
  obj->mask_params.data = g_malloc(4 * sizeof(float));
  obj->mask_params.size = 4 * sizeof(float);
  obj->mask_params.width = obj->mask_params.height = 2;
  for (int i = 0; i < 4; i++) obj->mask_params.data[i] = i;
  obj->text_params.display_text = g_strdup("car 0.75");
  obj->text_params.font_params.font_name = (char *)"Serif";
  strcpy(obj->obj_label, "car");
  obj->misc_obj_info[0] = 4;
  obj->reserved[3] = 5;
  for (int i = 0; i < 2; i++) {
    NvDsClassifierMeta *classifier = nvds_acquire_classifier_meta_from_pool(batch);
    classifier->unique_component_id = 20 + i;
    for (int k = 0; k < 3; k++) {
      NvDsLabelInfo *label = nvds_acquire_label_info_meta_from_pool(batch);
      label->label_id = k;
      label->num_classes = 9;
      label->result_class_id = 30 + k;
      label->result_prob = 0.25f;
      strcpy(label->result_label, "red");
      label->pResult_label = g_strdup("dark red");
      nvds_add_label_info_meta_to_classifier(classifier, label);
    }
    nvds_add_classifier_meta_to_object(obj, classifier);
  }
}

static void check_object(const NvDsObjectMeta *o, const NvDsObjectMeta *from) {
  CHECK_INT(o->unique_component_id, 1);
  CHECK_INT(o->class_id, 2);
  CHECK_NEAR(o->confidence, 0.75, 0);
  CHECK_NEAR(o->tracker_confidence, 0.5, 0);
  CHECK_NEAR(o->detector_bbox_info.org_bbox_coords.left, 10, 0);
  CHECK_NEAR(o->tracker_bbox_info.org_bbox_coords.top, 11, 0);
  CHECK_NEAR(o->rect_params.width, 12, 0);
  CHECK_INT(o->rect_params.border_width, 3);
  CHECK_NEAR(o->rect_params.border_color.green, 1, 0);
  CHECK(o->mask_params.data != from->mask_params.data);
  CHECK_INT(o->mask_params.size, 16);
  for (int i = 0; i < 4; i++) CHECK_NEAR(o->mask_params.data[i], i, 0);
  CHECK(o->text_params.display_text != from->text_params.display_text);
  CHECK_STR(o->text_params.display_text, "car 0.75");
  CHECK(o->text_params.font_params.font_name == from->text_params.font_params.font_name);
  CHECK_STR(o->obj_label, "car");
  CHECK_INT(o->misc_obj_info[0], 4);
  CHECK_INT(o->reserved[3], 5);

  printf("classifiers:");
  CHECK_INT(g_list_length(o->classifier_meta_list), 2);
  for (GList *l = o->classifier_meta_list; l; l = l->next) {
    const NvDsClassifierMeta *classifier = l->data;
    CHECK(classifier->base_meta.batch_meta == o->base_meta.batch_meta);
    CHECK_INT(classifier->num_labels, 3);
    CHECK_INT(g_list_length(classifier->label_info_list), 3);
    printf(" %d [", classifier->unique_component_id);
    for (GList *k = classifier->label_info_list; k; k = k->next) {
      const NvDsLabelInfo *label = k->data;
      CHECK_INT(label->num_classes, 9);
      CHECK_NEAR(label->result_prob, 0.25, 0);
      CHECK_STR(label->result_label, "red");
      CHECK_STR(label->pResult_label, "dark red");
      printf(" %u:%u", label->label_id, label->result_class_id);
    }
    printf(" ]");
  }
  printf("\n");
}

static void test_fields_of_objects(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsFrameMeta *frame = add_frame(batch, 0);
  NvDsObjectMeta *obj = add_object(batch, frame, 77, NULL);
  fill_object(batch, obj);

  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  NvDsObjectMeta *o = ((NvDsFrameMeta *)copy->frame_meta_list->data)->obj_meta_list->data;
  CHECK_INT(o->object_id, 77);
  CHECK(o->base_meta.batch_meta == copy);
  check_object(o, obj);
  /* Newest first, so a copy turns the order. */
  CHECK_INT(((NvDsClassifierMeta *)o->classifier_meta_list->data)->unique_component_id, 20);
  nvds_destroy_batch_meta(copy);

  NvDsObjectMeta *single = nvds_acquire_obj_meta_from_pool(batch);
  nvds_copy_obj_meta(obj, single);
  CHECK_INT(single->object_id, 77);
  CHECK(single->base_meta.batch_meta == batch);
  check_object(single, obj);
  CHECK(nvds_destroy_batch_meta(batch));
}

static void test_display_items(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsFrameMeta *frame = add_frame(batch, 0);
  for (guint i = 1; i <= 3; i++) {
    NvDsDisplayMeta *display = nvds_acquire_display_meta_from_pool(batch);
    display->num_rects = i;
    display->num_labels = 2;
    display->text_params[0].display_text = g_strdup("zero");
    display->text_params[1].display_text = g_strdup("one");
    display->line_params[0].x1 = 5;
    display->arrow_params[15].y2 = 6;
    display->circle_params[3].radius = 7;
    display->misc_osd_data[0] = 8;
    nvds_add_display_meta_to_frame(frame, display);
  }
  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  CHECK(nvds_destroy_batch_meta(batch));
  printf("display:");
  guint expected = 1;
  NvDsFrameMeta *f = copy->frame_meta_list->data;
  for (GList *l = f->display_meta_list; l; l = l->next, expected++) {
    const NvDsDisplayMeta *display = l->data;
    CHECK(display->base_meta.batch_meta == copy);
    CHECK_INT(display->num_rects, expected);
    CHECK_STR(display->text_params[0].display_text, "zero");
    CHECK_STR(display->text_params[1].display_text, "one");
    CHECK_INT(display->line_params[0].x1, 5);
    CHECK_INT(display->arrow_params[15].y2, 6);
    CHECK_INT(display->circle_params[3].radius, 7);
    CHECK_INT(display->misc_osd_data[0], 8);
    printf(" %u", display->num_rects);
  }
  CHECK_INT(expected, 4);
  printf("\n");
  CHECK(nvds_destroy_batch_meta(copy));
}

static void test_order_and_parents(void) {
  NvDsBatchMeta *batch = new_batch(3);
  for (int i = 0; i < 3; i++) add_frame(batch, i);
  NvDsFrameMeta *frame = batch->frame_meta_list->data;
  NvDsObjectMeta *car = add_object(batch, frame, 1, NULL);
  NvDsObjectMeta *plate = add_object(batch, frame, 2, car);
  add_object(batch, frame, 3, plate);
  print_objects("objects", frame);

  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  CHECK_INT(copy->num_frames_in_batch, 3);
  for (guint i = 0; i < 3; i++)
    CHECK_INT(nvds_get_nth_frame_meta(copy->frame_meta_list, i)->frame_num, i);
  NvDsFrameMeta *f = copy->frame_meta_list->data;
  CHECK_INT(f->num_obj_meta, 3);
  print_objects("copied", f);
  /* Each parent came later in the list than its child: unknown when the child was copied. */
  CHECK(find_object(f, 3)->parent == NULL);
  CHECK_INT(((NvDsObjectMeta *)f->obj_meta_list->data)->object_id, 1);

  /* The order is turned now; give the parents again, and they come first. */
  find_object(f, 2)->parent = find_object(f, 1);
  find_object(f, 3)->parent = find_object(f, 2);
  NvDsBatchMeta *again = nvds_batch_meta_copy_func(copy, NULL);
  NvDsFrameMeta *g = again->frame_meta_list->data;
  print_objects("copied again", g);
  CHECK(find_object(g, 2)->parent == find_object(g, 1));
  CHECK(find_object(g, 3)->parent == find_object(g, 2));
  CHECK(find_object(g, 1)->parent == NULL);
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK(nvds_destroy_batch_meta(copy));
  CHECK(nvds_destroy_batch_meta(again));
}

static void print_users(const char *what, NvDsUserMetaList *list) {
  printf(" %s", what);
  for (GList *l = list; l; l = l->next) {
    NvDsUserMeta *user = l->data;
    CHECK_INT(user->base_meta.meta_type, NVDS_START_USER_META + 5);
    CHECK(user->base_meta.copy_func == copy_payload);
    CHECK(user->base_meta.release_func == release_payload);
    printf(" %s", (char *)user->user_meta_data);
  }
}

static void test_user_metadata(void) {
  NvDsBatchMeta *batch = new_batch(1);
  NvDsFrameMeta *frame = add_frame(batch, 0);
  NvDsObjectMeta *obj = add_object(batch, frame, 1, NULL);
  NvDsUserMeta *first = new_user(batch, "b0");
  nvds_add_user_meta_to_batch(batch, first);
  nvds_add_user_meta_to_batch(batch, new_user(batch, "b1"));
  nvds_add_user_meta_to_frame(frame, new_user(batch, "f0"));
  nvds_add_user_meta_to_frame(frame, new_user(batch, "f1"));
  nvds_add_user_meta_to_obj(obj, new_user(batch, "o0"));
  nvds_add_user_meta_to_obj(obj, new_user(batch, "o1"));
  NvDsUserMeta *uncopied = new_user(batch, "no copy function");
  uncopied->base_meta.copy_func = NULL;
  nvds_add_user_meta_to_frame(frame, uncopied);

  copies = releases = 0;
  NvDsBatchMeta *copy = nvds_batch_meta_copy_func(batch, NULL);
  CHECK_INT(copies, 6);
  CHECK(last_source->base_meta.batch_meta == batch);
  NvDsFrameMeta *f = copy->frame_meta_list->data;
  NvDsObjectMeta *o = f->obj_meta_list->data;
  CHECK_INT(g_list_length(copy->batch_user_meta_list), 2);
  CHECK_INT(g_list_length(f->frame_user_meta_list), 2);
  CHECK_INT(g_list_length(o->obj_user_meta_list), 2);
  NvDsUserMeta *b0 = copy->batch_user_meta_list->data;
  CHECK(b0->base_meta.uContext == first && b0->base_meta.batch_meta == copy);
  CHECK(b0->user_meta_data != first->user_meta_data);
  printf("user metadata:");
  print_users("batch", copy->batch_user_meta_list);
  print_users("frame", f->frame_user_meta_list);
  print_users("object", o->obj_user_meta_list);
  CHECK(nvds_destroy_batch_meta(batch));
  CHECK_INT(releases, 7);
  CHECK(nvds_destroy_batch_meta(copy));
  CHECK_INT(releases, 13);
  printf("; %d copied, %d released\n", copies, releases);
}

int main(void) {
  test_fields_of_batch_and_frame();
  test_fields_of_objects();
  test_display_items();
  test_order_and_parents();
  test_user_metadata();
  return 0;
}
