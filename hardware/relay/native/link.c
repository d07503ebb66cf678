/* Connections that we make: dialled for ever, and a second time beside a link that has gone silent, so that the change costs no gap of its own. */
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "relay.h"
#include "streamid.h"

#define PAUSE_MIN (100 * MS)
#define PAUSE_MAX (300 * MS) /* An attempt itself asks four times a second for one second: a way that is back is found within half a second. */

static void failed(struct relay *r, struct conn *conn, const char *because) {
  struct dial *dial = &conn->dial;
  socket_close(r, dial->sock);
  dial->sock = SRT_INVALID_SOCK;
  dial->next_us = r->now + dial->pause_us;
  dial->pause_us = dial->pause_us * 2 > PAUSE_MAX ? PAUSE_MAX : dial->pause_us * 2;
  if (strcmp(dial->because, because) == 0) return;
  snprintf(dial->because, sizeof dial->because, "%s", because);
  if (conn->sock == SRT_INVALID_SOCK) event_conn(r, "disconnected", conn, because);
}

static void dial(struct relay *r, struct conn *conn) {
  struct dial *dial = &conn->dial;
  char id[STREAM_ID_SIZE + 4];
  snprintf(id, sizeof id, "%s%s", conn->stream_id, conn->heartbeat ? "?hb" : "");
  SRTSOCKET sock = socket_new(dial->latency_ms, conn->max_kbps);
  dial->sock = sock;
  if (sock == SRT_INVALID_SOCK || !socket_key(sock, dial->key) || srt_setsockflag(sock, SRTO_STREAMID, id, (int)strlen(id)) != 0) {
    failed(r, conn, srt_getlasterror_str());
    return;
  }
  char because[sizeof dial->because];
  dial->interface = way_interface(dial);
  if (!way_bind(r, sock, dial, because, sizeof because)) {
    failed(r, conn, because);
    return;
  }
  socket_watch(r, sock, conns_index(&r->conns, conn), true);
  if (srt_connect(sock, (struct sockaddr *)&dial->to, (int)address_size(&dial->to)) != 0) failed(r, conn, srt_getlasterror_str());
}

void link_dialled(struct relay *r, struct conn *conn, bool error) {
  struct dial *dial = &conn->dial;
  SRTSOCKET sock = dial->sock;
  if (error || srt_getsockstate(sock) != SRTS_CONNECTED) {
    int reason = srt_getrejectreason(sock);
    char because[160];
    snprintf(because, sizeof because, "refused: %s",
             reason == SRT_REJ_BADSECRET || reason == SRT_REJ_UNSECURE ? "the key is wrong"
             : reason >= SRT_REJC_PREDEFINED                           ? "this node or stream id is not allowed there"
                                                                       : srt_rejectreason_str(reason));
    failed(r, conn, reason == SRT_REJ_TIMEOUT || reason == SRT_REJ_UNKNOWN ? "no answer" : because);
    return;
  }
  dial->sock = SRT_INVALID_SOCK;
  dial->pause_us = PAUSE_MIN;
  dial->because[0] = '\0';
  conn->interface = dial->interface;
  conn->longer = false;
  conn_up(r, conn, sock, (struct sockaddr *)&dial->to);
}

void link_tick(struct relay *r, struct conn *conn) {
  if (cut_tick(r, conn)) return;
  struct dial *d = &conn->dial;
  int64_t quiet = r->attended - conn->heard_us;
  bool up = conn->sock != SRT_INVALID_SOCK;
  /* Only a side that is heard regularly, or that owes an acknowledgement, can be missed. */
  bool unheard = conn->receives && conn->heartbeat && conn->heard_any && quiet > r->tune.redial;
  bool unanswered = conn->sends && r->attended - conn->acked_us > r->tune.redial;
  if (up && !unheard && !unanswered && !conn->longer) {
    if (d->sock != SRT_INVALID_SOCK) socket_close(r, d->sock);
    d->sock = SRT_INVALID_SOCK;
    return;
  }
  if (up && d->device[0] != '\0' && way_interface(d) != conn->interface) {
    char because[64];
    snprintf(because, sizeof because, "interface %s is gone", d->device);
    conn_down(r, conn, because);
  }
  if (d->sock == SRT_INVALID_SOCK && r->now >= d->next_us) dial(r, conn);
}

bool link_open(struct relay *r, const struct command *c, struct command_error *error) {
  struct sockaddr_storage to, from;
  struct stream_id id;
  memset(&from, 0, sizeof from);
  if (c->port == 0 || !address_parse(c->host, c->port, &to)) return fail(error, "input.invalid", "host, port: \"%.60s\" is not a numeric address with a port", c->host);
  if (c->bind != NULL && (!address_parse(c->bind, 0, &from) || from.ss_family != to.ss_family))
    return fail(error, "input.invalid", "bind: \"%.60s\" is not a numeric address of the same family as host", c->bind);
  const char *device = c->device != NULL ? c->device : "";
  int name = names_intern(&r->names, c->name);
  if (name < 0) return fail(error, "exhausted", "no room for another name");
  bool ours = stream_id_parse(c->stream_id, strlen(c->stream_id), &id) == NULL;
  if (ours && id.heartbeat) return fail(error, "input.invalid", "streamId: leave ?hb to the member heartbeat");
  struct conn *old = conns_link(&r->conns, name);
  if (old != NULL) {
    struct dial *d = &old->dial;
    if (memcmp(&d->to, &to, sizeof to) == 0 && strcmp(d->device, device) == 0 && memcmp(&d->from, &from, sizeof from) == 0 && strcmp(d->key, c->key) == 0 &&
        strcmp(old->stream_id, c->stream_id) == 0 && old->max_kbps == c->max_kbps && old->heartbeat == (ours && !c->no_heartbeat))
      return true;
    link_close(r, old);
  }
  struct conn *conn = conns_new_link(&r->conns, name, c->stream_id, id.path);
  if (conn == NULL) return fail(error, "exhausted", "no room for another connection");
  conn->sends = !ours || id.pub;
  conn->receives = !ours || !id.pub;
  conn->heartbeat = ours && !c->no_heartbeat;
  conn->latency_ms = conn->dial.latency_ms = (int)c->latency_ms;
  conn->max_kbps = c->max_kbps;
  conn->dial.to = to;
  conn->dial.from = from;
  conn->dial.pause_us = PAUSE_MIN;
  strncpy(conn->dial.device, device, DEVICE_SIZE - 1);
  strncpy(conn->dial.key, c->key, KEY_SIZE - 1);
  dial(r, conn);
  return true;
}

void link_close(struct relay *r, struct conn *conn) {
  socket_close(r, conn->dial.sock);
  conn->dial.sock = SRT_INVALID_SOCK;
  conn_down(r, conn, "asked to");
  explicit_bzero(conn->dial.key, sizeof conn->dial.key);
  conns_free(&r->conns, conn);
}
