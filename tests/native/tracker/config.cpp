/* SPDX-License-Identifier: Apache-2.0 */
/* The tracker's config file: every key, values that are not possible, and rubbish. */
#include "config.h"

#include <fstream>
#include <random>
#include <sstream>

#include "check.h"

using namespace dsbind::tracker;

static Config read(const std::string &text) {
  Config config;
  read_config(text, "c.yml", &config);
  return config;
}

static std::string error_of(const std::string &text) {
  try {
    read(text);
  } catch (const ConfigError &error) {
    return error.what();
  }
  return "no error";
}

static void check_has(const std::string &text, const std::string &part) {
  if (text.find(part) == std::string::npos)
    check_failed(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", part.c_str(), text.c_str());
}

static std::string slurp(const std::string &path) {
  std::ifstream file(path);
  CHECK(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

static void values_are_taken() {
  const Config config = read(
      "%YAML:1.0\n####\nBaseConfig:\n  minDetectorConfidence: 0.25   # comment\n"
      "TargetManagement:\n  maxTargetsPerStream: 7\n  probationAge: 5\n  enableBboxUnClipping: 1\n"
      "DataAssociator:\n  associationMatcherType: 1\n  checkClassMatch: 0\n"
      "  minMatchingScore4Iou: 1e-1\n"
      "StateEstimator:\n  stateEstimatorType: 2\n  useAspectRatio: true\n"
      "VisualTracker:\n  visualTrackerType: 2\n  useColorNames: 1\n  featureImgSizeLevel: 5\n");
  CHECK_NEAR(config.min_detector_confidence, 0.25, 1e-6);
  CHECK_INT(config.target.max_targets, 7);
  CHECK_INT(config.target.probation_age, 5);
  CHECK(config.target.unclip);
  CHECK(config.association.matcher == Matcher::Cascaded);
  CHECK(!config.association.same_class);
  CHECK_NEAR(config.association.min_overlap, 0.1, 1e-6);
  CHECK(config.estimator.type == StateEstimator::Regular && config.estimator.aspect_ratio);
  CHECK(config.visual.enabled && config.visual.colors);
  CHECK_INT(config.visual.size_level, 5);
  CHECK(config.warnings.empty());
  CHECK_INT(read("").target.max_targets, 150);
  puts("values: of each section, with the SDK's first line");
}

static void what_is_not_possible_is_an_error() {
  struct {
    const char *text, *error;
  } cases[] = {
      {"TargetManagement:\n  probationAge: -1\n", "c.yml:2: TargetManagement.probationAge: -1"},
      {"TargetManagement:\n  probationAge: 2.5\n", "use a whole number from 0 to 100000"},
      {"TargetManagement:\n  maxTargetsPerStream: 0\n", "use a whole number from 1 to 10000"},
      {"TargetManagement:\n  maxTargetsPerStream: 99999999999999999999\n", "use a whole number"},
      {"TargetManagement:\n  minTrackerConfidence: 1.5\n", "use a number from 0 to 1"},
      {"TargetManagement:\n  minTrackerConfidence: nan\n", "use a number from 0 to 1"},
      {"TargetManagement:\n  minTrackerConfidence: high\n", "high is not possible"},
      {"TargetManagement:\n  enableBboxUnClipping: 2\n", "use 0 or 1"},
      {"DataAssociator:\n  associationMatcherType: 2\n", "0 (greedy) or 1 (cascaded)"},
      {"DataAssociator:\n  minMatchingScore4Iou: [1, 2]\n", "takes one value"},
      {"StateEstimator:\n  stateEstimatorType: 3\n", "needs camera models"},
      {"StateEstimator:\n  measurementNoiseVar4Detector: 0\n", "use a number from"},
      {"VisualTracker:\n  featureImgSizeLevel: 6\n", "use a whole number from 1 to 5"},
      {"VisualTracker:\n  gaussianSigma: 0\n", "use a number from"},
      {"ReID:\n  reidType: 2\n", "needs a model: set onnxFile"},
      {"ReID:\n  reidType: 4\n", "use 0 (none), 1 (association)"},
      {"ReID:\n  inferDims: [3, 64]\n", "use 3 whole numbers from 1 to 16384"},
      {"ReID:\n  offsets: 5\n", "use 3 numbers"},
      {"Segmenter:\n  segmenterType: 1\n", "need a segmentation model"},
      {"BaseConfig: 5\n", "expected `key: value` lines"},
      {"[1, 2]\n", "expected sections"},
      {"BaseConfig:\n  a: [\n", "not valid YAML"},
      {"? [a]\n: b\n", "expected a section's name"},
  };
  for (const auto &each : cases) check_has(error_of(each.text), each.error);
  puts("errors: each names file, line, section, key and value");
}

static void what_has_no_effect_is_told() {
  const Config config = read(
      "BaseConfig:\n  minDetectorConfidenc: 0.1\nTargetManagment:\n  probationAge: 1\n"
      "TargetManagement:\n  terminatedTrackFilename: x\nReID:\n  reidType: 2\n  onnxFile: m.onnx\n  workspaceSize: 9\n"
      "  inferDims: [3, 256, 128]\n  offsets: [109.1, 102.6, 91.3]\n"
      "ObjectModelProjection:\n  cameraModelFilepath:\n    - a.yml\n    - b.yml\n");
  CHECK_INT(config.warnings.size(), 5);
  check_has(config.warnings[0], "c.yml:2: BaseConfig has no key minDetectorConfidenc; did you mean "
                                "minDetectorConfidence?");
  check_has(config.warnings[1], "did you mean TargetManagement?");
  check_has(config.warnings[2], "read the terminated tracks from the batch's metadata");
  check_has(config.warnings[3], "no camera models here");
  check_has(config.warnings[4], "ReID.workspaceSize has no effect");
  CHECK(config.reid.reassociates && !config.reid.associates);
  CHECK_INT(config.reid.dims[1], 256);
  CHECK_NEAR(config.reid.offsets[2], 91.3, 1e-4);
  puts("warnings: five, with the nearest names and the reasons");
}

static void files_are_checked() {
  for (const char *path : {"/no/such/file.yml", "/tmp", "/dev/zero"}) {
    bool refused = false;
    try {
      load_config(path);
    } catch (const ConfigError &error) {
      check_has(error.what(), path);
      refused = true;
    }
    CHECK(refused);
  }
  puts("files: missing, a folder and a device are refused");
}

static void samples_are_read_and_differ() {
  std::vector<Config> configs;
  for (const char *name : {"IOU", "NvSORT", "NvDCF_perf", "NvDCF_accuracy", "ByteTrack", "OCSORT"}) {
    configs.push_back(load_config(std::string(DSBIND_SAMPLES "/config_tracker_") + name + ".yml"));
    for (const std::string &warning : configs.back().warnings)
      check_failed(__FILE__, __LINE__, "%s", warning.c_str());
  }
  CHECK(configs[0].estimator.type == StateEstimator::Dummy);
  CHECK(configs[1].estimator.type == StateEstimator::Regular);
  CHECK(configs[2].visual.enabled && !configs[2].visual.gradients);
  CHECK(configs[3].visual.enabled && configs[3].visual.gradients);
  CHECK(configs[5].association.last_observation);
  puts("samples: six, without a warning");
}

/* Damaged configs: an error or a config, and nothing else. */
static void rubbish_is_survived(long times) {
  const std::string whole = slurp(DSBIND_SAMPLES "/config_tracker_NvDCF_accuracy.yml");
  std::mt19937 random(7);
  long read_well = 0;
  for (long i = 0; i < times; i++) {
    std::string text = whole.substr(0, 200 + random() % 800);
    for (unsigned n = 1 + random() % 8; n; n--) {
      const size_t place = random() % text.size();
      switch (random() % 4) {
        case 0: text[place] = static_cast<char>(random()); break;
        case 1: text.erase(place, random() % 20); break;
        case 2: text.insert(place, text.substr(random() % text.size(), random() % 30)); break;
        default: text.insert(place, 1 + random() % 5, "[{:&*-\n%|>"[random() % 10]); break;
      }
      if (text.empty()) text = " ";
    }
    try {
      Config config;
      read_config(text, "c", &config);
      read_well++;
    } catch (const ConfigError &) {
    }
  }
  CHECK(read_well > 0 && read_well < times);
  printf("rubbish: %ld configs\n", times);
}

int main(int argc, char **argv) {
  values_are_taken();
  what_is_not_possible_is_an_error();
  what_has_no_effect_is_told();
  files_are_checked();
  samples_are_read_and_differ();
  rubbish_is_survived(argc > 1 ? atol(argv[1]) : 2000);
  return 0;
}
