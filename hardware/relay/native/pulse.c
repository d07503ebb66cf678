/* Signs of life. A relay with nothing to send says so every 100 ms, so that silence means a broken path and is seen in hundreds of ms. */
#include <string.h>
#include "clock.h"
#include "relay.h"

/* The first two bits are 01: no RTP packet (version 2) looks like that. */
static const uint8_t beat[8] = {'D', 'C', 'b', 'e', 'a', 't', 0, 1};

bool pulse_take(struct conn *conn, const uint8_t *bytes, size_t size) {
  if (conn != NULL) conn->heard_any = true;
  return size == sizeof beat && memcmp(bytes, beat, sizeof beat) == 0;
}

/*
 * What comes off the network counts, not what comes out of libsrt: there packets wait for the latency, and a cut would be seen that much later.
 * A full queue alone is no silence, a narrow path looks like that; only when no acknowledgement comes at all is nobody there.
 */
static void note_signs(struct relay *r, struct conn *conn) {
  uint64_t arrivals, acks;
  conn_signs(conn, &arrivals, &acks);
  if (arrivals != conn->arrivals) conn->heard_us = r->attended;
  int64_t waiting = conn->sends ? srt_getsndbuffer(conn->sock, NULL, NULL) * MS - conn->base_rtt_us : 0; /* One round trip is no delay. */
  if (acks != conn->acks || waiting <= 0) conn->acked_us = r->attended;
  conn->arrivals = arrivals;
  conn->acks = acks;
}

void pulse_tick(struct relay *r, struct conn *conn) {
  if (conn->sock == SRT_INVALID_SOCK) return;
  if (conn->sends && conn->heartbeat && r->now - conn->sent_us >= r->tune.heartbeat) {
    conn->sent_us = r->now;
    srt_sendmsg2(conn->sock, (const char *)beat, sizeof beat, NULL);
  }
  note_signs(r, conn);
  if (conn->crowded) queue_look(r, conn); /* Also when no video is offered any more. */
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
    srt_sendmsg2(old->sock, (const char *)beat, sizeof beat, NULL);
  }
}
