/* SPDX-License-Identifier: Apache-2.0 */
/* Config files of nvdspreprocess: INI and YAML say the same. Buffers of tensors come back. */
#include "plan.h"

#include <thread>

#include "check.h"
#include "files.h"
#include "pool.h"

using namespace dsbind::preprocess;

static void check_example(const Plan &plan, const std::string &folder) {
  for (const std::string &warning : plan.warnings) CHECK_SAME(warning, "");
  CHECK_INT(plan.unique_id, 5);
  CHECK_INT(plan.targets.size(), 2);
  CHECK_INT(plan.targets[1], 3);
  CHECK(!plan.on_frames);
  CHECK_INT(plan.gie_id, 4);
  CHECK_INT(plan.width, 16);
  CHECK_INT(plan.height, 8);
  CHECK(plan.keep_aspect && plan.symmetric);
  CHECK_INT(plan.batch(), 2);
  CHECK_INT(plan.tensor.buffer_size, 2 * 8 * 16 * 3 * 2);
  CHECK_INT(plan.tensor.network_input_order, NvDsPreProcessNetworkInputOrder_kNHWC);
  CHECK_INT(plan.tensor.network_color_format, NvDsPreProcessFormat_BGR);
  CHECK_INT(plan.tensor.data_type, NvDsDataType_FP16);
  CHECK_SAME(plan.tensor.tensor_name, "in");
  CHECK_SAME(plan.library, folder + "/lib.so");
  CHECK_SAME(plan.tensor_function, "make");
  CHECK_SAME(plan.user_configs.at("some-key"), "1;2");
  CHECK_INT(plan.groups.size(), 2);
  const Group *first = plan.group_of(1), *rest = plan.group_of(9);
  CHECK(first && rest && first != rest);
  CHECK_INT(first->rois.at(1).size(), 2);
  CHECK_INT(first->rois.at(1)[1].top, 6);
  CHECK_SAME(first->transformation, "scale");
  CHECK(first->draw);
  CHECK_NEAR(first->color.blue, 0.5, 1e-9);
  CHECK_INT(rest->class_ids.size(), 2);
  CHECK_INT(rest->min_width, 10);
}

static void ini_and_yaml_agree() {
  Folder folder;
  check_example(
      load_plan(folder.write(
          "a.txt",
          "[property]\nunique-id=5\ntarget-unique-ids=1;3\nprocess-on-frame=0\n"
          "operate-on-gie-id=4\nmaintain-aspect-ratio=1\nsymmetric-padding=1\n"
          "network-input-shape=2;8;16;3\nnetwork-input-order=1\nnetwork-color-format=1\n"
          "tensor-data-type=7\ntensor-name=in\ncustom-lib-path=lib.so\n"
          "custom-tensor-preparation-function=make\nscaling-pool-compute-hw=0\ngpu-id=0\n"
          "[user-configs]\nsome-key=1;2\n[group-0]\nsrc-ids=0;1\nprocess-on-roi=1\n"
          "roi-params-src-1=1;2;3;4;5;6;7;8\ncustom-input-transformation-function=scale\n"
          "draw-roi=1\nroi-color=0;0;0.5;1\n[group-1]\nsrc-ids=-1\noperate-on-class-ids=0;2\n"
          "input-object-min-width=10\n")),
      folder.path("").substr(0, folder.path("").size() - 1));
  check_example(
      load_plan(folder.write(
          "a.yml",
          "property:\n  unique-id: 5\n  target-unique-ids: [1, 3]\n  process-on-frame: 0\n"
          "  operate-on-gie-id: 4\n  maintain-aspect-ratio: 1\n  symmetric-padding: 1\n"
          "  network-input-shape: 2;8;16;3\n  network-input-order: 1\n"
          "  network-color-format: 1\n  tensor-data-type: 7\n  tensor-name: in\n"
          "  custom-lib-path: lib.so\n  custom-tensor-preparation-function: make\n"
          "  scaling-pool-compute-hw: 0\n  gpu-id: 0\nuser-configs:\n  some-key: 1;2\n"
          "group-0:\n  src-ids: 0;1\n  process-on-roi: 1\n  roi-params-src-1: 1;2;3;4;5;6;7;8\n"
          "  custom-input-transformation-function: scale\n  draw-roi: 1\n"
          "  roi-color: 0;0;0.5;1\ngroup-1:\n  src-ids: -1\n  operate-on-class-ids: 0;2\n"
          "  input-object-min-width: 10\n")),
      folder.path("").substr(0, folder.path("").size() - 1));
  puts("ini and yaml: the same");
}

static void buffers_come_back() {
  Pool pool(2, 64);
  NvDsPreProcessCustomBuf *first = pool.acquire(), *second = pool.acquire();
  CHECK(first && second && first->memory_ptr != second->memory_ptr);
  NvDsPreProcessCustomBuf *waited = nullptr;
  std::thread waiting([&] { waited = pool.acquire(); });
  CHECK(pool.release(first));
  waiting.join();
  CHECK(waited == first);
  CHECK(!pool.release(nullptr));
  std::thread given_up([&] { CHECK(pool.acquire() == nullptr); });
  pool.close();
  given_up.join();
  pool.open();
  CHECK(pool.release(second));
  CHECK(!pool.release(second));
  CHECK(pool.acquire() == second);
  puts("pool: who waits gets what comes back, or nothing at the end");
}

int main() {
  ini_and_yaml_agree();
  buffers_come_back();
  return 0;
}
