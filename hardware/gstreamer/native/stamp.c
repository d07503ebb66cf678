/* stamp {element,pad,source?,x?,y?}: burns time and sequence into raw pictures in front of an encoder, so that a reader behind a decoder
 * measures delay, loss and damage of everything between. For benchmarks and tests; pictures of people carry none. */
#include "stamp.h"

#include "worker.h"

typedef struct {
  Reflex base;
  GstPad *pad;
  int x, y;
  guint16 sequence, source;
  GstCaps *caps;
  GstVideoInfo info;
  bool fits;
} Burner;

static GstPadProbeReturn burn(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Burner *self = data;
  GstCaps *caps = gst_pad_get_current_caps(pad);
  if (caps && caps != self->caps) {
    gst_caps_replace(&self->caps, caps);
    self->fits = gst_video_info_from_caps(&self->info, caps) &&
                 stamp_fits(&self->info, self->x, self->y, GST_VIDEO_INFO_WIDTH(&self->info) - self->x, GST_VIDEO_INFO_HEIGHT(&self->info) - self->y);
  }
  gst_clear_caps(&caps);
  if (!self->fits) return GST_PAD_PROBE_OK;
  /* Mapping for writing copies a picture that others hold too (a tee, a repeated slate), so only our branch is stamped. */
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  GstVideoFrame frame;
  if (!gst_video_frame_map(&frame, &self->info, buffer, GST_MAP_READWRITE)) return GST_PAD_PROBE_OK;
  Stamp stamp = {.time = (guint32)(now_ns() / 100000), .sequence = self->sequence++, .source = self->source};
  stamp_write(&frame, self->x, self->y, GST_VIDEO_INFO_WIDTH(&self->info) - self->x, &stamp);
  gst_video_frame_unmap(&frame);
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Burner *self = (Burner *)base;
  gst_object_unref(self->pad);
  gst_clear_caps(&self->caps);
  g_free(self);
}

void do_stamp(const Json *request, Reply *reply) {
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Burner *self = g_new0(Burner, 1);
  self->base = (Reflex){.kind = "stamp", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->pad = pad;
  self->x = (int)number_or(request, "x", 0);
  self->y = (int)number_or(request, "y", 0);
  self->source = (guint16)number_or(request, "source", 0);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, burn, self, NULL);
  reflex_add(&self->base);
}
