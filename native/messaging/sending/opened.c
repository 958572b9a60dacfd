/* SPDX-License-Identifier: Apache-2.0 */
#include "opened.h"

#include "library.h"

static void take_functions(DsbindAdapter *self, void *library) {
  *(void **)&self->connect = dsbind_library_symbol(library, "nvds_msgapi_connect");
  *(void **)&self->send_async = dsbind_library_symbol(library, "nvds_msgapi_send_async");
  *(void **)&self->send = dsbind_library_symbol(library, "nvds_msgapi_send");
  *(void **)&self->subscribe = dsbind_library_symbol(library, "nvds_msgapi_subscribe");
  *(void **)&self->do_work = dsbind_library_symbol(library, "nvds_msgapi_do_work");
  *(void **)&self->disconnect = dsbind_library_symbol(library, "nvds_msgapi_disconnect");
  *(void **)&self->signature =
      dsbind_library_symbol(library, "nvds_msgapi_connection_signature");
  *(void **)&self->last_error = dsbind_library_symbol(library, "dsbind_msgapi_last_error");
  if (!self->do_work) self->send_async = NULL;
}

gboolean dsbind_adapter_open(DsbindAdapter *self, const char *name, const char *config,
                             gboolean shared, GError **error) {
  *self = (DsbindAdapter){0};
  self->path = dsbind_library_find(name, DSBIND_LIBRARY_ADAPTER, config, error);
  void *library =
      self->path ? dsbind_library_open(self->path, DSBIND_LIBRARY_ADAPTER, error) : NULL;
  gboolean good = library != NULL;
  if (good) take_functions(self, library);
  if (good && !(self->connect && self->disconnect && (self->send_async || self->send))) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "the library %s is no protocol adapter: it lacks nvds_msgapi_connect, _disconnect or "
                "_send", name);
    good = FALSE;
  }
  good = good && (!shared || dsbind_adapter_share(self, error));
  if (!good) dsbind_adapter_clear(self);
  return good;
}

void dsbind_adapter_clear(DsbindAdapter *self) { g_clear_pointer(&self->path, g_free); }

NvDsMsgApiHandle dsbind_adapter_connect(const DsbindAdapter *self, const char *address,
                                        nvds_msgapi_connect_cb_t on_event, const char *config) {
  if (self->shared) return dsbind_shared_connect(self, address, config);
  return self->connect((char *)address, on_event, (char *)config);
}

DsbindAdapterError dsbind_adapter_error(const DsbindAdapter *self, char *text, gsize size) {
  if (self->last_error) return (DsbindAdapterError)self->last_error(text, size);
  char *name = g_path_get_basename(self->path);
  g_snprintf(text, size, "the adapter %s does not say why", name);
  g_free(name);
  return DSBIND_ADAPTER_UNSAID;
}
