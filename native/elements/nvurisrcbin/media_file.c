/* SPDX-License-Identifier: Apache-2.0 */
#include "media_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Boxes on the top level of an mp4; a fragmented file has two per fragment. */
#define MAX_BOXES 100000

/* Where the boxes of an mp4 or mov end, or 0 when it is none. */
static guint64 mp4_end(int fd, guint64 size) {
  guint64 at = 0;
  for (guint box = 0; box < MAX_BOXES && at < size; box++) {
    guint8 head[16] = {0};
    const ssize_t got = pread(fd, head, sizeof head, (off_t)at);
    if (got < 8) return box ? at + 8 : 0;
    if (box == 0 && memcmp(head + 4, "ftyp", 4) != 0 && memcmp(head + 4, "moov", 4) != 0 &&
        memcmp(head + 4, "mdat", 4) != 0)
      return 0;
    guint64 length = GST_READ_UINT32_BE(head);
    if (length == 0) return size; /* to the end of the file */
    if (length == 1) length = got == 16 ? GST_READ_UINT64_BE(head + 8) : 16;
    if (length < 8 || length > G_MAXINT64 - at) return size;
    at += length;
  }
  return at;
}

/* The same for AVI. */
static guint64 avi_end(int fd) {
  guint8 head[12];
  if (pread(fd, head, sizeof head, 0) != sizeof head) return 0;
  if (memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "AVI ", 4) != 0) return 0;
  const guint64 length = GST_READ_UINT32_LE(head + 4);
  return length ? length + 8 : 0; /* 0: the writer could not go back and fill it in */
}

gboolean dsbind_media_file_check(DsbindMediaFile *self, const char *path, const char *shown,
                                 GError **error) {
  struct stat info;
  *self = (DsbindMediaFile){0};
  if (stat(path, &info) != 0) {
    const int code = errno;
    const gboolean missing = code == ENOENT || code == ENOTDIR;
    g_set_error(error, GST_RESOURCE_ERROR,
                missing ? GST_RESOURCE_ERROR_NOT_FOUND : GST_RESOURCE_ERROR_OPEN_READ,
                missing ? "%s does not exist. Check the path."
                        : "%s cannot be read: %s. Check the path and its permissions.",
                shown, g_strerror(code));
    return FALSE;
  }
  if (!S_ISREG(info.st_mode)) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
                "%s is %s, not a file. Give the path of a video file.", shown,
                S_ISDIR(info.st_mode) ? "a folder" : "a device or a pipe");
    return FALSE;
  }
  if (info.st_size == 0) {
    g_set_error(error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
                "%s is empty: 0 bytes. Copy or record it again.", shown);
    return FALSE;
  }
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
                "%s cannot be read: %s. Check its permissions.", shown, g_strerror(errno));
    return FALSE;
  }
  self->size = (guint64)info.st_size;
  self->expected = mp4_end(fd, self->size);
  if (!self->expected) self->expected = avi_end(fd);
  close(fd);
  return TRUE;
}
