/* SPDX-License-Identifier: Apache-2.0 */
/* One stream as a whole: who gets which id, when, and for how long. */
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "stream.h"

using namespace dsbind::tracker;

/* A stream with the keys of a test over those of a sample. */
class Rig {
 public:
  explicit Rig(const char *sample, const std::string &keys = "")
      : config(load_config(std::string(DSBIND_SAMPLES "/config_tracker_") + sample + ".yml")),
        visual(prepare(keys)),
        stream(&config, visual.get(), [this] { return next_id++; }) {}

  struct Seen {
    Box box;
    float confidence = 0.9f;
    uint16_t class_id = 0;
  };
  void frame(const std::vector<Seen> &seen, bool detected = true) {
    std::vector<Detection> detections;
    for (const Seen &one : seen)
      detections.push_back(
          {one.box, one.confidence, one.class_id, static_cast<uint32_t>(detections.size())});
    stream.begin();
    stream.update({number++, 1920, 1080, detected, picture}, detections);
  }
  /* Ids that are told of now, in the order of the targets. */
  std::vector<uint64_t> ids() const {
    std::vector<uint64_t> all;
    for (const Target &target : stream.targets())
      if (Stream::told(target)) all.push_back(target.id);
    return all;
  }
  /* The id of what is at this place; Target::kNoId for nothing. */
  uint64_t at(float x, float y) const {
    for (const Target &target : stream.targets())
      if (Stream::told(target) && target.box.x <= x && x < target.box.right() &&
          target.box.y <= y && y < target.box.bottom())
        return target.id;
    return Target::kNoId;
  }

  Config config;
  std::unique_ptr<VisualModel> visual;
  Stream stream;
  uint64_t next_id = 0;
  uint32_t number = 0;
  const Picture *picture = nullptr;

 private:
  std::unique_ptr<VisualModel> prepare(const std::string &keys) {
    read_config(keys, "keys", &config);
    if (!config.visual.enabled) return nullptr;
    return std::make_unique<VisualModel>(config.visual, config.target.search_padding);
  }
};

static Box walker(int frame, float from = 100, float speed = 5) {
  return {from + speed * static_cast<float>(frame), 300, 50, 120};
}

static void ids_stay() {
  for (const char *sample : {"IOU", "NvSORT", "ByteTrack", "OCSORT"}) {
    Rig rig(sample);
    for (int i = 0; i < 60; i++) {
      rig.frame({{walker(i)}, {walker(i, 1200, -5)}});
      if (i < 5) continue;
      CHECK_INT(rig.ids().size(), 2);
      CHECK_INT(rig.at(walker(i).x + 25, 350), 0);
      CHECK_INT(rig.at(walker(i, 1200, -5).x + 25, 350), 1);
    }
    CHECK_INT(rig.next_id, 2);
  }
  puts("ids: two walkers, 60 frames, two ids with each sample");
}

static void crossing_walkers_keep_their_ids() {
  Rig rig("NvSORT");
  for (int i = 0; i < 100; i++) {
    std::vector<Rig::Seen> seen{{walker(i, 100, 8)}};
    Box other{1000 - 8.f * static_cast<float>(i), 320, 50, 120};
    /* Hidden while the other one is before it. */
    if (overlap(other, seen[0].box) < 0.3f) seen.push_back({other});
    rig.frame(seen);
  }
  CHECK_INT(rig.at(walker(99, 100, 8).x + 25, 350), 0);
  CHECK_INT(rig.at(1000 - 8 * 99 + 25, 380), 1);
  CHECK_INT(rig.next_id, 2);
  puts("crossing: each goes on as who it was");
}

static void probation_and_early_termination() {
  Rig rig("NvSORT", "TargetManagement:\n  probationAge: 3\n  earlyTerminationAge: 1\n");
  for (int i = 0; i < 6; i++) {
    rig.frame({{walker(i)}});
    CHECK_INT(rig.ids().size(), i >= 3);
  }
  rig.frame({{walker(6)}, {{900, 700, 60, 100}}});
  CHECK_INT(rig.stream.targets().size(), 2);
  rig.frame({{walker(7)}});
  CHECK_INT(rig.stream.targets().size(), 1);
  Rig at_once("NvSORT", "TargetManagement:\n  probationAge: 0\n");
  at_once.frame({{walker(0)}});
  CHECK_INT(at_once.ids().size(), 1);
  puts("probation: 3 frames, or none; what is seen once is forgotten");
}

static void shadow_and_termination() {
  Rig rig("NvSORT",
          "TargetManagement:\n  maxShadowTrackingAge: 10\n  outputTerminatedTracks: 1\n");
  for (int i = 0; i < 20; i++) rig.frame({{walker(i)}});
  int told = 0;
  for (int i = 0; i < 10; i++) {
    rig.frame({});
    told += !rig.ids().empty();
    CHECK_INT(rig.stream.targets().size(), 1);
    CHECK(rig.stream.ended().empty());
  }
  CHECK(told > 0 && told < 10); /* bridged, then in the shadow */
  rig.frame({});
  CHECK(rig.stream.targets().empty());
  CHECK_INT(rig.stream.ended().size(), 1);
  CHECK_INT(rig.stream.ended()[0].id, 0);
  CHECK_INT(rig.stream.ended()[0].trajectory.size(), 30);
  Rig back("NvSORT", "TargetManagement:\n  maxShadowTrackingAge: 10\n");
  for (int i = 0; i < 30; i++)
    back.frame(i < 20 || i > 27 ? std::vector<Rig::Seen>{{walker(i)}} : std::vector<Rig::Seen>{});
  CHECK_INT(back.at(walker(29).x + 25, 350), 0);
  CHECK_INT(back.next_id, 1);
  puts("shadow: found again within 10 frames, ended after them");
}

static void past_frames_are_told_later() {
  Rig rig("NvSORT", "TargetManagement:\n  probationAge: 4\n");
  for (int i = 0; i < 4; i++) {
    rig.frame({{walker(i)}});
    CHECK(rig.stream.past().empty());
  }
  rig.frame({{walker(4)}});
  CHECK_INT(rig.stream.past().size(), 1);
  CHECK_INT(rig.stream.past()[0].moments.size(), 4);
  CHECK_INT(rig.stream.past()[0].moments[0].frame, 0);
  CHECK(rig.stream.past()[0].moments[3].state == TargetState::Tentative);
  rig.frame({{walker(5)}});
  CHECK(rig.stream.past().empty());
  puts("past frames: the four of the probation");
}

static void intervals_are_bridged() {
  for (const char *sample : {"NvSORT", "ByteTrack", "OCSORT"}) {
    Rig rig(sample, "TargetManagement:\n  probationAge: 1\n");
    for (int i = 0; i < 80; i++) {
      if (i % 4)
        rig.frame({}, false);
      else
        rig.frame({{walker(i)}});
      if (i < 20) continue;
      CHECK_INT(rig.ids().size(), 1);
      CHECK(overlap(rig.stream.targets()[0].box, walker(i)) > 0.6f);
    }
    CHECK_INT(rig.next_id, 1);
  }
  puts("intervals: detected in each fourth frame, there in all");
}

static void classes_are_told_apart() {
  Rig apart("NvSORT");
  for (int i = 0; i < 10; i++) apart.frame({{walker(i), 0.9f, static_cast<uint16_t>(i / 5)}});
  CHECK_INT(apart.next_id, 2);
  Rig together("NvSORT", "DataAssociator:\n  checkClassMatch: 0\n");
  for (int i = 0; i < 10; i++) together.frame({{walker(i), 0.9f, static_cast<uint16_t>(i / 5)}});
  CHECK_INT(together.next_id, 1);
  puts("classes: another class is another object, unless told otherwise");
}

static void unsure_detections_only_go_on() {
  Rig rig("NvSORT");
  for (int i = 0; i < 10; i++) rig.frame({{walker(i), 0.3f}});
  CHECK_INT(rig.stream.targets().size(), 0);
  for (int i = 10; i < 20; i++) rig.frame({{walker(i), 0.9f}});
  for (int i = 20; i < 40; i++) rig.frame({{walker(i), 0.3f}});
  CHECK_INT(rig.ids().size(), 1);
  CHECK(rig.stream.targets()[0].seen_now());
  puts("unsure detections: none begins a target, one goes on");
}

static void a_shaking_camera_does_not_matter() {
  for (bool follow : {true, false}) {
    Rig rig("NvSORT", follow ? "" : "StateEstimator:\n  compensateCameraMotion: 0\n"
                                    "TrajectoryManagement:\n  enableReAssoc: 0\n");
    for (int i = 0; i < 40; i++) {
      const float jolt = 45.f * static_cast<float>(i / 10);
      std::vector<Rig::Seen> seen;
      for (int n = 0; n < 12; n++)
        seen.push_back({{100.f + 130 * static_cast<float>(n) + static_cast<float>(i) + jolt,
                         200 + 40.f * static_cast<float>(n % 5) + jolt, 40, 100}});
      rig.frame(seen);
    }
    if (follow)
      CHECK_INT(rig.next_id, 12);
    else
      CHECK(rig.next_id > 12);
  }
  puts("camera: jolts of 45 pixels, the same 12 ids; more without compensation");
}

static void no_more_targets_than_allowed() {
  Rig rig("NvSORT", "TargetManagement:\n  maxTargetsPerStream: 5\n");
  for (int i = 0; i < 10; i++) {
    std::vector<Rig::Seen> seen;
    for (int n = 0; n < 30; n++) seen.push_back({{60.f * static_cast<float>(n), 100, 40, 90}});
    rig.frame(seen);
    CHECK_INT(rig.stream.targets().size(), 5);
  }
  /* The same box ten thousand times, and none. */
  rig.frame(std::vector<Rig::Seen>(10000, {{500, 500, 40, 90}}));
  rig.frame({});
  Rig many("NvSORT");
  for (int i = 0; i < 3; i++) many.frame(std::vector<Rig::Seen>(10000, {{500, 500, 40, 90}}));
  CHECK_INT(many.stream.targets().size(), 400);
  puts("limits: 5 targets of 30; 10,000 detections of one place, and 400 targets there");
}

static void the_same_frames_give_the_same_ids() {
  std::vector<std::vector<uint64_t>> runs;
  for (int run = 0; run < 2; run++) {
    Rig rig("NvSORT");
    unsigned random = 1;
    auto next = [&random] { return static_cast<float>((random = random * 1664525 + 1013904223) >> 16); };
    std::vector<uint64_t> all;
    for (int i = 0; i < 100; i++) {
      std::vector<Rig::Seen> seen;
      for (int n = 0; n < 40; n++)
        seen.push_back({{std::fmod(next(), 1800.f), std::fmod(next(), 900.f), 60, 120},
                        0.3f + std::fmod(next(), 70.f) / 100});
      rig.frame(seen);
      for (uint64_t id : rig.ids()) all.push_back(id);
    }
    runs.push_back(all);
  }
  CHECK(!runs[0].empty() && runs[0] == runs[1]);
  puts("determinism: 100 frames of noise, twice the same");
}

/* A patterned box on noise, which goes round in a circle. */
static Box circling(int frame) {
  const float angle = 0.08f * static_cast<float>(frame);
  return {300 + 120 * std::cos(angle), 250 + 120 * std::sin(angle), 40, 64};
}

static std::vector<uint8_t> painted(const Box &box, int width, int height, int step) {
  std::vector<uint8_t> pixels(static_cast<size_t>(width * height * step));
  std::mt19937 noise(9);
  for (uint8_t &value : pixels) value = static_cast<uint8_t>(90 + noise() % 20);
  for (int y = 0; y < static_cast<int>(box.height); y++)
    for (int x = 0; x < static_cast<int>(box.width); x++)
      for (int c = 0; c < step; c++)
        pixels[static_cast<size_t>(((y + static_cast<int>(box.y)) * width + x +
                                    static_cast<int>(box.x)) * step + c)] =
            static_cast<uint8_t>(x / 8 * 37 + y / 8 * 91 + c * 50 + x / 8 * (y / 8) * 59);
  return pixels;
}

static void looks_bridge_what_motion_cannot() {
  for (const char *sample : {"NvSORT", "NvDCF_perf", "NvDCF_accuracy"}) {
    Rig rig(sample);
    Picture picture;
    picture.width = 640;
    picture.height = 480;
    picture.step = rig.config.visual.colors ? 4 : 1;
    picture.pitch = picture.width * picture.step;
    for (int i = 0; i < 70; i++) {
      const Box box = circling(i);
      const std::vector<uint8_t> pixels = painted(box, 640, 480, picture.step);
      picture.pixels = pixels.data();
      rig.picture = &picture;
      /* After 20 frames the detector runs no more. */
      if (i < 20)
        rig.frame({{box}});
      else
        rig.frame({}, false);
    }
    const float good = overlap(rig.stream.targets()[0].box, circling(69));
    if (rig.visual) {
      CHECK_INT(rig.ids().size(), 1);
      CHECK(good > 0.5f);
    } else {
      CHECK(good < 0.2f);
    }
  }
  puts("looks: 50 frames without a detector, round in a circle; motion alone goes astray");
}

int main() {
  looks_bridge_what_motion_cannot();
  ids_stay();
  crossing_walkers_keep_their_ids();
  probation_and_early_termination();
  shadow_and_termination();
  past_frames_are_told_later();
  intervals_are_bridged();
  classes_are_told_apart();
  unsure_detections_only_go_on();
  a_shaking_camera_does_not_matter();
  no_more_targets_than_allowed();
  the_same_frames_give_the_same_ids();
  return 0;
}
