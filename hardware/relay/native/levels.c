/*
 * How loud each voice is, as its sender wrote it into the header of each packet (RFC 6464): whoever mixes need not decode a voice to know
 * whether it is worth decoding. Said only when "tune" asks for it: {"event":"levels","at":...,"levels":[{"ssrc":...,"db":-23},...]}.
 */
#include <math.h>
#include "relay.h"

/* Mean power, not the loudest packet: a click is one packet of five. */
void levels_note(struct stream *stream, uint8_t level) {
  if (level < 127) stream->power += exp10(-level / 10.0);
  stream->measured++;
}

static int64_t decibels(const struct stream *stream) {
  if (stream->power <= 0) return -127;
  return lround(10 * log10(stream->power / stream->measured));
}

void levels_tick(struct relay *r) {
  static int64_t said;
  if (r->tune.levels == 0 || r->now - said < r->tune.levels) return;
  said = r->now;
  bool any = false;
  for (int i = 0; i < r->streams.high; i++) {
    struct stream *stream = r->streams.at[i];
    if (stream == NULL || stream->measured == 0) continue;
    if (!any) {
      any = true;
      event_open(r, "levels");
      out_open(&r->out, "levels", '[');
    }
    out_open(&r->out, NULL, '{');
    out_int(&r->out, "ssrc", stream->ssrc);
    out_int(&r->out, "db", decibels(stream));
    out_close(&r->out, '}');
    stream->measured = 0;
    stream->power = 0;
  }
  if (!any) return;
  out_close(&r->out, ']');
  out_done(&r->out);
}
