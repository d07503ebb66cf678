/* loop {element}: a file that is decoded starts again when it ends, without a gap in its timestamps. `element` is any element behind the
 * decoder; a segment seek travels upstream from it. One looped file per pipeline: a bin reports the end of all its segments together. */
#include "worker.h"

typedef struct {
  Reflex base;
  GstElement *element;
  GstPad *pad;
  gulong probe;
  guint64 loops;
} Loop;

/* On the main thread: seeking takes locks that streaming threads hold. */
static void seek(gpointer element) {
  GstPad *src = gst_element_get_static_pad(element, "src");
  GstEvent *event = gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_SEGMENT, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0);
  if (src && !gst_pad_send_event(src, event)) {
    GString *warning = event_new("warning");
    put_text(warning, "element", GST_OBJECT_NAME(element));
    put_text(warning, "message", "this file cannot be looped: it does not seek");
    event_send(warning);
  } else if (!src) {
    gst_event_unref(event);
  }
  gst_clear_object(&src);
  gst_object_unref(element);
}

/* The demuxer can seek once it delivers; from then on its segment has an end that can be followed. */
static GstPadProbeReturn first_buffer(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info G_GNUC_UNUSED, gpointer data) {
  Loop *self = data;
  main_defer(seek, gst_object_ref(self->element));
  return GST_PAD_PROBE_REMOVE;
}

void loop_segment_done(gpointer unused G_GNUC_UNUSED) {
  Loop *self = (Loop *)reflex_find("loop", "loop");
  if (!self) return;
  self->loops++;
  GString *event = event_new("looped");
  put_text(event, "element", GST_OBJECT_NAME(self->element));
  put_int(event, "loops", (gint64)self->loops);
  event_send(event);
  seek(gst_object_ref(self->element));
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
  if (reflex_find("loop", "loop")) {
    gst_object_unref(pad);
    gst_object_unref(element);
    return refuse(reply, "name.taken", "this pipeline loops a file already");
  }
  Loop *self = g_new0(Loop, 1);
  self->base = (Reflex){.kind = "loop", .name = g_strdup("loop"), .release = release};
  self->element = element;
  self->pad = pad;
  self->probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, first_buffer, self, NULL);
  reflex_add(&self->base);
}
