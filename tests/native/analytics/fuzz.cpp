/* SPDX-License-Identifier: Apache-2.0 */
/* nvdsanalytics configs that nobody would write: each is read or refused, and what was read can be
 * used. */
#include "analyzer.h"
#include "fuzzing.h"
#include "rules.h"

using namespace dsbind::analytics;

/* Objects on a walk through whatever the rules are. */
static void use(const Rules &rules, Fuzzing *fuzzing) {
  for (const auto &[stream, of_stream] : rules.streams) {
    Analyzer analyzer(of_stream.scaled(320.0 / rules.width, 240.0 / rules.height));
    for (int64_t frame = 0; frame < 4; frame++) {
      std::vector<Seen> seen;
      for (uint64_t id = 0; id < 4; id++)
        seen.push_back(
            {id,
             id != 3,
             static_cast<int>(id % 2),
             {static_cast<double>(fuzzing->below(16)), static_cast<double>(fuzzing->below(16))},
             static_cast<double>(fuzzing->below(100))});
      std::vector<NvDsAnalyticsObjInfo> infos;
      NvDsAnalyticsFrameMeta result{};
      analyzer.update(frame * 40000000, seen, &infos, &result);
      CHECK_INT(infos.size(), seen.size());
      for (const auto &[label, count] : result.objInROIcnt) CHECK(count <= seen.size());
    }
  }
}

int main(int argc, char **argv) {
  Fuzzing fuzzing(
      argc, argv,
      {"roi-A=0;0;9;0;9;9\n", "line-crossing-A=0;0;9;0;4;-9;4;9\n", "direction-A=1;2;3;4\n",
       "object-threshold=2\n", "time-threshold=100\n", "mode=strict\n", "class-id=0;1\n",
       "extended=1\n", "inverse-roi=1\n", "config-width=320\n", "[property]\n",
       "[overcrowding-stream-0]\n", "[line-crossing-stream-0]\n", "[roi-filtering-stream-0]\n",
       "[direction-detection-stream-0]\n"},
      {"enable", "inverse-roi", "class-id", "object-threshold", "mode", "config-width", "osd-mode",
       "roi-B", "roi-", "line-crossing-B", "0;0;9;0;9;9", "0;0;9;0;4;-9;4;9", "loose",
       "property:\n", "roi-filtering-stream-0:\n", "line-crossing-stream-0:\n",
       "[line-crossing-stream-"});
  return fuzzing.run([&](const std::string &path) { use(load_rules(path), &fuzzing); });
}
