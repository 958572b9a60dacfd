/* SPDX-License-Identifier: Apache-2.0 */
/* Runs nvinfer on raw frames and prints what it attached, for comparison with other programs:
 *
 *   infer_frames CONFIG FORMAT WIDTH HEIGHT BATCH < frames
 *
 * One line per object: frame, class, confidence, left, top, width, height. */
#include <stdint.h>

#include <string>
#include <vector>

#include "rig.h"

/* Reads one tightly packed frame into an entry. FALSE at the end of the input. */
static bool read_frame(const NvBufSurfaceParams &entry) {
  for (unsigned p = 0; p < entry.planeParams.num_planes; p++) {
    size_t bytes =
        static_cast<size_t>(entry.planeParams.width[p]) * entry.planeParams.bytesPerPix[p];
    auto *row = static_cast<uint8_t *>(entry.dataPtr) + entry.planeParams.offset[p];
    for (unsigned y = 0; y < entry.planeParams.height[p]; y++, row += entry.planeParams.pitch[p])
      if (fread(row, 1, bytes, stdin) != bytes) return false;
  }
  return true;
}

static void print_objects(const NvDsFrameMeta *frame, int number) {
  for (const GList *l = frame->obj_meta_list; l; l = l->next) {
    const auto *object = static_cast<const NvDsObjectMeta *>(l->data);
    const NvOSD_RectParams &r = object->rect_params;
    printf("%d %d %.6f %.4f %.4f %.4f %.4f\n", number, object->class_id,
           static_cast<double>(object->confidence), static_cast<double>(r.left),
           static_cast<double>(r.top), static_cast<double>(r.width), static_cast<double>(r.height));
  }
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  if (argc != 6) {
    fprintf(stderr, "usage: %s CONFIG FORMAT WIDTH HEIGHT BATCH < frames\n", argv[0]);
    return 2;
  }
  const auto batch_size = static_cast<unsigned>(atoi(argv[5]));
  Rig rig;
  g_object_set(rig.element, "config-file-path", argv[1], "batch-size", batch_size, nullptr);
  if (!rig.start(argv[2], atoi(argv[3]), atoi(argv[4]))) {
    fprintf(stderr, "%s\n", rig.message(GST_MESSAGE_ERROR).c_str());
    return 1;
  }
  for (int done = 0;;) {
    unsigned filled = 0;
    GstBuffer *buffer = rig.batch(batch_size, [&](NvBufSurface *surface) {
      while (filled < batch_size && read_frame(surface->surfaceList[filled])) filled++;
      surface->numFilled = filled;
    });
    NvDsBatchMeta *meta = gst_buffer_get_nvds_batch_meta(buffer);
    while (meta->num_frames_in_batch > filled)
      nvds_remove_frame_meta_from_batch(
          meta, static_cast<NvDsFrameMeta *>(g_list_last(meta->frame_meta_list)->data));
    if (filled == 0) {
      gst_buffer_unref(buffer);
      return 0;
    }
    NvDsBatchMeta *found = rig.push(buffer);
    if (!found) {
      fprintf(stderr, "%s\n", rig.message(GST_MESSAGE_ERROR).c_str());
      return 1;
    }
    for (const GList *l = found->frame_meta_list; l; l = l->next)
      print_objects(static_cast<const NvDsFrameMeta *>(l->data), done++);
  }
}
