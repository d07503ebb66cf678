/* drop-until-keyframe {element,pad,name}: lets no frame pass that a decoder could only guess at: after the start, and after a loss
 * (DISCONT), everything up to the next keyframe is dropped. The owner hears that one is needed, and when it came. Put it behind h264parse:
 * RTP buffers carry no flag to trust. */
#include "worker.h"

#define ASK_AGAIN_NS (300 * MS_NS)

typedef struct {
  Reflex base;
  GstPad *pad;
  bool dropping;
  guint64 dropped;
  gint64 since, asked;
} Gate;

static void ask(Gate *self, gint64 now) {
  if (self->asked && now - self->asked < ASK_AGAIN_NS) return;
  self->asked = now;
  GString *event = event_new("keyframe-needed");
  put_text(event, "name", self->base.name);
  put_number(event, "waitedMs", (double)((now - self->since) / 1000) / 1000);
  put_int(event, "dropped", (gint64)self->dropped);
  event_send(event);
}

static void came(Gate *self, gint64 now) {
  self->dropping = false;
  GString *event = event_new("keyframe-came");
  put_text(event, "name", self->base.name);
  put_number(event, "waitedMs", (double)((now - self->since) / 1000) / 1000);
  put_int(event, "dropped", (gint64)self->dropped);
  event_send(event);
}

static GstPadProbeReturn pass(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Gate *self = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  bool key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gint64 now = now_ns();
  if (!self->dropping && !key && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT)) self->dropping = true, self->since = now, self->dropped = 0;
  if (!self->since) self->since = now;
  if (!self->dropping) return GST_PAD_PROBE_OK;
  if (key) {
    came(self, now);
    return GST_PAD_PROBE_OK;
  }
  self->dropped++;
  ask(self, now);
  return GST_PAD_PROBE_DROP;
}

static void release(Reflex *base) {
  Gate *self = (Gate *)base;
  gst_object_unref(self->pad);
  g_free(self);
}

void do_drop_until_keyframe(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "name");
  GstPad *pad = name ? need_pad(request, reply) : NULL;
  if (!pad) return;
  Gate *self = g_new0(Gate, 1);
  self->base = (Reflex){.kind = "drop-until-keyframe", .name = g_strdup(name), .release = release};
  self->pad = pad;
  self->dropping = true;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, pass, self, NULL);
  reflex_add(&self->base);
}
