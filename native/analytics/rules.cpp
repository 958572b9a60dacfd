/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <glib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "config_file.h"
#include "error.h"
#include "value.h"

namespace dsbind::analytics {
namespace {

using infer::ConfigEntry;
using infer::Error;
using infer::ErrorKind;

constexpr int64_t kMaxSide = 16384;       /* pixels */
constexpr int64_t kMaxCoordinate = 65536; /* regions may reach out of the frame */
constexpr size_t kMaxCorners = 1024;
constexpr int64_t kMaxStreams = 65536;
constexpr int64_t kMaxClass = 65535;
constexpr int64_t kMaxMilliseconds = int64_t{1} << 40;
constexpr int64_t kMaxCount = std::numeric_limits<int32_t>::max();

bool starts_with(const std::string &text, const std::string &prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

/* One entry of the file: reads its value, or throws with its place. */
class Value {
 public:
  Value(const std::string &path, const ConfigEntry &entry) : path_(path), entry_(entry) {}

  std::string text() const {
    return path_ + ":" + std::to_string(entry_.line) + ": [" + entry_.group + "] " + entry_.key +
           "=" + entry_.value;
  }
  [[noreturn]] void fail(const std::string &why) const {
    throw Error(ErrorKind::Settings, text() + " " + why);
  }
  int64_t integer(int64_t least, int64_t most) const { return whole(entry_.value, least, most); }
  bool flag() const {
    const std::string &t = entry_.value;
    if (t == "1" || t == "true" || t == "True") return true;
    if (t == "0" || t == "false" || t == "False") return false;
    fail("is neither 0 nor 1");
  }
  Mode mode() const {
    if (entry_.value == "loose") return Mode::Loose;
    if (entry_.value == "balanced") return Mode::Balanced;
    if (entry_.value == "strict") return Mode::Strict;
    fail("is none of balanced, loose, strict");
  }
  std::vector<int> class_ids() const {
    std::vector<int> ids;
    for (const std::string &part : infer::split_list(entry_.value))
      ids.push_back(static_cast<int>(whole(part, -1, kMaxClass)));
    if (ids.empty()) fail("names no class; -1 stands for all");
    if (std::find(ids.begin(), ids.end(), -1) != ids.end()) ids.clear();
    return ids;
  }
  std::vector<Point> points(size_t least, size_t most, const char *what) const {
    std::vector<std::string> parts = infer::split_list(entry_.value);
    if (parts.size() % 2 != 0) fail("has a coordinate left over: points are x;y pairs");
    if (parts.size() < 2 * least || parts.size() > 2 * most) fail(std::string("should be ") + what);
    std::vector<Point> points;
    for (size_t i = 0; i < parts.size(); i += 2) points.push_back({number(parts[i]), number(parts[i + 1])});
    return points;
  }

 private:
  int64_t whole(const std::string &part, int64_t least, int64_t most) const {
    int64_t value;
    if (!infer::parse_int(part, &value)) fail("has '" + part + "', which is not a whole number");
    if (value < least || value > most)
      fail("is out of range: " + std::to_string(least) + " to " + std::to_string(most));
    return value;
  }
  double number(const std::string &part) const {
    double value;
    if (!infer::parse_float(part, &value)) fail("has '" + part + "', which is not a number");
    if (value < -kMaxCoordinate || value > kMaxCoordinate)
      fail("has '" + part + "', which is far outside of any frame");
    return value;
  }

  const std::string &path_;
  const ConfigEntry &entry_;
};

enum class Kind { Roi, Crowd, Line, Direction };

struct KindWords {
  Kind kind;
  std::string group;  /* what [group-stream-N] begins with */
  std::string prefix; /* of the keys that name a region, line or direction */
  std::vector<std::string> keys;
};

const std::vector<KindWords> &kinds() {
  static const std::vector<KindWords> words = {
      {Kind::Roi, "roi-filtering-stream-", "roi-", {"enable", "inverse-roi", "class-id"}},
      {Kind::Crowd,
       "overcrowding-stream-",
       "roi-",
       {"enable", "object-threshold", "time-threshold", "class-id"}},
      {Kind::Line,
       "line-crossing-stream-",
       "line-crossing-",
       {"enable", "extended", "mode", "class-id"}},
      {Kind::Direction, "direction-detection-stream-", "direction-", {"enable", "mode", "class-id"}},
  };
  return words;
}

const std::vector<std::string> kPropertyKeys = {"enable", "config-width", "config-height",
                                                "osd-mode", "display-font-size"};

/* One file on its way to Rules. */
class Loader {
 public:
  explicit Loader(const std::string &path) {
    std::unique_ptr<char, decltype(&g_free)> full(g_canonicalize_filename(path.c_str(), nullptr),
                                                  g_free);
    rules_.path = full.get();
  }

  Rules load() {
    entries_ = infer::read_config_file(rules_.path);
    for (size_t i = 0; i < entries_.size();) {
      size_t end = i;
      while (end < entries_.size() && entries_[end].group == entries_[i].group) end++;
      read_group(i, end);
      i = end;
    }
    if (rules_.streams.empty())
      rules_.warnings.push_back(rules_.path +
                                " has no rule for any stream; add a group such as "
                                "[line-crossing-stream-0]");
    return std::move(rules_);
  }

 private:
  Value value(const ConfigEntry &entry) const { return {rules_.path, entry}; }
  void warn(const ConfigEntry &entry, const std::string &what) {
    rules_.warnings.push_back(value(entry).text() + " " + what);
  }

  void read_group(size_t first, size_t end) {
    const std::string &group = entries_[first].group;
    if (group == "property") {
      for (size_t i = first; i < end; i++) read_property(entries_[i]);
      return;
    }
    for (const KindWords &words : kinds()) {
      if (!starts_with(group, words.group)) continue;
      int64_t stream;
      if (!infer::parse_int(group.substr(words.group.size()), &stream) || stream < 0 ||
          stream >= kMaxStreams)
        throw Error(ErrorKind::Settings,
                    rules_.path + ":" + std::to_string(entries_[first].line) + ": group [" + group +
                        "] should end in the number of a stream: [" + words.group + "0]");
      read_rules(words, static_cast<unsigned>(stream), first, end);
      return;
    }
    unknown_group(entries_[first]);
  }

  void read_property(const ConfigEntry &entry) {
    const Value v = value(entry);
    if (entry.key == "enable") {
      rules_.enabled = v.flag();
    } else if (entry.key == "config-width") {
      rules_.width = static_cast<unsigned>(v.integer(1, kMaxSide));
    } else if (entry.key == "config-height") {
      rules_.height = static_cast<unsigned>(v.integer(1, kMaxSide));
    } else if (entry.key == "osd-mode") {
      rules_.osd_mode = static_cast<OsdMode>(v.integer(0, 2));
    } else if (entry.key == "display-font-size") {
      rules_.font_size = static_cast<unsigned>(v.integer(1, 256));
    } else if (entry.key == "obj-cnt-win-in-ms") {
      warn(entry, "has no effect here: counts are those of each frame");
    } else {
      unknown_key(entry, kPropertyKeys);
    }
  }

  void read_rules(const KindWords &words, unsigned stream, size_t first, size_t end) {
    Settings settings;
    std::vector<const ConfigEntry *> named;
    for (size_t i = first; i < end; i++) {
      const ConfigEntry &entry = entries_[i];
      bool known = std::find(words.keys.begin(), words.keys.end(), entry.key) != words.keys.end();
      if (known)
        settings.read(entry.key, value(entry));
      else if (starts_with(entry.key, words.prefix))
        named.push_back(&entry);
      else
        unknown_key(entry, words.keys, words.prefix);
    }
    StreamRules &rules = rules_.streams[stream];
    StreamRules checked; /* of a group that is off, too */
    StreamRules &target = settings.enable ? rules : checked;
    for (const ConfigEntry *entry : named) {
      Rule rule;
      rule.label = entry->key.substr(words.prefix.size());
      if (rule.label.empty()) value(*entry).fail("has no label: the key is " + words.prefix + "LABEL");
      rule.class_ids = settings.class_ids;
      add(words.kind, settings, *entry, std::move(rule), &target);
    }
    if (named.empty())
      rules_.warnings.push_back(rules_.path + ":" + std::to_string(entries_[first].line) + ": [" +
                                entries_[first].group + "] has no " + words.prefix + "LABEL");
  }

  struct Settings {
    bool enable = true, inverse = false, extended = false;
    unsigned threshold = 1;
    int64_t time = 0;
    Mode mode = Mode::Balanced;
    std::vector<int> class_ids;

    void read(const std::string &key, const Value &v) {
      if (key == "enable") enable = v.flag();
      if (key == "inverse-roi") inverse = v.flag();
      if (key == "extended") extended = v.flag();
      if (key == "object-threshold") threshold = static_cast<unsigned>(v.integer(0, kMaxCount));
      if (key == "time-threshold") time = v.integer(0, kMaxMilliseconds) * 1000000;
      if (key == "mode") mode = v.mode();
      if (key == "class-id") class_ids = v.class_ids();
    }
  };

  void add(Kind kind, const Settings &settings, const ConfigEntry &entry, Rule rule,
           StreamRules *target) {
    switch (kind) {
      case Kind::Roi: {
        RoiRule roi{std::move(rule), polygon(entry), settings.inverse};
        target->rois.push_back(std::move(roi));
        break;
      }
      case Kind::Crowd: {
        CrowdRule crowd{std::move(rule), polygon(entry), settings.threshold, settings.time};
        target->crowds.push_back(std::move(crowd));
        break;
      }
      case Kind::Line: {
        std::vector<Point> p = value(entry).points(
            4, 4, "8 numbers: the direction x1;y1;x2;y2 and then the line x1;y1;x2;y2");
        LineRule line{std::move(rule), {p[2], p[3]}, {p[0], p[1]}, settings.extended, settings.mode};
        if (p[0] == p[1]) value(entry).fail("has a direction from a point to the same point");
        if (p[2] == p[3]) value(entry).fail("has a line from a point to the same point");
        if (cross(p[1] - p[0], p[3] - p[2]) == 0)
          value(entry).fail("has a direction along the line; it should lead across");
        target->lines.push_back(std::move(line));
        break;
      }
      case Kind::Direction: {
        std::vector<Point> p =
            value(entry).points(2, 2, "4 numbers: the direction x1;y1;x2;y2");
        if (p[0] == p[1]) value(entry).fail("leads from a point to the same point");
        target->directions.push_back({std::move(rule), {p[0], p[1]}, settings.mode});
        break;
      }
    }
  }

  Polygon polygon(const ConfigEntry &entry) {
    Polygon points = value(entry).points(3, kMaxCorners, "3 to 1024 points: x1;y1;x2;y2;x3;y3;...");
    if (doubled_area(points) == 0) warn(entry, "encloses no area");
    return points;
  }

  void unknown_group(const ConfigEntry &entry) {
    std::vector<std::string> known = {"property"};
    std::string number;
    size_t dash = entry.group.rfind('-');
    if (dash != std::string::npos) number = entry.group.substr(dash + 1);
    for (const KindWords &words : kinds()) known.push_back(words.group + number);
    std::string near = infer::nearest_name(entry.group, known);
    rules_.warnings.push_back(rules_.path + ":" + std::to_string(entry.line) + ": group [" +
                              entry.group + "] is unknown and not read" +
                              (near.empty() ? "" : "; did you mean [" + near + "]?"));
  }

  void unknown_key(const ConfigEntry &entry, const std::vector<std::string> &known,
                   const std::string &prefix = "") {
    std::string near = infer::nearest_name(entry.key, known);
    std::string hint = near.empty() ? "" : "; did you mean " + near + "?";
    if (near.empty() && !prefix.empty())
      hint = "; a region, line or direction is named by " + prefix + "LABEL";
    warn(entry, "is no key that nvdsanalytics knows" + hint);
  }

  Rules rules_;
  std::vector<ConfigEntry> entries_;
};

Point scale(Point p, double x, double y) { return {p.x * x, p.y * y}; }

Segment scale(const Segment &s, double x, double y) { return {scale(s.a, x, y), scale(s.b, x, y)}; }

}  // namespace

bool Rule::concerns(int class_id) const {
  return class_ids.empty() ||
         std::find(class_ids.begin(), class_ids.end(), class_id) != class_ids.end();
}

bool LineRule::same(const LineRule &other) const {
  return label == other.label && class_ids == other.class_ids && line.a == other.line.a &&
         line.b == other.line.b && arrow.a == other.arrow.a && arrow.b == other.arrow.b &&
         extended == other.extended && mode == other.mode;
}

StreamRules StreamRules::scaled(double x, double y) const {
  StreamRules result = *this;
  for (RoiRule &rule : result.rois)
    for (Point &point : rule.region) point = scale(point, x, y);
  for (CrowdRule &rule : result.crowds)
    for (Point &point : rule.region) point = scale(point, x, y);
  for (LineRule &rule : result.lines) {
    rule.line = scale(rule.line, x, y);
    rule.arrow = scale(rule.arrow, x, y);
  }
  for (DirectionRule &rule : result.directions) rule.arrow = scale(rule.arrow, x, y);
  return result;
}

Rules load_rules(const std::string &path) { return Loader(path).load(); }

}  // namespace dsbind::analytics
