/*
 * Drills: a link goes on as if its cable were out. libsrt has no such state, so its sockets are closed without the word that closing sends,
 * and nothing is dialled. Here and at the other end all looks as it does in earnest: silence first, then a broken connection; and a new one after.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "clock.h"
#include "relay.h"

#define BREAKS (5000 * MS) /* libsrt itself gives up after so long. */

static _Thread_local bool mute;

/* libsrt sends all with this function, and the word that closing sends out of the thread that closes: ours. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (!mute) return syscall(SYS_sendmsg, fd, message, flags);
  ssize_t size = 0;
  for (size_t i = 0; i < message->msg_iovlen; i++) size += (ssize_t)message->msg_iov[i].iov_len;
  return size;
}

void socket_abandon(struct relay *r, SRTSOCKET sock) {
  mute = true;
  socket_close(r, sock);
  mute = false;
}

static void abandon_retiring(struct relay *r, const struct conn *conn) {
  for (int i = 0; i < RETIRING_MAX; i++) {
    struct retiring *old = &r->conns.retiring[i];
    if (old->sock == SRT_INVALID_SOCK || old->conn != conns_index(&r->conns, conn)) continue;
    socket_abandon(r, old->sock);
    old->sock = SRT_INVALID_SOCK;
  }
}

void link_cut(struct relay *r, struct conn *conn, int64_t ms) {
  if (conn->sock != SRT_INVALID_SOCK) {
    conn_measure(&r->conns, conn, r->now);
    conn_settle(conn);
    socket_abandon(r, conn->sock);
    conn->sock = SRT_INVALID_SOCK;
    conn->cut_us = r->now;
    conn->silent = conn->crowded = false;
    conn->base_rtt_us = 0;
  }
  if (conn->dial.sock != SRT_INVALID_SOCK) socket_abandon(r, conn->dial.sock);
  conn->dial.sock = SRT_INVALID_SOCK;
  abandon_retiring(r, conn);
  conn->cut_until_us = r->now + ms * MS;
  event_open(r, "cut");
  write_who(r, conn);
  out_int(&r->out, "ms", ms);
  out_done(&r->out);
}

/* What the owner would be told if it were in earnest. */
bool cut_tick(struct relay *r, struct conn *conn) {
  if (conn->cut_until_us == 0) return false;
  int64_t quiet = r->now - conn->cut_us;
  if (conn->cut_us != 0 && !conn->silent && quiet > r->tune.silent) {
    conn->silent = true;
    event_quiet(r, "silent", conn, quiet);
  }
  if (conn->cut_us != 0 && quiet > BREAKS) {
    conn->cut_us = 0;
    conn->silent = false;
    event_conn(r, "disconnected", conn, "the connection broke");
  }
  if (r->now < conn->cut_until_us) return true;
  conn->cut_us = conn->cut_until_us = 0;
  conn->dial.next_us = r->now;
  event_conn(r, "healed", conn, NULL);
  return false;
}
