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

/* So much is written at once, whether do_work was called or not. */
#define MAX_PENDING (1024 * 1024)

/* A message whose line ends there within those that are to be written. */
typedef struct {
  DsbindSent *sent;
  gsize end;
} Line;

typedef struct {
  char *path;
  int descriptor;
  GString *pending;
  GArray *lines; /* Line, of `pending` */
} File;

typedef struct {
  GMutex lock; /* of all that follows */
  char *path;
  gboolean folder, durable;
  GHashTable *files; /* File, by path */
  GQueue done;       /* DsbindSent, with a result */
} Writer;

static void file_free(gpointer data) {
  File *file = data;
  close(file->descriptor);
  g_string_free(file->pending, TRUE);
  g_array_unref(file->lines);
  g_free(file->path);
  g_free(file);
}

/* NULL after dsbind_adapter_fail(). */
static File *open_file(Writer *self, const char *path) {
  File *file = g_hash_table_lookup(self->files, path);
  if (file) return file;
  const int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    const int code = errno;
    dsbind_adapter_fail(code == ENOSPC ? DSBIND_ADAPTER_AGAIN : DSBIND_ADAPTER_NEVER,
                        "messages cannot be written to %s: %s. Choose another file or make room",
                        path, g_strerror(code));
    return NULL;
  }
  file = g_new0(File, 1);
  file->path = g_strdup(path);
  file->descriptor = descriptor;
  file->pending = g_string_sized_new(64 * 1024);
  file->lines = g_array_new(FALSE, FALSE, sizeof(Line));
  g_hash_table_insert(self->files, file->path, file);
  return file;
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

/* Whether all bytes are printable ASCII, eight at a time: what payloads mostly are. */
static gboolean is_plain(const uint8_t *bytes, size_t size) {
  const guint64 high = G_GUINT64_CONSTANT(0x8080808080808080);
  const guint64 space = G_GUINT64_CONSTANT(0x2020202020202020);
  guint64 odd = 0, word;
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    memcpy(&word, bytes + i, 8);
    /* A borrow goes out of a byte below the space only, which is then odd itself. */
    odd |= (word | (word - space)) & high;
  }
  for (; i < size; i++) odd |= bytes[i] < ' ' || bytes[i] >= 0x80;
  return odd == 0;
}

/* Whether it can be a line as it is: protobuf may happen to be valid UTF-8, not without control
 * characters. */
static gboolean is_text(const uint8_t *payload, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (payload[i] < ' ' && payload[i] != '\t' && payload[i] != '\n' && payload[i] != '\r')
      return FALSE;
  return g_utf8_validate_len((const char *)payload, size, NULL);
}

/* One line: within JSON texts no line break stands for itself, so a space can take its place. */
static void append_line(GString *out, const uint8_t *payload, size_t size) {
  const gsize begin = out->len;
  if (is_plain(payload, size)) {
    g_string_append_len(out, (const char *)payload, (gssize)size);
  } else if (is_text(payload, size)) {
    g_string_append_len(out, (const char *)payload, (gssize)size);
    for (gsize i = begin; i < out->len; i++)
      if (out->str[i] == '\n' || out->str[i] == '\r') out->str[i] = ' ';
  } else {
    char *text = g_base64_encode(payload, size);
    g_string_append_printf(out, "{\"base64\":\"%s\"}", text);
    g_free(text);
  }
  g_string_append_c(out, '\n');
}

/* How much of the lines is in the file, whole: FALSE after dsbind_adapter_fail() where it is not
 * all. Nothing of the others stays. */
static gboolean write_pending(const Writer *self, const File *file, gsize *whole) {
  const GString *lines = file->pending;
  gsize written = 0;
  while (written < lines->len) {
    const ssize_t count = write(file->descriptor, lines->str + written, lines->len - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += (gsize)count;
  }
  *whole = written;
  if (written == lines->len && (!self->durable || fdatasync(file->descriptor) == 0)) return TRUE;
  const int code = errno;
  *whole = 0;
  for (guint i = 0; i < file->lines->len && !self->durable; i++) {
    const gsize end = g_array_index(file->lines, Line, i).end;
    if (end <= written) *whole = end;
  }
  const off_t now = lseek(file->descriptor, 0, SEEK_CUR);
  if (written > *whole && now >= 0 &&
      ftruncate(file->descriptor, now - (off_t)(written - *whole)) != 0)
    g_debug("%s keeps a part of a line: %s", file->path, g_strerror(errno));
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "messages cannot be written to %s: %s. Make room, or "
                      "choose another file", file->path, g_strerror(code));
  return FALSE;
}

/* Answers all messages of a file. */
static void finish_pending(Writer *self, File *file) {
  gsize whole;
  if (!file->pending->len) return;
  const gboolean all = write_pending(self, file, &whole);
  for (guint i = 0; i < file->lines->len; i++) {
    const Line *line = &g_array_index(file->lines, Line, i);
    if (!all && line->end > whole) dsbind_sent_fail(line->sent);
    g_queue_push_tail(&self->done, line->sent);
  }
  g_string_truncate(file->pending, 0);
  g_array_set_size(file->lines, 0);
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
  if (strstr(address, "://")) {
    /* Not the text itself: it may hold a password. */
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the file adapter's connection string is a URI: write "
                        "a path, or choose the adapter of the broker (msg_broker_proto_lib)");
    return NULL;
  }
  GKeyFile *config = dsbind_adapter_config(config_path);
  if (!config) return NULL;
  Writer *self = g_new0(Writer, 1);
  g_mutex_init(&self->lock);
  self->path = g_strdup(address);
  self->folder = g_str_has_suffix(address, "/") || g_file_test(address, G_FILE_TEST_IS_DIR);
  self->durable = dsbind_adapter_number(config, "sync", 0) != 0;
  self->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, file_free);
  g_key_file_unref(config);
  gboolean good;
  if (self->folder) {
    good = g_mkdir_with_parents(address, 0777) == 0;
    if (!good)
      dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the folder %s cannot be made: %s", address,
                          g_strerror(errno));
  } else {
    good = open_file(self, address) != NULL;
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
  g_mutex_lock(&self->lock);
  char *path = path_of(self, topic);
  File *file = open_file(self, path);
  if (file) {
    append_line(file->pending, payload, size);
    const Line line = {dsbind_sent_new(callback, user), file->pending->len};
    g_array_append_val(file->lines, line);
    if (file->pending->len >= MAX_PENDING) finish_pending(self, file);
  }
  g_mutex_unlock(&self->lock);
  g_free(path);
  return file ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR;
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
  GHashTableIter files;
  gpointer file;
  DsbindSent *sent;
  g_mutex_lock(&self->lock);
  g_hash_table_iter_init(&files, self->files);
  while (g_hash_table_iter_next(&files, NULL, &file)) finish_pending(self, file);
  GQueue done = self->done;
  g_queue_init(&self->done);
  g_mutex_unlock(&self->lock);
  while ((sent = g_queue_pop_head(&done))) dsbind_sent_finish(sent);
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
