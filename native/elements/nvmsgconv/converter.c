/* SPDX-License-Identifier: Apache-2.0 */
#include "converter.h"

#include <string.h>

#include "event.h"
#include "library.h"

struct DsbindConverter {
  NvDsMsg2pCtx *(*create)(const gchar *, NvDsPayloadType);
  void (*destroy)(NvDsMsg2pCtx *);
  NvDsPayload *(*generate)(NvDsMsg2pCtx *, NvDsEvent *, guint);
  NvDsPayload **(*generate_multiple)(NvDsMsg2pCtx *, NvDsEvent *, guint, guint *);
  NvDsPayload *(*generate_new)(NvDsMsg2pCtx *, void *);
  NvDsPayload **(*generate_multiple_new)(NvDsMsg2pCtx *, void *, guint *);
  void (*release)(NvDsMsg2pCtx *, NvDsPayload *);
  const char *(*last_error)(void);
  NvDsMsg2pCtx *context;
  gboolean whole_frames; /* a payload is of all events of a frame */
  char *dump_folder;
  guint component;
  guint64 dumped;
};

static gboolean open_library(DsbindConverter *self, const DsbindConverterSettings *settings,
                             GError **error) {
  char *path = dsbind_library_find(settings->library, DSBIND_LIBRARY_CONVERTER, settings->config,
                                   error);
  void *library = path ? dsbind_library_open(path, DSBIND_LIBRARY_CONVERTER, error) : NULL;
  g_free(path);
  if (!library) return FALSE;
  *(void **)&self->create = dsbind_library_symbol(library, "nvds_msg2p_ctx_create");
  *(void **)&self->destroy = dsbind_library_symbol(library, "nvds_msg2p_ctx_destroy");
  *(void **)&self->generate = dsbind_library_symbol(library, "nvds_msg2p_generate");
  *(void **)&self->generate_multiple = dsbind_library_symbol(library, "nvds_msg2p_generate_multiple");
  *(void **)&self->generate_new = dsbind_library_symbol(library, "nvds_msg2p_generate_new");
  *(void **)&self->generate_multiple_new =
      dsbind_library_symbol(library, "nvds_msg2p_generate_multiple_new");
  *(void **)&self->release = dsbind_library_symbol(library, "nvds_msg2p_release");
  *(void **)&self->last_error = dsbind_library_symbol(library, "dsbind_msg2p_last_error");
  const gboolean generates = settings->new_api ? self->generate_new || self->generate_multiple_new
                                               : self->generate || self->generate_multiple;
  if (self->create && self->destroy && self->release && generates) return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
              "the library %s makes no payloads: it lacks nvds_msg2p_ctx_create, _ctx_destroy, "
              "_release or nvds_msg2p_generate%s", settings->library,
              settings->new_api ? "_new" : "");
  return FALSE;
}

DsbindConverter *dsbind_converter_new(const DsbindConverterSettings *settings, GError **error) {
  DsbindConverter *self = g_new0(DsbindConverter, 1);
  if (settings->dump_folder && g_mkdir_with_parents(settings->dump_folder, 0777) == 0)
    self->dump_folder = g_strdup(settings->dump_folder);
  self->component = settings->component;
  self->whole_frames = settings->payload_type != NVDS_PAYLOAD_DEEPSTREAM;
  if (open_library(self, settings, error)) {
    self->context = self->create(settings->config, (NvDsPayloadType)settings->payload_type);
    if (self->context) return self;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s",
                self->last_error ? self->last_error()
                                 : "the payload library does not take the config or payload type");
  }
  dsbind_converter_free(self);
  return NULL;
}

void dsbind_converter_free(DsbindConverter *self) {
  if (self->context) self->destroy(self->context);
  g_free(self->dump_folder);
  g_free(self);
}

static void dump(DsbindConverter *self, const NvDsPayload *payload) {
  char *name = g_strdup_printf("payload-%06" G_GUINT64_FORMAT ".txt", self->dumped++);
  char *path = g_build_filename(self->dump_folder, name, NULL);
  g_file_set_contents(path, payload->payload, payload->payloadSize, NULL);
  g_free(path);
  g_free(name);
}

/* Copies a payload to the frame, so that it needs the library no longer. */
static void attach(DsbindConverter *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame,
                   NvDsPayload *payload, gint *count) {
  if (!payload) return;
  NvDsUserMeta *meta = payload->payload ? nvds_acquire_user_meta_from_pool(batch) : NULL;
  if (meta) {
    if (self->dump_folder) dump(self, payload);
    dsbind_payload_carry(meta, payload->payload, payload->payloadSize, self->component);
    meta->base_meta.batch_meta = batch;
    nvds_add_user_meta_to_frame(frame, meta);
    *count += 1;
  }
  self->release(self->context, payload);
}

static void attach_all(DsbindConverter *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame,
                       NvDsPayload **payloads, guint number, gint *count) {
  for (guint i = 0; payloads && i < number; i++) attach(self, batch, frame, payloads[i], count);
  g_free(payloads);
}

gint dsbind_converter_events(DsbindConverter *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame,
                             NvDsEvent *events, guint count) {
  gint made = 0;
  if (self->generate_multiple) {
    guint number = 0;
    NvDsPayload **payloads = self->generate_multiple(self->context, events, count, &number);
    attach_all(self, batch, frame, payloads, number, &made);
  } else if (self->whole_frames) {
    attach(self, batch, frame, self->generate(self->context, events, count), &made);
  } else {
    for (guint i = 0; i < count; i++)
      attach(self, batch, frame, self->generate(self->context, &events[i], 1), &made);
  }
  return made ? made : -1;
}

static void generate_new(DsbindConverter *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame,
                         NvDsObjectMeta *object, gint *made) {
  NvDsMsg2pMetaInfo info = {.objMeta = object, .frameMeta = frame, .mediaType = (gchar *)"video"};
  if (self->generate_multiple_new) {
    guint number = 0;
    NvDsPayload **payloads = self->generate_multiple_new(self->context, &info, &number);
    attach_all(self, batch, frame, payloads, number, made);
  } else {
    attach(self, batch, frame, self->generate_new(self->context, &info), made);
  }
}

gint dsbind_converter_frame(DsbindConverter *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame) {
  gint made = 0;
  if (self->whole_frames) {
    generate_new(self, batch, frame, NULL, &made);
  } else {
    for (NvDsMetaList *l = frame->obj_meta_list; l; l = l->next)
      generate_new(self, batch, frame, l->data, &made);
  }
  return made || !frame->obj_meta_list ? made : -1;
}
