/* Opening, watching and closing libsrt sockets, and the moment a connection comes up or goes down. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "relay.h"

bool address_parse(const char *host, int64_t port, struct sockaddr_storage *to) {
  memset(to, 0, sizeof *to);
  struct sockaddr_in *v4 = (struct sockaddr_in *)to;
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    return true;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
  memset(to, 0, sizeof *to);
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons((uint16_t)port);
  return true;
}

socklen_t address_size(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

int address_port(const struct sockaddr_storage *address) {
  return ntohs(address->ss_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port : ((const struct sockaddr_in6 *)address)->sin6_port);
}

void address_text(const struct sockaddr *address, char *text, size_t size) {
  char host[INET6_ADDRSTRLEN] = "?";
  struct sockaddr_storage copy;
  memset(&copy, 0, sizeof copy);
  memcpy(&copy, address, address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
  bool v4 = copy.ss_family == AF_INET;
  if (v4) inet_ntop(AF_INET, &((struct sockaddr_in *)&copy)->sin_addr, host, sizeof host);
  else inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&copy)->sin6_addr, host, sizeof host);
  snprintf(text, size, v4 ? "%s:%d" : "[%s]:%d", host, address_port(&copy));
}

static void set_int(SRTSOCKET sock, SRT_SOCKOPT option, int value) { srt_setsockflag(sock, option, &value, sizeof value); }

static void set_bool(SRTSOCKET sock, SRT_SOCKOPT option, bool value) { srt_setsockflag(sock, option, &value, sizeof value); }

SRTSOCKET socket_new(int latency_ms, int64_t max_kbps) {
  SRTSOCKET sock = srt_create_socket();
  if (sock == SRT_INVALID_SOCK) return sock;
  set_int(sock, SRTO_TRANSTYPE, SRTT_LIVE);
  set_bool(sock, SRTO_SNDSYN, false);
  set_bool(sock, SRTO_RCVSYN, false);
  set_int(sock, SRTO_PAYLOADSIZE, PACKET_MAX);
  set_int(sock, SRTO_LATENCY, latency_ms);
  set_bool(sock, SRTO_TLPKTDROP, true);
  set_int(sock, SRTO_PBKEYLEN, 32);
  set_int(sock, SRTO_CONNTIMEO, 1000);
  set_int(sock, SRTO_PEERIDLETIMEO, 2000);
  set_int(sock, SRTO_FC, 4096);
  set_int(sock, SRTO_RCVBUF, 4096 * 1472);
  set_int(sock, SRTO_SNDBUF, 4096 * 1472);
  set_bool(sock, SRTO_IPV6ONLY, false);
  struct linger none = {.l_onoff = 0, .l_linger = 0};
  srt_setsockflag(sock, SRTO_LINGER, &none, sizeof none);
  if (max_kbps > 0) {
    int64_t bytes = max_kbps * 125;
    srt_setsockflag(sock, SRTO_MAXBW, &bytes, sizeof bytes);
  }
  return sock;
}

bool socket_key(SRTSOCKET sock, const char *key) {
  int bytes = 32;
  return srt_setsockflag(sock, SRTO_PBKEYLEN, &bytes, sizeof bytes) == 0 && srt_setsockflag(sock, SRTO_PASSPHRASE, key, (int)strlen(key)) == 0;
}

bool socket_bind(SRTSOCKET sock, struct sockaddr_storage *at, const char *device) {
  int fd = socket(at->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  int no = 0;
  socklen_t size = address_size(at);
  if (at->ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  /* Linux from 5.7 on lets anybody bind a socket that is not bound yet. */
  bool through = device[0] == '\0' || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) == 0;
  if (!through || bind(fd, (struct sockaddr *)at, size) != 0 || getsockname(fd, (struct sockaddr *)at, &size) != 0 || srt_bind_acquire(sock, fd) != 0) {
    int why = errno;
    close(fd);
    errno = why;
    return false;
  }
  /* libsrt's receiving thread waits for packets 0.1 ms at a time, which the kernel makes a timer tick (4 ms); its own timers need 10 ms. */
  struct timeval wait = {.tv_usec = 8000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  return true;
}

void socket_watch(struct relay *r, SRTSOCKET sock, int index, bool until_connected) {
  int events = (until_connected ? SRT_EPOLL_OUT : SRT_EPOLL_IN) | SRT_EPOLL_ERR;
  idmap_put(&r->conns.by_sock, (uint32_t)sock, index);
  srt_epoll_update_usock(r->eid, sock, &events);
}

void socket_close(struct relay *r, SRTSOCKET sock) {
  if (sock == SRT_INVALID_SOCK) return;
  idmap_remove(&r->conns.by_sock, (uint32_t)sock);
  srt_epoll_remove_usock(r->eid, sock);
  srt_close(sock);
}

/* The old socket of a connection that has a new one: what it still holds is read out (copies are removed anyway) and then it goes. */
static void retire(struct relay *r, struct conn *conn) {
  struct retiring *place = NULL;
  for (int i = 0; i < RETIRING_MAX && place == NULL; i++)
    if (r->conns.retiring[i].sock == SRT_INVALID_SOCK) place = &r->conns.retiring[i];
  conn_measure(&r->conns, conn, r->now);
  conn_settle(conn);
  if (place == NULL) {
    socket_close(r, conn->sock);
  } else {
    *place = (struct retiring){conn->sock, conns_index(&r->conns, conn), conn->sends && conn->heartbeat, r->now + (conn->latency_ms + 300) * MS};
    socket_watch(r, conn->sock, CONNS_MAX + (int)(place - r->conns.retiring), false);
  }
  conn->sock = SRT_INVALID_SOCK;
}

void conn_up(struct relay *r, struct conn *conn, SRTSOCKET sock, const struct sockaddr *from) {
  bool takeover = conn->sock != SRT_INVALID_SOCK;
  if (takeover) retire(r, conn);
  int latency = 0, size = sizeof latency;
  srt_getsockflag(sock, SRTO_RCVLATENCY, &latency, &size);
  conn->sock = sock;
  conn->latency_ms = latency;
  conn->up_us = conn->sent_us = r->now;
  conn->heard_us = conn->acked_us = r->attended;
  conn->arrivals = 0;
  conn->acks = 0;
  /* A relay says something at once; with it, silence means something before it has said anything. */
  conn->heard_any = conn->heartbeat && conn->receives;
  conn->silent = conn->crowded = false;
  conn->over_us = conn->queue_us = conn->sent_queue_us = 0;
  conn->full = 0;
  conn->least_rtt_us = 0; /* No look spans two sockets. */
  if (!takeover) conns_forget(&r->conns, conn); /* What waits here has not been sent: it leaves first on the new one. */
  conn->ups++;
  memset(conn->gates, 0, sizeof conn->gates);
  address_text(from, conn->address, sizeof conn->address);
  socket_watch(r, sock, conns_index(&r->conns, conn), false);
  event_conn(r, "connected", conn, takeover ? "took over from an older connection" : NULL);
}

void conn_down(struct relay *r, struct conn *conn, const char *because) {
  if (conn->sock == SRT_INVALID_SOCK) return;
  conn_measure(&r->conns, conn, r->now);
  conn_settle(conn);
  socket_close(r, conn->sock);
  conns_forget(&r->conns, conn);
  conn->sock = SRT_INVALID_SOCK;
  conn->silent = conn->crowded = false;
  conn->base_rtt_us = conn->least_rtt_us = 0; /* It may come back over another route. */
  event_conn(r, "disconnected", conn, because);
}
