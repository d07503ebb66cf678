/* Video gives way to audio: when a send buffer grows beyond its bound, video is dropped up to its next IDR; audio always goes in. */
#include "clock.h"
#include "h264.h"
#include "relay.h"

static void say(struct relay *r, const char *name, struct conn *conn) {
  event_open(r, name);
  write_who(r, conn);
  out_ms(&r->out, "queueMs", conn->queue_us);
  out_done(&r->out);
}

/* What waits for less than the receiver's latency can still come in time: with a long latency a short cut is no reason to drop anything. */
static int64_t bound(const struct relay *r, const struct conn *conn) {
  int64_t patient = conn->latency_ms * MS * 6 / 10;
  return patient > r->tune.queue ? patient : r->tune.queue;
}

/* Looks at the send buffer, once per turn. What is on its way for one round trip is no queue. */
void queue_look(struct relay *r, struct conn *conn) {
  if (conn->queue_turn == r->turn) return;
  conn->queue_turn = r->turn;
  int64_t queue = srt_getsndbuffer(conn->sock, NULL, NULL) * MS - conn->base_rtt_us;
  conn->queue_us = queue > 0 ? queue : 0;
  if (conn->queue_us <= bound(r, conn)) conn->over_us = 0;
  else if (conn->over_us == 0) conn->over_us = r->now;
  if (!conn->crowded && conn->over_us != 0 && r->now - conn->over_us >= r->tune.queue_hold) {
    conn->crowded = true;
    say(r, "crowded", conn);
  } else if (conn->crowded && conn->queue_us < bound(r, conn) / 3) {
    conn->crowded = false;
    say(r, "eased", conn); /* A good moment to ask the senders for a keyframe. */
  }
}

bool queue_admits(struct relay *r, struct conn *conn, const struct stream *stream, unsigned flags) {
  queue_look(r, conn);
  int index = streams_index(&r->streams, stream);
  uint64_t bit = 1ull << (index & 63);
  uint64_t *gate = &conn->gates[index >> 6];
  if (conn->crowded) {
    *gate |= bit;
  } else if ((*gate & bit) && (flags & H264_KEY)) {
    *gate &= ~bit;
  }
  bool spare = (flags & H264_DISPOSABLE) && conn->queue_us > bound(r, conn) / 2;
  if (!(*gate & bit) && !spare) return true;
  conn->video_dropped++;
  return false;
}
