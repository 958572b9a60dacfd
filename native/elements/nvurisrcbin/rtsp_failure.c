/* SPDX-License-Identifier: Apache-2.0 */
#include "rtsp_failure.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RTSP_PORT 554
#define RTSPS_PORT 322
#define PATIENCE_MS 500

/* 0 when it can be connected to, else errno. */
static int try_address(const struct addrinfo *address) {
  int code = 0;
  socklen_t size = sizeof code;
  const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) code = errno;
  if (code == EINPROGRESS) {
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (poll(&wait, 1, PATIENCE_MS) <= 0)
      code = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
      code = errno;
  }
  close(fd);
  return code;
}

/* rtspsrc does not say why it could not connect. */
static char *connection_text(const char *shown, const char *host, guint port) {
  const struct addrinfo kind = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *addresses = NULL;
  char service[8];
  g_snprintf(service, sizeof service, "%u", port);
  const int unknown = getaddrinfo(host, service, &kind, &addresses);
  if (unknown)
    return g_strdup_printf("%s cannot be played: no host %s was found (%s). Check the address.",
                           shown, host, gai_strerror(unknown));
  const int code = try_address(addresses);
  freeaddrinfo(addresses);
  if (code == ECONNREFUSED)
    return g_strdup_printf("%s cannot be played: the connection to %s:%u was refused. Check the "
                           "port, and that its server runs.", shown, host, port);
  return g_strdup_printf("%s cannot be played: there is no connection to %s:%u%s%s%s. Check the "
                         "address, and that its server runs and can be reached from here.", shown,
                         host, port, code ? " (" : "", code ? g_strerror(code) : "",
                         code ? ")" : "");
}

static guint port_of(const GstUri *uri) {
  const guint given = gst_uri_get_port(uri);
  return given ? given : g_str_has_prefix(gst_uri_get_scheme(uri), "rtsps") ? RTSPS_PORT : RTSP_PORT;
}

char *dsbind_rtsp_place(const DsbindLocation *location) {
  GstUri *uri = gst_uri_from_string(location->uri);
  const char *host = uri ? gst_uri_get_host(uri) : NULL;
  char *place = host ? g_strdup_printf("%s:%u", host, port_of(uri)) : g_strdup(location->shown);
  g_clear_pointer(&uri, gst_uri_unref);
  return place;
}

/* What the server answered, such as "Service Unavailable (503)"; NULL when it was something else. */
static char *answer_of(const char *debug) {
  const char *line = debug ? strrchr(debug, '\n') : NULL;
  return line && g_regex_match_simple("^[^()]+ \\([1-9][0-9]{2}\\)$", line + 1, 0, 0)
             ? g_strdup(line + 1) : NULL;
}

static char *login_text(const char *shown, gboolean given) {
  if (given)
    return g_strdup_printf("%s cannot be played: its server does not take this user name and "
                           "password (401). Check both; in an address, characters like @ / and : "
                           "in them are written as %%40, %%2F and %%3A.", shown);
  return g_strdup_printf("%s cannot be played: its server asks for a user name and a password "
                         "(401). Write USER:PASSWORD@ before the host of the address.", shown);
}

char *dsbind_rtsp_failure_text(const DsbindLocation *location, const GError *error,
                               const char *debug) {
  const char *shown = location->shown;
  char *text = NULL, *answer = NULL;
  GstUri *uri = gst_uri_from_string(location->uri);
  const char *host = uri ? gst_uri_get_host(uri) : NULL;
  if (error->domain != GST_RESOURCE_ERROR || !host || !debug) {
    g_clear_pointer(&uri, gst_uri_unref);
    return NULL;
  }
  const guint port = port_of(uri);
  if (error->code == GST_RESOURCE_ERROR_NOT_AUTHORIZED) {
    text = login_text(shown, gst_uri_get_userinfo(uri) != NULL);
  } else if (error->code == GST_RESOURCE_ERROR_NOT_FOUND) {
    char *path = gst_uri_get_path(uri);
    text = g_strdup_printf("%s cannot be played: the server at %s:%u has no stream %s (404). Check "
                           "the path.", shown, host, port, path && *path ? path : "/");
    g_free(path);
  } else if (strstr(debug, "Timeout")) {
    text = g_strdup_printf("%s does not answer: nothing came from %s:%u in time. Check the address, "
                           "and that its server runs and can be reached.", shown, host, port);
  } else if (strstr(debug, "Failed to connect")) {
    text = connection_text(shown, host, port);
  } else if (strstr(debug, "Parse error")) {
    text = g_strdup_printf("%s cannot be played: what answers at %s:%u is no RTSP server. Check the "
                           "port.", shown, host, port);
  } else if ((answer = answer_of(debug))) {
    text = g_strdup_printf("%s cannot be played: the server at %s:%u answers: %s. Check the address "
                           "and the settings of the source.", shown, host, port, answer);
    g_free(answer);
  }
  gst_uri_unref(uri);
  return text;
}
