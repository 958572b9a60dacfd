/* SPDX-License-Identifier: Apache-2.0 */
#include "assignment.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace dsbind::tracker {
namespace {

/* Thousands of boxes on one place would take seconds. */
constexpr size_t kMostPairs = 50000;

}  // namespace

int Assignment::root(int node) {
  while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
  return node;
}

const std::vector<Pair> &Assignment::greedy(std::vector<Pair> *pairs, int rows, int columns) {
  std::sort(pairs->begin(), pairs->end(), [](const Pair &a, const Pair &b) {
    if (a.score != b.score) return a.score > b.score;
    return a.row != b.row ? a.row < b.row : a.column < b.column;
  });
  chosen_.clear();
  used_.assign(static_cast<size_t>(rows + columns), 0);
  for (const Pair &pair : *pairs) {
    if (used_[pair.row] || used_[rows + pair.column]) continue;
    used_[pair.row] = used_[rows + pair.column] = 1;
    chosen_.push_back(pair);
  }
  return chosen_;
}

/* Boxes that overlap come in small groups, and groups do not matter to each other. */
const std::vector<Pair> &Assignment::best(std::vector<Pair> *pairs, int rows, int columns) {
  chosen_.clear();
  if (pairs->empty()) return chosen_;
  if (pairs->size() > kMostPairs) return greedy(pairs, rows, columns);
  parent_.resize(static_cast<size_t>(rows + columns));
  std::iota(parent_.begin(), parent_.end(), 0);
  for (const Pair &pair : *pairs) {
    int a = root(pair.row), b = root(rows + pair.column);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
  }
  for (int i = 0; i < rows + columns; i++) parent_[i] = root(i);
  std::sort(pairs->begin(), pairs->end(), [this](const Pair &a, const Pair &b) {
    if (parent_[a.row] != parent_[b.row]) return parent_[a.row] < parent_[b.row];
    return a.row != b.row ? a.row < b.row : a.column < b.column;
  });
  local_.assign(static_cast<size_t>(rows + columns), -1);
  for (size_t first = 0, last; first < pairs->size(); first = last) {
    const int group = parent_[(*pairs)[first].row];
    for (last = first + 1; last < pairs->size() && parent_[(*pairs)[last].row] == group;) last++;
    if (last == first + 1) {
      chosen_.push_back((*pairs)[first]);
      continue;
    }
    rows_.clear();
    columns_.clear();
    for (size_t i = first; i < last; i++) {
      const Pair &pair = (*pairs)[i];
      if (local_[pair.row] < 0) {
        local_[pair.row] = static_cast<int>(rows_.size());
        rows_.push_back(pair.row);
      }
      int &column = local_[rows + pair.column];
      if (column < 0) {
        column = static_cast<int>(columns_.size());
        columns_.push_back(pair.column);
      }
    }
    /* solve() reads places within the group. */
    for (size_t i = first; i < last; i++) {
      Pair &pair = (*pairs)[i];
      pair.column = local_[rows + pair.column];
      pair.row = local_[pair.row];
    }
    solve(pairs->data() + first, pairs->data() + last);
  }
  return chosen_;
}

/* The Hungarian method by shortest paths, on the dense matrix of one group; the smaller side gives
 * the rows. Absent pairs cost nothing, present ones less, so none is forced. */
void Assignment::solve(const Pair *first, const Pair *last) {
  const bool turned = rows_.size() > columns_.size();
  const int n = static_cast<int>(turned ? columns_.size() : rows_.size());
  const int m = static_cast<int>(turned ? rows_.size() : columns_.size());
  cost_.assign(static_cast<size_t>(n) * m, 0);
  for (const Pair *pair = first; pair != last; pair++) {
    int i = turned ? pair->column : pair->row, j = turned ? pair->row : pair->column;
    cost_[static_cast<size_t>(i) * m + j] = -pair->score;
  }
  row_potential_.assign(static_cast<size_t>(n + 1), 0);
  column_potential_.assign(static_cast<size_t>(m + 1), 0);
  match_.assign(static_cast<size_t>(m + 1), n);
  way_.assign(static_cast<size_t>(m + 1), m);
  for (int i = 0; i < n; i++) {
    /* Column m stands for the row that looks for a partner. */
    match_[m] = i;
    int current = m;
    least_.assign(static_cast<size_t>(m + 1), std::numeric_limits<float>::max());
    used_.assign(static_cast<size_t>(m + 1), 0);
    do {
      used_[current] = 1;
      const int row = match_[current];
      float delta = std::numeric_limits<float>::max();
      int next = m;
      for (int j = 0; j < m; j++) {
        if (used_[j]) continue;
        float reduced =
            cost_[static_cast<size_t>(row) * m + j] - row_potential_[row] - column_potential_[j];
        if (reduced < least_[j]) {
          least_[j] = reduced;
          way_[j] = current;
        }
        if (least_[j] < delta) {
          delta = least_[j];
          next = j;
        }
      }
      for (int j = 0; j <= m; j++) {
        if (used_[j]) {
          row_potential_[match_[j]] += delta;
          column_potential_[j] -= delta;
        } else {
          least_[j] -= delta;
        }
      }
      current = next;
    } while (match_[current] != n);
    for (; current != m; current = way_[current]) match_[current] = match_[way_[current]];
  }
  for (int j = 0; j < m; j++) {
    const int i = match_[j];
    if (i == n) continue;
    float score = -cost_[static_cast<size_t>(i) * m + j];
    if (score <= 0) continue;
    chosen_.push_back({rows_[turned ? j : i], columns_[turned ? i : j], score});
  }
}

}  // namespace dsbind::tracker
