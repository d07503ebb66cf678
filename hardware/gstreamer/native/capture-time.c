/* capture-time {element,pad}: writes on each buffer the wall-clock time at which it was captured, so that the payloader's NTP-64 header
 * extension carries it in RTP. Computed from the timestamp, not from "now": right behind an encoder too, so it sits in front of the payloader. */
#include <time.h>

#include "worker.h"

/* Seconds from 1900, where NTP counts from, to 1970. */
#define NTP_EPOCH G_GUINT64_CONSTANT(2208988800)

typedef struct {
  Reflex base;
  GstPad *pad;
  GstElement *element;
  GstCaps *ntp;
} Writer;

static gint64 wall_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (gint64)t.tv_sec * 1000000000 + t.tv_nsec;
}

gint64 age_of(GstPad *pad, GstElement *element, GstBuffer *buffer) {
  GstEvent *event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (!event) return 0;
  const GstSegment *segment;
  gst_event_parse_segment(event, &segment);
  GstClockTime running = GST_BUFFER_PTS_IS_VALID(buffer) ? gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer)) : GST_CLOCK_TIME_NONE;
  gst_event_unref(event);
  if (!GST_CLOCK_TIME_IS_VALID(running)) return 0;
  /* The pipeline's clock is the system's monotonic one (pipeline.c). */
  return now_ns() - (gint64)(gst_element_get_base_time(element) + running);
}

static GstPadProbeReturn write_time(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Writer *self = data;
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  guint64 captured = (guint64)(wall_ns() - age_of(pad, self->element, buffer)) + NTP_EPOCH * GST_SECOND;
  gst_buffer_add_reference_timestamp_meta(buffer, self->ntp, captured, GST_CLOCK_TIME_NONE);
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Writer *self = (Writer *)base;
  gst_object_unref(self->pad);
  gst_object_unref(self->element);
  gst_caps_unref(self->ntp);
  g_free(self);
}

void do_capture_time(const Json *request, Reply *reply) {
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Writer *self = g_new0(Writer, 1);
  self->base = (Reflex){.kind = "capture-time", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->pad = pad;
  self->element = gst_pad_get_parent_element(pad);
  self->ntp = gst_caps_new_empty_simple("timestamp/x-ntp");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, write_time, self, NULL);
  reflex_add(&self->base);
}
