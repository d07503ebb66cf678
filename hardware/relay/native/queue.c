/*
 * Video gives way to audio, in two steps. While more than a little of a connection's traffic lies in the network unacknowledged, or a pace is set
 * and used up, video waits here and audio passes. What has waited too long is dropped, up to the next IDR of its stream.
 */
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

/* Far away a lost packet takes a round trip to come again, and all behind it wait to be acknowledged: that is no queue either. */
static int64_t patience(const struct relay *r, const struct conn *conn) {
  int64_t far = 2 * conn->base_rtt_us, most = bound(r, conn) * 3 / 4;
  int64_t wanted = far > r->tune.hold ? far : r->tune.hold;
  return wanted < most ? wanted : most;
}

/* Less than video may find before it, or it would wait again at once. */
static int64_t eased(const struct relay *r, const struct conn *conn) {
  int64_t third = bound(r, conn) / 3, most = patience(r, conn) * 3 / 4;
  return third < most ? third : most;
}

static void flush(struct relay *r, struct conn *conn) {
  for (struct held *held = pool_first(&r->conns.pool, &conn->waiting); held != NULL; held = pool_first(&r->conns.pool, &conn->waiting)) {
    conn->gates[held->stream >> 6] |= 1ull << (held->stream & 63);
    conn->video_dropped++;
    pool_drop(&r->conns.pool, &conn->waiting);
  }
}

static void crowd(struct relay *r, struct conn *conn) {
  conn->crowded = true;
  conn->crowded_us = r->now;
  say(r, "crowded", conn);
  flush(r, conn);
}

/* Looks at the send buffer, once per turn. What is on its way for one round trip is no queue; what waits here is. */
void queue_look(struct relay *r, struct conn *conn) {
  if (conn->queue_turn == r->turn) return;
  conn->queue_turn = r->turn;
  int64_t sent = srt_getsndbuffer(conn->sock, NULL, NULL) * MS - conn->base_rtt_us;
  const struct held *oldest = pool_first(&r->conns.pool, &conn->waiting);
  int64_t here = oldest == NULL ? 0 : r->now - oldest->since_us;
  conn->sent_queue_us = sent > 0 ? sent : 0;
  conn->queue_us = conn->sent_queue_us > here ? conn->sent_queue_us : here;
  if (conn->queue_us <= bound(r, conn)) conn->over_us = 0;
  else if (conn->over_us == 0) conn->over_us = r->attended;
  if (!conn->crowded && conn->over_us != 0 && r->attended - conn->over_us >= r->tune.queue_hold) {
    crowd(r, conn);
  } else if (conn->crowded && conn->queue_us < eased(r, conn)) {
    conn->crowded = false;
    say(r, "eased", conn); /* A good moment to ask the senders for a keyframe. */
  }
}

bool queue_full(struct relay *r, const struct conn *conn) {
  const struct held *oldest = pool_first(&r->conns.pool, &conn->waiting);
  return conn->crowded || (oldest != NULL && r->now - oldest->since_us > r->tune.hold);
}

static bool admits(struct conn *conn, int index, unsigned flags) {
  uint64_t bit = 1ull << (index & 63);
  uint64_t *gate = &conn->gates[index >> 6];
  if (conn->crowded) {
    *gate |= bit;
  } else if ((*gate & bit) && (flags & H264_KEY)) {
    *gate &= ~bit;
  }
  return !(*gate & bit);
}

static bool may_leave(struct relay *r, struct conn *conn) {
  return conn->sent_queue_us <= patience(r, conn) && pace_allows(&conn->waiting, r->conns.pace[conn->name], r->now);
}

static void leave(struct relay *r, struct conn *conn, const uint8_t *packet, uint16_t size) {
  pace_spend(&conn->waiting, r->conns.pace[conn->name], size);
  if (srt_sendmsg2(conn->sock, (const char *)packet, size, NULL) > 0) {
    conn->media_out++;
    conn->sent_us = r->now;
  } else {
    conn->video_dropped++;
  }
}

void queue_video(struct relay *r, struct conn *conn, const struct stream *stream, const uint8_t *packet, size_t size, unsigned flags) {
  queue_look(r, conn);
  int index = streams_index(&r->streams, stream);
  if (!admits(conn, index, flags)) {
    conn->video_dropped++;
  } else if (conn->waiting.first == 0 && may_leave(r, conn)) {
    leave(r, conn, packet, (uint16_t)size);
  } else if (!pool_add(&r->conns.pool, &conn->waiting, index, packet, (uint16_t)size, r->now)) {
    crowd(r, conn); /* No room for what waits: as if it had waited too long, so that somebody asks for an IDR when it has eased. */
    conn->gates[index >> 6] |= 1ull << (index & 63);
    conn->video_dropped++;
  }
}

void queues_look(struct relay *r) {
  for (int i = 0; i < r->conns.high; i++)
    if (r->conns.at[i].used && r->conns.at[i].sock != SRT_INVALID_SOCK && r->conns.at[i].sends) queue_look(r, &r->conns.at[i]);
}

void queues_tick(struct relay *r) {
  for (int i = 0; i < r->conns.high; i++) {
    struct conn *conn = &r->conns.at[i];
    if (!conn->used || conn->waiting.first == 0 || conn->sock == SRT_INVALID_SOCK) continue;
    queue_look(r, conn);
    for (struct held *held = pool_first(&r->conns.pool, &conn->waiting); held != NULL && may_leave(r, conn); held = pool_first(&r->conns.pool, &conn->waiting)) {
      leave(r, conn, held->packet, held->size);
      pool_drop(&r->conns.pool, &conn->waiting);
    }
  }
}
