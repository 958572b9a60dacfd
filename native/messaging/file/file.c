/* SPDX-License-Identifier: Apache-2.0 */
/* libnvds_file_proto.so: messages as lines of a file, without a server.
 *
 * The connection string is a file, or a folder (one that is there, or a path that ends in "/") with
 * a file TOPIC.jsonl for each topic. Lines are added at the end. A message counts once it is wholly
 * written; of one that does not fit, nothing stays. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter.h"

typedef struct {
  GMutex lock; /* of all that follows */
  char *path;
  gboolean folder, durable;
  GHashTable *files; /* by path: the descriptor, as a pointer */
  GQueue done;       /* DsbindSent */
} Writer;

static void close_file(gpointer descriptor) { close(GPOINTER_TO_INT(descriptor)); }

/* -1 after dsbind_adapter_fail(). */
static int open_file(Writer *self, const char *path) {
  gpointer known;
  if (g_hash_table_lookup_extended(self->files, path, NULL, &known)) return GPOINTER_TO_INT(known);
  const int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    const int code = errno;
    dsbind_adapter_fail(code == ENOSPC ? DSBIND_ADAPTER_AGAIN : DSBIND_ADAPTER_NEVER,
                        "messages cannot be written to %s: %s. Choose another file or make room",
                        path, g_strerror(code));
    return -1;
  }
  g_hash_table_insert(self->files, g_strdup(path), GINT_TO_POINTER(descriptor));
  return descriptor;
}

static char *path_of(const Writer *self, const char *topic) {
  if (!self->folder) return g_strdup(self->path);
  char *name = g_strconcat(topic && *topic ? topic : "messages", ".jsonl", NULL);
  for (char *at = name; *at; at++)
    if (*at == '/' || g_ascii_iscntrl(*at)) *at = '_';
  if (*name == '.') *name = '_';
  char *path = g_build_filename(self->path, name, NULL);
  g_free(name);
  return path;
}

/* One line: within JSON texts no line break stands for itself, so a space can take its place. */
static GString *line_of(const uint8_t *payload, size_t size) {
  GString *line = g_string_sized_new(size + 1);
  if (g_utf8_validate_len((const char *)payload, size, NULL)) {
    g_string_append_len(line, (const char *)payload, (gssize)size);
    for (gsize i = 0; i < line->len; i++)
      if (line->str[i] == '\n' || line->str[i] == '\r') line->str[i] = ' ';
  } else {
    char *text = g_base64_encode(payload, size);
    g_string_append_printf(line, "{\"base64\":\"%s\"}", text);
    g_free(text);
  }
  g_string_append_c(line, '\n');
  return line;
}

/* FALSE after dsbind_adapter_fail(), with the file as it was. */
static gboolean write_line(Writer *self, const char *path, const GString *line) {
  const int descriptor = open_file(self, path);
  if (descriptor < 0) return FALSE;
  const off_t before = lseek(descriptor, 0, SEEK_END);
  gsize written = 0;
  while (written < line->len) {
    const ssize_t count = write(descriptor, line->str + written, line->len - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += (gsize)count;
  }
  if (written == line->len && (!self->durable || fdatasync(descriptor) == 0)) return TRUE;
  const int code = errno;
  if (written && before >= 0 && ftruncate(descriptor, before) != 0)
    g_debug("%s keeps a part of a line: %s", path, g_strerror(errno));
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "messages cannot be written to %s: %s. Make room, or "
                      "choose another file", path, g_strerror(code));
  return FALSE;
}

static void writer_free(Writer *self) {
  g_hash_table_unref(self->files);
  g_mutex_clear(&self->lock);
  g_free(self->path);
  g_free(self);
}

DSBIND_EXPORT NvDsMsgApiHandle nvds_msgapi_connect(char *address, nvds_msgapi_connect_cb_t connect_cb,
                                                   char *config_path) {
  if (!address || !*address) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the file adapter's connection string is empty: name "
                        "the file that messages go to, such as \"events.jsonl\"");
    return NULL;
  }
  GKeyFile *config = dsbind_adapter_config(config_path);
  if (!config) return NULL;
  Writer *self = g_new0(Writer, 1);
  g_mutex_init(&self->lock);
  self->path = g_strdup(address);
  self->folder = g_str_has_suffix(address, "/") || g_file_test(address, G_FILE_TEST_IS_DIR);
  self->durable = dsbind_adapter_number(config, "sync", 0) != 0;
  self->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_file);
  g_key_file_unref(config);
  gboolean good;
  if (self->folder) {
    good = g_mkdir_with_parents(address, 0777) == 0;
    if (!good)
      dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the folder %s cannot be made: %s", address,
                          g_strerror(errno));
  } else {
    good = open_file(self, address) >= 0;
  }
  if (!good) {
    writer_free(self);
    return NULL;
  }
  if (connect_cb) connect_cb(self, NVDS_MSGAPI_EVT_SUCCESS);
  return self;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send_async(NvDsMsgApiHandle handle, char *topic,
                                                         const uint8_t *payload, size_t size,
                                                         nvds_msgapi_send_cb_t callback,
                                                         void *user) {
  Writer *self = handle;
  GString *line = line_of(payload, size);
  g_mutex_lock(&self->lock);
  char *path = path_of(self, topic);
  const gboolean written = write_line(self, path, line);
  if (written) g_queue_push_tail(&self->done, dsbind_sent_new(callback, user));
  g_mutex_unlock(&self->lock);
  g_free(path);
  g_string_free(line, TRUE);
  return written ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send(NvDsMsgApiHandle handle, char *topic,
                                                   const uint8_t *payload, size_t size) {
  return dsbind_adapter_send(handle, topic, payload, size);
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_subscribe(NvDsMsgApiHandle handle, char **topics,
                                                        int count,
                                                        nvds_msgapi_subscribe_request_cb_t callback,
                                                        void *user) {
  (void)handle, (void)topics, (void)count, (void)callback, (void)user;
  dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "a file brings no messages: subscribe needs a broker");
  return NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT void nvds_msgapi_do_work(NvDsMsgApiHandle handle) {
  Writer *self = handle;
  for (;;) {
    g_mutex_lock(&self->lock);
    DsbindSent *sent = g_queue_pop_head(&self->done);
    g_mutex_unlock(&self->lock);
    if (!sent) return;
    dsbind_sent_finish(sent);
  }
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_disconnect(NvDsMsgApiHandle handle) {
  nvds_msgapi_do_work(handle);
  writer_free(handle);
  return NVDS_MSGAPI_OK;
}

DSBIND_EXPORT char *nvds_msgapi_getversion(void) { return (char *)"2.0"; }
DSBIND_EXPORT char *nvds_msgapi_get_protocol_name(void) { return (char *)"FILE"; }

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_connection_signature(char *address, char *config,
                                                                   char *out, int size) {
  return dsbind_adapter_signature("file", address, config, out, size);
}
