/*
 * How loud each voice is, as its sender wrote it into the header of each packet (RFC 6464): whoever mixes need not decode a voice to know
 * whether it is worth decoding. Said only when "tune" asks for it: {"event":"levels","at":...,"levels":[{"ssrc":...,"db":-23},...]}.
 */
#include "relay.h"

void levels_note(struct stream *stream, uint8_t level) {
  if (!stream->measured || level < stream->loudest) stream->loudest = level;
  stream->measured = true;
}

void levels_tick(struct relay *r) {
  static int64_t said;
  if (r->tune.levels == 0 || r->now - said < r->tune.levels) return;
  said = r->now;
  bool any = false;
  for (int i = 0; i < r->streams.high; i++) {
    struct stream *stream = r->streams.at[i];
    if (stream == NULL || !stream->measured) continue;
    stream->measured = false;
    if (!any) {
      any = true;
      event_open(r, "levels");
      out_open(&r->out, "levels", '[');
    }
    out_open(&r->out, NULL, '{');
    out_int(&r->out, "ssrc", stream->ssrc);
    out_int(&r->out, "db", -(int64_t)stream->loudest);
    out_close(&r->out, '}');
  }
  if (!any) return;
  out_close(&r->out, ']');
  out_done(&r->out);
}
