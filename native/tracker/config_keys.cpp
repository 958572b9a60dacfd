/* SPDX-License-Identifier: Apache-2.0 */
#include "config_keys.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace dsbind::tracker {
namespace {

using Set = std::function<std::string(const std::string &, Config *)>;

constexpr float kAny = std::numeric_limits<float>::max();

std::string number_text(double value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

/* Strict: all of the text, whatever the locale. */
bool parse(const std::string &text, double *value) {
  const char *first = text.data(), *last = first + text.size();
  if (first != last && *first == '+') first++;
  auto result = std::from_chars(first, last, *value);
  return first != last && result.ec == std::errc() && result.ptr == last && std::isfinite(*value);
}

std::string outside(double low, double high) {
  return high >= static_cast<double>(kAny)
             ? "use a number from " + number_text(low)
             : "use a number from " + number_text(low) + " to " + number_text(high);
}

template <class Part>
Set real(Part Config::*part, float Part::*field, double low, double high) {
  return [=](const std::string &text, Config *config) -> std::string {
    double value = 0;
    if (!parse(text, &value) || value < low || value > high) return outside(low, high);
    config->*part.*field = static_cast<float>(value);
    return {};
  };
}

template <class Part>
Set whole(Part Config::*part, int Part::*field, int low, int high) {
  return [=](const std::string &text, Config *config) -> std::string {
    double value = 0;
    if (!parse(text, &value) || value < low || value > high || value != std::floor(value))
      return "use a whole number from " + std::to_string(low) + " to " + std::to_string(high);
    config->*part.*field = static_cast<int>(value);
    return {};
  };
}

/* 0 or 1, or as YAML says it. */
bool parse_flag(const std::string &text, bool *value) {
  *value = text == "1" || text == "true" || text == "True";
  return *value || text == "0" || text == "false" || text == "False";
}

template <class Part>
Set flag(Part Config::*part, bool Part::*field) {
  return [=](const std::string &text, Config *config) -> std::string {
    return parse_flag(text, &(config->*part.*field)) ? "" : "use 0 or 1";
  };
}

Set choice(int most, const std::string &choices, std::function<std::string(int, Config *)> apply) {
  return [=](const std::string &text, Config *config) -> std::string {
    double value = 0;
    if (!parse(text, &value) || value != std::floor(value) || value < 0 || value > most)
      return "use " + choices;
    return apply(static_cast<int>(value), config);
  };
}

std::string set_estimator(int value, Config *config) {
  if (value == 3)
    return "SIMPLE_LOC (3) follows feet in the world, which needs camera models that are not read "
           "here; use 1 or 2";
  config->estimator.type = static_cast<StateEstimator>(value);
  return {};
}

std::string set_reid(int value, Config *config) {
  config->reid.associates = value & 1;
  config->reid.reassociates = value & 2;
  return {};
}

std::string set_text(std::string ReidConfig::*field, const std::string &text, Config *config) {
  config->reid.*field = text;
  return text.empty() || text.find('\0') != std::string::npos ? "use a path" : "";
}

/* Matters only where a model is run. */
Set note(const char *name, const char *reason) {
  return [=](const std::string &, Config *config) -> std::string {
    config->reid.notes.push_back(config->path + ": ReID." + name + " has no effect: " + reason);
    return {};
  };
}

/* `count` numbers, or none of a list of another length. */
template <class Number>
std::string set_numbers(const std::vector<std::string> &texts, size_t count, double low,
                        double high, bool are_whole, std::vector<Number> *numbers) {
  std::vector<Number> all;
  for (const std::string &text : texts) {
    double value = 0;
    if (!parse(text, &value) || value < low || value > high ||
        (are_whole && value != std::floor(value)))
      break;
    all.push_back(static_cast<Number>(value));
  }
  if (all.size() != count || texts.size() != count)
    return "use " + std::to_string(count) + (are_whole ? " whole" : "") + " numbers from " +
           number_text(low) + " to " + number_text(high) + ", such as [" +
           (are_whole ? "3, 256, 128" : "123.7, 116.3, 103.5") + "]";
  *numbers = std::move(all);
  return {};
}

std::string set_dims(const std::vector<std::string> &texts, Config *config) {
  return set_numbers(texts, 3, 1, 16384, true, &config->reid.dims);
}

std::string set_offsets(const std::vector<std::string> &texts, Config *config) {
  return set_numbers(texts, 3, -1e6, 1e6, false, &config->reid.offsets);
}

std::string set_segmenter(int value, Config *) {
  return value ? "masks need a segmentation model, and none is run here; use 0" : "";
}

const char kWorld[] = "there are no camera models here, so targets are followed in the picture";
const char kTensorRt[] = "TensorRT does not run here; ONNX Runtime runs the model of onnxFile";
const char kSegment[] = "no segmentation model is run here";
const char kPose[] = "no pose model is run here";

const std::vector<Key> &keys() {
  using C = Config;
  using T = TargetConfig;
  using R = ReassociationConfig;
  using A = AssociationConfig;
  using S = StateEstimatorConfig;
  using V = VisualConfig;
  using I = ReidConfig;
  static const std::vector<Key> all = {
      {"BaseConfig", "minDetectorConfidence",
       [](const std::string &text, Config *config) -> std::string {
         double value = 0;
         if (!parse(text, &value) || value < -1 || value > 1) return outside(-1, 1);
         config->min_detector_confidence = static_cast<float>(value);
         return {};
       },
       nullptr},

      {"TargetManagement", "preserveStreamUpdateOrder", flag(&C::target, &T::keep_order), nullptr},
      {"TargetManagement", "enableBboxUnClipping", flag(&C::target, &T::unclip), nullptr},
      {"TargetManagement", "maxTargetsPerStream", whole(&C::target, &T::max_targets, 1, 10000),
       nullptr},
      {"TargetManagement", "minIouDiff4NewTarget",
       real(&C::target, &T::new_target_overlap, 0, 1), nullptr},
      {"TargetManagement", "minTrackerConfidence", real(&C::target, &T::min_confidence, 0, 1),
       nullptr},
      {"TargetManagement", "probationAge", whole(&C::target, &T::probation_age, 0, 100000),
       nullptr},
      {"TargetManagement", "maxShadowTrackingAge",
       whole(&C::target, &T::max_shadow_age, 0, 100000), nullptr},
      {"TargetManagement", "earlyTerminationAge",
       whole(&C::target, &T::early_termination_age, 0, 100000), nullptr},
      {"TargetManagement", "searchRegionPaddingScale",
       real(&C::target, &T::search_padding, 0, 10), nullptr},
      {"TargetManagement", "outputTerminatedTracks", flag(&C::target, &T::output_terminated),
       nullptr},
      {"TargetManagement", "outputShadowTracks", flag(&C::target, &T::output_shadow), nullptr},
      {"TargetManagement", "terminatedTrackFilename", {},
       "no files are written; read the terminated tracks from the batch's metadata"},

      {"TrajectoryManagement", "useUniqueID", flag(&C::reassociation, &R::unique_id), nullptr},
      {"TrajectoryManagement", "enableReAssoc", flag(&C::reassociation, &R::enabled), nullptr},
      {"TrajectoryManagement", "minMatchingScore4Overall",
       real(&C::reassociation, &R::min_score, 0, 1), nullptr},
      {"TrajectoryManagement", "minTrackletMatchingScore",
       real(&C::reassociation, &R::min_tracklet_score, 0, 1), nullptr},
      {"TrajectoryManagement", "minMatchingScore4ReidSimilarity",
       real(&C::reassociation, &R::min_reid, 0, 1), nullptr},
      {"TrajectoryManagement", "matchingScoreWeight4TrackletSimilarity",
       real(&C::reassociation, &R::weight_tracklet, 0, 10), nullptr},
      {"TrajectoryManagement", "matchingScoreWeight4ReidSimilarity",
       real(&C::reassociation, &R::weight_reid, 0, 10), nullptr},
      {"TrajectoryManagement", "minTrajectoryLength4Projection",
       whole(&C::reassociation, &R::min_length, 0, 100000), nullptr},
      {"TrajectoryManagement", "prepLength4TrajectoryProjection", {}, nullptr},
      {"TrajectoryManagement", "trajectoryProjectionLength",
       whole(&C::reassociation, &R::projection_length, 0, 100000), nullptr},
      {"TrajectoryManagement", "maxAngle4TrackletMatching",
       real(&C::reassociation, &R::max_angle, 0, 180), nullptr},
      {"TrajectoryManagement", "minSpeedSimilarity4TrackletMatching",
       real(&C::reassociation, &R::min_speed_similarity, 0, 1), nullptr},
      {"TrajectoryManagement", "minBboxSizeSimilarity4TrackletMatching",
       real(&C::reassociation, &R::min_size_similarity, 0, 1), nullptr},
      {"TrajectoryManagement", "maxTrackletMatchingTimeSearchRange",
       whole(&C::reassociation, &R::time_range, 0, 100000), nullptr},
      {"TrajectoryManagement", "trajectoryProjectionProcessNoiseScale",
       real(&C::reassociation, &R::process_noise_scale, 0, kAny), nullptr},
      {"TrajectoryManagement", "trajectoryProjectionMeasurementNoiseScale", {}, nullptr},
      {"TrajectoryManagement", "trackletSpacialSearchRegionScale",
       real(&C::reassociation, &R::search_scale, 0, kAny), nullptr},
      {"TrajectoryManagement", "reidExtractionInterval",
       whole(&C::reassociation, &R::reid_interval, -1, 100000), nullptr},

      {"DataAssociator", "dataAssociatorType",
       choice(0, "0", [](int, Config *) { return std::string(); }), nullptr},
      {"DataAssociator", "associationMatcherType",
       choice(1, "0 (greedy) or 1 (cascaded)",
              [](int value, Config *config) {
                config->association.matcher = static_cast<Matcher>(value);
                return std::string();
              }),
       nullptr},
      {"DataAssociator", "checkClassMatch", flag(&C::association, &A::same_class), nullptr},
      {"DataAssociator", "usePrediction4Assoc", flag(&C::association, &A::predicted), nullptr},
      {"DataAssociator", "minMatchingScore4Overall", real(&C::association, &A::min_overall, 0, 10),
       nullptr},
      {"DataAssociator", "minMatchingScore4SizeSimilarity",
       real(&C::association, &A::min_size, 0, 1), nullptr},
      {"DataAssociator", "minMatchingScore4Iou", real(&C::association, &A::min_overlap, 0, 1),
       nullptr},
      {"DataAssociator", "minMatchingScore4VisualSimilarity",
       real(&C::association, &A::min_visual, 0, 1), nullptr},
      {"DataAssociator", "minMatchingScore4ReidSimilarity",
       real(&C::association, &A::min_reid, 0, 1), nullptr},
      {"DataAssociator", "matchingScoreWeight4VisualSimilarity",
       real(&C::association, &A::weight_visual, 0, 10), nullptr},
      {"DataAssociator", "matchingScoreWeight4SizeSimilarity",
       real(&C::association, &A::weight_size, 0, 10), nullptr},
      {"DataAssociator", "matchingScoreWeight4Iou",
       real(&C::association, &A::weight_overlap, 0, 10), nullptr},
      {"DataAssociator", "matchingScoreWeight4ReidSimilarity",
       real(&C::association, &A::weight_reid, 0, 10), nullptr},
      {"DataAssociator", "tentativeDetectorConfidence",
       real(&C::association, &A::tentative_confidence, 0, 1), nullptr},
      {"DataAssociator", "minMatchingScore4TentativeIou",
       real(&C::association, &A::min_tentative_overlap, 0, 1), nullptr},
      {"DataAssociator", "thresholdMahalanobis",
       real(&C::association, &A::max_mahalanobis, -1e6, kAny), nullptr},
      {"DataAssociator", "matchingScoreWeight4Direction",
       real(&C::association, &A::weight_direction, 0, 10), nullptr},
      {"DataAssociator", "useLastObservation", flag(&C::association, &A::last_observation),
       nullptr},

      {"StateEstimator", "stateEstimatorType",
       choice(3, "0 (dummy), 1 (simple) or 2 (regular)", set_estimator), nullptr},
      {"StateEstimator", "processNoiseVar4Loc",
       real(&C::estimator, &S::process_location, 0, 1e9), nullptr},
      {"StateEstimator", "processNoiseVar4Size", real(&C::estimator, &S::process_size, 0, 1e9),
       nullptr},
      {"StateEstimator", "processNoiseVar4Vel", real(&C::estimator, &S::process_speed, 0, 1e9),
       nullptr},
      {"StateEstimator", "measurementNoiseVar4Detector",
       real(&C::estimator, &S::measurement_detector, 1e-6, 1e9), nullptr},
      {"StateEstimator", "measurementNoiseVar4Tracker",
       real(&C::estimator, &S::measurement_tracker, 1e-6, 1e9), nullptr},
      {"StateEstimator", "noiseWeightVar4Loc", real(&C::estimator, &S::weight_location, 1e-6, 100),
       nullptr},
      {"StateEstimator", "noiseWeightVar4Vel", real(&C::estimator, &S::weight_speed, 0, 100),
       nullptr},
      {"StateEstimator", "useAspectRatio", flag(&C::estimator, &S::aspect_ratio), nullptr},
      {"StateEstimator", "compensateCameraMotion", flag(&C::estimator, &S::camera_motion),
       nullptr},
      {"StateEstimator", "replayAfterLoss", flag(&C::estimator, &S::replay), nullptr},

      {"VisualTracker", "visualTrackerType",
       choice(2, "0 (none), 1 or 2 (NvDCF)",
              [](int value, Config *config) {
                config->visual.enabled = value != 0;
                return std::string();
              }),
       nullptr},
      {"VisualTracker", "useColorNames", flag(&C::visual, &V::colors), nullptr},
      {"VisualTracker", "useHog", flag(&C::visual, &V::gradients), nullptr},
      {"VisualTracker", "useHighPrecisionFeature", {}, nullptr},
      {"VisualTracker", "featureImgSizeLevel", whole(&C::visual, &V::size_level, 1, 5), nullptr},
      {"VisualTracker", "featureFocusOffsetFactor_y",
       real(&C::visual, &V::focus_offset_y, -0.5, 0.5), nullptr},
      {"VisualTracker", "filterLr", real(&C::visual, &V::learning_rate, 0, 1), nullptr},
      {"VisualTracker", "filterChannelWeightsLr",
       real(&C::visual, &V::channel_learning_rate, 0, 1), nullptr},
      {"VisualTracker", "gaussianSigma", real(&C::visual, &V::sigma, 1e-3, 100), nullptr},
      {"VisualTracker", "vpiBackend4DcfTracker", {}, nullptr},

      {"ReID", "reidType",
       choice(3, "0 (none), 1 (association), 2 (re-association) or 3 (both)", set_reid), nullptr},
      {"ReID", "onnxFile",
       [](const std::string &text, Config *config) {
         return set_text(&ReidConfig::model, text, config);
       },
       nullptr},
      {"ReID", "batchSize", whole(&C::reid, &I::batch, 1, 1024), nullptr},
      {"ReID", "reidFeatureSize", whole(&C::reid, &I::feature_size, 1, 65536), nullptr},
      {"ReID", "reidHistorySize", whole(&C::reid, &I::history, 1, 10000), nullptr},
      {"ReID", "inferDims", {}, nullptr, set_dims},
      {"ReID", "inputOrder",
       choice(1, "0 (channels first) or 1 (channels last)",
              [](int value, Config *config) {
                config->reid.channels_last = value;
                return std::string();
              }),
       nullptr},
      {"ReID", "colorFormat",
       choice(1, "0 (RGB) or 1 (BGR)",
              [](int value, Config *config) {
                config->reid.bgr = value;
                return std::string();
              }),
       nullptr},
      {"ReID", "offsets", {}, nullptr, set_offsets},
      {"ReID", "netScaleFactor", real(&C::reid, &I::scale, 1e-9, 1e9), nullptr},
      {"ReID", "keepAspc", flag(&C::reid, &I::keep_aspect), nullptr},
      {"ReID", "addFeatureNormalization", flag(&C::reid, &I::normalise), nullptr},
      {"ReID", "outputReidTensor", flag(&C::reid, &I::output), nullptr},
      {"ReID", "workspaceSize", note("workspaceSize", "ONNX Runtime takes the memory it needs"),
       nullptr},
      {"ReID", "modelEngineFile", note("modelEngineFile", kTensorRt), nullptr},
      {"ReID", "tltEncodedModel", note("tltEncodedModel", kTensorRt), nullptr},
      {"ReID", "tltModelKey", {}, nullptr},
      {"ReID", "calibrationTableFile", note("calibrationTableFile", kTensorRt), nullptr},
      {"ReID", "networkMode", {}, nullptr},
      {"ReID", "useVPICropScaler", {}, nullptr},
      {"ReID", "inputBlobName", {}, nullptr},
      {"ReID", "outputBlobName", {}, nullptr},
      {"ReID", "uffFile", note("uffFile", kTensorRt), nullptr},
      {"Segmenter", "segmenterType", choice(1, "0", set_segmenter), nullptr},
      {"Segmenter", "segmenterConfigPath", {}, kSegment},
      {"ObjectModelProjection", "cameraModelFilepath", {}, kWorld},
      {"ObjectModelProjection", "outputVisibility", {}, kWorld},
      {"ObjectModelProjection", "outputFootLocation", {}, kWorld},
      {"ObjectModelProjection", "outputConvexHull", {}, kWorld},
      {"ObjectModelProjection", "minPoseConfidence", {}, kWorld},
      {"ObjectModelProjection", "maxConvexHullSize", {}, kWorld},
      {"PoseEstimator", "poseEstimatorType", {}, kPose},
  };
  return all;
}

/* Of sections whose type key has said already that they are not used. */
const Key kQuiet = {nullptr, nullptr, {}, nullptr};

const char *const kSections[] = {"BaseConfig",      "TargetManagement", "TrajectoryManagement",
                                 "DataAssociator",  "StateEstimator",   "VisualTracker",
                                 "ReID",            "Segmenter",        "ObjectModelProjection",
                                 "PoseEstimator",   "MultiViewAssociator", "Communicator"};

size_t distance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

template <class Names>
std::string nearest(const std::string &name, const Names &names) {
  if (name.size() > 64) return {};
  std::string best;
  size_t least = std::max<size_t>(name.size() / 3, 2) + 1;
  for (const std::string &candidate : names) {
    size_t far = distance(name, candidate);
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

bool is_section(const std::string &name) {
  return std::find(std::begin(kSections), std::end(kSections), name) != std::end(kSections);
}

const Key *find_key(const std::string &section, const std::string &name) {
  for (const Key &key : keys())
    if (section == key.section && name == key.name) return &key;
  /* Details of models that do not run. */
  static const std::vector<std::string> models = {"Segmenter", "PoseEstimator",
                                                  "MultiViewAssociator", "Communicator"};
  return std::find(models.begin(), models.end(), section) != models.end() ? &kQuiet : nullptr;
}

std::string nearest_key(const std::string &section, const std::string &name) {
  std::vector<std::string> names;
  for (const Key &key : keys())
    if (section == key.section) names.emplace_back(key.name);
  return nearest(name, names);
}

std::string nearest_section(const std::string &name) {
  return nearest(name, std::vector<std::string>(std::begin(kSections), std::end(kSections)));
}

}  // namespace dsbind::tracker
