/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two sides belong together, by scores of pairs. */
#ifndef DSBIND_TRACKER_ASSIGNMENT_H
#define DSBIND_TRACKER_ASSIGNMENT_H

#include <vector>

namespace dsbind::tracker {

/* Pairs that are not listed cannot be chosen. Scores are above 0. */
struct Pair {
  int row, column;
  float score;
};

/* Chooses pairs, each row and column at most once. Keeps its memory between calls. */
class Assignment {
 public:
  /* The pairs whose scores have the largest sum, unless there are far too many of them: then as
   * greedy(). Pairs may come in any order; the result is the same for the same pairs. */
  const std::vector<Pair> &best(std::vector<Pair> *pairs, int rows, int columns);
  /* The best pair first, then the best of what is left. */
  const std::vector<Pair> &greedy(std::vector<Pair> *pairs, int rows, int columns);

 private:
  int root(int node);
  void solve(const Pair *first, const Pair *last);

  std::vector<Pair> chosen_;
  std::vector<int> parent_, local_;
  std::vector<int> rows_, columns_;
  std::vector<float> cost_, row_potential_, column_potential_, least_;
  std::vector<int> match_, way_;
  std::vector<char> used_;
};

}  // namespace dsbind::tracker

#endif
