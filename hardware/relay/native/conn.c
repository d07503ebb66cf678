/* The table of connections and the book-keeping of their counters. Sockets are opened and closed elsewhere. */
#include "conn.h"

#include <string.h>
#include "clock.h"

void conns_init(struct conns *conns) {
  memset(conns, 0, sizeof *conns);
  pool_init(&conns->pool);
  for (int i = 0; i < RETIRING_MAX; i++) conns->retiring[i].sock = SRT_INVALID_SOCK;
}

struct conn *conns_link(struct conns *conns, int name) {
  return conns->link[name] == 0 ? NULL : &conns->at[conns->link[name] - 1];
}

static struct conn *fill(struct conns *conns, bool link, int name, const char *stream_id, const char *path) {
  struct conn *spare = NULL;
  for (int i = 0; i < conns->high && (spare == NULL || spare->used); i++) {
    struct conn *conn = &conns->at[i];
    if (!conn->used || (!conn->link && conn->sock == SRT_INVALID_SOCK)) spare = conn;
  }
  bool grow = conns->high < CONNS_MAX;
  if (grow && (spare == NULL || spare->used)) spare = &conns->at[conns->high++]; /* Records of peers that are gone go only for want of room. */
  if (spare == NULL) return NULL;
  if (spare->used) conns_free(conns, spare);
  memset(spare, 0, sizeof *spare);
  spare->used = true;
  spare->link = link;
  spare->name = name;
  spare->sock = SRT_INVALID_SOCK;
  spare->dial.sock = SRT_INVALID_SOCK;
  strncpy(spare->stream_id, stream_id, STREAM_ID_SIZE - 1);
  strncpy(spare->path, path, PATH_SIZE - 1);
  return spare;
}

struct conn *conns_new_link(struct conns *conns, int name, const char *stream_id, const char *path) {
  struct conn *conn = fill(conns, true, name, stream_id, path);
  if (conn != NULL) conns->link[name] = (int16_t)(conns_index(conns, conn) + 1);
  return conn;
}

struct conn *conns_peer(struct conns *conns, int name, const char *stream_id, const char *path, bool sub) {
  struct conn *gone = NULL;
  int paths = 0;
  for (int i = 0; i < conns->high; i++) {
    struct conn *conn = &conns->at[i];
    if (!conn->used || conn->link || conn->name != name) continue;
    if (strcmp(conn->stream_id, stream_id) == 0) return conn;
    if (strncmp(conn->stream_id, stream_id, 3) != 0) continue; /* The other direction. */
    paths++;
    if (conn->sock == SRT_INVALID_SOCK) gone = conn;
  }
  if (paths >= PATHS_MAX && gone == NULL) return NULL;
  if (paths >= PATHS_MAX) conns_free(conns, gone);
  struct conn *conn = fill(conns, false, name, stream_id, path);
  for (int i = 0; conn != NULL && sub && i < PATHS_MAX; i++) {
    if (conns->subs[name][i] != 0) continue;
    conns->subs[name][i] = (int16_t)(conns_index(conns, conn) + 1);
    break;
  }
  return conn;
}

void conns_forget(struct conns *conns, struct conn *conn) {
  while (conn->waiting.first != 0) pool_drop(&conns->pool, &conn->waiting);
  conn->waiting = (struct waiting){0};
}

void conns_free(struct conns *conns, struct conn *conn) {
  int16_t mark = (int16_t)(conns_index(conns, conn) + 1);
  if (conn->link) conns->link[conn->name] = 0;
  for (int i = 0; i < PATHS_MAX; i++)
    if (conns->subs[conn->name][i] == mark) conns->subs[conn->name][i] = 0;
  for (int i = 0; i < RETIRING_MAX; i++)
    if (conns->retiring[i].conn == mark - 1) conns->retiring[i].conn = -1;
  conns_forget(conns, conn);
  conn->used = false;
  conn->cut_us = conn->cut_until_us = 0;
}

static void rates(struct conn *conn, int64_t now) {
  int64_t past = now - conn->rate_us;
  if (past < 900000) return;
  if (conn->rate_us != 0) {
    conn->mbps_send = (double)(conn->live.bytes_sent - conn->rate_sent) * 8 / (double)past;
    conn->mbps_recv = (double)(conn->live.bytes_received - conn->rate_received) * 8 / (double)past;
  }
  conn->rate_us = now;
  conn->rate_sent = conn->live.bytes_sent;
  conn->rate_received = conn->live.bytes_received;
}

/* What has been sent and is neither waiting nor given up has arrived. */
static uint64_t acked(const SRT_TRACEBSTATS *s) {
  uint64_t open = (uint64_t)s->byteSndBuf + s->byteSndDropTotal;
  return s->byteSentUniqueTotal > open ? s->byteSentUniqueTotal - open : 0;
}

#define GUESSED_RTT (100 * MS) /* What libsrt says before it has measured. */
#define FIRST (300 * MS)       /* Before that it may be what libsrt remembers of the last connection to the address, perhaps another way. */
#define SLACK (5 * MS)         /* Beyond half as much again, a longer round trip is a queue in a router, until it has stayed for a look. */
#define SMOOTH (3000 * MS)     /* libsrt's average takes so long to arrive at a new round trip on an idle link, which has ten samples a second. */
#define DRAINED (2000 * MS)    /* More than a router holds of what it was sent. */

/* 0: not yet known. */
static int64_t rtt_us(const struct conn *conn, const SRT_TRACEBSTATS *s, int64_t now) {
  int64_t rtt = (int64_t)(s->msRTT * 1000);
  return rtt == GUESSED_RTT || now - conn->up_us < FIRST ? 0 : rtt;
}

int64_t conns_narrow(const struct conns *conns, const struct conn *conn) {
  int64_t last = 0;
  for (int i = 0; i < conns->high; i++) {
    const struct conn *each = &conns->at[i];
    if (!each->used || each->link != conn->link || (!conn->link && each->name != conn->name) || strcmp(each->path, conn->path) != 0) continue;
    if (each->narrow_us > last) last = each->narrow_us;
  }
  return last;
}

/*
 * The distance, as the shortest round trip of late: a queue in a router must not count. Less counts at once. More counts when it has lasted for a
 * whole look in which the way was not narrow: then there is no queue of ours, and the route is longer. So it is when video has been held back for so
 * long that any queue of ours is gone. What a narrow way loses and delays would raise the latency for good.
 */
static void measure_rtt(const struct conns *conns, struct conn *conn, int64_t rtt, int64_t now) {
  int64_t *base = &conn->base_rtt_us, *least = &conn->least_rtt_us;
  bool drained = conn->crowded && now - conn->crowded_us >= DRAINED;
  if (*base == 0 || rtt < *base || drained) *base = rtt;
  conn->loss.queued = conn->loss.queued || rtt > *base + *base / 2 + SLACK;
  bool moves = now - conn->look_us < SMOOTH && rtt > *least + *least / 4 + SLACK;
  if (*least == 0 || moves || conns_narrow(conns, conn) > conn->look_us) {
    *least = rtt;
    conn->look_us = now;
  }
  if (rtt < *least || now - conn->look_us < SMOOTH) *least = rtt;
  if (now - conn->look_us < LOOK_US) return;
  *base = *least;
  *least = 0;
}

void conn_measure(struct conns *conns, struct conn *conn, int64_t now) {
  SRT_TRACEBSTATS s;
  if (conn->sock == SRT_INVALID_SOCK || srt_bistats(conn->sock, &s, 0, 1) != 0) return;
  conn->live = (struct tally){
    .sent = (uint64_t)s.pktSentTotal,
    .received = (uint64_t)s.pktRecvTotal,
    .lost = (uint64_t)s.pktRcvLossTotal + (uint64_t)s.pktSndLossTotal,
    .retransmitted = (uint64_t)s.pktRetransTotal,
    .dropped = (uint64_t)s.pktSndDropTotal + (uint64_t)s.pktRcvDropTotal,
    .belated = (uint64_t)s.pktRcvBelated,
    .undecrypted = (uint64_t)s.pktRcvUndecryptTotal,
    .bytes_sent = s.byteSentTotal,
    .bytes_received = s.byteRecvTotal,
    .bytes_acked = acked(&s),
  };
  rates(conn, now);
  conn->rtt_ms = s.msRTT;
  conn->queue_ms = s.msSndBuf;
  int64_t rtt = rtt_us(conn, &s, now);
  if (rtt != 0) measure_rtt(conns, conn, rtt, now);
}

void conn_signs(struct conn *conn, int64_t now, uint64_t *arrivals, uint64_t *acks) {
  SRT_TRACEBSTATS s;
  bool known = srt_bistats(conn->sock, &s, 0, 1) == 0;
  if (known) conn->live.bytes_acked = acked(&s);
  if (known && conn->base_rtt_us == 0) conn->base_rtt_us = rtt_us(conn, &s, now); /* At once: without it, distance looks like a queue. */
  *arrivals = known ? (uint64_t)s.pktRecvTotal : conn->arrivals;
  *acks = known ? (uint64_t)s.pktRecvACKTotal : conn->acks;
}

void conn_settle(struct conn *conn) {
  struct tally *g = &conn->gone, *l = &conn->live;
  g->sent += l->sent;
  g->received += l->received;
  g->lost += l->lost;
  g->retransmitted += l->retransmitted;
  g->dropped += l->dropped;
  g->belated += l->belated;
  g->undecrypted += l->undecrypted;
  g->bytes_sent += l->bytes_sent;
  g->bytes_received += l->bytes_received;
  g->bytes_acked += l->bytes_acked;
  memset(l, 0, sizeof *l);
  conn->rate_us = 0;
  conn->rate_sent = conn->rate_received = 0;
  conn->mbps_send = conn->mbps_recv = 0;
}
