/* SPDX-License-Identifier: Apache-2.0 */
/* Config files: INI and YAML say the same, and what is wrong is named. */
#include "config.h"

#include "check.h"
#include "config_keys.h"
#include "files.h"

using namespace dsbind::infer;

static Folder *folder;

static std::string ini_with(const std::string &rest) {
  return folder->write("c.txt", "[property]\nonnx-file=m.onnx\n" + rest);
}

static std::string error_with(const std::string &rest) {
  std::string path = ini_with(rest);
  return error_of([&] { load_config(path); });
}

static std::string warning_with(const std::string &rest) {
  Config config = load_config(ini_with(rest));
  std::string all;
  for (const std::string &warning : config.warnings) all += warning + "\n";
  return all;
}

static void check_example(const Config &c) {
  CHECK_SAME(c.onnx_file, folder->path("m.onnx"));
  CHECK_INT(c.warnings.size(), 0);
  CHECK_INT(c.unique_id, 3);
  CHECK_INT(c.batch_size, 4);
  CHECK_INT(c.interval, 2);
  CHECK_NEAR(c.scale_factor, 0.017352074, 1e-12);
  CHECK_NEAR(c.offsets.at(2), 103.939, 1e-4);
  CHECK_INT(c.color_format == ColorFormat::Bgr, 1);
  CHECK_INT(c.maintain_aspect_ratio, 1);
  CHECK_INT(c.symmetric_padding, 1);
  CHECK_INT(c.cluster_mode == ClusterMode::Hybrid, 1);
  CHECK_INT(c.num_classes, 2);
  CHECK_SAME(c.label(1), "bicycle");
  CHECK_SAME(c.label(7), "");
  CHECK_INT(c.infer_dims.at(1), 368);
  CHECK_INT(c.filter_out_class_ids.at(0), 1);
  CHECK_SAME(c.output_names.at(1), "cov");
  CHECK_NEAR(c.attrs(0).pre_cluster_threshold, 0.4, 1e-6);
  CHECK_NEAR(c.attrs(1).pre_cluster_threshold, 0.6, 1e-6);
  CHECK_NEAR(c.attrs(1).eps, 0.7, 1e-6); /* from class-attrs-all */
  CHECK_INT(c.attrs(1).topk, 5);
  CHECK_INT(c.attrs(1).min_width, 8);
  CHECK_NEAR(c.attrs(1).border.green, 0.5, 1e-6);
  CHECK_INT(c.attrs(1).background.has_value(), 1);
  CHECK_INT(c.attrs(0).background.has_value(), 0);
}

static void ini_and_yaml_agree() {
  folder->write("labels.txt", "car\r\nbicycle\n\n");
  check_example(load_config(folder->write(
      "a.txt",
      "# "
      "comment\n[class-attrs-1]\nthreshold=0.6\ntopk=5\ndetected-min-w=8\nborder-color=0;0.5;0;1\n"
      "bg-color=0;0;1;0.2\n\n[property]\nonnx-file=m.onnx\nlabelfile-path=labels.txt\n"
      "num-detected-classes=2\ngie-unique-id=3\nbatch-size=4\ninterval=2\n"
      "net-scale-factor=0.017352074\noffsets=123.675;116.28;103.939;\nmodel-color-format=1\n"
      "maintain-aspect-ratio=1\nsymmetric-padding=1\ncluster-mode=3\nnetwork-mode=0\n"
      "infer-dims=3;368;640\nfilter-out-class-ids=1\noutput-blob-names=bbox;cov\ngpu-id=0\n"
      "[class-attrs-all]\npre-cluster-threshold=0.4\neps=0.7\nminBoxes=2\n")));
  check_example(load_config(folder->write(
      "a.yml",
      "# comment\nproperty:\n  onnx-file: m.onnx\n  labelfile-path: labels.txt\n"
      "  num-detected-classes: 2\n  gie-unique-id: 3\n  batch-size: 4\n  interval: 2\n"
      "  net-scale-factor: 0.017352074\n  offsets: [123.675, 116.28, 103.939]\n"
      "  model-color-format: 1\n  maintain-aspect-ratio: 1\n  symmetric-padding: 1\n"
      "  cluster-mode: 3\n  network-mode: 0\n  infer-dims: 3;368;640\n  filter-out-class-ids: 1\n"
      "  output-blob-names: bbox;cov\n  gpu-id: 0\nclass-attrs-all:\n"
      "  pre-cluster-threshold: 0.4\n  eps: 0.7\n  minBoxes: 2\nclass-attrs-1:\n"
      "  threshold: 0.6\n  topk: 5\n  detected-min-w: 8\n  border-color: 0;0.5;0;1\n"
      "  bg-color: 0;0;1;0.2\n")));
  puts("ini and yaml: the same");
}

static void sample_is_clean() {
  Config c = load_config(DSBIND_DATA "/street.txt");
  CHECK_INT(c.warnings.size(), 0);
  CHECK_INT(c.num_classes, 4);
  CHECK_SAME(c.label(3), "roadsign");
  CHECK_INT(c.cluster_mode == ClusterMode::Nms, 1);
  CHECK(c.attrs(0).border.blue != c.attrs(1).border.blue);
  puts("sample config: 4 classes, no warning");
}

static void names_are_checked() {
  CHECK_HAS(warning_with("net-scale-facto=1\n"), "did you mean net-scale-factor?");
  CHECK_HAS(warning_with("bananas-in-pyjamas=1\n"), "is no key that nvinfer knows\n");
  CHECK_HAS(warning_with("[class-attrs-all]\nnms-iou-treshold=1\n"),
            "c.txt:4: [class-attrs-all] nms-iou-treshold=1 is no key");
  CHECK_HAS(warning_with("[class-atrs-all]\neps=1\n"), "did you mean [class-attrs-all]?");
  CHECK_HAS(warning_with("int8-calib-file=x\nworkspace-size=1000\n"),
            "int8-calib-file, workspace-size: only for TensorRT; instead ONNX Runtime");
  CHECK_HAS(warning_with("network-mode=1\n"), "asks TensorRT for int8");
  CHECK_HAS(warning_with("model-engine-file=x.engine\n"), "onnx-file runs instead");
  CHECK_HAS(warning_with("classifier-threshold=0.5\n"),
            "has no effect here: it is for a classifier (network-type=1)");
  CHECK_HAS(warning_with("operate-on-gie-id=1\n"), "it is for objects (process-mode=2)");
  CHECK_HAS(warning_with("process-mode=2\ninterval=3\n"), "it is for whole frames");
  CHECK_HAS(warning_with("network-type=2\nclassifier-async-mode=1\n"),
            "a classifier (network-type=1) on objects (process-mode=2)");
  std::string primary =
      folder->write("p.txt", "[property]\nonnx-file=m.onnx\nclassifier-async-mode=1\n");
  CHECK(!load_config(primary).objects.async);
  CHECK_HAS(warning_with("dump-output-tensor=1\n"), "output-tensor-meta=1 hands out the tensors");
  CHECK_SAME(warning_with("dump-input-tensor=0\noverwrite-output-tensor=0\n"), "");
  CHECK_HAS(error_with("overwrite-input-tensor=1\n"), "input-tensor-from-meta=1 takes tensors");
  CHECK_HAS(error_with("overwrite-output-tensor=1\n"), "leaves the outputs to a program");
  CHECK_HAS(warning_with("symmetric-padding=1\n"), "without maintain-aspect-ratio=1");
  puts("names: nearest one suggested, TensorRT keys in one warning");
}

static void values_are_strict() {
  CHECK_HAS(error_with("net-scale-factor=0.5x\n"),
            "c.txt:3: [property] net-scale-factor=0.5x is not a number");
  CHECK_HAS(error_with("net-scale-factor=nan\n"), "is not a number");
  CHECK_HAS(error_with("net-scale-factor=1e999\n"), "is not a number");
  CHECK_HAS(error_with("net-scale-factor=1e300\n"), "out of range: numbers up to 3.4e38");
  CHECK_HAS(error_with("net-scale-factor=1e-300\n"), "out of range: more than 0");
  CHECK_HAS(error_with("offsets=1;-1e39;3\n"), "has '-1e39', which is out of range");
  CHECK_HAS(error_with("batch-size=0\n"), "out of range: 1 to 1024");
  CHECK_HAS(error_with("batch-size=99999999999999999999\n"), "not a whole number");
  CHECK_HAS(error_with("interval=-1\n"), "out of range");
  CHECK_HAS(error_with("maintain-aspect-ratio=yes\n"), "neither 0 nor 1");
  CHECK_HAS(error_with("infer-dims=3;368\n"), "channels;height;width");
  CHECK_HAS(error_with("infer-dims=3;-5;640\n"), "'-5', which is out of range");
  CHECK_HAS(error_with("infer-dims=3;4294967297;640\n"), "out of range");
  CHECK_HAS(error_with("num-detected-classes=-2\n"), "out of range");
  CHECK_HAS(error_with("network-type=4\n"), "is none of 0 (detector), 1 (classifier)");
  CHECK_HAS(error_with("process-mode=3\n"), "out of range: 1 to 2");
  CHECK_HAS(error_with("network-type=1\nclassifier-threshold=2\n"), "out of range: 0 to 1");
  CHECK_HAS(error_with("process-mode=2\noperate-on-class-ids=0;x\n"), "'x', which is no class id");
  CHECK_HAS(error_with("[class-attrs-all]\npre-cluster-threshold=1.5\n"), "out of range: 0 to 1");
  CHECK_HAS(error_with("[class-attrs-0]\nborder-color=1;0;0\n"), "red;green;blue;alpha");
  CHECK_HAS(error_with("[class-attrs-x]\neps=1\n"), "neither [class-attrs-all] nor");
  puts("values: strict, with key, line and range");
}

static void every_documented_key_is_read() {
  int honoured = 0;
  for (const std::string &key : property_names())
    if (property_use(key) == KeyUse::Honoured) honoured += !error_with(key + "=1\n").empty();
  for (const std::string &key : class_attr_names())
    honoured += !error_with("[class-attrs-all]\n" + key + "=1\n").empty();
  CHECK(honoured > 40);
  puts("keys: each has its reader");
}

static void contradictions_name_both() {
  folder->write("two.txt", "a\nb\n");
  CHECK_HAS(error_with("labelfile-path=two.txt\nnum-detected-classes=4\n"),
            "num-detected-classes=4 and [property] labelfile-path=two.txt (line 3) contradict");
  CHECK_HAS(error_with("num-detected-classes=2\n[class-attrs-2]\neps=1\n"),
            "[class-attrs-2] and num-detected-classes=2 contradict");
  CHECK_HAS(error_with("num-detected-classes=2\nfilter-out-class-ids=5\n"), "filter-out-class-ids");
  CHECK_HAS(error_with("[class-attrs-all]\ndetected-min-w=9\ndetected-max-w=8\n"),
            "detected-max-w=8 (line 5) contradict each other: no box");
  CHECK_HAS(error_with("[class-attrs-all]\nthreshold=0.1\npre-cluster-threshold=0.2\n"),
            "two names of one setting");
  CHECK_HAS(error_with("offsets=1;2;3\nmean-file=m.ppm\n"), "mean-file=m.ppm");
  CHECK_HAS(error_with("infer-dims=3;4;5\nmodel-color-format=2\n"), "model-color-format=2");
  CHECK_HAS(error_with("parse-bbox-func-name=f\n"), "custom-lib-path must name; built in are NvDs");
  CHECK_HAS(error_with("network-type=1\nparse-classifier-func-name=f\n"), "custom-lib-path");
  CHECK_SAME(error_with("parse-bbox-func-name=NvDsInferParseYolo\n"), "no error");
  CHECK_HAS(error_with("network-type=3\ncluster-mode=0\n"), "masks cannot be merged");
  CHECK_HAS(error_with("enable-dbscan=1\ncluster-mode=2\n"), "cluster-mode=2 (line 4) contradict");
  puts("contradictions: both keys named");
}

static void files_are_named() {
  CHECK_HAS(error_of([] { load_config("/nowhere/x.txt"); }), "'/nowhere/x.txt' does not exist");
  CHECK_HAS(error_with("labelfile-path=none.txt\n"), "none.txt' does not exist");
  std::string no_model = folder->write("n.txt", "[property]\nbatch-size=1\n");
  CHECK_HAS(error_of([&] { load_config(no_model); }), "set onnx-file");
  std::string engine = folder->write("e.txt", "[property]\nmodel-engine-file=x.engine\n");
  CHECK_HAS(error_of([&] { load_config(engine); }), "export the model to ONNX");
  std::string gone = folder->write("g.txt", "[property]\nonnx-file=gone.onnx\n");
  CHECK_HAS(error_of([&] { load_config(gone); }), "gone.onnx' does not exist");
  std::string old = folder->write("o.txt", "[property]\nmodel-engine-file=old.onnx\n");
  CHECK_HAS(error_of([&] { load_config(old); }), "model-engine-file=old.onnx is relative");
  Overrides other;
  other.onnx_file = "/other.onnx";
  CHECK_HAS(error_of([&] { load_config(no_model, other); }), "the property model-engine-file");
  std::string text = folder->write("t.txt", "this is no config\n");
  CHECK_HAS(error_of([&] { load_config(text); }), "not a valid config file");
  folder->write("bad.txt", "a\n\xff\xfe\n");
  CHECK_HAS(error_with("labelfile-path=bad.txt\n"), "not UTF-8");
  std::string big = folder->write("big.txt", std::string((1 << 20) + 1, '#'));
  CHECK_HAS(error_of([&] { load_config(big); }), "larger than 1024 KiB");
  std::string many = "[property]\n";
  for (int i = 0; i < 5000; i++) many += "k" + std::to_string(i) + "=1\n";
  std::string keys = folder->write("many.txt", many);
  CHECK_HAS(error_of([&] { load_config(keys); }), "more than 4096 keys");
  puts("files: missing, not text, too large");
}

static void yaml_is_limited() {
  auto error = [](const std::string &text) {
    std::string path = folder->write("y.yaml", text);
    return error_of([&] { load_config(path); });
  };
  CHECK_HAS(error("property:\n  a: b: c\n"), "y.yaml:2: not valid YAML");
  CHECK_HAS(error("property:\n  a: 1\n---\nproperty:\n  a: 2\n"), "more than one YAML document");
  CHECK_HAS(error("property: [1, 2]\n"), "y.yaml:1: a list is only accepted");
  CHECK_HAS(error("property:\n  x: &a y\n  b: *a\n"), "y.yaml:3: YAML aliases");
  CHECK_HAS(error("property:\n  a:\n    b: 1\n"), "nothing deeper");
  CHECK_HAS(error("batch-size: 1\n"), "lies outside any group");
  CHECK_HAS(error("just text"), "expected groups");
  CHECK_HAS(error(std::string(100000, '[')), "list is only accepted");
  std::string dashes;
  for (int i = 0; i < 50000; i++) dashes += "- ";
  CHECK_HAS(error(dashes), "list is only accepted");
  CHECK_HAS(error(""), "names no model");
  puts("yaml: aliases, depth and shape refused with the line");
}

int main(void) {
  Folder own;
  folder = &own;
  own.write("m.onnx", "x");
  ini_and_yaml_agree();
  sample_is_clean();
  names_are_checked();
  values_are_strict();
  every_documented_key_is_read();
  contradictions_name_both();
  files_are_named();
  yaml_is_limited();
  return 0;
}
