/*
 * The latency of a link follows its round trip. SRT asks again for what is lost, which helps only when the answer comes in time: after two and a
 * half round trips, after five where so much is lost that the answer is lost as well. The caller chooses, because the larger of both sides' counts,
 * for both directions. A link with too little is dialled a second time beside itself, which loses nothing; what it has learnt it keeps for as long as
 * it exists: a latency that comes and goes would be a picture that jumps. A way that is too narrow is no long way: what its queue loses and delays
 * is the business of whoever sends too much, and a second connection would be one more to fit in.
 */
#include "clock.h"
#include "relay.h"

#define KNOWN (2000 * MS) /* A connection this young may have looked too early. */
#define MOST_MS 1000      /* Nobody talks beyond that; who wants more has to say so. */
#define WINDOW 200        /* Packets over which loss is judged. */
#define LOSSY_WINDOWS 3   /* So many in a row with one packet in a hundred lost: no accident. */
#define CLEAN_PERCENT 240 /* Of the round trip. */
#define LOSSY_PERCENT 500

static void judge_loss(struct conn *conn, bool narrow) {
  const struct tally *l = &conn->live, *g = &conn->gone;
  struct loss *loss = &conn->loss;
  uint64_t packets = l->sent + l->received + g->sent + g->received;
  uint64_t lost = l->lost + g->lost;
  if (packets - loss->packets < WINDOW) return;
  bool bad = (lost - loss->lost) * 100 >= packets - loss->packets && !loss->queued && !narrow;
  loss->packets = packets;
  loss->lost = lost;
  loss->queued = false;
  if (loss->windows < LOSSY_WINDOWS) loss->windows = bad ? loss->windows + 1 : 0;
}

void latency_look(struct relay *r, struct conn *conn) {
  if (conn->sock == SRT_INVALID_SOCK || conn->base_rtt_us == 0 || conn->longer || conn->silent || r->now - conn->up_us < KNOWN) return;
  bool narrow = r->now - conns_narrow(&r->conns, conn) < LOOK_US;
  judge_loss(conn, narrow);
  if (narrow) return; /* Where it was so when it came up, its first round trip was a queue. */
  int64_t percent = conn->loss.windows >= LOSSY_WINDOWS ? LOSSY_PERCENT : CLEAN_PERCENT;
  int64_t need = conn->base_rtt_us * percent / 100 / MS;
  need = need > MOST_MS ? MOST_MS : (need + 9) / 10 * 10;
  if (need * 4 <= (int64_t)conn->latency_ms * 5) return; /* Not for a quarter more: each change costs the picture that much time. */
  conn->dial.latency_ms = (int)need;
  conn->dial.next_us = r->now;
  conn->longer = true;
  event_open(r, "latency");
  write_who(r, conn);
  out_int(&r->out, "latencyMs", need);
  out_ms(&r->out, "rttMs", conn->base_rtt_us);
  out_done(&r->out);
}
