/* newest {element,pad}: takes the duration off each picture. A compositor then shows the newest picture that has come; with durations it shows
 * the one whose span covers the moment, which is a whole frame older whenever two pictures overlap because one came a little early. */
#include "worker.h"

typedef struct {
  Reflex base;
  GstPad *pad;
} Newest;

static GstPadProbeReturn strip(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data G_GNUC_UNUSED) {
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Newest *self = (Newest *)base;
  gst_object_unref(self->pad);
  g_free(self);
}

void do_newest(const Json *request, Reply *reply) {
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Newest *self = g_new0(Newest, 1);
  self->base = (Reflex){.kind = "newest", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->pad = pad;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, strip, self, NULL);
  reflex_add(&self->base);
}
