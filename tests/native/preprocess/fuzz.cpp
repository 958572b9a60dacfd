/* SPDX-License-Identifier: Apache-2.0 */
/* nvdspreprocess configs that nobody would write: each is read or refused, and what was read is
 * within its bounds. */
#include "fuzzing.h"
#include "plan.h"

using namespace dsbind::preprocess;

static void check(const Plan &plan) {
  CHECK(plan.batch() >= 1 && plan.batch() <= 1024);
  CHECK(plan.width >= 1 && plan.width <= 16384 && plan.height >= 1 && plan.height <= 16384);
  CHECK(plan.tensor.buffer_size > 0 && plan.tensor.buffer_size <= uint64_t{1} << 32);
  for (unsigned source = 0; source < 3; source++) {
    const Group *group = plan.group_of(source);
    if (!group) continue;
    for (const auto &[id, rois] : group->rois) {
      CHECK(rois.size() <= 256);
      for (const Roi &roi : rois) CHECK(roi.width >= 2 && roi.height >= 2);
    }
  }
}

/* A whole config; often, so that enough are read. */
#define WHOLE "[property]\nnetwork-input-shape=2;3;8;8\n[group-0]\nsrc-ids=0;1\n"

int main(int argc, char **argv) {
  Fuzzing fuzzing(
      argc, argv,
      {WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, "[property]\n",
       "network-input-shape=4;3;16;16\n", "network-input-order=1\n", "tensor-data-type=7\n",
       "processing-width=8\n", "processing-height=8\n", "[group-0]\n", "[group-1]\n",
       "src-ids=0\n", "src-ids=-1\n", "process-on-roi=1\n", "roi-params-src-0=0;0;8;8\n",
       "roi-params-src-1=0;0;8;8;4;4;9;9\n", "roi-color=0;1;0;1\n", "[user-configs]\nx=y\n",
       "target-unique-ids=1;2\n"},
      {"network-input-shape", "roi-params-src-", "src-ids", "process-on-frame", "group-",
       "2;3;8;8", "0;0;8;8", "custom-lib-path", "tensor-name", "property:\n", "group-0:\n",
       "user-configs:\n"});
  return fuzzing.run([](const std::string &path) { check(load_plan(path)); });
}
