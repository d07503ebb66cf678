/* thin {element,pad,fps}: lets at most so many pictures per second into an encoder (0 = all), in even steps, and asks it for an IDR every second
 * meanwhile: its own distance is counted in pictures, and fewer of them would make it longer. A second one on the pad changes the first. An
 * encoder that gives each picture its share of the rate spends that much less. */
#include <gst/video/video.h>

#include "worker.h"

#define SECOND ((gint64)GST_SECOND)

typedef struct {
  Reflex base;
  GstPad *pad;
  GstElement *element;
  gint fps; /* Read by the streaming thread. */
  gint64 due, keyframe; /* Of that thread: when the next picture may pass, when the next IDR is wanted; in the time of the pictures. */
} Thin;

static void ask(Thin *self) {
  GstPad *src = gst_element_get_static_pad(self->element, "src");
  if (!src) return;
  /* Before this picture goes in, so that it becomes the IDR. */
  gst_pad_send_event(src, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, FALSE, 0));
  gst_object_unref(src);
}

static GstPadProbeReturn judge(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Thin *self = data;
  gint fps = g_atomic_int_get(&self->fps);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (fps <= 0 || !GST_BUFFER_PTS_IS_VALID(buffer)) {
    self->due = self->keyframe = 0;
    return GST_PAD_PROBE_OK;
  }
  gint64 at = (gint64)GST_BUFFER_PTS(buffer), step = SECOND / fps;
  /* A picture that is a little early passes; after a pause, or when time went back, the steps begin anew. */
  bool anew = at > self->due + 2 * step || at < self->due - 2 * step;
  if (!anew && at < self->due - step / 8) return GST_PAD_PROBE_DROP;
  self->due = anew ? at + step : self->due + step;
  if (at >= self->keyframe || at < self->keyframe - 2 * SECOND) {
    if (self->keyframe != 0) ask(self);
    self->keyframe = at + SECOND;
  }
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Thin *self = (Thin *)base;
  gst_object_unref(self->pad);
  gst_object_unref(self->element);
  g_free(self);
}

void do_thin(const Json *request, Reply *reply) {
  double fps;
  if (!need_number(request, reply, "fps", &fps)) return;
  if (fps < 0 || fps > 240) return refuse(reply, "field.invalid", "fps: 0 to 240 expected");
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  char *name = g_strdup_printf("%s.%s", text_or(request, "element", ""), text_or(request, "pad", ""));
  Thin *older = (Thin *)reflex_find("thin", name);
  if (older) {
    g_atomic_int_set(&older->fps, (gint)fps);
    g_free(name);
    gst_object_unref(pad);
    return;
  }
  Thin *self = g_new0(Thin, 1);
  self->base = (Reflex){.kind = "thin", .name = name, .release = release};
  self->pad = pad;
  self->element = gst_pad_get_parent_element(pad);
  self->fps = (gint)fps;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, judge, self, NULL);
  reflex_add(&self->base);
}
