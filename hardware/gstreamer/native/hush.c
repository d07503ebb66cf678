/* hush {element,pad,packets}: the first buffer of sound of another voice becomes silence. A decoder blends the end of what it decoded last into
 * what comes next; where packets of different senders follow one another, that end must not be heard. `element` and `pad` are a decoder's
 * source, `packets` is the depayloader in front of it, in the same thread. */
#include "worker.h"

typedef struct {
  Reflex base;
  GstPad *packets, *sound;
  guint32 ssrc;
  bool any;
  gint another; /* Atomic. */
} Hush;

static GstPadProbeReturn look(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Hush *self = data;
  guint8 header[12];
  if (gst_buffer_extract(GST_PAD_PROBE_INFO_BUFFER(info), 0, header, sizeof header) < sizeof header) return GST_PAD_PROBE_OK;
  guint32 ssrc = GST_READ_UINT32_BE(header + 8);
  if (self->any && ssrc != self->ssrc) g_atomic_int_set(&self->another, 1);
  self->any = true;
  self->ssrc = ssrc;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn silence(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Hush *self = data;
  if (!g_atomic_int_compare_and_exchange(&self->another, 1, 0)) return GST_PAD_PROBE_OK;
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  gst_buffer_memset(buffer, 0, 0, gst_buffer_get_size(buffer)); /* Zero is silence in every signed format. */
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Hush *self = (Hush *)base;
  gst_object_unref(self->packets);
  gst_object_unref(self->sound);
  g_free(self);
}

void do_hush(const Json *request, Reply *reply) {
  GstElement *depay = need_element(request, reply, "packets");
  if (!depay) return;
  GstPad *packets = pad_of(depay, "sink", reply);
  gst_object_unref(depay);
  if (!packets) return;
  GstPad *sound = need_pad(request, reply);
  if (!sound) {
    gst_object_unref(packets);
    return;
  }
  Hush *self = g_new0(Hush, 1);
  self->base = (Reflex){.kind = "hush", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->packets = packets;
  self->sound = sound;
  gst_pad_add_probe(packets, GST_PAD_PROBE_TYPE_BUFFER, look, self, NULL);
  gst_pad_add_probe(sound, GST_PAD_PROBE_TYPE_BUFFER, silence, self, NULL);
  reflex_add(&self->base);
}
