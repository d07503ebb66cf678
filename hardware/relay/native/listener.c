/* The one listening socket: all peers, told apart by stream id. The callback runs in libsrt's receiving thread and touches only `allow`. */
#include <errno.h>
#include <netinet/in.h>
#include <srt/access_control.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "relay.h"

#define KEY_CHECK (1500 * MS) /* A caller let in by name whose connection has not come by then had the wrong key, or gave up. */

static int refuse(struct allow *allow, SRTSOCKET sock, int reason, const char *stream_id, const char *address, const char *because) {
  srt_setrejectreason(sock, reason);
  allow_knock(allow, stream_id, address, because);
  return -1;
}

static int on_call(void *opaque, SRTSOCKET sock, int version, const struct sockaddr *from, const char *stream_id) {
  struct allow *allow = opaque;
  struct stream_id id;
  struct allowed entry;
  char address[64];
  (void)version;
  address_text(from, address, sizeof address);
  if (stream_id == NULL) stream_id = "";
  const char *wrong = stream_id_parse(stream_id, strnlen(stream_id, 513), &id);
  if (wrong != NULL) return refuse(allow, sock, SRT_REJX_BAD_REQUEST, stream_id, address, wrong);
  if (!allow_get(allow, id.node, &entry)) return refuse(allow, sock, SRT_REJX_UNAUTHORIZED, stream_id, address, "this node is not allowed here");
  bool direction = id.pub ? entry.pub : entry.sub;
  if (direction) {
    int64_t bytes = entry.max_kbps * 125;
    if (bytes > 0) srt_setsockflag(sock, SRTO_MAXBW, &bytes, sizeof bytes);
    direction = socket_key(sock, entry.key);
  }
  explicit_bzero(&entry, sizeof entry);
  if (!direction) return refuse(allow, sock, SRT_REJX_FORBIDDEN, stream_id, address, "this node is not allowed in this direction");
  allow_knock(allow, stream_id, address, NULL);
  return 0;
}

static bool bind_free(SRTSOCKET sock, struct sockaddr_storage *at) {
  bool any = address_port(at) == 0;
  for (int i = 0; i < (any ? 100 : 1); i++) {
    if (any) {
      uint16_t port = htons((uint16_t)(PORT_FREE_MIN + rand() % (PORT_FREE_MAX - PORT_FREE_MIN + 1)));
      if (at->ss_family == AF_INET) ((struct sockaddr_in *)at)->sin_port = port;
      else ((struct sockaddr_in6 *)at)->sin6_port = port;
    }
    if (socket_bind(sock, at, "")) return true;
    if (errno != EADDRINUSE) return false;
  }
  return false;
}

bool listener_open(struct relay *r, const struct command *c, struct command_error *error) {
  struct sockaddr_storage at;
  if (!address_parse(c->host, c->port, &at)) return fail(error, "input.invalid", "host: \"%.60s\" is not a numeric address", c->host);
  if (r->listener != SRT_INVALID_SOCK) {
    if (memcmp(&at, &r->listen_at, sizeof at) == 0 && c->latency_ms == r->listen_latency_ms) return true;
    return fail(error, "conflict", "already listening on port %d with other settings", r->listen_port);
  }
  SRTSOCKET sock = socket_new((int)c->latency_ms, 0);
  struct sockaddr_storage bound = at;
  if (sock == SRT_INVALID_SOCK) return fail(error, "srt", "no socket: %s", srt_getlasterror_str());
  bool free = bind_free(sock, &bound);
  int why = errno;
  if (!free || srt_listen_callback(sock, on_call, &r->allow) != 0 || srt_listen(sock, 128) != 0) {
    fail(error, "port.unavailable", "port %d: %s", (int)c->port, free ? srt_getlasterror_str() : strerror(why));
    srt_close(sock);
    return false;
  }
  r->listener = sock;
  r->listen_at = at;
  r->listen_port = address_port(&bound);
  r->listen_latency_ms = (int)c->latency_ms;
  int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
  srt_epoll_add_usock(r->eid, sock, &events);
  return true;
}

static void forget_attempt(struct relay *r, const char *stream_id, const char *address) {
  for (int i = 0; i < ATTEMPTS_MAX; i++)
    if (strcmp(r->attempts[i].stream_id, stream_id) == 0 && strcmp(r->attempts[i].address, address) == 0) r->attempts[i].at_us = 0;
}

static void remember_attempt(struct relay *r, const struct knock *knock) {
  struct attempt *place = NULL;
  for (int i = 0; i < ATTEMPTS_MAX; i++) {
    struct attempt *a = &r->attempts[i];
    if (a->at_us == 0) place = a;
    else if (strcmp(a->stream_id, knock->stream_id) == 0 && strcmp(a->address, knock->address) == 0) return; /* A repeated handshake. */
  }
  if (place == NULL) return; /* The connection itself does not depend on this note. */
  memcpy(place->stream_id, knock->stream_id, sizeof place->stream_id);
  memcpy(place->address, knock->address, sizeof place->address);
  place->at_us = r->now;
}

void listener_knocks(struct relay *r) {
  struct knock knock;
  while (allow_take(&r->allow, &knock)) {
    if (knock.because[0] != '\0') event_refused(r, knock.stream_id, knock.address, knock.because);
    else remember_attempt(r, &knock);
  }
  for (int i = 0; i < ATTEMPTS_MAX; i++) {
    struct attempt *a = &r->attempts[i];
    if (a->at_us == 0 || r->now - a->at_us < KEY_CHECK) continue;
    a->at_us = 0;
    r->refused_keys++;
    event_refused(r, a->stream_id, a->address, "its key is wrong");
  }
}

static void accept_one(struct relay *r, SRTSOCKET sock, const struct sockaddr *from) {
  char text[STREAM_ID_SIZE], address[64];
  int size = sizeof text - 1;
  struct stream_id id;
  struct allowed entry;
  if (srt_getsockflag(sock, SRTO_STREAMID, text, &size) != 0) size = 0;
  text[size] = '\0';
  address_text(from, address, sizeof address);
  listener_knocks(r);
  forget_attempt(r, text, address);
  /* It passed the callback, but the node may have been denied since. */
  bool in = stream_id_parse(text, (size_t)size, &id) == NULL && allow_get(&r->allow, id.node, &entry);
  explicit_bzero(entry.key, sizeof entry.key);
  int name = in ? names_intern(&r->names, id.node) : -1;
  if (id.heartbeat) text[strcspn(text, "?")] = '\0';
  struct conn *conn = name < 0 ? NULL : conns_peer(&r->conns, name, text, id.path, !id.pub);
  if (conn == NULL) {
    srt_close(sock);
    event_refused(r, text, address, in ? "no room for another connection" : "this node is not allowed any more");
    return;
  }
  conn->meter.kbps = entry.max_in_kbps;
  conn->receives = id.pub;
  conn->sends = !id.pub;
  conn->heartbeat = id.heartbeat;
  conn_up(r, conn, sock, from);
}

void listener_accept(struct relay *r) {
  for (int i = 0; i < 16; i++) {
    struct sockaddr_storage from;
    int size = sizeof from;
    SRTSOCKET sock = srt_accept(r->listener, (struct sockaddr *)&from, &size);
    if (sock == SRT_INVALID_SOCK) return;
    accept_one(r, sock, (struct sockaddr *)&from);
  }
}
