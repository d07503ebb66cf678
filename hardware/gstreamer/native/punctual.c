/* punctual {element,pad,limitMs}: a live compositor on a machine that is too slow makes every picture all the same, later and later (seven
 * seconds were seen), and its inputs queue up behind it. This tells it how late it is, as a display would by QoS, and it leaves out the
 * pictures whose time has passed. */
#include "worker.h"

typedef struct {
  Reflex base;
  GstPad *pad;
  GstElement *element;
  gint64 limit; /* ns */
} Punctual;

static GstPadProbeReturn judge(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Punctual *self = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  gint64 late = age_of(pad, self->element, buffer) - self->limit;
  if (late <= 0) return GST_PAD_PROBE_OK;
  /* Running time: a compositor's segment begins at 0. What was due before now is left out. */
  gst_pad_send_event(pad, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.0, late, GST_BUFFER_PTS(buffer)));
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Punctual *self = (Punctual *)base;
  gst_object_unref(self->pad);
  gst_object_unref(self->element);
  g_free(self);
}

void do_punctual(const Json *request, Reply *reply) {
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Punctual *self = g_new0(Punctual, 1);
  self->base = (Reflex){.kind = "punctual", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->pad = pad;
  self->element = gst_pad_get_parent_element(pad);
  self->limit = (gint64)(number_or(request, "limitMs", 300) * (double)MS_NS);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, judge, self, NULL);
  reflex_add(&self->base);
}
