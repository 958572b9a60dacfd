/* SPDX-License-Identifier: Apache-2.0 */
/* The config file of the tracker (ll-config-file): sections and keys of the DeepStream SDK's. */
#ifndef DSBIND_TRACKER_CONFIG_H
#define DSBIND_TRACKER_CONFIG_H

#include <stdexcept>
#include <string>
#include <vector>

namespace dsbind::tracker {

/* What is wrong with a config, in words for the user. */
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Matcher { Greedy = 0, Cascaded = 1 };
enum class StateEstimator { Dummy = 0, Simple = 1, Regular = 2 };

struct TargetConfig {
  bool keep_order = false; /* updates are always in order here */
  bool unclip = false;
  int max_targets = 150;
  float new_target_overlap = 0.5f; /* a detection that overlaps a target more is no new target */
  float min_confidence = 0.2f;     /* below this a target is tracked in the shadow */
  int probation_age = 3;
  int max_shadow_age = 30;
  int early_termination_age = 1;
  float search_padding = 0.5f; /* around a box, as a share of its diagonal */
  bool output_terminated = false;
  bool output_shadow = false;
};

/* Putting a target that was lost and one that appeared together. */
struct ReassociationConfig {
  bool unique_id = false;
  bool enabled = false;
  float min_score = 0;
  float min_tracklet_score = 0.3f;
  float min_reid = 0; /* of feature vectors; counts where reidType says so */
  float weight_tracklet = 1, weight_reid = 0;
  int reid_interval = 0; /* frames between two looks at a target; -1: one is enough */
  int min_length = 20;        /* frames a target must have been followed */
  int projection_length = 90; /* frames to project its trajectory */
  float max_angle = 180;      /* degrees between the directions */
  float min_speed_similarity = 0;
  float min_size_similarity = 0.3f;
  int time_range = 20;
  float search_scale = 0;
  float process_noise_scale = 1;
};

struct AssociationConfig {
  Matcher matcher = Matcher::Greedy;
  bool same_class = true;
  bool predicted = false; /* match with the predicted box, not with the last one */
  float min_overall = 0, min_size = 0, min_overlap = 0, min_visual = 0, min_reid = 0;
  float weight_size = 0, weight_overlap = 1, weight_visual = 0, weight_reid = 0;
  float tentative_confidence = 0.5f;
  float min_tentative_overlap = 0;
  float max_mahalanobis = -1;
  /* Not of the SDK's: the observation-centred steps of OC-SORT. */
  float weight_direction = 0;
  bool last_observation = false;
};

struct StateEstimatorConfig {
  StateEstimator type = StateEstimator::Dummy;
  float process_location = 2, process_size = 1, process_speed = 0.1f;
  float measurement_detector = 4, measurement_tracker = 16;
  float weight_location = 0.05f, weight_speed = 0.00625f;
  bool aspect_ratio = false;
  /* Not of the SDK's. */
  bool camera_motion = true;
  bool replay = true; /* of the way that a lost target went, once it is found */
};

struct VisualConfig {
  bool enabled = false;
  bool colors = false, gradients = false;
  int size_level = 2;
  float focus_offset_y = 0;
  float learning_rate = 0.075f, channel_learning_rate = 0.1f;
  float sigma = 0.75f;

  bool same(const VisualConfig &other) const;
};

/* The model that tells objects apart by their looks, and what its vectors are for. */
struct ReidConfig {
  bool associates = false;   /* from frame to frame */
  bool reassociates = false; /* lost targets with new ones */
  bool output = false;       /* tell the vectors */
  std::string model;         /* ONNX, as in the file */
  int batch = 100, feature_size = 128, history = 100;
  std::vector<int> dims; /* as the model wants them; empty: as it says */
  bool channels_last = false, bgr = false, keep_aspect = true, normalise = false;
  std::vector<float> offsets;
  float scale = 1;
  std::vector<std::string> notes; /* for whoever uses it */

  bool enabled() const { return associates || reassociates; }
  bool same_model(const ReidConfig &other) const;
};

struct Config {
  std::string path;
  float min_detector_confidence = 0;
  TargetConfig target;
  ReassociationConfig reassociation;
  AssociationConfig association;
  StateEstimatorConfig estimator;
  VisualConfig visual;
  ReidConfig reid;
  /* What was in the file and has no effect. */
  std::vector<std::string> warnings;
};

/* Reads a file; an empty path gives the defaults. Throws ConfigError. */
Config load_config(const std::string &path);

/* The same from text; `path` is for messages. Keys that are not in it keep their values. */
void read_config(const std::string &text, const std::string &path, Config *config);

}  // namespace dsbind::tracker

#endif
