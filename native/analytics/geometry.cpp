/* SPDX-License-Identifier: Apache-2.0 */
#include "geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dsbind::analytics {

double length(Point a) { return std::hypot(a.x, a.y); }

double side_of(const Segment &line, Point p) { return cross(line.b - line.a, p - line.a); }

double signed_distance(const Segment &line, Point p) {
  return side_of(line, p) / length(line.b - line.a);
}

bool lies_on(const Segment &s, Point p) {
  return side_of(s, p) == 0 && std::min(s.a.x, s.b.x) <= p.x && p.x <= std::max(s.a.x, s.b.x) &&
         std::min(s.a.y, s.b.y) <= p.y && p.y <= std::max(s.a.y, s.b.y);
}

bool touch(const Segment &s, const Segment &t) {
  auto opposite = [](double a, double b) { return (a > 0 && b < 0) || (a < 0 && b > 0); };
  if (opposite(side_of(s, t.a), side_of(s, t.b)) && opposite(side_of(t, s.a), side_of(t, s.b)))
    return true;
  return lies_on(s, t.a) || lies_on(s, t.b) || lies_on(t, s.a) || lies_on(t, s.b);
}

bool contains(const Polygon &polygon, Point p) {
  bool inside = false;
  for (size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
    const Segment edge{polygon[j], polygon[i]};
    if (lies_on(edge, p)) return true;
    /* An end belongs to the edge below it, so that a ray through a corner meets one edge. */
    if ((edge.a.y > p.y) == (edge.b.y > p.y)) continue;
    double side = side_of(edge, p);
    if ((side > 0) == (edge.b.y > edge.a.y)) inside = !inside;
  }
  return inside;
}

double doubled_area(const Polygon &polygon) {
  double sum = 0;
  for (size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++)
    sum += cross(polygon[j], polygon[i]);
  return std::abs(sum);
}

bool clip(Segment *segment, bool whole_line, double width, double height) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Point from = segment->a, step = segment->b - segment->a;
  double first = whole_line ? -infinity : 0, last = whole_line ? infinity : 1;
  auto narrow = [&](double position, double speed, double end) {
    if (speed == 0) return 0 <= position && position <= end;
    double enter = -position / speed, leave = (end - position) / speed;
    first = std::max(first, std::min(enter, leave));
    last = std::min(last, std::max(enter, leave));
    return first <= last;
  };
  if (!narrow(from.x, step.x, width) || !narrow(from.y, step.y, height)) return false;
  if (!std::isfinite(first) || !std::isfinite(last)) return false;
  segment->a = {from.x + first * step.x, from.y + first * step.y};
  segment->b = {from.x + last * step.x, from.y + last * step.y};
  return true;
}

}  // namespace dsbind::analytics
