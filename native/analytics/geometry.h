/* SPDX-License-Identifier: Apache-2.0 */
/* Points, lines and polygons in pixels; y grows downwards.
 *
 * Exact for whole-numbered coordinates below 2^25, so that what lies on an edge is told from what
 * lies beside it. */
#ifndef DSBIND_ANALYTICS_GEOMETRY_H
#define DSBIND_ANALYTICS_GEOMETRY_H

#include <vector>

namespace dsbind::analytics {

struct Point {
  double x = 0, y = 0;
};

inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
inline bool operator==(Point a, Point b) { return a.x == b.x && a.y == b.y; }
inline double dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }
inline double cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }
double length(Point a);

struct Segment {
  Point a, b;
};

using Polygon = std::vector<Point>;

/* Above 0 on one side of the line through the segment, below 0 on the other, 0 on it. */
double side_of(const Segment &line, Point p);

/* Distance to the line through the segment, with the sign of side_of(). */
double signed_distance(const Segment &line, Point p);

bool lies_on(const Segment &segment, Point p);

/* Whether two segments, ends included, have a point in common. One may be a single point. */
bool touch(const Segment &s, const Segment &t);

/* Whether a point is inside the polygon or on its edge. An edge that crosses another turns inside
 * out, by the even-odd rule. */
bool contains(const Polygon &polygon, Point p);

/* Twice the area, by the shoelace formula, without its sign. */
double doubled_area(const Polygon &polygon);

/* The part of the segment, or of the line through it, within 0 .. width and 0 .. height. False
 * when there is none. */
bool clip(Segment *segment, bool whole_line, double width, double height);

}  // namespace dsbind::analytics

#endif
