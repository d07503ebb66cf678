/* loudness {element,pad}: writes on each buffer how loud it is (RFC 6464: dB below overload, 127 = silence), so that an encoder hands it on and
 * the payloader's header extension carries it. Without rumble and offset, which Opus takes away and nobody hears. The `level` element of 1.22 can do so too, but takes digital silence for 59 dB. */
#include <gst/audio/audio.h>
#include <math.h>

#include "worker.h"

#define SILENCE 127
#define PASS 0.98958 /* exp(-2 pi 80 / 48000): a first-order high-pass of 80 Hz at the only rate there is. */

typedef struct {
  Reflex base;
  GstPad *pad;
  double in, out; /* The filter's last sample; streaming thread only. */
} Measure;

static guint8 level_of(Measure *self, const gint16 *samples, gsize count) {
  double sum = 0, in = self->in, out = self->out;
  for (gsize i = 0; i < count; i++) {
    out = PASS * (out + samples[i] - in);
    in = samples[i];
    sum += out * out;
  }
  self->in = in;
  self->out = fabs(out) < 1e-3 ? 0 : out; /* Its tail would end in numbers that processors are slow with. */
  if (sum == 0) return SILENCE;
  double db = -10 * log10(sum / (double)count / (32768.0 * 32768.0));
  return (guint8)(db < 0 ? 0 : db > SILENCE ? SILENCE : lround(db));
}

static GstPadProbeReturn measure(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  GstMapInfo map;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  guint8 level = level_of(data, (const gint16 *)map.data, map.size / sizeof(gint16));
  gst_buffer_unmap(buffer, &map);
  GST_PAD_PROBE_INFO_DATA(info) = buffer = gst_buffer_make_writable(buffer);
  gst_buffer_add_audio_level_meta(buffer, level, FALSE);
  return GST_PAD_PROBE_OK;
}

static void release(Reflex *base) {
  Measure *self = (Measure *)base;
  gst_object_unref(self->pad);
  g_free(self);
}

void do_loudness(const Json *request, Reply *reply) {
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Measure *self = g_new0(Measure, 1);
  self->base = (Reflex){.kind = "loudness", .name = g_strdup(text_or(request, "element", "")), .release = release};
  self->pad = pad;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, measure, self, NULL);
  reflex_add(&self->base);
}
