/* read-stamp {element,pad,name,x?,y?,width?,height?}: reads stamps behind a decoder, in the whole picture or in a part of it (a tile of a mosaic).
 * stamps {name,reset?} drains what was read; maxGapMs is the longest time between two readable pictures since the last answer, the present one included. Event `stamp-source` tells when another source is shown: the moment a floor has changed. */
#include "stamp.h"

#include "worker.h"

#define SAMPLES 8192

typedef struct {
  Reflex base;
  GstPad *pad;
  int x, y, width, height; /* width 0: the whole picture */
  GstCaps *caps;
  GstVideoInfo info;
  bool fits;
  GMutex lock;
  float samples[SAMPLES];
  guint sampled;
  guint64 samples_dropped, read, corrupt, lost, repeated, unfit;
  Stamp last;
  bool any;
  gint64 last_at, max_gap;
} ReadOut;

static void tell_source(const ReadOut *self, const Stamp *from, const Stamp *to, double latency) {
  GString *event = event_new("stamp-source");
  put_text(event, "name", self->base.name);
  if (from) put_int(event, "from", from->source);
  put_int(event, "source", to->source);
  put_int(event, "sequence", to->sequence);
  put_number(event, "latencyMs", latency);
  event_send(event);
}

static void good(ReadOut *self, const Stamp *stamp, gint64 now) {
  /* Unsigned arithmetic: right across the wrap of the 32-bit time after five days. */
  double latency = (double)(gint32)((guint32)(now / 100000) - stamp->time) / 10;
  Stamp before = self->last;
  bool any = self->any, changed = !any || before.source != stamp->source;
  self->read++;
  self->last = *stamp;
  self->any = true;
  if (!changed) {
    guint16 step = (guint16)(stamp->sequence - before.sequence);
    if (step == 0) self->repeated++;
    else if (step < 0x8000) self->lost += step - 1u;
  }
  if (self->last_at && now - self->last_at > self->max_gap) self->max_gap = now - self->last_at;
  self->last_at = now;
  if (self->sampled < SAMPLES) self->samples[self->sampled++] = (float)latency;
  else self->samples_dropped++;
  if (changed) tell_source(self, any ? &before : NULL, stamp, latency);
}

static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  ReadOut *self = data;
  GstCaps *caps = gst_pad_get_current_caps(pad);
  if (caps && caps != self->caps) {
    gst_caps_replace(&self->caps, caps);
    bool video = gst_video_info_from_caps(&self->info, caps);
    int width = self->width ? self->width : GST_VIDEO_INFO_WIDTH(&self->info) - self->x;
    int height = self->height ? self->height : GST_VIDEO_INFO_HEIGHT(&self->info) - self->y;
    self->fits = video && stamp_fits(&self->info, self->x, self->y, width, height);
  }
  gst_clear_caps(&caps);
  GstVideoFrame frame;
  bool mapped = self->fits && gst_video_frame_map(&frame, &self->info, GST_PAD_PROBE_INFO_BUFFER(info), GST_MAP_READ);
  Stamp stamp;
  bool valid = false;
  if (mapped) {
    valid = stamp_read(&frame, self->x, self->y, self->width ? self->width : GST_VIDEO_INFO_WIDTH(&self->info) - self->x, &stamp);
    gst_video_frame_unmap(&frame);
  }
  gint64 now = now_ns();
  g_mutex_lock(&self->lock);
  if (!mapped) self->unfit++;
  else if (valid) good(self, &stamp, now);
  else self->corrupt++;
  g_mutex_unlock(&self->lock);
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  ReadOut *self = (ReadOut *)base;
  gst_object_unref(self->pad);
  gst_clear_caps(&self->caps);
  g_mutex_clear(&self->lock);
  g_free(self);
}

void do_read_stamp(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "name");
  GstPad *pad = name ? need_pad(request, reply) : NULL;
  if (!pad) return;
  if (reflex_find("read-stamp", name)) {
    gst_object_unref(pad);
    return refuse(reply, "name.taken", "name: there is a stamp reader \"%s\"", name);
  }
  ReadOut *self = g_new0(ReadOut, 1);
  g_mutex_init(&self->lock);
  self->base = (Reflex){.kind = "read-stamp", .name = g_strdup(name), .release = release};
  self->pad = pad;
  self->x = (int)number_or(request, "x", 0);
  self->y = (int)number_or(request, "y", 0);
  self->width = (int)number_or(request, "width", 0);
  self->height = (int)number_or(request, "height", 0);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, look, self, NULL);
  reflex_add(&self->base);
}

void do_stamps(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "name");
  ReadOut *self = name ? (ReadOut *)reflex_find("read-stamp", name) : NULL;
  if (!name) return;
  if (!self) return refuse(reply, "name.unknown", "name: there is no stamp reader \"%s\"", name);
  GString *out = reply->fields;
  g_mutex_lock(&self->lock);
  put_key(out, "samplesMs");
  g_string_append_c(out, '[');
  for (guint i = 0; i < self->sampled; i++) {
    if (i) g_string_append_c(out, ',');
    json_number(out, (double)(gint64)((double)self->samples[i] * 10 + (self->samples[i] < 0 ? -0.5 : 0.5)) / 10);
  }
  g_string_append_c(out, ']');
  put_int(out, "samplesDropped", (gint64)self->samples_dropped);
  put_int(out, "read", (gint64)self->read);
  put_int(out, "corrupt", (gint64)self->corrupt);
  put_int(out, "lost", (gint64)self->lost);
  put_int(out, "repeated", (gint64)self->repeated);
  put_int(out, "unfit", (gint64)self->unfit);
  gint64 age = self->last_at ? now_ns() - self->last_at : 0;
  put_number(out, "maxGapMs", (double)(MAX(self->max_gap, age) / 1000) / 1000);
  self->max_gap = 0;
  put_int(out, "lastSeq", self->any ? self->last.sequence : -1);
  put_int(out, "source", self->any ? self->last.source : -1);
  self->sampled = 0;
  if (flag_or(request, "reset", false)) {
    self->samples_dropped = self->read = self->corrupt = self->lost = self->repeated = self->unfit = 0;
  }
  g_mutex_unlock(&self->lock);
}
