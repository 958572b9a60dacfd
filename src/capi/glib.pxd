# SPDX-License-Identifier: Apache-2.0
# glib.h and glib-object.h: what the modules here use of them.
from libc.stdint cimport int64_t, uint64_t

cdef extern from "glib-object.h" nogil:
    ctypedef int gboolean
    ctypedef char gchar
    ctypedef signed char gint8
    ctypedef unsigned char guint8
    ctypedef int gint
    ctypedef unsigned int guint
    ctypedef long glong
    ctypedef unsigned long gulong
    ctypedef int64_t gint64
    ctypedef uint64_t guint64
    ctypedef size_t gsize
    ctypedef float gfloat
    ctypedef double gdouble
    ctypedef void *gpointer
    ctypedef const void *gconstpointer
    ctypedef unsigned int GQuark
    ctypedef size_t GType
    ctypedef void (*GDestroyNotify)(gpointer data) noexcept nogil
    ctypedef void (*GCallback)() noexcept nogil

    void g_free(gpointer mem)
    gchar *g_strdup(const gchar *str)
    int g_atomic_int_get(const int *atomic)
    void g_atomic_int_set(int *atomic, int value)
    int g_atomic_int_add(int *atomic, int value)
    gboolean g_atomic_int_dec_and_test(int *atomic)

    # Threads
    ctypedef struct GMutex:
        pass
    ctypedef struct GCond:
        pass
    void g_mutex_init(GMutex *mutex)
    void g_mutex_clear(GMutex *mutex)
    void g_mutex_lock(GMutex *mutex)
    void g_mutex_unlock(GMutex *mutex)
    void g_cond_init(GCond *cond)
    void g_cond_clear(GCond *cond)
    void g_cond_broadcast(GCond *cond)
    void g_cond_wait(GCond *cond, GMutex *mutex)
    gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
    gint64 g_get_monotonic_time()
    gpointer g_malloc0(gsize size)

    ctypedef struct GError:
        GQuark domain
        gint code
        gchar *message
    void g_error_free(GError *error)
    void g_clear_error(GError **error)
    const gchar *g_quark_to_string(GQuark quark)

    ctypedef struct GList:
        gpointer data
        GList *next
        GList *prev
    void g_list_free(GList *list)

    # Types and values
    ctypedef struct GTypeClass:
        GType g_type
    GType G_TYPE_NONE
    ctypedef struct GTypeInstance:
        GTypeClass *g_class
    ctypedef struct GValue:
        GType g_type
    GType G_TYPE_INVALID, G_TYPE_CHAR, G_TYPE_UCHAR, G_TYPE_BOOLEAN, G_TYPE_INT, G_TYPE_UINT
    GType G_TYPE_LONG, G_TYPE_ULONG, G_TYPE_INT64, G_TYPE_UINT64, G_TYPE_ENUM, G_TYPE_FLAGS
    GType G_TYPE_FLOAT, G_TYPE_DOUBLE, G_TYPE_STRING, G_TYPE_POINTER, G_TYPE_BOXED, G_TYPE_OBJECT
    GType G_TYPE_FUNDAMENTAL(GType type)
    GType G_OBJECT_TYPE(gpointer instance)
    gboolean g_type_is_a(GType type, GType is_a_type)
    const gchar *g_type_name(GType type)
    gpointer g_type_class_ref(GType type)
    void g_type_class_unref(gpointer g_class)

    GValue *g_value_init(GValue *value, GType type)
    void g_value_unset(GValue *value)
    void g_value_set_schar(GValue *value, gint8 v)
    void g_value_set_uchar(GValue *value, guint8 v)
    void g_value_set_boolean(GValue *value, gboolean v)
    void g_value_set_int(GValue *value, gint v)
    void g_value_set_uint(GValue *value, guint v)
    void g_value_set_long(GValue *value, glong v)
    void g_value_set_ulong(GValue *value, gulong v)
    void g_value_set_int64(GValue *value, gint64 v)
    void g_value_set_uint64(GValue *value, guint64 v)
    void g_value_set_float(GValue *value, gfloat v)
    void g_value_set_double(GValue *value, gdouble v)
    void g_value_set_string(GValue *value, const gchar *v)
    void g_value_set_enum(GValue *value, gint v)
    void g_value_set_flags(GValue *value, guint v)
    gint8 g_value_get_schar(const GValue *value)
    guint8 g_value_get_uchar(const GValue *value)
    gboolean g_value_get_boolean(const GValue *value)
    gint g_value_get_int(const GValue *value)
    guint g_value_get_uint(const GValue *value)
    glong g_value_get_long(const GValue *value)
    gulong g_value_get_ulong(const GValue *value)
    gint64 g_value_get_int64(const GValue *value)
    guint64 g_value_get_uint64(const GValue *value)
    gfloat g_value_get_float(const GValue *value)
    gdouble g_value_get_double(const GValue *value)
    const gchar *g_value_get_string(const GValue *value)
    gint g_value_get_enum(const GValue *value)
    guint g_value_get_flags(const GValue *value)
    gpointer g_value_get_object(const GValue *value)
    gpointer g_value_get_boxed(const GValue *value)

    ctypedef struct GEnumValue:
        gint value
        const gchar *value_name
        const gchar *value_nick
    ctypedef struct GEnumClass:
        guint n_values
        GEnumValue *values
    ctypedef struct GFlagsValue:
        guint value
        const gchar *value_name
        const gchar *value_nick
    ctypedef struct GFlagsClass:
        guint mask
        guint n_values
        GFlagsValue *values

    # Objects and properties
    ctypedef struct GObject:
        pass
    ctypedef struct GObjectClass:
        pass
    ctypedef struct GParamSpec:
        const gchar *name
        int flags
        GType value_type
    int G_PARAM_READABLE, G_PARAM_WRITABLE, G_PARAM_CONSTRUCT_ONLY, G_PARAM_DEPRECATED
    const gchar *g_param_spec_get_blurb(GParamSpec *spec)
    const GValue *g_param_spec_get_default_value(GParamSpec *spec)
    ctypedef struct GParamSpecChar:
        gint8 minimum, maximum
    ctypedef struct GParamSpecUChar:
        guint8 minimum, maximum
    ctypedef struct GParamSpecInt:
        gint minimum, maximum
    ctypedef struct GParamSpecUInt:
        guint minimum, maximum
    ctypedef struct GParamSpecLong:
        glong minimum, maximum
    ctypedef struct GParamSpecULong:
        gulong minimum, maximum
    ctypedef struct GParamSpecInt64:
        gint64 minimum, maximum
    ctypedef struct GParamSpecUInt64:
        guint64 minimum, maximum
    ctypedef struct GParamSpecFloat:
        gfloat minimum, maximum
    ctypedef struct GParamSpecDouble:
        gdouble minimum, maximum
    GObjectClass *G_OBJECT_GET_CLASS(gpointer object)
    GParamSpec *g_object_class_find_property(GObjectClass *oclass, const gchar *name)
    GParamSpec **g_object_class_list_properties(GObjectClass *oclass, guint *n)
    void g_object_set_property(GObject *object, const gchar *name, const GValue *value)
    void g_object_get_property(GObject *object, const gchar *name, GValue *value)
    gpointer g_object_ref(gpointer object)
    void g_object_unref(gpointer object)

    # Signals
    ctypedef enum GSignalFlags:
        G_SIGNAL_ACTION
    ctypedef struct GSignalQuery:
        guint signal_id
        const gchar *signal_name
        GType itype
        GSignalFlags signal_flags
        GType return_type
        guint n_params
        const GType *param_types
    guint *g_signal_list_ids(GType itype, guint *n_ids)
    void g_signal_query(guint signal_id, GSignalQuery *query)
    GType g_type_parent(GType type)
    ctypedef struct GClosure:
        pass
    ctypedef void (*GClosureNotify)(gpointer data, GClosure *closure) noexcept nogil
    ctypedef int GConnectFlags
    gulong g_signal_connect_data(gpointer instance, const gchar *signal, GCallback handler,
                                 gpointer data, GClosureNotify destroy, GConnectFlags flags)
    void g_signal_handler_disconnect(gpointer instance, gulong handler)
    void g_signal_emit_by_name(gpointer instance, const gchar *signal, ...)
    guint g_signal_lookup(const gchar *name, GType itype)
