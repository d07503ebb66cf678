/* watchdog {selector, sources:[pads, best first], thresholdMs, holdMs}: the best source that delivers is the one shown.
 * A source that stops for thresholdMs loses the selector at once; one that comes back must deliver for holdMs before it is shown again.
 * Whether a source is fit to be shown is one question asked in one place, `unfit`: it must deliver, and what judges its pictures must not object.
 * A second watchdog on a selector replaces the first and knows what that knew: the order of sources changes, their past does not. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "worker.h"

#define MAX_SOURCES 16
#define TICK_MS 10
/* A tick this late means that the whole process did not run: then nobody is to blame, and the streaming threads get time to catch up. */
#define STARVED_NS (50 * MS_NS)
#define GRACE_TICKS 3

typedef struct {
  GstPad *pad;
  gulong probe;
  _Atomic gint64 last; /* arrival of the newest buffer, 0 = never */
  _Atomic bool ended;  /* EOS since then */
  gint64 fit_since;    /* 0 = not fit now */
  bool failed_once;
  const char *why;     /* it is not fit */
  gint64 bad_since;
} Source;

typedef struct {
  Reflex base;
  GstElement *selector;
  GstPad *out;
  gulong out_probe;
  Source sources[MAX_SOURCES];
  int n, active; /* active: index, -1 before the first source */
  gint64 threshold, hold, last_tick;
  int grace;
  bool silent, starved;
  GMutex lock; /* of what follows: shared with the streaming thread behind the selector */
  gint64 last_out, previous_out;
  const char *because; /* a switch whose first picture has not come yet */
  const char *from;
  const char *to;
  gint64 age;
} Watchdog;

/* NULL, or what is wrong with it, and since when. */
static const char *unfit(const Watchdog *self, const Source *source, gint64 now, gint64 *since) {
  gint64 last = atomic_load(&source->last);
  *since = last;
  if (!last || now - last >= self->threshold) return "stalled";
  if (atomic_load(&source->ended)) return "ended";
  return judge_says(source->pad, since);
}

/* A source that ends (an RTSP server that died, a camera unplugged) has stopped, no more: its EOS would end the encoders behind the selector. */
static GstPadProbeReturn arrived(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Source *source = data;
  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
    atomic_store(&source->last, now_ns());
    atomic_store(&source->ended, false);
    return GST_PAD_PROBE_OK;
  }
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS && !gst_event_has_name(GST_PAD_PROBE_INFO_EVENT(info), CELL_ENDED))
    return GST_PAD_PROBE_OK;
  atomic_store(&source->ended, true);
  return GST_PAD_PROBE_DROP;
}

/* The first picture after a switch tells how long there was none: that is what the viewer saw. */
static GstPadProbeReturn left(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info G_GNUC_UNUSED, gpointer data) {
  Watchdog *self = data;
  gint64 now = now_ns();
  g_mutex_lock(&self->lock);
  self->previous_out = self->last_out;
  self->last_out = now;
  const char *because = self->because, *from = self->from, *to = self->to;
  gint64 previous = self->previous_out, age = self->age;
  self->because = NULL;
  g_mutex_unlock(&self->lock);
  if (!because) return GST_PAD_PROBE_OK;
  GString *event = event_new("source");
  put_text(event, "selector", self->base.name);
  put_text(event, "pad", to);
  put_text(event, "from", from);
  put_text(event, "because", because);
  put_number(event, "gapMs", previous ? (double)((now - previous) / 1000) / 1000 : 0);
  put_number(event, "ageMs", (double)(age / 1000) / 1000);
  event_send(event);
  return GST_PAD_PROBE_OK;
}

static void show(Watchdog *self, int next, const char *because, gint64 now) {
  Source *to = &self->sources[next], *from = self->active >= 0 ? &self->sources[self->active] : NULL;
  g_mutex_lock(&self->lock);
  self->because = because;
  self->from = from ? GST_PAD_NAME(from->pad) : NULL;
  self->to = GST_PAD_NAME(to->pad);
  self->age = from && !from->fit_since && from->bad_since ? now - from->bad_since : 0;
  g_mutex_unlock(&self->lock);
  self->active = next;
  g_object_set(self->selector, "active-pad", to->pad, NULL);
}

static void judge(Watchdog *self, gint64 now) {
  bool current_fit = self->active >= 0 && self->sources[self->active].fit_since;
  for (int i = 0; i < self->n; i++) {
    Source *source = &self->sources[i];
    if (!source->fit_since) continue;
    self->starved = false;
    if (i == self->active) return;
    bool returning = source->failed_once && now - source->fit_since < self->hold;
    if (current_fit && returning) continue;
    const char *lost = self->active >= 0 ? self->sources[self->active].why : NULL;
    const char *because = current_fit || !lost ? (source->failed_once ? "returned" : "started") : lost;
    return show(self, i, because, now);
  }
  if (self->starved || self->active < 0) return;
  self->starved = true;
  GString *event = event_new("sourceless");
  put_text(event, "selector", self->base.name);
  event_send(event);
}

static void tick(Reflex *base, gint64 now) {
  Watchdog *self = (Watchdog *)base;
  if (self->silent) return;
  if (self->last_tick && now - self->last_tick > TICK_MS * MS_NS + STARVED_NS) self->grace = GRACE_TICKS;
  self->last_tick = now;
  if (self->grace && self->grace--) return;
  for (int i = 0; i < self->n; i++) {
    Source *source = &self->sources[i];
    source->why = unfit(self, source, now, &source->bad_since);
    bool good = !source->why;
    if (good && !source->fit_since) source->fit_since = now;
    if (!good && source->fit_since) source->failed_once = true;
    if (!good) source->fit_since = 0;
  }
  judge(self, now);
}

static void unprobe(Watchdog *self) {
  self->silent = true;
  self->base.every_ms = 0;
  for (int i = 0; i < self->n; i++)
    if (self->sources[i].probe) gst_pad_remove_probe(self->sources[i].pad, self->sources[i].probe);
  if (self->out_probe) gst_pad_remove_probe(self->out, self->out_probe);
  for (int i = 0; i < self->n; i++) self->sources[i].probe = 0;
  self->out_probe = 0;
}

/* What a source has shown of itself holds, wherever it stands in the order now. */
static void inherit(Watchdog *self, Watchdog *older) {
  unprobe(older);
  reflex_find("watchdog", older->base.name); /* Waits for a tick that runs just now: it was the last. */
  for (int i = 0; i < self->n; i++)
    for (int k = 0; k < older->n; k++) {
      Source *mine = &self->sources[i], *was = &older->sources[k];
      if (mine->pad != was->pad) continue;
      atomic_store(&mine->last, atomic_load(&was->last));
      atomic_store(&mine->ended, atomic_load(&was->ended));
      mine->fit_since = was->fit_since;
      mine->failed_once = was->failed_once;
      mine->why = was->why;
      mine->bad_since = was->bad_since;
      if (k == older->active) self->active = i;
    }
  g_mutex_lock(&older->lock);
  self->last_out = older->last_out;
  self->because = older->because; /* A switch whose first picture is still to come is told by us. */
  self->from = older->from;
  self->to = older->to;
  self->age = older->age;
  g_mutex_unlock(&older->lock);
}

static void release(Reflex *base) {
  Watchdog *self = (Watchdog *)base;
  for (int i = 0; i < self->n; i++) gst_clear_object(&self->sources[i].pad);
  gst_clear_object(&self->out);
  gst_clear_object(&self->selector);
  g_mutex_clear(&self->lock);
  g_free(self);
}

static void find_sources(Watchdog *self, const Json *names, Reply *reply) {
  if (!names || names->type != JSON_ARRAY || !names->child) return refuse(reply, "field.invalid", "sources: must be a list of pad names, the best first");
  for (const Json *name = names->child; name && !reply->error; name = name->next) {
    if (name->type != JSON_TEXT) return refuse(reply, "field.invalid", "sources: holds something that is no pad name");
    if (self->n == MAX_SOURCES) return refuse(reply, "field.invalid", "sources: more than %d", MAX_SOURCES);
    GstPad *pad = pad_of(self->selector, name->text, reply);
    if (pad) self->sources[self->n++].pad = pad;
  }
}

void do_watchdog(const Json *request, Reply *reply) {
  GstElement *selector = need_element(request, reply, "selector");
  if (!selector) return;
  Watchdog *self = g_new0(Watchdog, 1);
  g_mutex_init(&self->lock);
  self->base = (Reflex){.kind = "watchdog", .name = g_strdup(GST_OBJECT_NAME(selector)), .every_ms = TICK_MS, .tick = tick, .release = release};
  self->selector = selector;
  self->out = gst_element_get_static_pad(selector, "src");
  self->active = -1;
  self->threshold = (gint64)(number_or(request, "thresholdMs", 150) * (double)MS_NS);
  self->hold = (gint64)(number_or(request, "holdMs", 1000) * (double)MS_NS);
  if (!self->out || !g_object_class_find_property(G_OBJECT_GET_CLASS(selector), "active-pad"))
    refuse(reply, "element.unfit", "selector: \"%s\" is no input-selector", self->base.name);
  find_sources(self, json_get(request, "sources"), reply);
  if (reply->error) {
    g_free(self->base.name);
    release(&self->base);
    return;
  }
  Watchdog *older = (Watchdog *)reflex_find("watchdog", self->base.name);
  if (older) inherit(self, older);
  for (int i = 0; i < self->n; i++)
    self->sources[i].probe = gst_pad_add_probe(self->sources[i].pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, arrived, &self->sources[i], NULL);
  self->out_probe = gst_pad_add_probe(self->out, GST_PAD_PROBE_TYPE_BUFFER, left, self, NULL);
  reflex_add(&self->base);
}
