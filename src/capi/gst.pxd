# SPDX-License-Identifier: Apache-2.0
# gst/gst.h: what the modules here use of it.
from dsbind.capi.glib cimport *

cdef extern from "gst/gst.h" nogil:
    ctypedef guint64 GstClockTime
    GstClockTime GST_CLOCK_TIME_NONE, GST_SECOND, GST_MSECOND

    gboolean gst_init_check(int *argc, char ***argv, GError **error)
    gboolean gst_is_initialized()
    gchar *gst_version_string()

    # Objects
    ctypedef struct GstObject:
        pass
    gpointer gst_object_ref(gpointer object)
    gpointer gst_object_ref_sink(gpointer object)
    void gst_object_unref(gpointer object)
    gchar *gst_object_get_name(GstObject *object)
    GstObject *gst_object_get_parent(GstObject *object)
    GstObject *GST_OBJECT_CAST(gpointer object)

    # Caps, structures and values
    ctypedef struct GstCaps:
        pass
    ctypedef struct GstStructure:
        pass
    GstCaps *gst_caps_from_string(const gchar *string)
    gchar *gst_caps_to_string(const GstCaps *caps)
    GstCaps *gst_caps_ref(GstCaps *caps)
    void gst_caps_unref(GstCaps *caps)
    gboolean gst_caps_can_intersect(const GstCaps *a, const GstCaps *b)
    guint gst_caps_get_size(const GstCaps *caps)
    GstStructure *gst_caps_get_structure(const GstCaps *caps, guint index)
    GstStructure *gst_structure_new_empty(const gchar *name)
    const gchar *gst_structure_get_name(const GstStructure *structure)
    gboolean gst_structure_has_name(const GstStructure *structure, const gchar *name)
    gboolean gst_structure_get_fraction(const GstStructure *structure, const gchar *field,
                                        gint *numerator, gint *denominator)
    gchar *gst_structure_to_string(const GstStructure *structure)
    gboolean gst_structure_get_uint(const GstStructure *structure, const gchar *field, guint *value)
    gboolean gst_structure_get_int(const GstStructure *structure, const gchar *field, gint *value)
    const gchar *gst_structure_get_string(const GstStructure *structure, const gchar *field)
    ctypedef struct GstCapsFeatures:
        pass
    GstCapsFeatures *gst_caps_get_features(const GstCaps *caps, guint index)
    gboolean gst_caps_features_contains(const GstCapsFeatures *features, const gchar *feature)
    gchar *gst_value_serialize(const GValue *value)
    gboolean gst_value_deserialize(GValue *destination, const gchar *source)

    # Buffers
    ctypedef struct GstMiniObject:
        pass
    ctypedef struct GstBuffer:
        GstClockTime pts
        GstClockTime dts
        GstClockTime duration
        guint64 offset
    ctypedef struct GstBufferList:
        pass
    ctypedef gboolean (*GstBufferListFunc)(GstBuffer **buffer, guint index,
                                           gpointer data) noexcept nogil
    GstBufferList *gst_buffer_list_make_writable(GstBufferList *list)
    gboolean gst_buffer_list_foreach(GstBufferList *list, GstBufferListFunc func, gpointer data)
    GstBuffer *gst_buffer_ref(GstBuffer *buffer)
    void gst_buffer_unref(GstBuffer *buffer)
    gsize gst_buffer_get_size(GstBuffer *buffer)
    guint gst_buffer_n_memory(GstBuffer *buffer)
    ctypedef struct GstMemory:
        pass
    GstMemory *gst_buffer_peek_memory(GstBuffer *buffer, guint index)
    gboolean gst_memory_is_type(GstMemory *memory, const gchar *mem_type)
    guint gst_buffer_list_length(GstBufferList *list)
    GstBuffer *gst_buffer_list_get(GstBufferList *list, guint index)

    ctypedef enum GstMapFlags:
        GST_MAP_READ
        GST_MAP_WRITE
        GST_MAP_READWRITE
    ctypedef struct GstMapInfo:
        guint8 *data
        gsize size
    int GST_MEMORY_FLAG_READONLY
    ctypedef int GstMemoryFlags
    GstMemory *gst_memory_new_wrapped(GstMemoryFlags flags, gpointer data, gsize maxsize,
                                      gsize offset, gsize size, gpointer user_data,
                                      GDestroyNotify notify)
    gboolean gst_memory_map(GstMemory *memory, GstMapInfo *info, GstMapFlags flags)
    void gst_memory_unmap(GstMemory *memory, GstMapInfo *info)
    GstBuffer *gst_buffer_new()
    GstBuffer *gst_buffer_copy(const GstBuffer *buffer)
    void gst_buffer_append_memory(GstBuffer *buffer, GstMemory *memory)
    gboolean gst_buffer_is_writable(GstBuffer *buffer)
    gboolean gst_buffer_map(GstBuffer *buffer, GstMapInfo *info, GstMapFlags flags)
    void gst_buffer_unmap(GstBuffer *buffer, GstMapInfo *info)
    ctypedef enum GstBufferCopyFlags:
        GST_BUFFER_COPY_FLAGS
        GST_BUFFER_COPY_TIMESTAMPS
    GstBuffer *gst_buffer_new_allocate(gpointer allocator, gsize size, gpointer params)
    gboolean gst_buffer_copy_into(GstBuffer *target, GstBuffer *source, GstBufferCopyFlags flags,
                                  gsize offset, gsize size)
    GstBuffer *gst_buffer_make_writable(GstBuffer *buffer)
    ctypedef struct GstSample:
        pass
    GstBuffer *gst_sample_get_buffer(GstSample *sample)
    GstCaps *gst_sample_get_caps(GstSample *sample)
    void gst_sample_unref(GstSample *sample)
    ctypedef enum GstFlowReturn:
        GST_FLOW_OK
        GST_FLOW_EOS
        GST_FLOW_FLUSHING
        GST_FLOW_ERROR

    # Pads
    ctypedef enum GstPadDirection:
        GST_PAD_UNKNOWN
        GST_PAD_SRC
        GST_PAD_SINK
    ctypedef enum GstPadPresence:
        GST_PAD_ALWAYS
        GST_PAD_SOMETIMES
        GST_PAD_REQUEST
    ctypedef enum GstPadLinkReturn:
        GST_PAD_LINK_OK
        GST_PAD_LINK_WRONG_HIERARCHY
        GST_PAD_LINK_WAS_LINKED
        GST_PAD_LINK_WRONG_DIRECTION
        GST_PAD_LINK_NOFORMAT
        GST_PAD_LINK_NOSCHED
        GST_PAD_LINK_REFUSED
    ctypedef struct GstPad:
        pass
    ctypedef struct GstPadTemplate:
        gchar *name_template
        GstPadDirection direction
        GstPadPresence presence
    GstCaps *gst_pad_template_get_caps(GstPadTemplate *template)
    GstPadTemplate *gst_pad_get_pad_template(GstPad *pad)
    GstPadDirection gst_pad_get_direction(GstPad *pad)
    gboolean gst_pad_is_linked(GstPad *pad)
    gboolean gst_pad_can_link(GstPad *source, GstPad *sink)
    GstPadLinkReturn gst_pad_link(GstPad *source, GstPad *sink)
    const gchar *gst_pad_link_get_name(GstPadLinkReturn ret)
    GstCaps *gst_pad_query_caps(GstPad *pad, GstCaps *filter)
    GstCaps *gst_pad_get_current_caps(GstPad *pad)
    gchar *gst_pad_get_name(GstPad *pad)

    # Probes
    ctypedef enum GstPadProbeType:
        GST_PAD_PROBE_TYPE_BUFFER
        GST_PAD_PROBE_TYPE_BUFFER_LIST
    ctypedef enum GstPadProbeReturn:
        GST_PAD_PROBE_DROP
        GST_PAD_PROBE_OK
    ctypedef struct GstPadProbeInfo:
        GstPadProbeType type
        gulong id
        gpointer data
    ctypedef GstPadProbeReturn (*GstPadProbeCallback)(GstPad *pad, GstPadProbeInfo *info,
                                                      gpointer data) noexcept nogil
    gulong gst_pad_add_probe(GstPad *pad, GstPadProbeType mask, GstPadProbeCallback callback,
                             gpointer data, GDestroyNotify destroy)
    void gst_pad_remove_probe(GstPad *pad, gulong id)

    # Events
    ctypedef struct GstEvent:
        pass
    ctypedef enum GstEventType:
        GST_EVENT_STREAM_START
        GST_EVENT_EOS
        GST_EVENT_CAPS
    ctypedef enum GstFormat:
        GST_FORMAT_TIME
    ctypedef enum GstSeekFlags:
        GST_SEEK_FLAG_FLUSH
        GST_SEEK_FLAG_KEY_UNIT
        GST_SEEK_FLAG_SNAP_BEFORE
    GstEvent *gst_event_new_eos()
    GstEvent *gst_event_new_stream_start(const gchar *stream_id)
    void gst_event_unref(GstEvent *event)
    gboolean gst_pad_send_event(GstPad *pad, GstEvent *event)
    GstEvent *gst_pad_get_sticky_event(GstPad *pad, GstEventType type, guint index)

    # Elements
    ctypedef enum GstState:
        GST_STATE_VOID_PENDING
        GST_STATE_NULL
        GST_STATE_READY
        GST_STATE_PAUSED
        GST_STATE_PLAYING
    ctypedef enum GstStateChangeReturn:
        GST_STATE_CHANGE_FAILURE
        GST_STATE_CHANGE_SUCCESS
        GST_STATE_CHANGE_ASYNC
        GST_STATE_CHANGE_NO_PREROLL
    ctypedef struct GstElement:
        pass
    ctypedef struct GstElementFactory:
        pass
    ctypedef void (*GstElementCallAsyncFunc)(GstElement *element, gpointer data) noexcept nogil
    GstElementFactory *gst_element_factory_find(const gchar *name)
    GstElement *gst_element_factory_create(GstElementFactory *factory, const gchar *name)
    GstElementFactory *gst_element_get_factory(GstElement *element)
    ctypedef struct GstClock:
        pass
    GstClock *gst_element_get_clock(GstElement *element)
    GstClockTime gst_element_get_base_time(GstElement *element)
    GstClockTime gst_clock_get_time(GstClock *clock)
    gchar *gst_plugin_feature_get_name(gpointer feature)
    ctypedef struct GstPlugin:
        pass
    ctypedef struct GstPluginFeature:
        pass
    GstPluginFeature *gst_plugin_feature_load(GstPluginFeature *feature)
    GstPlugin *gst_plugin_feature_get_plugin(GstPluginFeature *feature)
    const gchar *gst_plugin_get_filename(GstPlugin *plugin)
    GList *gst_registry_get_feature_list(gpointer registry, GType type)
    gpointer gst_registry_get()
    void gst_plugin_feature_list_free(GList *list)
    GType GST_TYPE_ELEMENT_FACTORY
    GType GST_TYPE_ELEMENT
    GType GST_TYPE_CAPS
    GList *gst_element_get_pad_template_list(GstElement *element)
    const gchar *gst_element_factory_get_metadata(GstElementFactory *factory, const gchar *key)
    const gchar *GST_ELEMENT_METADATA_LONGNAME
    const gchar *GST_ELEMENT_METADATA_KLASS
    const gchar *GST_ELEMENT_METADATA_DESCRIPTION
    guint gst_plugin_feature_get_rank(GstPluginFeature *feature)
    const gchar *gst_plugin_get_name(GstPlugin *plugin)
    const gchar *gst_plugin_get_version(GstPlugin *plugin)
    GType GST_TYPE_ARRAY, GST_TYPE_FRACTION
    ctypedef struct GstChildProxy:
        pass
    GType GST_TYPE_CHILD_PROXY
    gboolean gst_child_proxy_lookup(GstChildProxy *object, const gchar *name, GObject **target,
                                    GParamSpec **spec)
    int GST_PARAM_CONTROLLABLE, GST_PARAM_MUTABLE_READY, GST_PARAM_MUTABLE_PAUSED
    int GST_PARAM_MUTABLE_PLAYING
    GstPad *gst_pad_get_peer(GstPad *pad)
    GstPad *gst_element_get_static_pad(GstElement *element, const gchar *name)
    GstPad *gst_element_request_pad(GstElement *element, GstPadTemplate *template,
                                    const gchar *name, const GstCaps *caps)
    void gst_element_release_request_pad(GstElement *element, GstPad *pad)
    ctypedef gboolean (*GstElementForeachPadFunc)(GstElement *element, GstPad *pad,
                                                  gpointer data) noexcept nogil
    gboolean gst_element_foreach_src_pad(GstElement *element, GstElementForeachPadFunc func,
                                         gpointer data)
    gboolean gst_element_foreach_sink_pad(GstElement *element, GstElementForeachPadFunc func,
                                          gpointer data)
    gboolean gst_element_send_event(GstElement *element, GstEvent *event)
    gboolean gst_element_seek_simple(GstElement *element, GstFormat format, GstSeekFlags flags,
                                     gint64 position)
    gboolean gst_element_query_position(GstElement *element, GstFormat format, gint64 *position)
    gboolean gst_element_query_duration(GstElement *element, GstFormat format, gint64 *duration)
    gboolean gst_element_query_duration(GstElement *element, GstFormat format, gint64 *duration)
    gboolean gst_element_set_locked_state(GstElement *element, gboolean locked)
    GstStateChangeReturn gst_element_set_state(GstElement *element, GstState state)
    GstStateChangeReturn gst_element_get_state(GstElement *element, GstState *state,
                                               GstState *pending, GstClockTime timeout)
    gboolean gst_element_sync_state_with_parent(GstElement *element)
    void gst_element_call_async(GstElement *element, GstElementCallAsyncFunc func, gpointer data,
                                GDestroyNotify destroy)

    # Bins
    ctypedef struct GstBin:
        pass
    GstElement *gst_pipeline_new(const gchar *name)
    gboolean gst_bin_add(GstBin *bin, GstElement *element)
    gboolean gst_bin_remove(GstBin *bin, GstElement *element)
    ctypedef struct GstIterator:
        pass
    ctypedef void (*GstIteratorForeachFunction)(const GValue *item, gpointer data) noexcept nogil
    GstIterator *gst_bin_iterate_sources(GstBin *bin)
    int gst_iterator_foreach(GstIterator *it, GstIteratorForeachFunction func, gpointer data)
    void gst_iterator_free(GstIterator *it)
    GstElement *gst_bin_get_by_name(GstBin *bin, const gchar *name)
    ctypedef enum GstDebugGraphDetails:
        GST_DEBUG_GRAPH_SHOW_VERBOSE
    gchar *gst_debug_bin_to_dot_data(GstBin *bin, GstDebugGraphDetails details)

    # The bus
    ctypedef struct GstBus:
        pass
    ctypedef enum GstMessageType:
        GST_MESSAGE_EOS
        GST_MESSAGE_ERROR
        GST_MESSAGE_WARNING
        GST_MESSAGE_STATE_CHANGED
        GST_MESSAGE_APPLICATION
        GST_MESSAGE_ELEMENT
    ctypedef struct GstMessage:
        GstMessageType type
        GstObject *src
    GstBus *gst_element_get_bus(GstElement *element)
    GstMessage *gst_bus_timed_pop_filtered(GstBus *bus, GstClockTime timeout, GstMessageType types)
    gboolean gst_bus_post(GstBus *bus, GstMessage *message)
    GstMessage *gst_message_new_application(GstObject *source, GstStructure *structure)
    const GstStructure *gst_message_get_structure(GstMessage *message)
    void gst_message_unref(GstMessage *message)
    void gst_message_parse_error(GstMessage *message, GError **error, gchar **debug)
    void gst_message_parse_warning(GstMessage *message, GError **error, gchar **debug)
    void gst_message_parse_error_details(GstMessage *message, const GstStructure **structure)
    void gst_message_parse_warning_details(GstMessage *message, const GstStructure **structure)
    void gst_message_parse_state_changed(GstMessage *message, GstState *old, GstState *new,
                                         GstState *pending)
