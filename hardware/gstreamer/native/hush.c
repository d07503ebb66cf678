/* hush {element,pad,pauseMs}: the first buffer of sound after a pause becomes silence. A decoder blends the end of what it decoded last into what
 * comes next; where the next packet may be another speaker's, that end must not be heard. Belongs on a decoder's source pad. */
#include "worker.h"

typedef struct {
  Reflex base;
  GstPad *pad;
  gint64 pause_ns, last_ns; /* Streaming thread only. */
} Hush;

static GstPadProbeReturn look(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Hush *self = data;
  gint64 before = self->last_ns;
  self->last_ns = now_ns();
  if (self->last_ns - before < self->pause_ns) return GST_PAD_PROBE_OK;
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  gst_buffer_memset(buffer, 0, 0, gst_buffer_get_size(buffer)); /* Zero is silence in every signed format. */
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Hush *self = (Hush *)base;
  gst_object_unref(self->pad);
  g_free(self);
}

void do_hush(const Json *request, Reply *reply) {
  double pause_ms = number_or(request, "pauseMs", 0);
  if (pause_ms <= 0) {
    refuse(reply, "input.invalid", "pauseMs: must be above 0");
    return;
  }
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Hush *self = g_new0(Hush, 1);
  self->base = (Reflex){.kind = "hush", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->pad = pad;
  self->pause_ns = (gint64)(pause_ms * 1e6);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, look, self, NULL);
  reflex_add(&self->base);
}
