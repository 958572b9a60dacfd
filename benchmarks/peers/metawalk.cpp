// SPDX-License-Identifier: Apache-2.0
// The same metadata as pybind11 bindings show it (a view for each struct, a cast for each attribute,
// an iterator that goes from list node to list node), and as plain C loops: peer and floor.
#include <dlfcn.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "nvdsmeta.h"

namespace py = pybind11;

namespace {

template <typename T>
struct Items {
  GList *first;
  GList *at;
  T *next() {
    if (!at) throw py::stop_iteration();
    T *item = static_cast<T *>(at->data);
    at = at->next;
    return item;
  }
};

template <typename T>
void bind_items(py::module_ &m, const char *name) {
  py::class_<Items<T>>(m, name)
      .def("__iter__", [](Items<T> &self) -> Items<T> & { return self; },
           py::return_value_policy::reference)
      .def("__next__", &Items<T>::next, py::return_value_policy::reference);
}

// What `meta_columns` reads.
struct Row {
  int32_t class_id;
  float confidence;
  uint64_t object_id;
  float left, top, width, height;
  int32_t label;
};

constexpr int kMaxLabels = 64;
char labels[kMaxLabels][MAX_LABEL_SIZE];
int n_labels;

int number_of(const char *label) {
  for (int i = 0; i < n_labels; i++)
    if (strcmp(labels[i], label) == 0) return i;
  if (n_labels == kMaxLabels) return -1;
  strncpy(labels[n_labels], label, MAX_LABEL_SIZE - 1);
  return n_labels++;
}

std::vector<Row> rows(1 << 16);

size_t read_all(NvDsBatchMeta *batch) {
  size_t n = 0;
  n_labels = 0;
  g_rec_mutex_lock(&batch->meta_mutex);
  for (GList *f = batch->frame_meta_list; f; f = f->next) {
    for (GList *o = static_cast<NvDsFrameMeta *>(f->data)->obj_meta_list; o; o = o->next) {
      const auto *object = static_cast<NvDsObjectMeta *>(o->data);
      const NvOSD_RectParams &rect = object->rect_params;
      rows[n++] = {object->class_id, object->confidence, object->object_id,
                   rect.left,        rect.top,           rect.width,
                   rect.height,      number_of(object->obj_label)};
    }
  }
  g_rec_mutex_unlock(&batch->meta_mutex);
  return n;
}

struct Api {
  NvDsObjectMeta *(*acquire)(NvDsBatchMeta *);
  void (*add)(NvDsFrameMeta *, NvDsObjectMeta *, NvDsObjectMeta *);
  void (*clear)(NvDsFrameMeta *, NvDsObjectMetaList *);
} api;

template <typename T>
void find(void *library, const char *name, T &target) {
  target = reinterpret_cast<T>(dlsym(library, name));
  if (!target) throw std::runtime_error(std::string("no symbol ") + name);
}

// As a C program adds what it found: from an array of its own, to the frame it belongs to.
size_t write_all(NvDsBatchMeta *batch, const std::vector<Row> &found) {
  static char font[] = "Serif";
  std::vector<NvDsFrameMeta *> frames;
  g_rec_mutex_lock(&batch->meta_mutex);
  for (GList *f = batch->frame_meta_list; f; f = f->next)
    frames.push_back(static_cast<NvDsFrameMeta *>(f->data));
  size_t each = found.size() / frames.size();
  for (size_t i = 0; i < found.size(); i++) {
    const Row &row = found[i];
    NvDsObjectMeta *object = api.acquire(batch);
    object->class_id = row.class_id;
    object->confidence = row.confidence;
    object->object_id = row.object_id;
    object->rect_params.left = row.left;
    object->rect_params.top = row.top;
    object->rect_params.width = row.width;
    object->rect_params.height = row.height;
    strcpy(object->obj_label, labels[row.label]);
    object->text_params.font_params = {font, 11, {1, 1, 1, 1}};
    api.add(frames[i / each], object, nullptr);
  }
  g_rec_mutex_unlock(&batch->meta_mutex);
  return found.size();
}

void clear_all(NvDsBatchMeta *batch) {
  for (GList *f = batch->frame_meta_list; f; f = f->next) {
    auto *frame = static_cast<NvDsFrameMeta *>(f->data);
    api.clear(frame, frame->obj_meta_list);
  }
}

NvDsBatchMeta *at(size_t address) { return reinterpret_cast<NvDsBatchMeta *>(address); }

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

PYBIND11_MODULE(metawalk, m) {
  bind_items<NvDsFrameMeta>(m, "FrameItems");
  bind_items<NvDsObjectMeta>(m, "ObjectItems");
  py::class_<NvOSD_RectParams>(m, "RectParams")
      .def_readwrite("left", &NvOSD_RectParams::left)
      .def_readwrite("top", &NvOSD_RectParams::top)
      .def_readwrite("width", &NvOSD_RectParams::width)
      .def_readwrite("height", &NvOSD_RectParams::height);
  py::class_<NvDsObjectMeta>(m, "ObjectMetadata")
      .def_readwrite("class_id", &NvDsObjectMeta::class_id)
      .def_readwrite("confidence", &NvDsObjectMeta::confidence)
      .def_readwrite("object_id", &NvDsObjectMeta::object_id)
      .def_readwrite("rect_params", &NvDsObjectMeta::rect_params)
      .def_property(
          "label", [](const NvDsObjectMeta &self) { return std::string(self.obj_label); },
          [](NvDsObjectMeta &self, const std::string &label) {
            strncpy(self.obj_label, label.c_str(), MAX_LABEL_SIZE - 1);
          });
  py::class_<NvDsFrameMeta>(m, "FrameMetadata")
      .def_readonly("frame_number", &NvDsFrameMeta::frame_num)
      .def_property_readonly("object_items",
                             [](const NvDsFrameMeta &self) {
                               return Items<NvDsObjectMeta>{self.obj_meta_list,
                                                            self.obj_meta_list};
                             })
      .def(
          "append",
          [](NvDsFrameMeta &self, NvDsObjectMeta &object) { api.add(&self, &object, nullptr); });
  py::class_<NvDsBatchMeta>(m, "BatchMetadata")
      .def_property_readonly("frame_items",
                             [](const NvDsBatchMeta &self) {
                               return Items<NvDsFrameMeta>{self.frame_meta_list,
                                                           self.frame_meta_list};
                             })
      .def(
          "acquire_object_meta", [](NvDsBatchMeta &self) { return api.acquire(&self); },
          py::return_value_policy::reference);
  m.def("batch", &at, py::return_value_policy::reference);

  m.def("use", [](const std::string &library) {
    void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (!handle) throw std::runtime_error(library + " is not loaded");
    find(handle, "nvds_acquire_obj_meta_from_pool", api.acquire);
    find(handle, "nvds_add_obj_meta_to_frame", api.add);
    find(handle, "nvds_clear_obj_meta_list", api.clear);
  });
  // Seconds for one pass, of many.
  m.def("time_read", [](size_t address, int times) {
    size_t sum = 0;
    double start = seconds();
    for (int i = 0; i < times; i++) sum += read_all(at(address));
    double took = seconds() - start;
    if (sum == 0) throw std::runtime_error("the batch is empty");
    return took / times;
  });
  // Seconds for adding all the objects of a batch to it, of many; emptied in between.
  m.def("time_write", [](size_t address, int times) {
    std::vector<Row> found(rows.begin(), rows.begin() + read_all(at(address)));
    double took = 0;
    for (int i = 0; i < times; i++) {
      clear_all(at(address));
      double start = seconds();
      write_all(at(address), found);
      took += seconds() - start;
    }
    return took / times;
  });
  m.def("clear", [](size_t address) { clear_all(at(address)); });
}
