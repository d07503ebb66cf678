/* The one state of the process, and what each file does to it. Only the main thread touches it, `allow` excepted. */
#ifndef RELAY_H
#define RELAY_H

#include "allow.h"
#include "command.h"
#include "conn.h"
#include "lines.h"
#include "names.h"
#include "out.h"
#include "reflex.h"
#include "rtp.h"
#include "stream.h"
#include "tune.h"
#include "udp.h"
#include "view.h"

#define ATTEMPTS_MAX 32

/* A caller whose key libsrt is checking: when no connection follows, the key was wrong. */
struct attempt {
  char stream_id[STREAM_ID_SIZE];
  char address[64];
  int64_t at_us; /* 0 = free. */
};

/* A local UDP port that links share, so that libsrt makes its two threads once. */
struct shared_port {
  struct sockaddr_storage local;
  char device[DEVICE_SIZE];
  unsigned interface; /* Its index; an interface that was away has another. 0 = any. */
  SRTSOCKET anchor;   /* Never connected; holds the port. */
};

struct relay {
  struct tune tune;
  int64_t now;         /* Microseconds, read once per turn. */
  int64_t attended;    /* Microseconds in which this process looked: its clock stands still while it was starved. */
  uint32_t turn;       /* Counts turns of the loop. */
  int64_t active_us;   /* When a packet last went through. */
  int epoll, eid;      /* The system's; libsrt's. */
  SRTSOCKET listener;
  struct sockaddr_storage listen_at; /* As asked for, to recognise the same command again. */
  int listen_port, listen_latency_ms;
  bool quit;
  struct names names;
  struct streams streams;
  struct views views;
  struct conns conns;
  struct inputs inputs;
  struct udp_out udp;
  struct allow allow;
  struct attempt attempts[ATTEMPTS_MAX];
  struct shared_port shared[16]; /* Family 0: free. */
  unsigned shared_turn;
  double event_tokens; /* Rate limit of events that strangers can cause. */
  int64_t event_us;
  uint64_t unrouted, malformed, forged, refused_keys, stalls;
  uint32_t last_unrouted;
  struct out out;
  struct lines lines;
  struct json json;
  struct command command;
};

/* event.c: lines that nobody asked for. */
void event_open(struct relay *r, const char *name);
bool event_allowed(struct relay *r); /* False when strangers have caused too many of late. */
void event_conn(struct relay *r, const char *name, const struct conn *conn, const char *because);
void event_stream(struct relay *r, const char *name, const struct stream *stream);
void event_refused(struct relay *r, const char *stream_id, const char *address, const char *because);
void write_who(struct relay *r, const struct conn *conn); /* "peer" or "link" and "streamId". */

/* socket.c: libsrt sockets. */
bool address_parse(const char *host, int64_t port, struct sockaddr_storage *to);
void address_text(const struct sockaddr *address, char *text, size_t size);
int address_port(const struct sockaddr_storage *address);
socklen_t address_size(const struct sockaddr_storage *address);
SRTSOCKET socket_new(int latency_ms, int64_t max_kbps);
bool socket_key(SRTSOCKET sock, const char *key);
/* Port 0 (links): any; `at` tells the one it got. `device` (empty: any) is the interface that it is bound to. False with errno. */
bool socket_bind(SRTSOCKET sock, struct sockaddr_storage *at, const char *device);
void socket_watch(struct relay *r, SRTSOCKET sock, int index, bool until_connected);
void socket_close(struct relay *r, SRTSOCKET sock);
void conn_up(struct relay *r, struct conn *conn, SRTSOCKET sock, const struct sockaddr *from);
void conn_down(struct relay *r, struct conn *conn, const char *because);

/* listener.c */
bool listener_open(struct relay *r, const struct command *c, struct command_error *error);
void listener_accept(struct relay *r);
void listener_knocks(struct relay *r); /* Reports who was refused, and whose key was wrong. */

/* way.c: the way out of a link. */
bool way_bind(struct relay *r, SRTSOCKET sock, const struct dial *dial, char *because, size_t size); /* False: `because` says what is missing. */
unsigned way_interface(const struct dial *dial); /* The index of its interface now; 0 = it names none, or that is not there. */

/* link.c */
bool link_open(struct relay *r, const struct command *c, struct command_error *error);
void link_close(struct relay *r, struct conn *conn);
void link_dialled(struct relay *r, struct conn *conn, bool failed);
void link_tick(struct relay *r, struct conn *conn);
void latency_look(struct relay *r, struct conn *conn); /* latency.c: whether it needs more latency than it has. */
void link_cut(struct relay *r, struct conn *conn, int64_t ms); /* cut.c: for a drill. */
bool cut_tick(struct relay *r, struct conn *conn);             /* True while it is cut. */
void socket_abandon(struct relay *r, SRTSOCKET sock);          /* Closes it without a word to the other side. */

void event_quiet(struct relay *r, const char *name, const struct conn *conn, int64_t quiet_us);

/* pulse.c: heartbeats, and silence. */
#define PULSE_TICK (25 * MS)
bool pulse_take(struct relay *r, struct conn *conn, const uint8_t *bytes, size_t size); /* True when it was a heartbeat. */
void pulse_tick(struct relay *r, struct conn *conn);
void pulse_retiring(struct relay *r);

/* queue.c: video gives way to audio. */
void queue_look(struct relay *r, struct conn *conn);
/* Sends a video packet, now or when there is room for it, or drops it. */
void queue_video(struct relay *r, struct conn *conn, const struct stream *stream, const uint8_t *packet, size_t size, unsigned flags);
/* Looks at every queue: before a reply is begun, because it may tell an event. */
void queues_look(struct relay *r);
/* Whether its way takes less than is sent: video is dropped, or has waited here for longer than acknowledgements and losses far away explain. */
bool queue_full(struct relay *r, const struct conn *conn);
void queues_tick(struct relay *r); /* Every turn: what waits leaves. */

/* forward.c */
void forward(struct relay *r, int source, struct conn *via, uint8_t *packet, size_t size);
void forward_tick(struct relay *r); /* Every 20 ms: settles windows, sees stalls. */

/* views.c: views turn to a backup, and tell of it. */
void views_tick(struct relay *r); /* Every turn. */
void event_switched(struct relay *r, const struct view *view);

/* levels.c: how loud each voice is, as its sender says. */
void levels_note(struct stream *stream, uint8_t level);
void levels_tick(struct relay *r);

/* receive.c: everything that libsrt has for us. */
void receive(struct relay *r);

/* route.c */
bool route_set(struct relay *r, const struct command *c, struct command_error *error);
bool route_remove(struct relay *r, uint32_t ssrc);
bool route_view(struct relay *r, const struct command *c, struct command_error *error);

/* stats.c, handle.c */
void stats_write(struct relay *r);
void queues_write(struct relay *r);
void handle(struct relay *r, char *line, size_t size);
void handle_too_long(struct relay *r);

/* Fills `error` and returns false: for the commands. */
bool fail(struct command_error *error, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
