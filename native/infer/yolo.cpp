/* SPDX-License-Identifier: Apache-2.0 */
#include "yolo.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace dsbind::infer {
namespace {

constexpr unsigned kMaxRowsOfCorners = 2000; /* what a model keeps after its own suppression */

/* Candidates of one anchor a cell, for strides of 8 up to `most`. */
unsigned cells(const Network &network, unsigned most) {
  unsigned count = 0;
  for (unsigned stride = 8; stride <= most; stride *= 2)
    count += (network.width / stride) * (network.height / stride);
  return count;
}

bool is_grid(unsigned count, const Network &network, unsigned anchors) {
  return count == anchors * cells(network, 32) || count == anchors * cells(network, 64);
}

/* Which side counts the candidates, and what each of them has. */
struct Table {
  unsigned candidates, values;
  bool columns;
};

bool table_of(const NvDsInferLayerInfo &layer, const Network &network, bool any_count,
              Table *table) {
  std::vector<unsigned> shape = shape_of(layer);
  if (shape.size() == 1) shape.insert(shape.begin(), 1u); /* one candidate */
  if (shape.size() != 2) return false;
  auto fits = [&](unsigned count) {
    return is_grid(count, network, 1) || is_grid(count, network, 3);
  };
  if (fits(shape[0]) && shape[1] > 4)
    *table = {shape[0], shape[1], false};
  else if (fits(shape[1]) && shape[0] > 4)
    *table = {shape[1], shape[0], true};
  else if (any_count && std::min(shape[0], shape[1]) > 4)
    *table = shape[0] >= shape[1] ? Table{shape[0], shape[1], false}
                                  : Table{shape[1], shape[0], true};
  else
    return false;
  return true;
}

bool choose_kind(const Table &table, const Network &network, BoxFormat format, unsigned num_classes,
                 unsigned extra, YoloLayout *layout) {
  if (table.values < 5 || extra > table.values - 5) return false;
  unsigned values = table.values - extra;
  bool single = is_grid(table.candidates, network, 1);
  switch (format) {
    case BoxFormat::YoloV5: layout->kind = YoloLayout::Rows; break;
    case BoxFormat::YoloX: layout->kind = YoloLayout::GridRows; break;
    case BoxFormat::YoloV8:
      layout->kind = table.columns ? YoloLayout::Columns : YoloLayout::PlainRows;
      break;
    default:
      if (table.columns)
        layout->kind = YoloLayout::Columns;
      else if (num_classes && values == num_classes + 4)
        layout->kind = YoloLayout::PlainRows;
      else
        layout->kind = single ? YoloLayout::GridRows : YoloLayout::Rows;
  }
  bool scored = layout->kind == YoloLayout::Rows || layout->kind == YoloLayout::GridRows;
  if (table.columns != (layout->kind == YoloLayout::Columns)) return false;
  if (layout->kind == YoloLayout::GridRows && !single) return false;
  if (scored && values < 6) return false;
  layout->candidates = table.candidates;
  layout->classes = values - (scored ? 5 : 4);
  layout->extra = extra;
  return true;
}

bool corner_rows(const NvDsInferLayerInfo &layer, bool any_count, YoloLayout *layout) {
  const NvDsInferDims &dims = layer.inferDims;
  if (dims.numDims < 2 || dims.d[dims.numDims - 1] != 6) return false;
  size_t rows = count_of(layer) / 6;
  if (rows > kMaxRowsOfCorners && !any_count) return false;
  layout->kind = YoloLayout::Corners;
  layout->candidates = static_cast<unsigned>(rows);
  layout->classes = 0;
  return true;
}

/* Writes what a candidate's numbers say, if it is a box at all. */
struct Sink {
  const Network &network;
  const Thresholds &thresholds;
  Boxes *boxes;
  std::vector<unsigned> *from;

  bool wants(unsigned class_id, float score) const {
    return class_id < thresholds.perClassPreclusterThreshold.size() &&
           score >= thresholds.perClassPreclusterThreshold[class_id];
  }
  void corners(unsigned candidate, unsigned class_id, float score, float x1, float y1, float x2,
               float y2) const {
    Box box{};
    if (!box_between(x1, y1, x2, y2, network, &box)) return;
    box.classId = class_id;
    box.detectionConfidence = score;
    boxes->push_back(box);
    if (from) from->push_back(candidate);
  }
  void centre(unsigned candidate, unsigned class_id, float score, float x, float y, float w,
              float h) const {
    corners(candidate, class_id, score, x - w / 2, y - h / 2, x + w / 2, y + h / 2);
  }
};

/* The greatest of `count` values, and where; NaN is never the greatest. */
unsigned greatest(const float *values, unsigned count, size_t step, float *score) {
  unsigned best = 0;
  *score = -INFINITY;
  for (unsigned c = 0; c < count; c++)
    if (values[c * step] > *score) {
      *score = values[c * step];
      best = c;
    }
  return best;
}

constexpr size_t kBlock = 2048;    /* candidates whose best scores the nearest cache holds */
constexpr unsigned kTogether = 16; /* classes read at once, each a stream of its own */

/* The greatest score of each of a block's candidates, and the first class of those among which it
 * is. */
struct Best {
  std::array<float, kBlock> score;
  std::array<uint32_t, kBlock> among;
};

/* Takes in `Classes` rows from class `first` on, each `step` values after the one before. NaN is
 * never the greatest. */
template <unsigned Classes>
inline __attribute__((always_inline)) void raise(const float *rows, size_t step, size_t count,
                                                 uint32_t first, Best *best) {
  float *score = best->score.data();
  uint32_t *among = best->among.data();
#pragma GCC ivdep /* the output of a model is no part of `best` */
  for (size_t i = 0; i < count; i++) {
    const float before = score[i];
    float most = before;
#pragma GCC unroll 16
    for (unsigned c = 0; c < Classes; c++) {
      const float value = rows[c * step + i];
      most = value > most ? value : most;
    }
    const uint32_t was = among[i];
    among[i] = most > before ? first : was;
    score[i] = most;
  }
}

inline __attribute__((always_inline)) void find_best(const float *scores, size_t step, size_t count,
                                                     unsigned classes, Best *best) {
  best->score.fill(-INFINITY);
  best->among.fill(0);
  unsigned c = 0;
  for (; c + kTogether <= classes; c += kTogether)
    raise<kTogether>(scores + c * step, step, count, c, best);
  for (; c + 4 <= classes; c += 4) raise<4>(scores + c * step, step, count, c, best);
  for (; c < classes; c++) raise<1>(scores + c * step, step, count, c, best);
}

void find_best_narrow(const float *scores, size_t step, size_t count, unsigned classes,
                      Best *best) {
  find_best(scores, step, count, classes, best);
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same, twice as wide where the processor can. */
__attribute__((target("avx2"))) void find_best_wide(const float *scores, size_t step, size_t count,
                                                    unsigned classes, Best *best) {
  find_best(scores, step, count, classes, best);
}
const auto find_best_of = __builtin_cpu_supports("avx2") ? find_best_wide : find_best_narrow;
#else
const auto find_best_of = find_best_narrow;
#endif

/* Most candidates are nothing: block by block, rows as they lie in memory, the greatest score of
 * each is found first, and the class that has it only where that is high enough. */
void parse_columns(const float *data, const YoloLayout &layout, float least, const Sink &sink) {
  const size_t n = layout.candidates;
  const float *scores = data + 4 * n;
  Best best;
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t count = std::min(kBlock, n - first);
    find_best_of(scores + first, n, count, layout.classes, &best);
    for (size_t i = 0; i < count; i++) {
      const float score = best.score[i];
      /* Minus infinity where all were NaN: no class has it. */
      if (!(score >= least) || !(score > -INFINITY)) continue;
      const size_t at = first + i;
      unsigned class_id = best.among[i];
      while (scores[class_id * n + at] != score) class_id++;
      if (sink.wants(class_id, score))
        sink.centre(static_cast<unsigned>(at), class_id, score, data[at], data[n + at],
                    data[2 * n + at], data[3 * n + at]);
    }
  }
}

void parse_rows(const float *data, const YoloLayout &layout, float least, const Sink &sink) {
  const bool scored = layout.kind == YoloLayout::Rows;
  const size_t values = (scored ? 5 : 4) + layout.classes + layout.extra;
  for (unsigned i = 0; i < layout.candidates; i++, data += values) {
    if (scored && !(data[4] >= least)) continue; /* no class is likelier than the object */
    float score;
    unsigned class_id = greatest(data + (scored ? 5 : 4), layout.classes, 1, &score);
    if (scored) score *= data[4];
    if (sink.wants(class_id, score))
      sink.centre(i, class_id, score, data[0], data[1], data[2], data[3]);
  }
}

/* A cell's box: its centre from the cell's corner in cells, its size as logarithms of cells. */
void parse_grid(const float *data, const YoloLayout &layout, float least, const Sink &sink) {
  const size_t values = 5 + layout.classes + layout.extra;
  const unsigned most = layout.candidates == cells(sink.network, 32) ? 32 : 64;
  unsigned candidate = 0;
  for (unsigned stride = 8; stride <= most; stride *= 2) {
    const auto step = static_cast<float>(stride);
    for (unsigned y = 0; y < sink.network.height / stride; y++)
      for (unsigned x = 0; x < sink.network.width / stride; x++, candidate++, data += values) {
        if (!(data[4] >= least)) continue;
        float score;
        unsigned class_id = greatest(data + 5, layout.classes, 1, &score);
        score *= data[4];
        if (sink.wants(class_id, score))
          sink.centre(candidate, class_id, score, (data[0] + static_cast<float>(x)) * step,
                      (data[1] + static_cast<float>(y)) * step, std::exp(data[2]) * step,
                      std::exp(data[3]) * step);
      }
  }
}

void parse_corners(const float *data, const YoloLayout &layout, const Sink &sink) {
  for (unsigned i = 0; i < layout.candidates; i++, data += 6) {
    if (!(data[5] >= 0 && data[5] < 65536)) continue;
    auto class_id = static_cast<unsigned>(data[5]);
    if (sink.wants(class_id, data[4]))
      sink.corners(i, class_id, data[4], data[0], data[1], data[2], data[3]);
  }
}

class Yolo : public BoxParser {
 public:
  Yolo(const YoloLayout &layout, const std::string &layer) : layout_(layout), layer_(layer) {}
  unsigned classes() const override { return layout_.classes; }
  std::string classes_from() const override { return layer_; }
  void parse(const Layers &layers, const Network &network, const Thresholds &thresholds,
             Boxes *boxes) const override {
    parse_yolo(layers, layout_, network, thresholds, boxes, nullptr);
  }

 private:
  YoloLayout layout_;
  std::string layer_;
};

}  // namespace

bool find_yolo_layout(const Layers &layers, const Network &network, BoxFormat format,
                      unsigned num_classes, unsigned extra, YoloLayout *found) {
  const bool named = format != BoxFormat::ByShape;
  for (size_t i = 0; i < layers.size(); i++) {
    YoloLayout layout;
    layout.layer = i;
    Table table{};
    const bool rows_only = format == BoxFormat::BoxRows;
    const bool rows = rows_only || (extra == 0 && (!named || format == BoxFormat::Yolo));
    /* Rows of six can be one class on a grid, too: as many as the grid has decides. */
    if (!rows_only && table_of(layers[i], network, false, &table) &&
        choose_kind(table, network, format, num_classes, extra, &layout)) {
      *found = layout;
      return true;
    }
    if ((rows && corner_rows(layers[i], named, &layout)) ||
        (named && !rows_only && table_of(layers[i], network, true, &table) &&
         choose_kind(table, network, format, num_classes, extra, &layout))) {
      *found = layout;
      return true;
    }
  }
  return false;
}

void parse_yolo(const Layers &layers, const YoloLayout &layout, const Network &network,
                const Thresholds &thresholds, Boxes *boxes, std::vector<unsigned> *from) {
  const Values values(layers[layout.layer]);
  /* The size of an output may change from run to run. */
  YoloLayout now = layout;
  const size_t each = layout.kind == YoloLayout::Corners
                          ? 6
                          : (layout.kind == YoloLayout::Rows || layout.kind == YoloLayout::GridRows
                                 ? 5
                                 : 4) +
                                layout.classes + layout.extra;
  now.candidates = static_cast<unsigned>(values.size() / each);
  if (layout.kind == YoloLayout::GridRows && now.candidates != layout.candidates) return;
  const float least = lowest(thresholds);
  const Sink sink{network, thresholds, boxes, from};
  switch (layout.kind) {
    case YoloLayout::Columns: parse_columns(values.data(), now, least, sink); break;
    case YoloLayout::Rows:
    case YoloLayout::PlainRows: parse_rows(values.data(), now, least, sink); break;
    case YoloLayout::GridRows: parse_grid(values.data(), now, least, sink); break;
    case YoloLayout::Corners: parse_corners(values.data(), now, sink); break;
  }
}

std::unique_ptr<BoxParser> yolo_parser(const Layers &layers, const Network &network,
                                       BoxFormat format, unsigned num_classes) {
  YoloLayout layout;
  if (!find_yolo_layout(layers, network, format, num_classes, 0, &layout)) return nullptr;
  return std::make_unique<Yolo>(layout, layers[layout.layer].layerName);
}

}  // namespace dsbind::infer
