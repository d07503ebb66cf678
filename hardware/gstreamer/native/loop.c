/* loop {element}: a file that is decoded starts again when it ends, without a gap in its timestamps. `element` is any element behind the
 * decoder; a segment seek travels upstream from it. One looped file per pipeline: a bin reports the end of all its segments together. */
#include "worker.h"

typedef struct {
  Reflex base;
  GstElement *element;
  GstPad *pad;
  bool seekable;   /* main thread: the first seek was taken */
  gint waiting;    /* atomic: until the first seek has been answered, EOS must not pass */
  gint held_eos;   /* atomic: one came meanwhile */
  guint64 loops;
} Loop;

static bool seek(Loop *self, GstSeekFlags more) {
  GstEvent *event = gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_SEGMENT | more, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0);
  return gst_pad_send_event(self->pad, event);
}

/* On the main thread: seeking takes locks that streaming threads hold. The first seek flushes, because a short file may have been read to
 * its end by now; from then on the demuxer reports the end of its segment instead of sending EOS. */
static void first_seek(gpointer unused G_GNUC_UNUSED) {
  Loop *self = (Loop *)reflex_find("loop", "loop");
  if (!self || self->seekable) return;
  self->seekable = seek(self, GST_SEEK_FLAG_FLUSH);
  g_atomic_int_set(&self->waiting, 0);
  if (self->seekable) return;
  GString *warning = event_new("warning");
  put_text(warning, "element", GST_OBJECT_NAME(self->element));
  put_text(warning, "message", "this file cannot be looped: it does not seek");
  event_send(warning);
  if (g_atomic_int_get(&self->held_eos)) gst_pad_push_event(self->pad, gst_event_new_eos());
}

/* The demuxer can seek once it delivers. */
static GstPadProbeReturn first_buffer(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info G_GNUC_UNUSED, gpointer unused G_GNUC_UNUSED) {
  main_defer(first_seek, NULL);
  return GST_PAD_PROBE_REMOVE;
}

static GstPadProbeReturn hold_eos(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Loop *self = data;
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS || !g_atomic_int_get(&self->waiting)) return GST_PAD_PROBE_OK;
  g_atomic_int_set(&self->held_eos, 1);
  return GST_PAD_PROBE_DROP;
}

void loop_segment_done(gpointer unused G_GNUC_UNUSED) {
  Loop *self = (Loop *)reflex_find("loop", "loop");
  if (!self || !self->seekable) return;
  self->loops++;
  GString *event = event_new("looped");
  put_text(event, "element", GST_OBJECT_NAME(self->element));
  put_int(event, "loops", (gint64)self->loops);
  event_send(event);
  seek(self, GST_SEEK_FLAG_NONE);
}

static void release(Reflex *base) {
  Loop *self = (Loop *)base;
  gst_object_unref(self->pad);
  gst_object_unref(self->element);
  g_free(self);
}

void do_loop(const Json *request, Reply *reply) {
  GstElement *element = need_element(request, reply, "element");
  GstPad *pad = element ? pad_of(element, "src", reply) : NULL;
  if (!pad) {
    gst_clear_object(&element);
    return;
  }
  /* A cell that is opened again brings its file again; of several the newest is looped. */
  Loop *self = g_new0(Loop, 1);
  self->base = (Reflex){.kind = "loop", .name = g_strdup("loop"), .release = release};
  self->element = element;
  self->pad = pad;
  self->waiting = 1;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, first_buffer, self, NULL);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hold_eos, self, NULL);
  reflex_add(&self->base);
}
