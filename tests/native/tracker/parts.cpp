/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the tracker, one by one: assignment, filter, camera, appearance. */
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "assignment.h"
#include "camera.h"
#include "check.h"
#include "filter.h"
#include "looks.h"
#include "visual.h"

using namespace dsbind::tracker;

static float sum_of(const std::vector<Pair> &pairs) {
  float sum = 0;
  for (const Pair &pair : pairs) sum += pair.score;
  return sum;
}

/* Tries every way, for few rows. */
static float best_by_trying(const std::vector<Pair> &pairs, int rows, std::vector<bool> *used,
                            int row) {
  if (row == rows) return 0;
  float best = best_by_trying(pairs, rows, used, row + 1);
  for (const Pair &pair : pairs) {
    if (pair.row != row || (*used)[static_cast<size_t>(pair.column)]) continue;
    (*used)[static_cast<size_t>(pair.column)] = true;
    best = std::max(best, pair.score + best_by_trying(pairs, rows, used, row + 1));
    (*used)[static_cast<size_t>(pair.column)] = false;
  }
  return best;
}

static void assignment_is_the_best_there_is() {
  Assignment assignment;
  std::vector<Pair> crossed = {{0, 0, 0.9f}, {0, 1, 0.8f}, {1, 0, 0.8f}};
  CHECK_INT(assignment.greedy(&crossed, 2, 2).size(), 1);
  CHECK_NEAR(sum_of(assignment.best(&crossed, 2, 2)), 1.6, 1e-6);
  std::mt19937 random(1);
  for (int trial = 0; trial < 3000; trial++) {
    const int rows = 1 + static_cast<int>(random() % 6), columns = 1 + static_cast<int>(random() % 6);
    std::vector<Pair> pairs;
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < columns; c++)
        if (random() % 3) pairs.push_back({r, c, 0.01f + static_cast<float>(random() % 100) / 100});
    std::vector<bool> used(static_cast<size_t>(columns));
    const float expected = best_by_trying(pairs, rows, &used, 0);
    std::vector<Pair> shuffled = pairs;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    const std::vector<Pair> chosen = assignment.best(&shuffled, rows, columns);
    CHECK_NEAR(sum_of(chosen), expected, 1e-4);
    std::vector<int> row_seen(static_cast<size_t>(rows)), column_seen(static_cast<size_t>(columns));
    for (const Pair &pair : chosen) {
      CHECK(!row_seen[static_cast<size_t>(pair.row)]++);
      CHECK(!column_seen[static_cast<size_t>(pair.column)]++);
    }
  }
  std::vector<Pair> none;
  CHECK(assignment.best(&none, 0, 0).empty());
  puts("assignment: 3000 random tables, as good as trying every way");
}

static void filter_learns_a_steady_speed() {
  for (StateEstimator type : {StateEstimator::Simple, StateEstimator::Regular}) {
    for (bool aspect : {false, true}) {
      StateEstimatorConfig config;
      config.type = type;
      config.aspect_ratio = aspect;
      Filter filter(config, {100, 200, 40, 80});
      for (int i = 1; i <= 60; i++) {
        filter.predict(config);
        filter.correct(config, {100 + 3.f * static_cast<float>(i), 200 - static_cast<float>(i), 40, 80});
      }
      CHECK_NEAR(filter.speed_x(), 3, 0.1);
      CHECK_NEAR(filter.speed_y(), -1, 0.1);
      for (int i = 0; i < 10; i++) filter.predict(config);
      CHECK_NEAR(filter.box().x, 100 + 3 * 70, 3);
      CHECK_NEAR(filter.box().y, 200 - 70, 3);
      CHECK_NEAR(filter.box().width, 40, 0.5);
      CHECK_NEAR(filter.box().height, 80, 0.5);
    }
  }
  StateEstimatorConfig dummy;
  Filter still(dummy, {1, 2, 3, 4});
  still.predict(dummy);
  still.correct(dummy, {10, 20, 30, 40});
  still.predict(dummy);
  CHECK_NEAR(still.box().x, 10, 1e-4);
  CHECK_NEAR(still.box().height, 40, 1e-4);
  puts("filter: speed 3, -1 learned by each kind; the dummy keeps the last box");
}

/* The four lanes are what the filter of eight variables would give. */
static void filter_is_the_full_kalman_filter() {
  StateEstimatorConfig config;
  config.type = StateEstimator::Simple;
  Filter lanes(config, {0, 0, 20, 40});
  Eigen::Matrix<float, 8, 1> state;
  state << 10, 20, 20, 40, 0, 0, 0, 0;
  Eigen::Matrix<float, 8, 8> transition = Eigen::Matrix<float, 8, 8>::Identity();
  transition.topRightCorner<4, 4>().setIdentity();
  Eigen::Matrix<float, 8, 8> covariance = Eigen::Matrix<float, 8, 8>::Zero();
  covariance.topLeftCorner<4, 4>().diagonal().setConstant(4 * config.measurement_detector);
  Eigen::Matrix<float, 8, 8> noise = Eigen::Matrix<float, 8, 8>::Zero();
  noise.diagonal() << config.process_location, config.process_location, config.process_size,
      config.process_size, config.process_speed, config.process_speed, 0, 0;
  covariance.bottomRightCorner<4, 4>().diagonal() << 100 * config.process_speed,
      100 * config.process_speed, 0, 0;
  std::mt19937 random(2);
  std::normal_distribution<float> jitter(0, 3);
  for (int i = 0; i < 50; i++) {
    const Box seen{static_cast<float>(i) + jitter(random), jitter(random), 20 + jitter(random) / 4,
                   40 + jitter(random) / 4};
    lanes.predict(config);
    lanes.correct(config, seen);
    state = transition * state;
    covariance = transition * covariance * transition.transpose() + noise;
    Eigen::Matrix<float, 4, 1> innovation;
    innovation << seen.x + seen.width / 2, seen.y + seen.height / 2, seen.width, seen.height;
    innovation -= state.head<4>();
    Eigen::Matrix<float, 4, 4> spread = covariance.topLeftCorner<4, 4>();
    spread.diagonal().array() += config.measurement_detector;
    const Eigen::Matrix<float, 8, 4> gain = covariance.leftCols<4>() * spread.inverse();
    state += gain * innovation;
    covariance -= gain * covariance.topRows<4>();
    const Box box = lanes.box();
    CHECK_NEAR(box.x + box.width / 2, state[0], 1e-2);
    CHECK_NEAR(box.y + box.height / 2, state[1], 1e-2);
    CHECK_NEAR(box.width, state[2], 1e-2);
    CHECK_NEAR(box.height, state[3], 1e-2);
    CHECK_NEAR(lanes.speed_x(), state[4], 1e-2);
  }
  puts("filter: 50 steps as by matrices of 8 x 8");
}

static std::vector<Box> crowd(unsigned seed, size_t count) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> x(0, 1800), y(0, 900), height(60, 140);
  std::vector<Box> boxes;
  for (size_t i = 0; i < count; i++) {
    const float tall = height(random);
    boxes.push_back({x(random), y(random), 0.4f * tall, tall});
  }
  return boxes;
}

static std::vector<Box> from_left(std::vector<Box> boxes) {
  std::sort(boxes.begin(), boxes.end(), [](const Box &a, const Box &b) { return a.x < b.x; });
  return boxes;
}

static void camera_tells_a_jolt_from_walking() {
  Camera camera;
  const std::vector<Box> before = crowd(3, 30);
  std::mt19937 random(4);
  std::normal_distribution<float> jitter(0, 2);
  std::vector<Box> jolted, walking;
  for (const Box &box : before) {
    if (random() % 5 == 0) continue;
    jolted.push_back(box.moved(37 + jitter(random), -22 + jitter(random)));
  }
  for (const Box &box : crowd(5, 6)) jolted.push_back(box); /* imagined */
  for (const Box &box : before) walking.push_back(box.moved(jitter(random), jitter(random)));
  const Shift shift = camera.shift(before, from_left(jolted));
  CHECK_NEAR(shift.x, 37, 2);
  CHECK_NEAR(shift.y, -22, 2);
  const Shift none = camera.shift(before, from_left(walking));
  CHECK(std::hypot(none.x, none.y) < 1.5);
  const Shift few = camera.shift({before[0], before[1]}, from_left(jolted));
  CHECK(few.x == 0 && few.y == 0);
  const Shift empty = camera.shift(before, {});
  CHECK(empty.x == 0 && empty.y == 0);
  puts("camera: a shift of 37, -22 found among 30 boxes; none where they walk");
}

static void transform_goes_there_and_back() {
  for (int side : {12, 18, 24, 30, 36}) {
    Fourier fourier(side);
    Fourier::Square square = Fourier::Square::Random(side, side);
    const Fourier::Spectrum spectrum = fourier.forward(square);
    CHECK_NEAR(spectrum.real(0, 0), square.sum(), 1e-2);
    CHECK((fourier.inverse(spectrum) - square).cwiseAbs().maxCoeff() < 1e-3f);
  }
  puts("transform: there and back for each size");
}

/* A textured square on noise, at a place. */
static std::vector<uint8_t> paint(int width, int height, int x, int y, int step) {
  std::vector<uint8_t> pixels(static_cast<size_t>(width * height * step));
  std::mt19937 noise(9), texture(10);
  for (uint8_t &value : pixels) value = static_cast<uint8_t>(90 + noise() % 20);
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 5; i++) {
      uint8_t color[4];
      for (uint8_t &value : color) value = static_cast<uint8_t>(texture());
      for (int v = 0; v < 8; v++)
        for (int u = 0; u < 8; u++) {
          const int px = x + 8 * i + u, py = y + 8 * j + v;
          if (px < 0 || py < 0 || px >= width || py >= height) continue;
          for (int c = 0; c < step; c++)
            pixels[static_cast<size_t>((py * width + px) * step + c)] = color[c];
        }
    }
  return pixels;
}

static void appearance_is_found_again() {
  const int width = 320, height = 240;
  for (int step : {1, 4}) {
    for (int level = 1; level <= 5; level++) {
      VisualConfig config;
      config.enabled = true;
      config.size_level = level;
      config.gradients = level > 2;
      config.colors = step == 4;
      VisualModel model(config, 0.5f);
      Appearance appearance;
      Picture picture;
      picture.width = width;
      picture.height = height;
      picture.step = step;
      picture.pitch = width * step;
      const Box box{100, 80, 40, 64};
      std::vector<uint8_t> first = paint(width, height, 100, 80, step);
      picture.pixels = first.data();
      CHECK(appearance.locate(&model, picture, box).confidence == 0);
      appearance.learn(&model, picture, box);
      const Appearance::Found same = appearance.locate(&model, picture, box);
      CHECK_NEAR(same.box.x, 100, 1);
      CHECK_NEAR(same.box.y, 80, 1);
      CHECK(same.confidence > 0.8f);
      std::vector<uint8_t> second = paint(width, height, 107, 74, step);
      picture.pixels = second.data();
      const Appearance::Found moved = appearance.locate(&model, picture, box);
      CHECK_NEAR(moved.box.x, 107, 2.5);
      CHECK_NEAR(moved.box.y, 74, 2.5);
      CHECK(moved.confidence > 0.3f);
      CHECK(appearance.similarity(box.moved(7, -6)) > 0.3f);
      CHECK(appearance.similarity(box.moved(-20, 20)) < 0.2f);
      CHECK(appearance.similarity(box.moved(-500, 20)) == 0);
      std::vector<uint8_t> gone = paint(width, height, -400, -400, step);
      picture.pixels = gone.data();
      CHECK(appearance.locate(&model, picture, box).confidence < 0.3f);
      /* Boxes beyond the picture are read from its border. */
      appearance.learn(&model, picture, {-300, -300, 50, 900});
      appearance.locate(&model, picture, {1e5f, 1e5f, 3, 2});
    }
  }
  puts("appearance: found 7, -6 pixels on, gray and in colors, at each size");
}

/* Of finite numbers so large that their squares are not. */
static void looks_beyond_measure_say_nothing() {
  const Eigen::VectorXf usual = Eigen::VectorXf::Ones(4);
  const Eigen::VectorXf huge = Eigen::VectorXf::Constant(4, std::numeric_limits<float>::max());
  Gallery gallery, other;
  gallery.add(usual, 5);
  CHECK_NEAR(gallery.similarity(2 * usual), 1, 1e-5);
  CHECK_NEAR(gallery.similarity(huge), 0, 1e-6);
  other.add(huge, 5);
  CHECK(other.empty());
  CHECK_NEAR(gallery.similarity(other), 0, 1e-6);
}

int main() {
  looks_beyond_measure_say_nothing();
  assignment_is_the_best_there_is();
  filter_learns_a_steady_speed();
  filter_is_the_full_kalman_filter();
  camera_tells_a_jolt_from_walking();
  transform_goes_there_and_back();
  appearance_is_found_again();
  return 0;
}
