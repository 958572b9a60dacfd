/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <string.h>

/* Requests of one client can wait for a frame; clients beyond this number share its threads. */
#define CLIENT_THREADS 16
#define MOST_SESSIONS 256
#define CLOSING_TIME (400 * G_TIME_SPAN_MILLISECOND)
/* How often it is looked for clients that went without a word, seconds. */
#define CLEANING_INTERVAL 5
/* Where RTP is sent from, on servers that only this machine reaches. */
#define FIRST_PORT 49152
#define LAST_PORT 65535

struct _DsbindRtspServer {
  gint references; /* the mounts' and one for each client */
  char *address;
  guint port;
  GHashTable *paths;
  GstRTSPServer *server;
  GMainContext *context;
  gint closing;
  GSource *source, *cleaner;
  GThread *thread;
  GMutex lock;
  GCond client_gone;
  guint clients;
};

/* Threads that leave word with each client where it is served. */
#define CONTEXT_KEY "dsbind-context"
#define DSBIND_TYPE_RTSP_THREADS (dsbind_rtsp_threads_get_type())
G_DECLARE_FINAL_TYPE(DsbindRtspThreads, dsbind_rtsp_threads, DSBIND, RTSP_THREADS,
                     GstRTSPThreadPool)
struct _DsbindRtspThreads {
  GstRTSPThreadPool parent;
};
G_DEFINE_TYPE(DsbindRtspThreads, dsbind_rtsp_threads, GST_TYPE_RTSP_THREAD_POOL)

static GstRTSPThread *get_thread(GstRTSPThreadPool *pool, GstRTSPThreadType type,
                                 GstRTSPContext *request) {
  GstRTSPThread *thread = GST_RTSP_THREAD_POOL_CLASS(dsbind_rtsp_threads_parent_class)
                              ->get_thread(pool, type, request);
  if (thread && type == GST_RTSP_THREAD_TYPE_CLIENT && request && request->client)
    g_object_set_data_full(G_OBJECT(request->client), CONTEXT_KEY,
                           g_main_context_ref(thread->context),
                           (GDestroyNotify)g_main_context_unref);
  return thread;
}

static void dsbind_rtsp_threads_class_init(DsbindRtspThreadsClass *klass) {
  GST_RTSP_THREAD_POOL_CLASS(klass)->get_thread = get_thread;
}

static void dsbind_rtsp_threads_init(DsbindRtspThreads *self) { (void)self; }

/* Held while one opens or closes: who comes next finds the port in its final state. */
static GMutex servers_lock;
static GList *servers;

static void server_unref(DsbindRtspServer *self) {
  if (!g_atomic_int_dec_and_test(&self->references)) return;
  g_free(self->address);
  g_hash_table_unref(self->paths);
  g_mutex_clear(&self->lock);
  g_cond_clear(&self->client_gone);
  g_free(self);
}

static void client_gone(gpointer data, GObject *client) {
  (void)client;
  DsbindRtspServer *self = data;
  g_mutex_lock(&self->lock);
  self->clients--;
  g_cond_broadcast(&self->client_gone);
  g_mutex_unlock(&self->lock);
  server_unref(self);
}

static void client_connected(GstRTSPServer *server, GstRTSPClient *client, DsbindRtspServer *self) {
  (void)server;
  g_atomic_int_inc(&self->references);
  g_mutex_lock(&self->lock);
  self->clients++;
  g_mutex_unlock(&self->lock);
  g_object_weak_ref(G_OBJECT(client), client_gone, self);
}

static gpointer serve(gpointer data) {
  DsbindRtspServer *self = data;
  g_main_context_push_thread_default(self->context);
  while (!g_atomic_int_get(&self->closing)) g_main_context_iteration(self->context, TRUE);
  g_main_context_pop_thread_default(self->context);
  return NULL;
}

static gboolean clean(gpointer sessions) {
  gst_rtsp_session_pool_cleanup(sessions);
  return G_SOURCE_CONTINUE;
}

static void free_parts(DsbindRtspServer *self) {
  if (self->source) {
    g_source_destroy(self->source);
    g_source_unref(self->source);
    g_source_destroy(self->cleaner);
    g_source_unref(self->cleaner);
  }
  if (self->thread) {
    /* Not a GMainLoop: one that is told to quit before it runs would run for ever. */
    g_atomic_int_set(&self->closing, 1);
    g_main_context_wakeup(self->context);
    g_thread_join(self->thread);
  }
  g_signal_handlers_disconnect_by_data(self->server, self);
  g_clear_object(&self->server);
  g_clear_pointer(&self->context, g_main_context_unref);
}

static gboolean open_port(DsbindRtspServer *self, GError **error) {
  GError *reason = NULL;
  char service[8];
  g_snprintf(service, sizeof service, "%u", self->port);
  gst_rtsp_server_set_address(self->server, self->address);
  gst_rtsp_server_set_service(self->server, service);
  self->source = gst_rtsp_server_create_source(self->server, NULL, &reason);
  if (self->source) return TRUE;
  if (g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY,
                "RTSP port %u of %s is in use. Choose another rtsp-port, or end the program that "
                "has it: `ss -ltnp sport = :%u` names it", self->port, self->address, self->port);
  else
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE,
                "RTSP port %u of %s cannot be opened: %s", self->port, self->address,
                reason ? reason->message : "the system does not say why");
  g_clear_error(&reason);
  return FALSE;
}

static DsbindRtspServer *server_new(const char *address, guint port, GError **error) {
  DsbindRtspServer *self = g_new0(DsbindRtspServer, 1);
  self->references = 1;
  self->address = g_strdup(address);
  self->port = port;
  self->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init(&self->lock);
  g_cond_init(&self->client_gone);
  self->context = g_main_context_new();
  self->server = gst_rtsp_server_new();
  if (!open_port(self, error)) {
    free_parts(self);
    server_unref(self);
    return NULL;
  }
  GstRTSPThreadPool *threads = g_object_new(DSBIND_TYPE_RTSP_THREADS, NULL);
  gst_rtsp_thread_pool_set_max_threads(threads, CLIENT_THREADS);
  gst_rtsp_server_set_thread_pool(self->server, threads);
  g_object_unref(threads);
  GstRTSPSessionPool *sessions = gst_rtsp_server_get_session_pool(self->server);
  gst_rtsp_session_pool_set_max_sessions(sessions, MOST_SESSIONS);
  /* Not the pool's own watch: it does not see sessions that begin while it waits. */
  self->cleaner = g_timeout_source_new_seconds(CLEANING_INTERVAL);
  g_source_set_callback(self->cleaner, clean, sessions, g_object_unref);
  g_signal_connect(self->server, "client-connected", G_CALLBACK(client_connected), self);
  g_source_attach(self->source, self->context);
  g_source_attach(self->cleaner, self->context);
  self->thread = g_thread_new("dsbind-rtsp", serve, self);
  return self;
}

static gboolean check_place(const char *address, guint port, const char *path, GError **error) {
  if (port < 1 || port > 65535) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                "An rtsp-port of %u is not possible: give 1 to 65535, such as 8554", port);
    return FALSE;
  }
  if (!path || path[0] != '/' || !path[1] || strpbrk(path, " \t\r\n?#%")) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                "An rtsp-mount-point of \"%s\" is not possible: it is a path that begins with /, "
                "such as /ds-test", path ? path : "");
    return FALSE;
  }
  GInetAddress *numeric = g_inet_address_new_from_string(address);
  if (!numeric) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                "An rtsp-address of \"%s\" is not possible: give the number of a network interface "
                "of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them", address);
    return FALSE;
  }
  g_object_unref(numeric);
  return TRUE;
}

/* A server that only this machine reaches must not send and receive on other interfaces either. */
static void stay_local(GstRTSPMediaFactory *factory, const char *address) {
  GInetAddress *numeric = g_inet_address_new_from_string(address);
  if (g_inet_address_get_is_loopback(numeric)) {
    GstRTSPAddressPool *pool = gst_rtsp_address_pool_new();
    gst_rtsp_address_pool_add_range(pool, address, address, FIRST_PORT, LAST_PORT, 0);
    gst_rtsp_media_factory_set_address_pool(factory, pool);
    g_object_unref(pool);
  }
  g_object_unref(numeric);
}

static DsbindRtspServer *find(const char *address, guint port) {
  for (GList *item = servers; item; item = item->next) {
    DsbindRtspServer *self = item->data;
    if (self->port == port && g_str_equal(self->address, address)) return self;
  }
  return NULL;
}

DsbindRtspServer *dsbind_rtsp_server_mount(const char *address, guint port, const char *path,
                                           GstRTSPMediaFactory *factory, GError **error) {
  if (!address || g_str_equal(address, "localhost")) address = DSBIND_RTSP_LOCAL;
  if (!check_place(address, port, path, error)) return NULL;
  g_mutex_lock(&servers_lock);
  DsbindRtspServer *self = find(address, port);
  if (self && g_hash_table_contains(self->paths, path)) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY,
                "Another stream of this program is at rtsp://%s:%u%s. Give each sink its own "
                "rtsp-mount-point or rtsp-port", address, port, path);
    self = NULL;
  } else {
    if (!self && (self = server_new(address, port, error)))
      servers = g_list_prepend(servers, self);
    if (self) {
      stay_local(factory, address);
      g_hash_table_add(self->paths, g_strdup(path));
      GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(self->server);
      gst_rtsp_mount_points_add_factory(mounts, path, g_object_ref(factory));
      g_object_unref(mounts);
    }
  }
  g_mutex_unlock(&servers_lock);
  return self;
}

static gboolean session_uses(GstRTSPSession *session, const char *path) {
  gboolean uses = FALSE;
  GList *all = gst_rtsp_session_filter(session, NULL, NULL);
  for (GList *item = all; item; item = item->next) {
    gint matched = 0;
    uses |= gst_rtsp_session_media_matches(item->data, path, &matched) &&
            matched == (gint)strlen(path);
  }
  g_list_free_full(all, g_object_unref);
  return uses;
}

/* It does not keep the client, which keeps the context that this may wait in for ever. */
typedef struct {
  GWeakRef client;
  char *path; /* NULL: whatever it watches */
} Goodbye;

static void goodbye_free(gpointer data) {
  Goodbye *self = data;
  g_weak_ref_clear(&self->client);
  g_free(self->path);
  g_free(self);
}

static gboolean say_goodbye(gpointer data) {
  Goodbye *self = data;
  gboolean uses = !self->path;
  GstRTSPClient *client = g_weak_ref_get(&self->client);
  if (!client) return G_SOURCE_REMOVE;
  GList *sessions = gst_rtsp_client_session_filter(client, NULL, NULL);
  for (GList *item = sessions; item && !uses; item = item->next)
    uses = session_uses(item->data, self->path);
  g_list_free_full(sessions, g_object_unref);
  if (uses) gst_rtsp_client_close(client);
  g_object_unref(client);
  return G_SOURCE_REMOVE;
}

/* A client can be closed on its own thread only: another would take the connection from under it. */
static void disconnect(DsbindRtspServer *self, const char *path) {
  GList *clients = gst_rtsp_server_client_filter(self->server, NULL, NULL);
  for (GList *item = clients; item; item = item->next) {
    GMainContext *context = g_object_get_data(item->data, CONTEXT_KEY);
    if (!context) continue; /* it is on its way in, and finds nothing there */
    Goodbye *goodbye = g_new0(Goodbye, 1);
    g_weak_ref_init(&goodbye->client, item->data);
    goodbye->path = g_strdup(path);
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_HIGH);
    g_source_set_callback(source, say_goodbye, goodbye, goodbye_free);
    g_source_attach(source, context);
    g_source_unref(source);
  }
  g_list_free_full(clients, g_object_unref);
}

void dsbind_rtsp_server_disconnect(DsbindRtspServer *self, const char *path) {
  disconnect(self, path);
}

static void close_port(DsbindRtspServer *self) {
  /* Nobody new, then nobody: a client that is on its way in is met by the second look. */
  const gint64 deadline = g_get_monotonic_time() + CLOSING_TIME;
  g_source_destroy(self->source);
  g_mutex_lock(&self->lock);
  while (self->clients > 0 && g_get_monotonic_time() < deadline) {
    g_mutex_unlock(&self->lock);
    disconnect(self, NULL);
    g_mutex_lock(&self->lock);
    if (self->clients > 0)
      g_cond_wait_until(&self->client_gone, &self->lock,
                        g_get_monotonic_time() + 20 * G_TIME_SPAN_MILLISECOND);
  }
  g_mutex_unlock(&self->lock);
  free_parts(self);
}

void dsbind_rtsp_server_unmount(DsbindRtspServer *self, const char *path) {
  g_mutex_lock(&servers_lock);
  GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(self->server);
  gst_rtsp_mount_points_remove_factory(mounts, path);
  g_object_unref(mounts);
  g_hash_table_remove(self->paths, path);
  if (g_hash_table_size(self->paths) == 0) {
    servers = g_list_remove(servers, self);
    close_port(self);
    server_unref(self);
  }
  g_mutex_unlock(&servers_lock);
}
