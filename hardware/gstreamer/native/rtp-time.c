/* rtp-time {element,pad,name}: tells which wall-clock time of capture (NTP-64 header extension, id 1) belongs to which time of this pipeline.
 * Belongs in front of a depayloader: only the first packet of a frame carries the extension, and a depayloader asks the last one.
 * Event `rtp-time {name,pipelineMs,captureMs,wallMs}` with the first packet that says it, and again when their distance has moved. */
#include <time.h>

#include "worker.h"

/* Seconds from 1900, where NTP counts from, to 1970. */
#define NTP_EPOCH 2208988800.0
/* The relay and the payloaders of this project use RFC 8285 one-byte headers. */
#define ONE_BYTE 0xBEDE
#define EXTENSION_ID 1
/* Less is the noise of a jitter buffer's clock; a frame is longer. */
#define MOVED_MS 8.0
/* After so many the threshold has doubled, after twice as many tripled: a restless clock must not flood the owner. */
#define PATIENCE 100

typedef struct {
  Reflex base;
  GstPad *pad;
  GstElement *element;
  guint told;
  double distance;
} Reader;

/* The 64 bits of the extension, or 0: RFC 3550 5.3.1, RFC 8285 4.2. */
static guint64 captured(const guint8 *data, gsize size) {
  if (size < 12 || data[0] >> 6 != 2 || !(data[0] & 0x10)) return 0;
  gsize at = 12 + 4u * (data[0] & 15);
  if (size < at + 4 || GST_READ_UINT16_BE(data + at) != ONE_BYTE) return 0;
  gsize end = at + 4 + 4u * GST_READ_UINT16_BE(data + at + 2);
  if (end > size) return 0;
  for (at += 4; at < end;) {
    guint id = data[at] >> 4, length = (data[at] & 15) + 1u;
    if (data[at] == 0) {
      at++;
      continue;
    }
    if (id == 15 || at + 1 + length > end) return 0;
    if (id == EXTENSION_ID && length == 8) return GST_READ_UINT64_BE(data + at + 1);
    at += 1 + length;
  }
  return 0;
}

static void tell(Reader *self, double running, double capture, double wall) {
  GString *event = event_new("rtp-time");
  put_text(event, "name", self->base.name);
  put_number(event, "pipelineMs", running);
  put_number(event, "captureMs", capture);
  put_number(event, "wallMs", wall);
  event_send(event);
}

static double thousandths(double ms) { return (double)(gint64)(ms * 1000 + 0.5) / 1000; }

static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Reader *self = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstMapInfo map;
  if (!GST_BUFFER_PTS_IS_VALID(buffer) || !gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  guint64 ntp = captured(map.data, map.size);
  gst_buffer_unmap(buffer, &map);
  GstEvent *event = ntp ? gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0) : NULL;
  if (!event) return GST_PAD_PROBE_OK;
  const GstSegment *segment;
  gst_event_parse_segment(event, &segment);
  GstClockTime at = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  gst_event_unref(event);
  if (!GST_CLOCK_TIME_IS_VALID(at)) return GST_PAD_PROBE_OK;
  double running = (double)at / 1e6, capture = ((double)(ntp >> 32) - NTP_EPOCH) * 1e3 + (double)(ntp & 0xffffffff) * 1e3 / 4294967296.0;
  double moved = capture - running - self->distance;
  gint64 now = now_ns();
  double limit = MOVED_MS * (1 + self->told / PATIENCE);
  if (self->told && moved < limit && moved > -limit) return GST_PAD_PROBE_OK;
  self->told++;
  self->distance = capture - running;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  double wall_now = (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
  /* The pipeline's clock is the system's monotonic one (pipeline.c). */
  double ago = (double)(now - (gint64)(gst_element_get_base_time(self->element) + at)) / 1e6;
  tell(self, thousandths(running), thousandths(capture), thousandths(wall_now - ago));
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Reader *self = (Reader *)base;
  gst_object_unref(self->pad);
  gst_object_unref(self->element);
  g_free(self);
}

void do_rtp_time(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "name");
  GstPad *pad = name ? need_pad(request, reply) : NULL;
  if (!pad) return;
  Reader *self = g_new0(Reader, 1);
  self->base = (Reflex){.kind = "rtp-time", .name = g_strdup(name), .release = release};
  self->pad = pad;
  self->element = gst_pad_get_parent_element(pad);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, look, self, NULL);
  reflex_add(&self->base);
}
