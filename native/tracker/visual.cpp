/* SPDX-License-Identifier: Apache-2.0 */
#include "visual.h"

#include <array>
#include <cmath>

namespace dsbind::tracker {
namespace {

constexpr float kPi = 3.14159265f;
constexpr float kRegularisation = 0.01f; /* as a share of the mean power of a channel */
constexpr int kOrientations = 6;
constexpr int kColors = 3;
constexpr int kMaxSamples = 4; /* a side, averaged for one cell of a feature */

int side_of(const VisualConfig &config) { return 6 + 6 * config.size_level; }

}  // namespace

Fourier::Fourier(int side) : side_(side) {
  const int half = side / 2 + 1;
  cosine_.resize(side, side);
  sine_.resize(side, side);
  for (int i = 0; i < side; i++)
    for (int j = 0; j < side; j++) {
      const float angle = 2 * kPi * static_cast<float>(i * j % side) / static_cast<float>(side);
      cosine_(i, j) = std::cos(angle);
      sine_(i, j) = std::sin(angle);
    }
  half_cosine_ = cosine_.leftCols(half);
  half_sine_ = sine_.leftCols(half);
  /* All but the first and the last stand for two. */
  Eigen::VectorXf weight = Eigen::VectorXf::Constant(half, 2);
  weight[0] = weight[half - 1] = 1;
  weight /= static_cast<float>(side * side);
  back_cosine_ = half_cosine_ * weight.asDiagonal();
  back_sine_ = half_sine_ * weight.asDiagonal();
}

Fourier::Spectrum Fourier::forward(const Square &square) const {
  const Square a = square * half_cosine_, b = square * half_sine_;
  return {(cosine_ * a - sine_ * b).array(), -(sine_ * a + cosine_ * b).array()};
}

Fourier::Square Fourier::inverse(const Spectrum &spectrum) const {
  const Square a = cosine_ * spectrum.real.matrix() - sine_ * spectrum.imaginary.matrix();
  const Square b = sine_ * spectrum.real.matrix() + cosine_ * spectrum.imaginary.matrix();
  return a * back_cosine_.transpose() - b * back_sine_.transpose();
}

VisualModel::VisualModel(const VisualConfig &config, float padding)
    : config_(config), padding_(padding), fourier_(side_of(config)) {
  const int side = fourier_.side();
  /* A narrow hill where the target is, wrapped around the corners. */
  Fourier::Square desired(side, side);
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      const auto dx = static_cast<float>(std::min(x, side - x));
      const auto dy = static_cast<float>(std::min(y, side - y));
      desired(y, x) = std::exp(-(dx * dx + dy * dy) / (2 * config.sigma * config.sigma));
    }
  desired_ = fourier_.forward(desired);
  /* What is near the middle of the target matters most. */
  window_.resize(side, side);
  const float middle = 0.5f * static_cast<float>(side - 1);
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      const float dx = (static_cast<float>(x) - middle) / static_cast<float>(side);
      const float dy =
          (static_cast<float>(y) - middle) / static_cast<float>(side) - config.focus_offset_y / 2;
      window_(y, x) = std::pow(std::cos(kPi * std::clamp(dx, -0.5f, 0.5f)), 2.f) *
                      std::pow(std::cos(kPi * std::clamp(dy, -0.5f, 0.5f)), 2.f);
    }
  for (Eigen::ArrayXXf &plane : planes_) plane.resize(side, side);
  channels_.resize(static_cast<size_t>(1 + (config.gradients ? kOrientations : 0) +
                                       (config.colors ? kColors : 0)),
                   Fourier::Square(side, side));
}

Box VisualModel::region(const Box &box) const {
  const float padding = padding_ * std::hypot(box.width, box.height);
  return {box.x - padding / 2, box.y - padding / 2, box.width + padding, box.height + padding};
}

/* The region at the size of the features; pixels outside the picture are those of its border. */
void VisualModel::sample(const Picture &picture, const Box &region) {
  const int side = fourier_.side(), planes = picture.step == 4 ? 3 : 1;
  const float cell_x = region.width / static_cast<float>(side);
  const float cell_y = region.height / static_cast<float>(side);
  const int count_x = std::clamp(static_cast<int>(cell_x + 0.5f), 1, kMaxSamples);
  const int count_y = std::clamp(static_cast<int>(cell_y + 0.5f), 1, kMaxSamples);
  const float share = 1 / static_cast<float>(count_x * count_y * 255);
  /* Every sample's column, so that the inner loop only reads. */
  std::array<int, 64 * kMaxSamples> columns;
  for (int i = 0; i < side * count_x; i++) {
    const float x = region.x + (static_cast<float>(i) + 0.5f) * cell_x / static_cast<float>(count_x);
    columns[static_cast<size_t>(i)] =
        static_cast<int>(std::clamp(x, 0.f, static_cast<float>(picture.width - 1))) * picture.step;
  }
  for (Eigen::ArrayXXf &plane : planes_) plane.setZero();
  for (int j = 0; j < side * count_y; j++) {
    const float y = region.y + (static_cast<float>(j) + 0.5f) * cell_y / static_cast<float>(count_y);
    const int row = static_cast<int>(std::clamp(y, 0.f, static_cast<float>(picture.height - 1)));
    const uint8_t *line = picture.pixels + static_cast<ptrdiff_t>(row) * picture.pitch;
    for (int i = 0; i < side * count_x; i++)
      for (int p = 0; p < planes; p++)
        planes_[p](j / count_y, i / count_x) +=
            static_cast<float>(line[columns[static_cast<size_t>(i)] + p]);
  }
  for (int p = 0; p < planes; p++) planes_[p] *= share;
}

void VisualModel::normalise(Fourier::Square *channel) const {
  auto values = channel->array();
  const float mean = values.mean();
  values -= mean;
  const float deviation = std::sqrt(values.square().mean());
  values *= window_ / std::max(deviation, 0.01f);
}

const VisualModel::Channels &VisualModel::features(const Picture &picture, const Box &region) {
  sample(picture, region);
  const int side = fourier_.side();
  const bool color = picture.step == 4;
  Fourier::Square &gray = channels_[0];
  if (color)
    gray = (0.299f * planes_[0] + 0.587f * planes_[1] + 0.114f * planes_[2]).matrix();
  else
    gray = planes_[0].matrix();
  size_t next = 1;
  if (config_.gradients) {
    for (int o = 0; o < kOrientations; o++) channels_[next + static_cast<size_t>(o)].setZero();
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++) {
        const float dx = gray(y, std::min(x + 1, side - 1)) - gray(y, std::max(x - 1, 0));
        const float dy = gray(std::min(y + 1, side - 1), x) - gray(std::max(y - 1, 0), x);
        const float length = std::sqrt(std::hypot(dx, dy));
        /* An edge counts to the two orientations that it lies between; which side is darker does
         * not matter. */
        float place = std::atan2(dy, dx) / kPi * kOrientations;
        if (place < 0) place += kOrientations;
        const int low = static_cast<int>(place);
        const float part = place - static_cast<float>(low);
        channels_[next + static_cast<size_t>(low % kOrientations)](y, x) += length * (1 - part);
        channels_[next + static_cast<size_t>((low + 1) % kOrientations)](y, x) += length * part;
      }
    next += kOrientations;
  }
  if (config_.colors) {
    channels_[next] = (planes_[0] - planes_[1]).matrix();
    channels_[next + 1] = (planes_[2] - 0.5f * (planes_[0] + planes_[1])).matrix();
    channels_[next + 2] = (planes_[0].max(planes_[1]).max(planes_[2]) -
                           planes_[0].min(planes_[1]).min(planes_[2]))
                              .matrix();
  }
  for (Fourier::Square &channel : channels_) normalise(&channel);
  return channels_;
}

Fourier::Square Appearance::respond(const VisualModel &model, const Channel &channel,
                                    const Fourier::Spectrum &seen) const {
  const float least = kRegularisation * channel.denominator.mean() + 1e-9f;
  const Eigen::ArrayXXf inverse = (channel.denominator + least).inverse();
  Fourier::Spectrum product{
      (seen.real * channel.numerator.real - seen.imaginary * channel.numerator.imaginary) * inverse,
      (seen.real * channel.numerator.imaginary + seen.imaginary * channel.numerator.real) *
          inverse};
  return model.fourier().inverse(product);
}

void Appearance::learn(VisualModel *model, const Picture &picture, const Box &box) {
  const auto &features = model->features(picture, model->region(box));
  const Fourier::Spectrum &desired = model->desired();
  const bool first = channels_.empty();
  channels_.resize(features.size());
  const float rate = first ? 1 : model->config().learning_rate;
  const float weight_rate = first ? 1 : model->config().channel_learning_rate;
  float sum = 0;
  for (size_t i = 0; i < features.size(); i++) {
    Channel &channel = channels_[i];
    const Fourier::Spectrum seen = model->fourier().forward(features[i]);
    /* The desired response times the conjugate of what is seen. */
    Fourier::Spectrum numerator{desired.real * seen.real + desired.imaginary * seen.imaginary,
                                desired.imaginary * seen.real - desired.real * seen.imaginary};
    Eigen::ArrayXXf power = seen.real.square() + seen.imaginary.square();
    if (first) {
      channel.numerator = std::move(numerator);
      channel.denominator = std::move(power);
    } else {
      channel.numerator.real += rate * (numerator.real - channel.numerator.real);
      channel.numerator.imaginary += rate * (numerator.imaginary - channel.numerator.imaginary);
      channel.denominator += rate * (power - channel.denominator);
    }
    const float peak = std::max(respond(*model, channel, seen)(0, 0), 0.f);
    channel.weight += weight_rate * (peak - channel.weight);
    sum += channel.weight;
  }
  for (Channel &channel : channels_) channel.weight /= std::max(sum, 1e-6f);
}

Appearance::Found Appearance::locate(VisualModel *model, const Picture &picture,
                                     const Box &around) {
  const int side = model->fourier().side();
  region_ = model->region(around);
  center_x_ = around.x + around.width / 2;
  center_y_ = around.y + around.height / 2;
  response_ = Fourier::Square::Zero(side, side);
  if (channels_.empty()) return {around, 0};
  const auto &features = model->features(picture, region_);
  for (size_t i = 0; i < features.size() && i < channels_.size(); i++)
    response_ += channels_[i].weight *
                 respond(*model, channels_[i], model->fourier().forward(features[i]));
  int row = 0, column = 0;
  const float peak = response_.maxCoeff(&row, &column);
  auto at = [&](int y, int x) { return response_((y + side) % side, (x + side) % side); };
  /* The top of the parabola through the peak and its neighbours. */
  auto top = [](float before, float here, float after) {
    const float bend = before - 2 * here + after;
    return bend < -1e-6f ? std::clamp(0.5f * (before - after) / bend, -0.5f, 0.5f) : 0.f;
  };
  float x = static_cast<float>(column < side / 2 ? column : column - side) +
            top(at(row, column - 1), peak, at(row, column + 1));
  float y = static_cast<float>(row < side / 2 ? row : row - side) +
            top(at(row - 1, column), peak, at(row + 1, column));
  x *= region_.width / static_cast<float>(side);
  y *= region_.height / static_cast<float>(side);
  return {around.moved(x, y), std::clamp(peak, 0.f, 1.f)};
}

float Appearance::similarity(const Box &box) const {
  const auto side = static_cast<int>(response_.rows());
  if (!side) return 0;
  const float x = (box.x + box.width / 2 - center_x_) / region_.width * static_cast<float>(side);
  const float y = (box.y + box.height / 2 - center_y_) / region_.height * static_cast<float>(side);
  const int half = side / 2;
  if (!(std::fabs(x) < static_cast<float>(half)) || !(std::fabs(y) < static_cast<float>(half)))
    return 0;
  /* The best of the cells around: a detector does not put boxes as exactly as a filter does. */
  float best = 0;
  const int cx = static_cast<int>(std::lround(x)), cy = static_cast<int>(std::lround(y));
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++)
      best = std::max(best, response_((cy + dy + 2 * side) % side, (cx + dx + 2 * side) % side));
  return std::clamp(best, 0.f, 1.f);
}

}  // namespace dsbind::tracker
