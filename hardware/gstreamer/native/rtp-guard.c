/* rtp-guard {element,pad,name,pt,ssrc?}: lets only packets pass that can belong to the stream. A jitter buffer believes any timestamp, so a
 * few packets of noise would silence a port for hours. A jump of the sequence is believed after a pause, or when the next packet
 * confirms it (RFC 3550 A.1); another SSRC is believed at once unless `ssrc` names the only one. */
#include "worker.h"

#define MAX_DROPOUT 3000
#define MAX_MISORDER 1000
#define PAUSE_NS (200 * MS_NS)

typedef struct {
  Reflex base;
  GstPad *pad;
  guint8 pt;
  gint64 only; /* SSRC, or -1 */
  bool any, doubted;
  guint32 ssrc;
  guint16 last, doubtful; /* doubtful: the sequence number that would confirm a jump */
  gint64 last_at;
  gint refused; /* atomic */
} Guard;

/* Version, payload type and lengths (RFC 3550 §5.1, §5.3.1); the payload must not be empty. */
static bool is_rtp(const Guard *self, const guint8 *p, gsize size) {
  if (size < 13 || p[0] >> 6 != 2 || (p[1] & 0x7f) != self->pt) return false;
  gsize at = 12 + 4u * (p[0] & 0x0f);
  if (p[0] & 0x10) {
    if (size < at + 4) return false;
    at += 4 + 4u * GST_READ_UINT16_BE(p + at + 2);
  }
  gsize padding = p[0] & 0x20 ? p[size - 1] : 0;
  if (p[0] & 0x20 && padding == 0) return false;
  return at + padding < size;
}

static bool believes(Guard *self, guint32 ssrc, guint16 sequence, gint64 now) {
  if (self->only >= 0 && ssrc != (guint32)self->only) return false;
  guint16 ahead = (guint16)(sequence - self->last);
  bool follows = ahead < MAX_DROPOUT || ahead > 65535 - MAX_MISORDER;
  bool fresh = !self->any || ssrc != self->ssrc || now - self->last_at > PAUSE_NS;
  if (!fresh && !follows && !(self->doubted && sequence == self->doubtful)) {
    self->doubted = true;
    self->doubtful = (guint16)(sequence + 1);
    return false;
  }
  if (fresh || !follows || ahead < 0x8000) self->last = sequence;
  self->any = true;
  self->doubted = false;
  self->ssrc = ssrc;
  self->last_at = now;
  return true;
}

static GstPadProbeReturn check(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  Guard *self = data;
  GstMapInfo map;
  bool good = false;
  if (gst_buffer_map(GST_PAD_PROBE_INFO_BUFFER(info), &map, GST_MAP_READ)) {
    good = is_rtp(self, map.data, map.size) && believes(self, GST_READ_UINT32_BE(map.data + 8), GST_READ_UINT16_BE(map.data + 2), now_ns());
    gst_buffer_unmap(GST_PAD_PROBE_INFO_BUFFER(info), &map);
  }
  if (!good) g_atomic_int_inc(&self->refused);
  return good ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static void report(Reflex *base, GString *out, bool reset G_GNUC_UNUSED) {
  Guard *self = (Guard *)base;
  g_string_append(out, "{\"name\":");
  json_text(out, self->base.name);
  put_int(out, "refused", g_atomic_int_get(&self->refused));
  g_string_append_c(out, '}');
}

static void release(Reflex *base) {
  Guard *self = (Guard *)base;
  gst_object_unref(self->pad);
  g_free(self);
}

void do_rtp_guard(const Json *request, Reply *reply) {
  double pt;
  const char *name = need_text(request, reply, "name");
  if (!name || !need_number(request, reply, "pt", &pt)) return;
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Guard *self = g_new0(Guard, 1);
  self->base = (Reflex){.kind = "rtp-guard", .name = g_strdup(name), .guards = true, .report = report, .release = release};
  self->pad = pad;
  self->pt = (guint8)pt;
  self->only = (gint64)number_or(request, "ssrc", -1);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, check, self, NULL);
  reflex_add(&self->base);
}
