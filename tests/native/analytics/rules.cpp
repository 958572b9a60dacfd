/* SPDX-License-Identifier: Apache-2.0 */
/* Config files of nvdsanalytics: INI and YAML say the same, and what is wrong is named. */
#include "rules.h"

#include "check.h"
#include "files.h"

using namespace dsbind::analytics;

static Folder *folder;

static std::string error_with(const std::string &text) {
  std::string path = folder->write("c.txt", text);
  return error_of([&] { load_rules(path); });
}

static std::string warnings_with(const std::string &text) {
  std::string all;
  for (const std::string &warning : load_rules(folder->write("c.txt", text)).warnings)
    all += warning + "\n";
  return all;
}

static void check_example(const Rules &rules) {
  for (const std::string &warning : rules.warnings) CHECK_SAME(warning, "");
  CHECK(rules.enabled);
  CHECK_INT(rules.width, 1280);
  CHECK_INT(rules.height, 720);
  CHECK(rules.osd_mode == OsdMode::Shapes);
  CHECK_INT(rules.font_size, 14);
  CHECK_INT(rules.streams.size(), 3);

  const StreamRules &first = rules.streams.at(0);
  CHECK_INT(first.rois.size(), 2);
  CHECK_SAME(first.rois[0].label, "RF");
  CHECK_INT(first.rois[0].region.size(), 4);
  CHECK(first.rois[0].region[2] == (Point{642, 913}));
  CHECK(first.rois[0].inverse);
  CHECK(first.rois[0].concerns(7));
  CHECK_INT(first.lines.size(), 1);
  CHECK_SAME(first.lines[0].label, "Exit");
  CHECK(first.lines[0].arrow.b == (Point{1084, 900}));
  CHECK(first.lines[0].line.a == (Point{851, 773}));
  CHECK(first.lines[0].extended);
  CHECK(first.lines[0].mode == Mode::Loose);
  CHECK(first.lines[0].concerns(2) && !first.lines[0].concerns(1));

  const StreamRules &second = rules.streams.at(1);
  CHECK_INT(second.crowds.size(), 1);
  CHECK_INT(second.crowds[0].threshold, 3);
  CHECK_INT(second.crowds[0].time, 1500000000);
  CHECK_INT(second.directions.size(), 1);
  CHECK(second.directions[0].mode == Mode::Balanced);
  CHECK_INT(rules.streams.at(2).rois.size(), 0); /* off */

  const StreamRules half = first.scaled(0.5, 0.25);
  CHECK(half.rois[0].region[2] == (Point{321, 228.25}));
  CHECK(half.lines[0].arrow.b == (Point{542, 225}));
}

static void ini_and_yaml_agree() {
  check_example(load_rules(folder->write(
      "a.txt",
      "# comment\n[property]\nenable=1\nconfig-width=1280\nconfig-height=720\nosd-mode=1\n"
      "display-font-size=14\n\n[roi-filtering-stream-0]\nenable=1\n"
      "roi-RF=295;643;579;634;642;913;56;828\nroi-Other=0;0;1.5;0;1;1;\ninverse-roi=1\n"
      "class-id=-1\n[overcrowding-stream-1]\nroi-OC=0;0;10;0;10;10\nobject-threshold=3\n"
      "time-threshold=1500\n[line-crossing-stream-0]\n"
      "line-crossing-Exit=789;672;1084;900;851;773;1203;732\nclass-id=0;2\nextended=1\n"
      "mode=loose\n[direction-detection-stream-1]\ndirection-South=284;840;360;662\n"
      "[roi-filtering-stream-2]\nenable=0\nroi-A=0;0;9;0;9;9\n")));
  check_example(load_rules(folder->write(
      "a.yml",
      "property:\n  enable: 1\n  config-width: 1280\n  config-height: 720\n  osd-mode: 1\n"
      "  display-font-size: 14\nroi-filtering-stream-0:\n  enable: 1\n"
      "  roi-RF: 295;643;579;634;642;913;56;828\n  roi-Other: [0, 0, 1.5, 0, 1, 1]\n"
      "  inverse-roi: 1\n  class-id: -1\novercrowding-stream-1:\n  roi-OC: 0;0;10;0;10;10\n"
      "  object-threshold: 3\n  time-threshold: 1500\nline-crossing-stream-0:\n"
      "  line-crossing-Exit: 789;672;1084;900;851;773;1203;732\n  class-id: 0;2\n"
      "  extended: 1\n  mode: loose\ndirection-detection-stream-1:\n"
      "  direction-South: 284;840;360;662\nroi-filtering-stream-2:\n  enable: 0\n"
      "  roi-A: 0;0;9;0;9;9\n")));
  puts("ini and yaml: the same");
}

static void wrong_values_are_named() {
  const std::string roi = "[roi-filtering-stream-0]\n", line = "[line-crossing-stream-0]\n";
  CHECK_HAS(error_with(roi + "roi-A=0;0;9;0;9\n"),
            "c.txt:2: [roi-filtering-stream-0] roi-A=0;0;9;0;9 has a coordinate left over");
  CHECK_HAS(error_with(roi + "roi-A=0;0;9;0\n"), "should be 3 to 1024 points");
  CHECK_HAS(error_with(roi + "roi-A=0;0;9;zero;9;9\n"), "has 'zero', which is not a number");
  CHECK_HAS(error_with(roi + "roi-A=0;0;1e9;0;9;9\n"), "far outside of any frame");
  CHECK_HAS(error_with(roi + "roi-A=0;0;nan;0;9;9\n"), "not a number");
  CHECK_HAS(error_with(roi + "roi-=0;0;9;0;9;9\n"), "has no label: the key is roi-LABEL");
  CHECK_HAS(error_with(roi + "roi-A=0;0;9;0;9;9\nenable=maybe\n"), "neither 0 nor 1");
  CHECK_HAS(error_with(roi + "roi-A=0;0;9;0;9;9\nclass-id=car\n"), "'car', which is not a whole");
  CHECK_HAS(error_with(roi + "roi-A=0;0;9;0;9;9\nclass-id=\n"), "names no class");
  CHECK_HAS(error_with(line + "line-crossing-A=0;0;9;0;9;9\n"), "should be 8 numbers");
  CHECK_HAS(error_with(line + "line-crossing-A=0;0;0;0;0;9;9;9\n"), "a direction from a point");
  CHECK_HAS(error_with(line + "line-crossing-A=0;0;9;0;5;5;5;5\n"), "a line from a point");
  CHECK_HAS(error_with(line + "line-crossing-A=0;0;9;0;1;5;8;5\n"), "a direction along the line");
  CHECK_HAS(error_with(line + "line-crossing-A=5;0;5;9;1;5;8;5\nmode=lose\n"),
            "mode=lose is none of balanced, loose, strict");
  CHECK_HAS(error_with("[direction-detection-stream-0]\ndirection-A=1;1;1;1\n"),
            "leads from a point to the same point");
  CHECK_HAS(error_with("[overcrowding-stream-0]\nroi-A=0;0;9;0;9;9\nobject-threshold=-1\n"),
            "out of range: 0 to");
  CHECK_HAS(error_with("[overcrowding-stream-0]\nroi-A=0;0;9;0;9;9\ntime-threshold=1e3\n"),
            "not a whole number");
  CHECK_HAS(error_with("[property]\nconfig-width=0\n"), "config-width=0 is out of range: 1 to");
  CHECK_HAS(error_with("[property]\nosd-mode=3\n"), "out of range: 0 to 2");
  CHECK_HAS(error_with("[roi-filtering-stream-x]\nroi-A=0;0;9;0;9;9\n"), "the number of a stream");
  CHECK_HAS(error_with("[roi-filtering-stream--1]\nroi-A=0;0;9;0;9;9\n"), "the number of a stream");
  /* What is off is checked too. */
  CHECK_HAS(error_with(roi + "enable=0\nroi-A=0;0\n"), "should be 3 to 1024 points");
  CHECK_HAS(error_of([] { load_rules("/no/such/file.txt"); }), "'/no/such/file.txt' does not exist");
  puts("wrong values: file, line, group and key are named");
}

static void names_are_checked() {
  const std::string good = "[roi-filtering-stream-0]\nroi-A=0;0;9;0;9;9\n";
  CHECK_SAME(warnings_with(good), "");
  CHECK_HAS(warnings_with(good + "class-ids=1\n"), "did you mean class-id?");
  CHECK_HAS(warnings_with(good + "region-A=1\n"), "named by roi-LABEL");
  CHECK_HAS(warnings_with(good + "[line-crosing-stream-3]\nmode=loose\n"),
            "did you mean [line-crossing-stream-3]?");
  CHECK_HAS(warnings_with(good + "[property]\nosdmode=1\n"), "did you mean osd-mode?");
  CHECK_HAS(warnings_with(good + "[line-crossing-stream-0]\nenable=1\n"),
            "has no line-crossing-LABEL");
  CHECK_HAS(warnings_with("[property]\nenable=1\n"), "has no rule for any stream");
  CHECK_HAS(warnings_with("[roi-filtering-stream-0]\nroi-A=0;0;9;9;5;5\n"), "encloses no area");
  puts("names: the nearest one is suggested");
}

int main() {
  Folder own;
  folder = &own;
  ini_and_yaml_agree();
  wrong_values_are_named();
  names_are_checked();
  return 0;
}
