/* Signs of life. A relay with nothing to send says so every 100 ms, so that silence means a broken path and is seen in hundreds of ms. */
#include <string.h>
#include "clock.h"
#include "relay.h"

/* The first two bits are 01: no RTP packet (version 2) looks like that. The last but one says whether the sender's way is narrow. */
#define BEAT {'D', 'C', 'b', 'e', 'a', 't', 0, 1}
#define NARROW 6
#define SECOND (1000 * MS)
#define TELL (500 * MS) /* How often a narrow way is told. */
#define CUT (120 * MS)
#define SHARE 0.15      /* Full for so much of the time is narrow: measured 0.2 to 0.5 before a bottleneck, 0.05 at most where one in twenty is lost far away. */

bool pulse_take(struct relay *r, struct conn *conn, const uint8_t *bytes, size_t size) {
  static const uint8_t beat[] = BEAT;
  if (conn != NULL) conn->heard_any = true;
  if (size != sizeof beat || memcmp(bytes, beat, NARROW) != 0 || bytes[NARROW] > 1 || bytes[NARROW + 1] != beat[NARROW + 1]) return false;
  if (conn != NULL && bytes[NARROW] == 1) conn->narrow_us = r->now;
  return true;
}

static void send_beat(SRTSOCKET sock, bool narrow) {
  uint8_t beat[] = BEAT;
  beat[NARROW] = narrow;
  srt_sendmsg2(sock, (const char *)beat, sizeof beat, NULL);
}

/* Says that we are here when nothing else does, and that our way is narrow as long as it is: to the receiver its queue looks like distance. */
static void tell(struct relay *r, struct conn *conn) {
  bool full = queue_full(r, conn) && r->attended - conn->acked_us < CUT; /* A way that takes nothing is cut, not narrow. */
  conn->full += ((full ? 1 : 0) - conn->full) * PULSE_TICK / SECOND;
  bool narrow = conn->full > SHARE;
  if (narrow) conn->narrow_us = r->now;
  if (!conn->sends || !conn->heartbeat) return;
  if (r->now - conn->sent_us < r->tune.heartbeat && !(narrow && r->now - conn->told_us >= TELL)) return;
  if (narrow) conn->told_us = r->now;
  conn->sent_us = r->now;
  send_beat(conn->sock, narrow);
}

/*
 * What comes off the network counts, not what comes out of libsrt: there packets wait for the latency, and a cut would be seen that much later.
 * A full queue alone is no silence, a narrow path looks like that; only when no acknowledgement comes at all is nobody there.
 */
static void note_signs(struct relay *r, struct conn *conn) {
  uint64_t arrivals, acks;
  conn_signs(conn, r->now, &arrivals, &acks);
  if (arrivals != conn->arrivals) conn->heard_us = r->attended;
  int64_t waiting = conn->sends ? srt_getsndbuffer(conn->sock, NULL, NULL) * MS - conn->base_rtt_us : 0; /* One round trip is no delay. */
  if (acks != conn->acks || waiting <= 0) conn->acked_us = r->attended;
  conn->arrivals = arrivals;
  conn->acks = acks;
}

void pulse_tick(struct relay *r, struct conn *conn) {
  if (conn->sock == SRT_INVALID_SOCK) return;
  note_signs(r, conn);
  if (conn->crowded) queue_look(r, conn); /* Also when no video is offered any more. */
  tell(r, conn);
  int64_t quiet = 0;
  if (conn->receives && conn->heard_any) quiet = r->attended - conn->heard_us;
  if (conn->sends && r->attended - conn->acked_us > quiet) quiet = r->attended - conn->acked_us;
  if (!conn->silent && quiet > r->tune.silent) {
    conn->silent = true;
    event_quiet(r, "silent", conn, quiet);
  } else if (conn->silent && quiet < r->tune.silent / 2) {
    conn->silent = false;
    event_quiet(r, "heard", conn, quiet);
  }
}

void pulse_retiring(struct relay *r) {
  for (int i = 0; i < RETIRING_MAX; i++) {
    const struct retiring *old = &r->conns.retiring[i];
    size_t waiting = 0;
    if (old->sock == SRT_INVALID_SOCK || !old->beats || srt_getsndbuffer(old->sock, &waiting, NULL) < 0 || waiting == 0) continue;
    /* A receiver asks again for what it misses only when something later comes: without this the end of the old connection would be lost. */
    send_beat(old->sock, false);
  }
}
