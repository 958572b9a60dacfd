/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: buffers worked on by several threads leave in the order they came. */
#include "lanes.h"

#include <atomic>
#include <chrono>

#include "check.h"

using dsbind::infer::Lanes;

namespace {

std::unique_ptr<Lanes::Task> task() { return std::make_unique<Lanes::Task>(); }

GstBuffer *numbered(guint64 number) {
  GstBuffer *buffer = gst_buffer_new();
  GST_BUFFER_OFFSET(buffer) = number;
  return buffer;
}

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

/* Early buffers take longest, so that later ones are ready first. */
void order_is_kept() {
  std::vector<guint64> seen;
  std::atomic<int> working{0}, most{0};
  Lanes lanes(
      4,
      [&](unsigned, GstBuffer *buffer, Lanes::Task *) {
        int now = ++working;
        if (now > most) most = now;
        pause_ms(static_cast<int>(8 - 2 * (GST_BUFFER_OFFSET(buffer) % 4)));
        working--;
        return GST_FLOW_OK;
      },
      [&](GstBuffer *buffer, Lanes::Task *) {
        seen.push_back(GST_BUFFER_OFFSET(buffer));
        gst_buffer_unref(buffer);
        return GST_FLOW_OK;
      });
  for (guint64 i = 0; i < 100; i++) CHECK_INT(lanes.submit(numbered(i), i % 5 != 4 ? task() : nullptr), GST_FLOW_OK);
  lanes.drain();
  CHECK_INT(seen.size(), 100);
  for (guint64 i = 0; i < 100; i++) CHECK_INT(seen[i], i);
  CHECK(most > 1);
}

void an_error_drops_the_rest_until_reset() {
  guint64 passed = 0;
  Lanes lanes(
      2,
      [](unsigned, GstBuffer *buffer, Lanes::Task *) {
        return GST_BUFFER_OFFSET(buffer) == 3 ? GST_FLOW_ERROR : GST_FLOW_OK;
      },
      [&](GstBuffer *buffer, Lanes::Task *) {
        passed++;
        gst_buffer_unref(buffer);
        return GST_FLOW_OK;
      });
  for (guint64 i = 0; i < 10; i++) lanes.submit(numbered(i), task());
  lanes.drain();
  CHECK_INT(passed, 3);
  CHECK_INT(lanes.submit(numbered(11), task()), GST_FLOW_ERROR);
  lanes.reset();
  CHECK_INT(lanes.submit(numbered(12), task()), GST_FLOW_OK);
  lanes.drain();
  CHECK_INT(passed, 4);
}

void the_flow_of_passing_on_comes_back() {
  Lanes lanes(
      2, [](unsigned, GstBuffer *, Lanes::Task *) { return GST_FLOW_OK; },
      [](GstBuffer *buffer, Lanes::Task *) {
        gst_buffer_unref(buffer);
        return GST_FLOW_EOS;
      });
  lanes.submit(numbered(0), task());
  lanes.drain();
  CHECK_INT(lanes.submit(numbered(1), task()), GST_FLOW_EOS);
}

void ending_with_buffers_inside_drops_them() {
  GstBuffer *kept = numbered(0);
  {
    Lanes lanes(
        2,
        [](unsigned, GstBuffer *, Lanes::Task *) {
          pause_ms(5);
          return GST_FLOW_OK;
        },
        [](GstBuffer *buffer, Lanes::Task *) {
          gst_buffer_unref(buffer);
          return GST_FLOW_OK;
        });
    for (int i = 0; i < 3; i++) lanes.submit(gst_buffer_ref(kept), task());
  }
  CHECK_INT(GST_MINI_OBJECT_REFCOUNT_VALUE(kept), 1);
  gst_buffer_unref(kept);
}

}  // namespace

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  order_is_kept();
  an_error_drops_the_rest_until_reset();
  the_flow_of_passing_on_comes_back();
  ending_with_buffers_inside_drops_them();
  return 0;
}
