/* declick {element,pad}: where a selector changes from one source of sound to another the wave jumps, which is heard as a click, loud with a
 * voice in the middle of a vowel. The step is added to the first milliseconds of the new source and fades out. S16, one channel. `pad` is the
 * selector's source pad; that another source is shown is seen from its `active-pad`. */
#include <gst/audio/audio.h>

#include "worker.h"

#define FADE 480 /* 10 ms at 48 kHz */

typedef struct {
  Reflex base;
  GstElement *selector;
  GstPad *pad;
  GstPad *shown; /* compared only, never used */
  gint16 last;
  gint step; /* what is left to be led over, of FADE samples */
  gsize at;
} Declick;

static void lead(Declick *self, gint16 *samples, gsize n) {
  for (gsize i = 0; i < n && self->at < FADE; i++, self->at++) {
    gint value = samples[i] + self->step * (gint)(FADE - self->at) / FADE;
    samples[i] = (gint16)CLAMP(value, G_MININT16, G_MAXINT16);
  }
}

static GstPadProbeReturn passed(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Declick *self = data;
  GstMapInfo map;
  GstPad *now = NULL;
  g_object_get(self->selector, "active-pad", &now, NULL);
  bool another = now != self->shown && self->shown;
  self->shown = now;
  gst_clear_object(&now);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  bool change = another || self->at < FADE;
  if (change) {
    buffer = gst_buffer_make_writable(buffer);
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
  }
  if (!gst_buffer_map(buffer, &map, change ? GST_MAP_READWRITE : GST_MAP_READ)) return GST_PAD_PROBE_OK;
  gint16 *samples = (gint16 *)(gpointer)map.data;
  gsize n = map.size / sizeof *samples;
  if (n && another) {
    self->step = self->last - samples[0];
    self->at = 0;
  }
  if (change) lead(self, samples, n);
  if (n) self->last = samples[n - 1];
  gst_buffer_unmap(buffer, &map);
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Declick *self = (Declick *)base;
  gst_object_unref(self->pad);
  gst_object_unref(self->selector);
  g_free(self);
}

void do_declick(const Json *request, Reply *reply) {
  GstElement *selector = need_element(request, reply, "element");
  GstPad *pad = selector ? need_pad(request, reply) : NULL;
  if (pad && !g_object_class_find_property(G_OBJECT_GET_CLASS(selector), "active-pad"))
    refuse(reply, "element.unfit", "element: \"%s\" is no input-selector", GST_OBJECT_NAME(selector));
  if (!pad || reply->error) {
    gst_clear_object(&pad);
    gst_clear_object(&selector);
    return;
  }
  Declick *self = g_new0(Declick, 1);
  self->base = (Reflex){.kind = "declick", .name = g_strdup(GST_OBJECT_NAME(selector)), .release = release};
  self->selector = selector;
  self->pad = pad;
  self->at = FADE;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, passed, self, NULL);
  reflex_add(&self->base);
}
