/* SPDX-License-Identifier: Apache-2.0 */
#include "draw.h"

#include <algorithm>
#include <cmath>

#include "error.h"

namespace dsbind::analytics {
namespace {

constexpr unsigned kLineWidth = 3;
constexpr NvOSD_ColorParams kRegionColor{0, 0.8, 1, 1};
constexpr NvOSD_ColorParams kInverseColor{1, 0, 1, 1};
constexpr NvOSD_ColorParams kCrowdColor{1, 0.8, 0, 1};
constexpr NvOSD_ColorParams kCrowdedColor{1, 0, 0, 1};
constexpr NvOSD_ColorParams kCrossingColor{0, 1, 0, 1};
constexpr NvOSD_ColorParams kDirectionColor{1, 1, 0, 1};

/* One frame's items; the next display meta is taken where one of a kind is full. */
class Canvas {
 public:
  Canvas(NvDsFrameMeta *frame, unsigned font_size, double width, double height)
      : frame_(frame), font_size_(font_size), width_(width), height_(height) {}

  void line(Segment segment, bool whole_line, const NvOSD_ColorParams &color) {
    if (!clip(&segment, whole_line, width_ - 1, height_ - 1)) return;
    NvDsDisplayMeta *display = with_room(&NvDsDisplayMeta::num_lines);
    display->line_params[display->num_lines++] = {pixel(segment.a.x), pixel(segment.a.y),
                                                  pixel(segment.b.x), pixel(segment.b.y),
                                                  kLineWidth,         color};
  }
  void arrow(Segment segment, const NvOSD_ColorParams &color) {
    if (!clip(&segment, false, width_ - 1, height_ - 1)) return;
    NvDsDisplayMeta *display = with_room(&NvDsDisplayMeta::num_arrows);
    NvOSD_ArrowParams &arrow = display->arrow_params[display->num_arrows++];
    arrow = {pixel(segment.a.x), pixel(segment.a.y), pixel(segment.b.x), pixel(segment.b.y),
             kLineWidth,         END_HEAD,           color,              0};
  }
  /* Below another text where that is in the same place. */
  void text(Point at, const std::string &text, const NvOSD_ColorParams &color) {
    const double line = 2.0 * font_size_;
    at = {std::clamp(at.x, 0.0, width_ - 1), std::clamp(at.y, 0.0, height_ - 1)};
    for (const Point &other : texts_)
      if (std::abs(at.x - other.x) < 5 * line && std::abs(at.y - other.y) < line)
        at.y = other.y + line;
    texts_.push_back(at);
    static char font[] = "Serif"; /* borrowed by the metadata, so never freed */
    NvDsDisplayMeta *display = with_room(&NvDsDisplayMeta::num_labels);
    NvOSD_TextParams &params = display->text_params[display->num_labels++];
    params = {};
    params.display_text = g_strdup(text.c_str());
    params.x_offset = pixel(at.x);
    params.y_offset = pixel(at.y);
    params.font_params = {font, font_size_, color};
    params.set_bg_clr = 1;
    params.text_bg_clr = {0, 0, 0, 1};
  }
  void polygon(const Polygon &points, const NvOSD_ColorParams &color) {
    for (size_t i = 0, j = points.size() - 1; i < points.size(); j = i++)
      line({points[j], points[i]}, false, color);
  }

 private:
  static unsigned pixel(double value) { return static_cast<unsigned>(std::lround(value)); }

  NvDsDisplayMeta *with_room(guint NvDsDisplayMeta::*count) {
    if (display_ && display_->*count < MAX_ELEMENTS_IN_DISPLAY_META) return display_;
    display_ = nvds_acquire_display_meta_from_pool(frame_->base_meta.batch_meta);
    if (!display_)
      throw infer::Error(infer::ErrorKind::Run, "no memory for the metadata of what is drawn");
    nvds_add_display_meta_to_frame(frame_, display_);
    return display_;
  }

  NvDsFrameMeta *frame_;
  NvDsDisplayMeta *display_ = nullptr;
  unsigned font_size_;
  double width_, height_;
  std::vector<Point> texts_;
};

}  // namespace

void draw(NvDsFrameMeta *frame, const StreamRules &rules, const NvDsAnalyticsFrameMeta &result,
          OsdMode mode, unsigned font_size, double width, double height) {
  Canvas canvas(frame, font_size, width, height);
  const bool counts = mode == OsdMode::Counts;
  for (const RoiRule &rule : rules.rois) {
    const NvOSD_ColorParams &color = rule.inverse ? kInverseColor : kRegionColor;
    canvas.polygon(rule.region, color);
    canvas.text(rule.region[0],
                counts ? rule.label + "=" + std::to_string(result.objInROIcnt.at(rule.label))
                       : rule.label,
                color);
  }
  for (const CrowdRule &rule : rules.crowds) {
    const bool crowded = counts && result.ocStatus.at(rule.label);
    const NvOSD_ColorParams &color = crowded ? kCrowdedColor : kCrowdColor;
    canvas.polygon(rule.region, color);
    canvas.text(rule.region[0], crowded ? rule.label + ": crowded" : rule.label, color);
  }
  for (const LineRule &rule : rules.lines) {
    canvas.line(rule.line, rule.extended, kCrossingColor);
    canvas.arrow(rule.arrow, kCrossingColor);
    canvas.text(rule.arrow.b,
                counts ? rule.label + "=" + std::to_string(result.objLCCumCnt.at(rule.label))
                       : rule.label,
                kCrossingColor);
  }
  for (const DirectionRule &rule : rules.directions) {
    canvas.arrow(rule.arrow, kDirectionColor);
    canvas.text(rule.arrow.a, rule.label, kDirectionColor);
  }
}

}  // namespace dsbind::analytics
