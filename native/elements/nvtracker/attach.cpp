/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include <algorithm>
#include <cstring>

#include "error.h"
#include "target_meta.h"

namespace dsbind::nvtracker {
namespace {

/* Of an object that no detector saw in this frame. */
constexpr float kNotDetected = -0.1f;
constexpr float kTextAbove = 10; /* pixels between the text's top and the box's */
/* A target may be lost for many more frames than a look is kept, where a detector runs rarely. */
constexpr uint64_t kNameKept = 64;
/* Frames between two searches for names that nobody asks for. */
constexpr uint64_t kSearch = 256;

/* Within the frame; an object that is all outside has no area. */
void set_box(NvOSD_RectParams *rect, const NvMOTRect &box, const NvBufSurfaceParams &frame) {
  const auto width = static_cast<float>(frame.width), height = static_cast<float>(frame.height);
  const float left = std::clamp(box.x, 0.f, width), top = std::clamp(box.y, 0.f, height);
  rect->left = left;
  rect->top = top;
  rect->width = std::clamp(box.x + box.width, 0.f, width) - left;
  rect->height = std::clamp(box.y + box.height, 0.f, height) - top;
}

void set_text(NvDsObjectMeta *object, bool display_id) {
  NvOSD_TextParams *text = &object->text_params;
  text->x_offset = static_cast<unsigned>(object->rect_params.left);
  text->y_offset = static_cast<unsigned>(std::max(object->rect_params.top - kTextAbove, 0.f));
  if (!display_id) return;
  const char *label = text->display_text && *text->display_text ? text->display_text
                                                                : object->obj_label;
  char *shown = *label ? g_strdup_printf("%s %" G_GUINT64_FORMAT, label, object->object_id)
                       : g_strdup_printf("%" G_GUINT64_FORMAT, object->object_id);
  g_free(text->display_text);
  text->display_text = shown;
}

Look look_of(const NvDsObjectMeta &object, uint64_t frame) {
  Look look;
  look.component = object.unique_component_id;
  look.rect = object.rect_params;
  look.text = object.text_params;
  look.text.display_text = nullptr;
  look.label.assign(object.obj_label, strnlen(object.obj_label, sizeof object.obj_label));
  look.last_frame = frame;
  return look;
}

NvDsObjectMeta *add_object(const FrameIn &frame, const Tracked &track, const Look *look) {
  NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(frame.meta->base_meta.batch_meta);
  if (!object) throw Error(ErrorKind::Run, "no memory for the metadata of another object");
  object->class_id = track.class_id;
  object->confidence = kNotDetected;
  if (look) {
    object->unique_component_id = look->component;
    object->rect_params = look->rect;
    object->text_params = look->text;
    const size_t length = std::min(look->label.size(), sizeof object->obj_label - 1);
    std::copy_n(look->label.data(), length, object->obj_label);
    object->obj_label[length] = '\0';
    object->text_params.display_text = g_strdup(object->obj_label);
  }
  nvds_add_obj_meta_to_frame(frame.meta, object, nullptr);
  return object;
}

/* Objects that the library did not take up. Nothing may point to them afterwards. */
void remove_objects(const FrameIn &frame, const std::vector<bool> &kept) {
  std::vector<NvDsObjectMeta *> gone;
  for (size_t i = 0; i < frame.objects.size(); i++)
    if (!kept[i]) gone.push_back(frame.objects[i]);
  if (gone.empty()) return;
  for (GList *l = frame.meta->obj_meta_list; l; l = l->next) {
    auto *object = static_cast<NvDsObjectMeta *>(l->data);
    if (object->parent && std::find(gone.begin(), gone.end(), object->parent) != gone.end())
      object->parent = nullptr;
  }
  for (NvDsObjectMeta *object : gone) nvds_remove_obj_meta_from_frame(frame.meta, object);
}

}  // namespace

void Ids::restart(unsigned stream) {
  renames_ = true;
  upper_ = uint64_t{stream + 1} << 32;
  next_ = 0;
  renamed_.clear();
}

uint64_t Ids::shown(uint64_t id) {
  if (!renames_) return offset_ + id;
  auto [found, added] = renamed_.try_emplace(id, Name{next_, frame_});
  if (added) next_++;
  found->second.last = frame_;
  return upper_ | found->second.number;
}

void Ids::advance(uint64_t keep) {
  if (++frame_ % kSearch) return;
  for (auto name = renamed_.begin(); name != renamed_.end();)
    name = frame_ - name->second.last > keep ? renamed_.erase(name) : std::next(name);
}

void attach_tracks(const FrameIn &frame, const std::vector<Tracked> &tracks,
                   const Context &context, const AttachOptions &options, StreamState *state) {
  std::vector<bool> kept(frame.objects.size());
  state->frames++;
  state->ids.advance(kNameKept * options.keep_frames);
  for (const Tracked &track : tracks) {
    NvDsObjectMeta *object = nullptr;
    if (track.object >= 0) {
      kept[static_cast<size_t>(track.object)] = true;
      object = frame.objects[static_cast<size_t>(track.object)];
      state->looks.insert_or_assign(track.id, look_of(*object, state->frames));
    } else {
      auto look = state->looks.find(track.id);
      object = add_object(frame, track, look == state->looks.end() ? nullptr : &look->second);
      if (look != state->looks.end()) look->second.last_frame = state->frames;
    }
    object->object_id = state->ids.shown(track.id);
    object->tracker_confidence = track.confidence;
    object->tracker_bbox_info.org_bbox_coords = {track.box.x, track.box.y, track.box.width,
                                                 track.box.height};
    set_box(&object->rect_params, track.box, *frame.surface);
    set_text(object, options.display_id);
    attach_target_meta(object, *track.raw, context.query(), context.features());
  }
  remove_objects(frame, kept);
  for (auto look = state->looks.begin(); look != state->looks.end();) {
    if (state->frames - look->second.last_frame <= options.keep_frames)
      ++look;
    else
      look = state->looks.erase(look);
  }
}

}  // namespace dsbind::nvtracker
