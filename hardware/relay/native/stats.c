/* The answer to "stats": counters that only grow (readers take differences) and extremes since the last answer. */
#include "clock.h"
#include "relay.h"

static const char *state(const struct conn *conn) {
  if (conn->sock != SRT_INVALID_SOCK) return conn->silent ? "silent" : "up";
  return conn->link ? "dialling" : "down";
}

static void connection(struct relay *r, struct conn *conn) {
  struct out *o = &r->out;
  conn_measure(&r->conns, conn, r->now);
  const struct tally *g = &conn->gone, *l = &conn->live;
  bool up = conn->sock != SRT_INVALID_SOCK;
  out_open(o, NULL, '{');
  write_who(r, conn);
  out_text(o, "address", conn->address);
  out_text(o, "state", state(conn));
  out_real(o, "rttMs", up ? conn->rtt_ms : 0);
  out_int(o, "latencyMs", conn->latency_ms);
  out_int(o, "sent", (int64_t)(g->sent + l->sent));
  out_int(o, "received", (int64_t)(g->received + l->received));
  out_int(o, "bytesSent", (int64_t)(g->bytes_sent + l->bytes_sent));
  out_int(o, "bytesReceived", (int64_t)(g->bytes_received + l->bytes_received));
  out_int(o, "lost", (int64_t)(g->lost + l->lost));
  out_int(o, "retransmitted", (int64_t)(g->retransmitted + l->retransmitted));
  out_int(o, "dropped", (int64_t)(g->dropped + l->dropped));
  out_int(o, "belated", (int64_t)(g->belated + l->belated));
  out_int(o, "undecrypted", (int64_t)(g->undecrypted + l->undecrypted));
  out_int(o, "mediaIn", (int64_t)conn->media_in);
  out_int(o, "mediaOut", (int64_t)conn->media_out);
  out_int(o, "videoDropped", (int64_t)conn->video_dropped);
  out_int(o, "audioDropped", (int64_t)conn->audio_dropped);
  out_int(o, "forged", (int64_t)conn->forged);
  out_int(o, "malformed", (int64_t)conn->malformed);
  out_int(o, "flooded", (int64_t)conn->meter.dropped);
  out_int(o, "connects", (int64_t)conn->ups);
  out_int(o, "sendBufferMs", up ? conn->queue_ms : 0);
  out_real(o, "mbpsSend", conn->mbps_send);
  out_real(o, "mbpsRecv", conn->mbps_recv);
  out_ms(o, "upMs", up ? r->now - conn->up_us : 0);
  out_close(o, '}');
}

/* What an owner looks at several times a second: the queues alone. Extremes of "stats" are not touched, and nothing is measured anew. */
static void queue(struct relay *r, struct conn *conn) {
  struct out *o = &r->out;
  const struct tally *g = &conn->gone, *l = &conn->live;
  out_open(o, NULL, '{');
  write_who(r, conn);
  out_text(o, "state", state(conn));
  out_bool(o, "crowded", conn->crowded);
  out_ms(o, "queueMs", conn->queue_us);
  out_ms(o, "unackedMs", conn->sock == SRT_INVALID_SOCK ? 0 : r->attended - conn->acked_us);
  out_int(o, "bytesAcked", (int64_t)(g->bytes_acked + l->bytes_acked));
  out_int(o, "videoDropped", (int64_t)conn->video_dropped);
  out_int(o, "audioDropped", (int64_t)conn->audio_dropped);
  out_int(o, "mediaOut", (int64_t)conn->media_out);
  out_close(o, '}');
}

void queues_write(struct relay *r) {
  struct out *o = &r->out;
  out_open(o, "connections", '[');
  for (int i = 0; i < r->conns.high; i++)
    if (r->conns.at[i].used && r->conns.at[i].sends) queue(r, &r->conns.at[i]);
  out_close(o, ']');
  out_ms(o, "at", r->now);
}

static void stream(struct relay *r, struct stream *s) {
  struct out *o = &r->out;
  const struct window *w = &s->window;
  int64_t quiet = s->last_us == 0 ? 0 : r->now - s->last_frame_us;
  out_open(o, NULL, '{');
  out_int(o, "ssrc", s->ssrc);
  out_int(o, "incarnation", s->incarnation);
  out_text(o, "kind", s->video ? "video" : "audio");
  out_bool(o, "flowing", !s->stalled);
  out_int(o, "packets", (int64_t)s->packets);
  out_int(o, "bytes", (int64_t)s->bytes);
  out_int(o, "dups", (int64_t)s->copies);
  out_int(o, "lost", (int64_t)w->lost);
  out_int(o, "late", (int64_t)w->late);
  out_int(o, "odd", (int64_t)s->odd);
  out_int(o, "restarts", (int64_t)w->restarts);
  out_int(o, "forged", (int64_t)s->forged);
  out_int(o, "frames", (int64_t)w->frames);
  out_int(o, "damagedFrames", (int64_t)w->damaged_frames);
  out_int(o, "keyframes", (int64_t)w->keyframes);
  out_int(o, "paused", (int64_t)w->paused);
  out_int(o, "pausedFrames", (int64_t)w->paused_frames);
  out_ms(o, "maxFrameGapMs", quiet > s->max_frame_gap_us ? quiet : s->max_frame_gap_us);
  if (s->last_us == 0) out_null(o, "lastMs");
  else out_ms(o, "lastMs", s->last_us);
  if (s->has_age) {
    out_ms(o, "ageMs", s->age_us);
    out_ms(o, "minAgeMs", s->min_age_us);
    out_ms(o, "maxAgeMs", s->max_age_us);
  } else {
    out_null(o, "ageMs");
    out_null(o, "minAgeMs");
    out_null(o, "maxAgeMs");
  }
  out_close(o, '}');
  s->max_frame_gap_us = 0;
  s->has_age = false;
}

static void input(struct relay *r, const struct input *input) {
  out_open(&r->out, NULL, '{');
  out_text(&r->out, "name", r->names.text[input->name]);
  out_int(&r->out, "port", input->port);
  out_int(&r->out, "packets", (int64_t)input->packets);
  out_int(&r->out, "bytes", (int64_t)input->bytes);
  out_int(&r->out, "oversized", (int64_t)input->oversized);
  out_close(&r->out, '}');
}

static void ssrc_or_null(struct out *o, const char *key, const struct stream *s) {
  if (s == NULL) out_null(o, key);
  else out_int(o, key, s->ssrc);
}

static void view(struct relay *r, const struct view *view) {
  out_open(&r->out, NULL, '{');
  out_text(&r->out, "view", view->name);
  ssrc_or_null(&r->out, "ssrc", view->shown);
  ssrc_or_null(&r->out, "awaited", view->awaited);
  out_int(&r->out, "packets", (int64_t)view->packets);
  out_int(&r->out, "switches", (int64_t)view->switches);
  out_close(&r->out, '}');
}

void stats_write(struct relay *r) {
  struct out *o = &r->out;
  out_open(o, "connections", '[');
  for (int i = 0; i < r->conns.high; i++)
    if (r->conns.at[i].used) connection(r, &r->conns.at[i]);
  out_close(o, ']');
  out_open(o, "streams", '[');
  for (int i = 0; i < r->streams.high; i++)
    if (r->streams.at[i] != NULL) stream(r, r->streams.at[i]);
  out_close(o, ']');
  out_open(o, "inputs", '[');
  for (int i = 0; i < INPUTS_MAX; i++)
    if (r->inputs.at[i].used) input(r, &r->inputs.at[i]);
  out_close(o, ']');
  out_open(o, "views", '[');
  for (int i = 0; i < VIEWS_MAX; i++)
    if (r->views.at[i].used) view(r, &r->views.at[i]);
  out_close(o, ']');
  out_ms(o, "at", r->now);
  out_int(o, "refused", (int64_t)(r->allow.refused + r->refused_keys));
  out_int(o, "forged", (int64_t)r->forged);
  out_int(o, "unrouted", (int64_t)r->unrouted);
  out_int(o, "lastUnrouted", r->last_unrouted);
  out_int(o, "malformed", (int64_t)r->malformed);
  out_int(o, "udpSent", (int64_t)r->udp.sent);
  out_int(o, "udpFailed", (int64_t)r->udp.failed);
  out_int(o, "linesDropped", (int64_t)r->out.dropped);
  out_int(o, "stalls", (int64_t)r->stalls);
}
