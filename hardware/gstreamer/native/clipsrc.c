/* clipsrc location=FILE media=h264|opus|pcm offset=MS: plays a prepared file for ever, in real time, without decoding or encoding it.
 * The packets are read once into memory; timestamps run on across the seam. Asked for a keyframe it jumps ahead to its next IDR,
 * so it answers like a camera's encoder does. */
#include <gst/app/gstappsink.h>
#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>
#include <string.h>

#include "worker.h"

/* At most one jump in this much media: requests of many receivers at once must not turn the clip into IDRs only. */
#define JUMP_SPACING (100 * GST_MSECOND)
#define MAX_BYTES (64 * 1024 * 1024)

typedef struct {
  GstPushSrc parent;
  char *location, *media;
  guint offset_ms;
  GPtrArray *packets; /* of GstBuffer, each with a duration */
  GstCaps *caps;
  guint next;
  GstClockTime position, last_jump;
  gint jump; /* atomic */
} ClipSrc;

typedef struct {
  GstPushSrcClass parent;
} ClipSrcClass;

enum { PROP_LOCATION = 1, PROP_MEDIA, PROP_OFFSET };

G_DEFINE_TYPE(ClipSrc, clip_src, GST_TYPE_PUSH_SRC)

static GstStaticPadTemplate source_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static const char *reader_of(const char *media) {
  if (strcmp(media, "h264") == 0) return "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au";
  if (strcmp(media, "opus") == 0) return "oggdemux ! opusparse";
  if (strcmp(media, "pcm") == 0) return "wavparse ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,layout=interleaved ! audiobuffersplit output-buffer-duration=1/50";
  return NULL;
}

static bool take_packets(ClipSrc *self, GstAppSink *sink) {
  gsize bytes = 0;
  GstSample *sample;
  while ((sample = gst_app_sink_try_pull_sample(sink, 5 * GST_SECOND))) {
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    if (!self->caps) self->caps = gst_caps_ref(gst_sample_get_caps(sample));
    bytes += gst_buffer_get_size(buffer);
    if (GST_BUFFER_DURATION_IS_VALID(buffer) && GST_BUFFER_DURATION(buffer) > 0) g_ptr_array_add(self->packets, gst_buffer_copy_deep(buffer));
    gst_sample_unref(sample);
    if (bytes > MAX_BYTES) return false;
  }
  return self->packets->len > 0;
}

static bool load(ClipSrc *self) {
  const char *reader = reader_of(self->media);
  if (!reader || !self->location) return false;
  char *launch = g_strdup_printf("filesrc name=file ! %s ! appsink name=out sync=false", reader);
  GstElement *inner = gst_parse_launch(launch, NULL);
  g_free(launch);
  if (!inner) return false;
  GstElement *file = gst_bin_get_by_name(GST_BIN(inner), "file"), *out = gst_bin_get_by_name(GST_BIN(inner), "out");
  g_object_set(file, "location", self->location, NULL);
  bool loaded = gst_element_set_state(inner, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE && take_packets(self, GST_APP_SINK(out));
  gst_element_set_state(inner, GST_STATE_NULL);
  gst_object_unref(file);
  gst_object_unref(out);
  gst_object_unref(inner);
  return loaded;
}

static bool is_key(ClipSrc *self, guint i) { return !GST_BUFFER_FLAG_IS_SET((GstBuffer *)self->packets->pdata[i], GST_BUFFER_FLAG_DELTA_UNIT); }

/* The next packet from `i` on, around the end, that a decoder can start with. */
static guint key_from(ClipSrc *self, guint i) {
  for (guint step = 0; step < self->packets->len; step++) {
    guint at = (i + step) % self->packets->len;
    if (is_key(self, at)) return at;
  }
  return i;
}

static gboolean start(GstBaseSrc *base) {
  ClipSrc *self = (ClipSrc *)base;
  self->packets = g_ptr_array_new_with_free_func((GDestroyNotify)gst_buffer_unref);
  if (!load(self)) {
    GST_ELEMENT_ERROR(self, RESOURCE, OPEN_READ, ("no %s packets in the clip \"%s\"", self->media, self->location ? self->location : ""), (NULL));
    return FALSE;
  }
  GstClockTime into = 0, offset = self->offset_ms * GST_MSECOND;
  for (self->next = 0; into < offset; self->next = (self->next + 1) % self->packets->len)
    into += GST_BUFFER_DURATION((GstBuffer *)self->packets->pdata[self->next]);
  self->next = key_from(self, self->next);
  self->position = 0;
  self->last_jump = GST_CLOCK_TIME_NONE;
  return TRUE;
}

static gboolean stop(GstBaseSrc *base) {
  ClipSrc *self = (ClipSrc *)base;
  g_clear_pointer(&self->packets, g_ptr_array_unref);
  gst_clear_caps(&self->caps);
  return TRUE;
}

static GstCaps *get_caps(GstBaseSrc *base, GstCaps *filter) {
  ClipSrc *self = (ClipSrc *)base;
  if (!self->caps) return gst_caps_new_any();
  return filter ? gst_caps_intersect_full(filter, self->caps, GST_CAPS_INTERSECT_FIRST) : gst_caps_ref(self->caps);
}

static gboolean event(GstBaseSrc *base, GstEvent *event) {
  ClipSrc *self = (ClipSrc *)base;
  if (gst_video_event_is_force_key_unit(event)) {
    g_atomic_int_set(&self->jump, 1);
    return TRUE;
  }
  return GST_BASE_SRC_CLASS(clip_src_parent_class)->event(base, event);
}

/* The base class waits for these times on the pipeline's clock. */
static void get_times(GstBaseSrc *base G_GNUC_UNUSED, GstBuffer *buffer, GstClockTime *from, GstClockTime *to) {
  *from = GST_BUFFER_PTS(buffer);
  *to = *from + GST_BUFFER_DURATION(buffer);
}

static GstFlowReturn create(GstPushSrc *push, GstBuffer **out) {
  ClipSrc *self = (ClipSrc *)push;
  bool spaced = !GST_CLOCK_TIME_IS_VALID(self->last_jump) || self->position - self->last_jump >= JUMP_SPACING, jumped = false;
  if (spaced && g_atomic_int_compare_and_exchange(&self->jump, 1, 0)) {
    self->last_jump = self->position;
    jumped = !is_key(self, self->next);
    self->next = key_from(self, self->next);
  }
  GstBuffer *packet = gst_buffer_copy(self->packets->pdata[self->next]);
  GST_BUFFER_PTS(packet) = GST_BUFFER_DTS(packet) = self->position;
  GST_BUFFER_OFFSET(packet) = GST_BUFFER_OFFSET_END(packet) = GST_BUFFER_OFFSET_NONE;
  GST_BUFFER_FLAG_UNSET(packet, GST_BUFFER_FLAG_DISCONT);
  if (self->position == 0 || (jumped && strcmp(self->media, "h264") != 0)) GST_BUFFER_FLAG_SET(packet, GST_BUFFER_FLAG_DISCONT);
  self->position += GST_BUFFER_DURATION(packet);
  self->next = (self->next + 1) % self->packets->len;
  *out = packet;
  return GST_FLOW_OK;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  ClipSrc *self = (ClipSrc *)object;
  char **text = id == PROP_LOCATION ? &self->location : id == PROP_MEDIA ? &self->media : NULL;
  if (text) {
    g_free(*text);
    *text = g_value_dup_string(value);
  } else if (id == PROP_OFFSET) {
    self->offset_ms = g_value_get_uint(value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  ClipSrc *self = (ClipSrc *)object;
  if (id == PROP_LOCATION) g_value_set_string(value, self->location);
  else if (id == PROP_MEDIA) g_value_set_string(value, self->media);
  else if (id == PROP_OFFSET) g_value_set_uint(value, self->offset_ms);
  else G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

static void finalize(GObject *object) {
  ClipSrc *self = (ClipSrc *)object;
  g_free(self->location);
  g_free(self->media);
  G_OBJECT_CLASS(clip_src_parent_class)->finalize(object);
}

static void clip_src_class_init(ClipSrcClass *class) {
  GObjectClass *object = G_OBJECT_CLASS(class);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS(class);
  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  g_object_class_install_property(object, PROP_LOCATION, g_param_spec_string("location", "Location", "File to play", NULL, flags));
  g_object_class_install_property(object, PROP_MEDIA, g_param_spec_string("media", "Media", "h264, opus or pcm", "h264", flags));
  g_object_class_install_property(object, PROP_OFFSET, g_param_spec_uint("offset", "Offset", "Where in the clip to begin, ms", 0, G_MAXUINT, 0, flags));
  gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &source_template);
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Clip source", "Source", "Plays prepared packets for ever in real time", "diemcau");
  base->start = start;
  base->stop = stop;
  base->get_caps = get_caps;
  base->event = event;
  base->get_times = get_times;
  GST_PUSH_SRC_CLASS(class)->create = create;
}

static void clip_src_init(ClipSrc *self) {
  self->media = g_strdup("h264");
  gst_base_src_set_live(GST_BASE_SRC(self), TRUE);
  gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
}

void clipsrc_register(void) { gst_element_register(NULL, "clipsrc", GST_RANK_NONE, clip_src_get_type()); }
