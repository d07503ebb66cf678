/* Takes everything that libsrt holds for us: callers, connected dials, broken sockets, packets. */
#include "relay.h"

#define PASSES 64 /* Per turn; one packet of each readable socket per pass, so nobody starves. */

static void lost(struct relay *r, int index) {
  struct conn *conn = &r->conns.at[index];
  /* When a second dial has found out why, that is the reason. */
  conn_down(r, conn, !conn->link ? "the peer is gone" : conn->dial.because[0] != '\0' ? conn->dial.because : "the connection broke");
}

static void drop_retiring(struct relay *r, struct retiring *old) {
  socket_close(r, old->sock);
  old->sock = SRT_INVALID_SOCK;
}

/* One packet of `sock`; `conn` is NULL when nobody wants it any more. */
static void take(struct relay *r, SRTSOCKET sock, struct conn *conn, bool retiring) {
  uint8_t *packet = udp_slots(&r->udp, 1)[0];
  int size = srt_recvmsg2(sock, (char *)packet, PACKET_MAX, NULL);
  if (size <= 0) return; /* Whatever it was, the next look at the events tells. */
  if (conn == NULL || pulse_take(r, retiring ? NULL : conn, packet, (size_t)size)) return;
  conn->media_in++;
  forward(r, conn->name, conn, packet, (size_t)size);
  udp_keep(&r->udp, 1);
}

static void ready(struct relay *r, SRTSOCKET sock, int events) {
  int index = idmap_get(&r->conns.by_sock, (uint32_t)sock);
  bool broken = (events & SRT_EPOLL_ERR) != 0;
  if (index >= CONNS_MAX) {
    struct retiring *old = &r->conns.retiring[index - CONNS_MAX];
    if (events & SRT_EPOLL_IN && !broken) take(r, sock, old->conn < 0 ? NULL : &r->conns.at[old->conn], true);
    else drop_retiring(r, old);
    return;
  }
  if (index < 0) {
    srt_epoll_remove_usock(r->eid, sock);
    return;
  }
  struct conn *conn = &r->conns.at[index];
  if (sock == conn->dial.sock) link_dialled(r, conn, broken);
  else if (broken) lost(r, index);
  else take(r, sock, conn, false);
}

void receive(struct relay *r) {
  SRT_EPOLL_EVENT events[CONNS_MAX + RETIRING_MAX];
  for (int pass = 0; pass < PASSES; pass++) {
    int count = srt_epoll_uwait(r->eid, events, CONNS_MAX + RETIRING_MAX, 0);
    if (count <= 0) break;
    if (count > CONNS_MAX + RETIRING_MAX) count = CONNS_MAX + RETIRING_MAX;
    for (int i = 0; i < count; i++) {
      if (events[i].fd == r->listener) listener_accept(r);
      else ready(r, events[i].fd, events[i].events);
    }
  }
  for (int i = 0; i < RETIRING_MAX; i++)
    if (r->conns.retiring[i].sock != SRT_INVALID_SOCK && r->now > r->conns.retiring[i].until_us) drop_retiring(r, &r->conns.retiring[i]);
}
