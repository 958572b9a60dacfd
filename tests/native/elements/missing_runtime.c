/* SPDX-License-Identifier: Apache-2.0 */
/* Without usable NvDs libraries an element says why it does not start; the program goes on. */
#include <gst/gst.h>
#include <string.h>

#include "../check.h"

static void tells_why(const char *factory) {
  GstElement *element = gst_element_factory_make(factory, NULL);
  CHECK(element);
  gst_object_ref_sink(element);
  GstBus *bus = gst_bus_new();
  gst_element_set_bus(element, bus);
  CHECK_INT(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  CHECK(message);
  GError *error = NULL;
  gst_message_parse_error(message, &error, NULL);
  CHECK(g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT));
  CHECK(strstr(error->message, "DSBIND_RUNTIME=nowhere names no origin"));
  g_error_free(error);
  gst_message_unref(message);
  gst_element_set_state(element, GST_STATE_NULL);
  gst_element_set_bus(element, NULL);
  gst_object_unref(bus);
  gst_object_unref(element);
}

int main(void) {
  g_setenv("DSBIND_RUNTIME", "nowhere", TRUE);
  gst_init(NULL, NULL);
  gst_registry_scan_path(gst_registry_get(), DSBIND_TEST_PLUGINS);
  tells_why("nvstreammux");
  tells_why("nvvideoconvert");
  tells_why("nvmultistreamtiler");
  tells_why("nvdsosd");
  tells_why("nvinfer");
  tells_why("nvtracker");
  tells_why("nvv4l2decoder");
  tells_why("nvv4l2h264enc");
  tells_why("nvv4l2h265enc");
  tells_why("nvv4l2av1enc");
  tells_why("nvjpegenc");
  puts("missing runtime: every element says so");
  return 0;
}
