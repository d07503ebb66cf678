/* Signs of life. A relay with nothing to send says so every 100 ms, so that silence means a broken path and is seen in hundreds of ms. */
#include <string.h>
#include "clock.h"
#include "relay.h"

/* The first two bits are 01: no RTP packet (version 2) looks like that. */
static const uint8_t beat[8] = {'D', 'C', 'b', 'e', 'a', 't', 0, 1};

bool pulse_take(struct relay *r, struct conn *conn, const uint8_t *bytes, size_t size) {
  if (conn != NULL) {
    conn->heard_us = r->now;
    conn->heard_any = true;
  }
  return size == sizeof beat && memcmp(bytes, beat, sizeof beat) == 0;
}

/*
 * A full queue alone is no silence, a narrow path looks like that; only when no acknowledgement comes at all is nobody there.
 * The count of acknowledgements is asked for only when something has waited suspiciously long.
 */
static void note_acks(struct relay *r, struct conn *conn) {
  int64_t waiting = srt_getsndbuffer(conn->sock, NULL, NULL) * MS;
  if (waiting > r->tune.redial / 4 + conn->base_rtt_us) {
    conn_measure(conn, r->now);
    if (conn->live_acks == conn->acks) return;
    waiting = 0;
  }
  conn->acks = conn->live_acks;
  conn->acked_us = r->now - waiting;
}

static void say(struct relay *r, const char *name, const struct conn *conn, int64_t quiet) {
  event_open(r, name);
  write_who(r, conn);
  out_ms(&r->out, "quietMs", quiet);
  out_done(&r->out);
}

void pulse_tick(struct relay *r, struct conn *conn) {
  if (conn->sock == SRT_INVALID_SOCK) return;
  if (conn->sends && conn->heartbeat && r->now - conn->sent_us >= r->tune.heartbeat) {
    conn->sent_us = r->now;
    srt_sendmsg2(conn->sock, (const char *)beat, sizeof beat, NULL);
  }
  if (conn->sends) note_acks(r, conn);
  if (conn->crowded) queue_look(r, conn); /* Also when no video is offered any more. */
  if (r->now < r->grace_us) return;
  int64_t quiet = 0;
  if (conn->receives && conn->heard_any) quiet = r->now - conn->heard_us;
  if (conn->sends && r->now - conn->acked_us > quiet) quiet = r->now - conn->acked_us;
  if (!conn->silent && quiet > r->tune.silent) {
    conn->silent = true;
    say(r, "silent", conn, quiet);
  } else if (conn->silent && quiet < r->tune.silent / 2) {
    conn->silent = false;
    say(r, "heard", conn, quiet);
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
