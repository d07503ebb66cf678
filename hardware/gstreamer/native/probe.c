/* probe {element,pad,name,stalledMs?}: counts what passes a pad, and says when nothing passes any more.
 * The first buffer says `flowing`; so does the first after a silence.
 * stats {reset?}: all counters of the pipeline. Counters only grow; readers take differences. */
#include <stdatomic.h>
#include <sys/resource.h>

#include "worker.h"

#define TICK_MS 20

typedef struct {
  Reflex base;
  GstPad *pad;
  gint64 stalled_after; /* ns, 0 = never judged */
  GMutex lock;
  guint64 buffers, bytes, keyframes, discontinuities;
  gint64 born, last, max_gap, window_start;
  guint window_count;
  double fps;
  bool stalled;
} Probe;

static void tell(const Probe *self, const char *what, gint64 gap) {
  GString *event = event_new(what);
  put_text(event, "name", self->base.name);
  put_number(event, "gapMs", (double)(gap / 1000) / 1000);
  event_send(event);
}

static void count(Probe *self, GstBuffer *buffer) {
  self->buffers++;
  self->bytes += gst_buffer_get_size(buffer);
  if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) self->keyframes++;
  if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT)) self->discontinuities++;
  self->window_count++;
}

static gboolean count_one(GstBuffer **buffer, guint index G_GNUC_UNUSED, gpointer self) {
  count(self, *buffer);
  return TRUE;
}

static GstPadProbeReturn passed(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Probe *self = data;
  gint64 now = now_ns(), gap = 0;
  g_mutex_lock(&self->lock);
  /* The first buffer is told too: an owner cannot tell "flows since the start" from "never came" otherwise. */
  bool first = !self->last && self->stalled_after;
  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) gst_buffer_list_foreach(GST_PAD_PROBE_INFO_BUFFER_LIST(info), count_one, self);
  else count(self, GST_PAD_PROBE_INFO_BUFFER(info));
  gap = now - (self->last ? self->last : self->born);
  if (self->last && gap > self->max_gap) self->max_gap = gap;
  self->last = now;
  if (!self->window_start) self->window_start = now, self->window_count = 0;
  if (now - self->window_start >= 1000 * MS_NS) {
    self->fps = (double)self->window_count * 1e9 / (double)(now - self->window_start);
    self->window_start = now;
    self->window_count = 0;
  }
  bool back = self->stalled || first;
  self->stalled = false;
  g_mutex_unlock(&self->lock);
  if (back) tell(self, "flowing", gap);
  return GST_PAD_PROBE_OK;
}

static void tick(Reflex *base, gint64 now) {
  Probe *self = (Probe *)base;
  g_mutex_lock(&self->lock);
  gint64 gap = now - (self->last ? self->last : self->born);
  bool newly = !self->stalled && gap > self->stalled_after;
  if (newly) self->stalled = true;
  g_mutex_unlock(&self->lock);
  if (newly) tell(self, "stalled", gap);
}

static void report(Reflex *base, GString *out, bool reset) {
  Probe *self = (Probe *)base;
  gint64 now = now_ns();
  g_mutex_lock(&self->lock);
  gint64 age = self->last ? now - self->last : -MS_NS;
  g_string_append(out, "{\"name\":");
  json_text(out, self->base.name);
  put_int(out, "buffers", (gint64)self->buffers);
  put_int(out, "bytes", (gint64)self->bytes);
  put_int(out, "keyframes", (gint64)self->keyframes);
  put_int(out, "discontinuities", (gint64)self->discontinuities);
  put_number(out, "fps", age < 2000 * MS_NS ? (double)(gint64)(self->fps * 100 + 0.5) / 100 : 0);
  put_number(out, "lastMs", (double)(age / 1000) / 1000);
  put_number(out, "maxGapMs", (double)(MAX(self->max_gap, self->last ? age : 0) / 1000) / 1000);
  put_bool(out, "stalled", self->stalled);
  g_string_append_c(out, '}');
  if (reset) self->max_gap = 0;
  g_mutex_unlock(&self->lock);
}

static void release(Reflex *base) {
  Probe *self = (Probe *)base;
  gst_object_unref(self->pad);
  g_mutex_clear(&self->lock);
  g_free(self);
}

void do_probe(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "name");
  GstPad *pad = name ? need_pad(request, reply) : NULL;
  if (!pad) return;
  double stalled = number_or(request, "stalledMs", 0);
  if (reflex_find("probe", name)) {
    gst_object_unref(pad);
    return refuse(reply, "name.taken", "name: there is a probe \"%s\"", name);
  }
  Probe *self = g_new0(Probe, 1);
  g_mutex_init(&self->lock);
  self->base = (Reflex){.kind = "probe", .name = g_strdup(name), .every_ms = stalled > 0 ? TICK_MS : 0, .tick = tick, .report = report, .release = release};
  self->pad = pad;
  self->born = now_ns();
  self->stalled_after = (gint64)(stalled * (double)MS_NS);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, passed, self, NULL);
  reflex_add(&self->base);
}

void do_stats(const Json *request, Reply *reply) {
  guint64 events, bulk;
  struct rusage used;
  out_dropped(&events, &bulk);
  getrusage(RUSAGE_SELF, &used);
  put_key(reply->fields, "points");
  g_string_append_c(reply->fields, '[');
  reflex_report_all(reply->fields, false, flag_or(request, "reset", false));
  g_string_append(reply->fields, "],\"guards\":[");
  reflex_report_all(reply->fields, true, false);
  g_string_append_c(reply->fields, ']');
  put_int(reply->fields, "eventsDropped", (gint64)events);
  put_int(reply->fields, "bulkDropped", (gint64)bulk);
  put_int(reply->fields, "cpuMs", used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000 + used.ru_stime.tv_sec * 1000 + used.ru_stime.tv_usec / 1000);
  put_int(reply->fields, "maxRssKb", used.ru_maxrss);
}
