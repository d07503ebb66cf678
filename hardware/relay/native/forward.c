/* The path of a packet: who sent it, has it come before, who gets it. Nothing here allocates, blocks or changes the packet. */
#include "clock.h"
#include "frame.h"
#include "h264.h"
#include "relay.h"

#include <string.h>

static void send_conn(struct relay *r, struct conn *conn, const struct stream *stream, const uint8_t *packet, size_t size, unsigned flags) {
  if (conn->sock == SRT_INVALID_SOCK || !conn->sends) return;
  if (stream->video) {
    queue_video(r, conn, stream, packet, size, flags);
    return;
  }
  if (srt_sendmsg2(conn->sock, (const char *)packet, (int)size, NULL) > 0) {
    conn->media_out++;
    conn->sent_us = r->now;
  } else {
    conn->audio_dropped++;
  }
}

static void send_peer(struct relay *r, int name, const struct stream *stream, const uint8_t *packet, size_t size, unsigned flags) {
  const int16_t *subs = r->conns.subs[name];
  for (int i = 0; i < PATHS_MAX; i++)
    if (subs[i] != 0) send_conn(r, &r->conns.at[subs[i] - 1], stream, packet, size, flags);
}

static void deliver(struct relay *r, const struct target *to, const struct stream *stream, const uint8_t *packet, size_t size, unsigned flags) {
  switch (to->kind) {
    case TARGET_UDP: udp_send(&r->udp, to->where, packet, size, NULL); return;
    case TARGET_PEER: send_peer(r, to->where, stream, packet, size, flags); return;
    case TARGET_LINK:
      if (r->conns.link[to->where] != 0) send_conn(r, &r->conns.at[r->conns.link[to->where] - 1], stream, packet, size, flags);
      return;
  }
}

static void deliver_rewritten(struct relay *r, const struct view *view, const struct stream *stream, const uint8_t *packet, size_t size, const struct rtp_rewrite *to) {
  uint8_t copy[PACKET_MAX];
  rtp_rewrite(copy, packet, to);
  if (view->to.kind == TARGET_UDP) {
    udp_send(&r->udp, view->to.where, packet, size, copy);
    return;
  }
  memcpy(copy + RTP_HEADER, packet + RTP_HEADER, size - RTP_HEADER);
  deliver(r, &view->to, stream, copy, size, 0);
}

/* The very first packet of a backup may begin an IDR: who decides only once per turn what to await would let it pass, and wait for another. */
static void turn_at_once(struct relay *r, struct view *view, struct stream *stream) {
  if (view->choices < 2 || stream == view->shown || stream == view->awaited) return;
  enum view_because because;
  if (reflex_look(view, r->attended, &because) == stream)
    view_show(&r->views, &r->streams, view, stream, because, (struct moment){r->now, r->attended});
}

static void show(struct relay *r, struct view *view, struct stream *stream, const struct rtp *rtp, const uint8_t *packet, size_t size, unsigned flags) {
  if (flags & H264_SPS) turn_at_once(r, view, stream);
  enum view_answer answer = view_take(&r->views, &r->streams, view, stream, flags & H264_KEY);
  if (answer == VIEW_DROP) return;
  if (answer == VIEW_SWITCHED) event_switched(r, view);
  view->packets++;
  view->passed_us = r->now;
  if (view->video) {
    deliver(r, &view->to, stream, packet, size, flags);
    return;
  }
  struct rtp_rewrite to;
  if (view_rewrite(view, rtp, r->now, &to)) deliver_rewritten(r, view, stream, packet, size, &to);
}

static void show_all(struct relay *r, struct stream *stream, const struct rtp *rtp, const uint8_t *packet, size_t size, unsigned flags) {
  for (int word = 0; word < VIEWS_MAX / 64; word++)
    for (uint64_t bits = stream->view_bits[word]; bits != 0; bits &= bits - 1)
      show(r, &r->views.at[word * 64 + __builtin_ctzll(bits)], stream, rtp, packet, size, flags);
}

static void forged(struct relay *r, int source, struct conn *via, struct stream *stream) {
  r->forged++;
  stream->forged++;
  if (via != NULL) via->forged++;
  if (name_set_has(&stream->told, source)) return;
  name_set_add(&stream->told, source);
  if (!event_allowed(r)) return;
  event_open(r, "forged");
  out_int(&r->out, "ssrc", stream->ssrc);
  out_text(&r->out, "from", r->names.text[source]);
  out_done(&r->out);
}

static void restarted(struct relay *r, struct stream *stream) {
  stream->await_key = true;
  stream->anew = true;
  delivery_forget(&stream->delivery);
  views_restarted(&r->views, stream);
  event_stream(r, "restarted", stream);
}

/* False when the packet belongs to an incarnation that is over. A sender that was away may come back with any. */
static bool current(struct relay *r, struct stream *stream, uint32_t ssrc) {
  int incarnation = (int)(ssrc & 15);
  if (incarnation == stream->incarnation) return true;
  bool first = stream->incarnation < 0;
  if (!first && ((incarnation - stream->incarnation) & 15) >= 8 && r->now - stream->last_us < 500 * MS) return false;
  stream->incarnation = incarnation;
  if (first) return true;
  window_restart(&stream->window);
  restarted(r, stream);
  return true;
}

/* Counts the packet. False when it is a copy or does not fit. */
static bool fresh(struct relay *r, struct stream *stream, const struct rtp *rtp, size_t size, unsigned flags) {
  if (!current(r, stream, rtp->ssrc)) {
    stream->odd++;
    return false;
  }
  uint8_t marks = (rtp->marker ? WINDOW_MARKER : 0) | (flags & H264_START ? WINDOW_START : 0) | (flags & H264_KEY ? WINDOW_KEY : 0);
  switch (window_admit(&stream->window, rtp->seq, rtp->time, marks, r->now)) {
    case WINDOW_COPY: stream->copies++; return false;
    case WINDOW_ODD: stream->odd++; return false;
    case WINDOW_AGAIN: restarted(r, stream); break;
    case WINDOW_NEW: break;
  }
  stream->packets++;
  stream->bytes += size;
  frame_arrived(stream, rtp, r->now, r->attended);
  if (rtp->has_level && !stream->video) levels_note(stream, rtp->level);
  if (stream->stalled) {
    stream->stalled = false;
    if (stream->video) stream->await_key = true;
    event_stream(r, "flowing", stream);
  }
  return true;
}

/* False when the connection has sent more than is taken from it. */
static bool metered(struct relay *r, struct conn *via, const struct stream *stream, size_t size) {
  enum meter_answer answer = meter_take(&via->meter, size, stream->video, r->now);
  if (answer == METER_FLOOD && event_allowed(r)) {
    event_open(r, "flood");
    write_who(r, via);
    out_int(&r->out, "maxInKbps", via->meter.kbps);
    out_done(&r->out);
  }
  return answer == METER_TAKE;
}

void forward(struct relay *r, int source, struct conn *via, uint8_t *packet, size_t size) {
  struct rtp rtp;
  r->active_us = r->now;
  if (!rtp_parse(packet, size, &rtp)) {
    r->malformed++;
    if (via != NULL) via->malformed++;
    return;
  }
  struct stream *stream = streams_find(&r->streams, rtp.ssrc);
  if (stream == NULL) {
    r->unrouted++;
    r->last_unrouted = rtp.ssrc;
    return;
  }
  if (!stream->from_anyone && !name_set_has(&stream->from, source)) {
    forged(r, source, via, stream);
    return;
  }
  if (via != NULL && !metered(r, via, stream, size)) return;
  unsigned flags = stream->video ? h264_look(rtp.payload, rtp.payload_size) : 0;
  if (!fresh(r, stream, &rtp, size, flags)) return;
  if (stream->await_key && (flags & H264_KEY)) {
    stream->await_key = false;
    event_stream(r, "keyframe", stream);
  }
  for (int i = 0; i < stream->target_count; i++) deliver(r, &stream->target[i], stream, packet, size, flags);
  if (stream->views > 0) show_all(r, stream, &rtp, packet, size, flags);
}

void forward_tick(struct relay *r) {
  for (int i = 0; i < r->streams.high; i++) {
    struct stream *stream = r->streams.at[i];
    if (stream == NULL) continue;
    window_mark(&stream->window);
    int64_t limit = stream->video ? r->tune.video_stall : r->tune.audio_stall;
    if (stream->stalled || r->attended - stream->delivery.last_us <= limit) continue;
    stream->stalled = true;
    event_stream(r, "stalled", stream);
  }
}
