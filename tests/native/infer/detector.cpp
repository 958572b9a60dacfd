/* SPDX-License-Identifier: Apache-2.0 */
/* Models in ONNX Runtime, from surfaces to boxes. Skipped where there is no ONNX Runtime. */
#include "engine.h"

#include <stdlib.h>

#include "check.h"
#include "files.h"
#include "onnx_model.h"

using namespace dsbind::infer;

static Folder *folder;

static const char kParser[] =
    "num-detected-classes=2\ncluster-mode=4\nnet-scale-factor=0.00392156862745098\n"
    "parse-bbox-func-name=test_parse_first\n";

static std::string library_line() { return "custom-lib-path=" DSBIND_TEST_PARSER "\n"; }

static Config config_with(const std::string &model, const std::string &rest) {
  return load_config(folder->write("c.txt", "[property]\nonnx-file=" + model + "\n" + rest));
}

static std::string error_with(const std::string &model, const std::string &rest) {
  return error_of([&] { Engine engine(config_with(model, rest)); });
}

/* RGBA frames of 16 x 8; frame i is grey 20 * (i + 5). */
static NvBufSurface *grey_frames(unsigned count) {
  NvBufSurface *surface = nullptr;
  NvBufSurfaceCreateParams params{};
  params.width = 16;
  params.height = 8;
  params.colorFormat = NVBUF_COLOR_FORMAT_RGBA;
  params.memType = NVBUF_MEM_SYSTEM;
  CHECK_INT(NvBufSurfaceCreate(&surface, count, &params), 0);
  surface->numFilled = count;
  for (unsigned i = 0; i < count; i++)
    CHECK_INT(
        NvBufSurfaceMemSet(surface, static_cast<int>(i), 0, static_cast<uint8_t>(20 * (i + 5))), 0);
  return surface;
}

/* Every frame's box has the confidence of its own grey, whatever the batches. */
static void check_split(const std::string &model, const char *batch) {
  Engine engine(config_with(model, std::string(kParser) + library_line() + batch));
  CHECK_INT(engine.network().width, 8);
  NvBufSurface *surface = grey_frames(5);
  std::vector<Found> found;
  for (int round = 0; round < 2; round++) {
    engine.infer(*surface, {{4, {}}, {3, {}}, {2, {}}, {1, {}}, {0, {}}}, &found);
    for (unsigned i = 0; i < 5; i++) {
      CHECK_INT(found[i].boxes.size(), 1);
      CHECK_NEAR(found[i].boxes[0].detectionConfidence, 20 * (4 - i + 5) / 255.0, 1e-5);
      CHECK_NEAR(found[i].boxes[0].left, 2, 1e-5);   /* 8x4 back to 16x8 */
      CHECK_NEAR(found[i].boxes[0].height, 4, 1e-5); /* 6, clipped at the bottom */
    }
  }
  CHECK_INT(engine.timing().images, 10);
  NvBufSurfaceDestroy(surface);
}

static void batches_are_split() {
  folder->write("one.onnx", relu_model({1, 3, 4, 8}));
  folder->write("two.onnx", relu_model({2, 3, 4, 8}));
  folder->write("any.onnx", relu_model({-1, 3, 4, 8}));
  for (const char *batch :
       {"batch-size=1\n", "batch-size=2\n", "batch-size=4\n", "batch-size=8\n"}) {
    check_split("one.onnx", batch);
    check_split("two.onnx", batch);
    check_split("any.onnx", batch);
  }
  folder->write("open.onnx", relu_model({-1, 3, -1, -1}));
  check_split("open.onnx", "infer-dims=3;4;8\nbatch-size=3\n");
  puts("batches: 5 frames through models of batch 1, 2 and any");
}

static void tensors_are_kept_when_asked() {
  Engine engine(config_with(
      "any.onnx", std::string(kParser) + library_line() + "batch-size=4\noutput-tensor-meta=1\n"));
  NvBufSurface *surface = grey_frames(2);
  std::vector<Found> found;
  engine.infer(*surface, {{0, {}}, {1, {}}}, &found);
  CHECK_INT(found[1].tensors.size(), 1);
  CHECK_INT(found[1].tensors[0].bytes.size(), 3 * 4 * 8 * 4);
  CHECK_INT(found[1].tensors[0].dims.d[2], 8);
  float first;
  memcpy(&first, found[1].tensors[0].bytes.data(), sizeof first);
  CHECK_NEAR(first, 120 / 255.0, 1e-5);
  CHECK_STR(engine.layers()[0].layerName, "y");
  NvBufSurfaceDestroy(surface);
  puts("tensors: 1 layer of 384 bytes, of its own frame");
}

static void models_that_do_not_fit_are_named() {
  folder->write("text.onnx", "hello, I am no model");
  CHECK_HAS(error_with("text.onnx", ""), "text.onnx' cannot be loaded by ONNX Runtime, export or copy it again: ");
  folder->write("cut.onnx", relu_model({1, 3, 4, 8}).substr(0, 40));
  CHECK_HAS(error_with("cut.onnx", ""), "cut.onnx' cannot be loaded");
  folder->write("empty.onnx", "");
  CHECK_HAS(error_with("empty.onnx", ""), "empty.onnx' cannot be loaded");
  folder->write("double.onnx", relu_model({1, 3, 4, 8}, 11));
  CHECK_HAS(error_with("double.onnx", ""), "does not take float32 images");
  folder->write("flat.onnx", relu_model({1, 3}));
  CHECK_HAS(error_with("flat.onnx", ""), "batch x channels x height x width");
  folder->write("last.onnx", relu_model({1, 4, 8, 3}));
  CHECK_HAS(error_with("last.onnx", ""), "its channels seem to be last");
  folder->write("huge.onnx", relu_model({1, 3, 1 << 30, 1 << 30}));
  CHECK_HAS(error_with("huge.onnx", ""), "larger than 16384");
  folder->write("batch.onnx", relu_model({1 << 30, 3, 4, 8}));
  CHECK_HAS(error_with("batch.onnx", ""), "fixed batch of 1073741824 images");
  CHECK_HAS(error_with("one.onnx", "infer-dims=3;5;8\n"), "infer-dims=3;5;8 and the model");
  CHECK_HAS(error_with("open.onnx", ""), "set infer-dims");
  folder->write("none.onnx", relu_model({1, 3, 0, 0}));
  CHECK_HAS(error_with("none.onnx", ""), "leaves the size of images open");
  CHECK_HAS(error_with("one.onnx", "model-color-format=2\n"), "model-color-format=2 has 1 channel");
  CHECK_HAS(error_with("one.onnx", ""), "the outputs of the model are 'y' (3x4x8)");
  CHECK_HAS(error_with("one.onnx", "output-blob-names=z\n"), "output-blob-names has 'z'");
  CHECK_HAS(error_with(DSBIND_DATA "/street.onnx", "num-detected-classes=3\n"),
            "num-detected-classes is 3, the output 'output_cov/Sigmoid:0'");
  CHECK_HAS(error_with(DSBIND_DATA "/street.onnx", "[class-attrs-9]\neps=1\n"),
            "[class-attrs-9] and the model");
  puts("models: corrupt, wrong type, shape, size, outputs and classes named");
}

static void parsers_come_from_allowed_folders() {
  std::string function = "num-detected-classes=2\nparse-bbox-func-name=";
  CHECK_HAS(error_with("one.onnx", function + "nothing\n" + library_line()),
            "has no function 'nothing'");
  CHECK_HAS(error_with("one.onnx", function + "f\ncustom-lib-path=none.so\n"), "does not exist");
  folder->write("fake.so", "no library");
  CHECK_HAS(error_with("one.onnx", function + "f\ncustom-lib-path=fake.so\n"), "cannot be loaded");

  /* the config of a stranger, in a folder of its own, pointing elsewhere; a link does not help */
  Folder other;
  other.write("one.onnx", relu_model({1, 3, 4, 8}));
  std::filesystem::create_symlink(DSBIND_TEST_PARSER, other.path("link.so"));
  for (const char *library : {DSBIND_TEST_PARSER, "link.so"}) {
    std::string path =
        other.write("c.txt", "[property]\nonnx-file=one.onnx\n" + std::string(kParser) +
                                 "custom-lib-path=" + library + "\n");
    unsetenv("DSBIND_LIBRARY_PATH");
    CHECK_HAS(error_of([&] { Engine engine(load_config(path)); }),
              "allow its folder by DSBIND_LIBRARY_PATH");
    std::string allowed = std::filesystem::path(DSBIND_TEST_PARSER).parent_path().string();
    setenv("DSBIND_LIBRARY_PATH", ("/nowhere:" + allowed).c_str(), 1);
    CHECK_SAME(error_of([&] { Engine engine(load_config(path)); }), "no error");
  }

  setenv("DSBIND_LIBRARY_PATH", std::filesystem::path(DSBIND_TEST_PARSER).parent_path().c_str(), 1);
  Engine engine(config_with("one.onnx", function + "test_parse_throws\n" + library_line()));
  NvBufSurface *surface = grey_frames(1);
  std::vector<Found> found;
  CHECK_HAS(error_of([&] { engine.infer(*surface, {{0, {}}}, &found); }), "failed: out of cheese");
  NvBufSurfaceDestroy(surface);
  unsetenv("DSBIND_LIBRARY_PATH");
  puts("parsers: own tree and allowed folders only; one that throws is an error");
}

int main(void) {
  std::string why = error_of([] { Session session("/nowhere/model.onnx"); });
  if (why.find("pip install onnxruntime") != std::string::npos) {
    printf("skipped: %s\n", why.c_str());
    return 77;
  }
  CHECK_HAS(why, "'/nowhere/model.onnx' cannot be loaded");
  Folder own;
  folder = &own;
  setenv("DSBIND_LIBRARY_PATH", std::filesystem::path(DSBIND_TEST_PARSER).parent_path().c_str(), 1);
  batches_are_split();
  tensors_are_kept_when_asked();
  models_that_do_not_fit_are_named();
  parsers_come_from_allowed_folders();
  return 0;
}
