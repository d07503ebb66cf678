/* await-format {element,pad}: the pipeline waits in PAUSED until this pad knows its format, then plays. A live aggregator fails when its first
 * deadline comes before any of its inputs has said what it brings, which a busy machine makes happen. */
#include "worker.h"

typedef struct {
  Reflex base;
  GstPad *pad;
  bool known;
} Awaited;

static GMutex lock;
static GCond changed;
static guint missing;

static GstPadProbeReturn heard(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Awaited *self = data;
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  g_mutex_lock(&lock);
  if (!self->known) missing--;
  self->known = true;
  g_cond_broadcast(&changed);
  g_mutex_unlock(&lock);
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Awaited *self = (Awaited *)base;
  g_mutex_lock(&lock);
  if (!self->known) missing--;
  g_mutex_unlock(&lock);
  gst_object_unref(self->pad);
  g_free(self);
}

bool formats_awaited(void) {
  g_mutex_lock(&lock);
  bool any = missing > 0;
  g_mutex_unlock(&lock);
  return any;
}

bool formats_wait(guint ms) {
  gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;
  g_mutex_lock(&lock);
  while (missing > 0 && g_cond_wait_until(&changed, &lock, until)) continue;
  bool all = missing == 0;
  g_mutex_unlock(&lock);
  return all;
}

void do_await_format(const Json *request, Reply *reply) {
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Awaited *self = g_new0(Awaited, 1);
  self->base = (Reflex){.kind = "await-format", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->pad = pad;
  g_mutex_lock(&lock);
  missing++;
  g_mutex_unlock(&lock);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, heard, self, NULL);
  reflex_add(&self->base);
}
