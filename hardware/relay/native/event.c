/* Events: facts that nobody asked for. Those that strangers can cause at will are limited to a few per second; all are counted in stats. */
#include "clock.h"
#include "relay.h"

void event_open(struct relay *r, const char *name) {
  out_line(&r->out);
  out_text(&r->out, "event", name);
  out_ms(&r->out, "at", r->now);
}

bool event_allowed(struct relay *r) {
  r->event_tokens += (double)(r->now - r->event_us) * 2e-6;
  if (r->event_tokens > 20) r->event_tokens = 20;
  r->event_us = r->now;
  if (r->event_tokens < 1) return false;
  r->event_tokens -= 1;
  return true;
}

void write_who(struct relay *r, const struct conn *conn) {
  out_text(&r->out, conn->link ? "link" : "peer", r->names.text[conn->name]);
  out_text(&r->out, "streamId", conn->stream_id);
}

void event_conn(struct relay *r, const char *name, const struct conn *conn, const char *because) {
  event_open(r, name);
  write_who(r, conn);
  if (conn->address[0] != '\0') out_text(&r->out, "address", conn->address);
  if (because != NULL) out_text(&r->out, "because", because);
  out_done(&r->out);
}

void event_quiet(struct relay *r, const char *name, const struct conn *conn, int64_t quiet) {
  event_open(r, name);
  write_who(r, conn);
  out_ms(&r->out, "quietMs", quiet);
  out_done(&r->out);
}

void event_stream(struct relay *r, const char *name, const struct stream *stream) {
  event_open(r, name);
  out_int(&r->out, "ssrc", stream->ssrc);
  out_int(&r->out, "incarnation", stream->incarnation);
  out_done(&r->out);
}

void event_refused(struct relay *r, const char *stream_id, const char *address, const char *because) {
  if (!event_allowed(r)) return;
  event_open(r, "refused");
  out_text(&r->out, "streamId", stream_id);
  out_text(&r->out, "address", address);
  out_text(&r->out, "because", because);
  out_done(&r->out);
}
