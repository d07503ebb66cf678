/* A connection: one stream id of a peer that called us, or one link that we dial. The record outlives its sockets, so its counters never fall. */
#ifndef CONN_H
#define CONN_H

#include <netinet/in.h>
#include <srt/srt.h>
#include <stdbool.h>
#include <stdint.h>
#include "idmap.h"
#include "bounds.h"
#include "meter.h"
#include "pace.h"

/* What libsrt counted; of one socket, or of all that are gone. */
struct tally {
  uint64_t sent, received, lost, retransmitted, dropped, belated, undecrypted, bytes_sent, bytes_received, bytes_acked;
};

/* How we dial; links only. */
struct dial {
  struct sockaddr_storage to, from; /* from.ss_family 0: any. */
  char device[DEVICE_SIZE]; /* The network interface that it must go through; empty: as the system's routes say. */
  unsigned interface;       /* Its index when the attempt began. */
  char key[KEY_SIZE];
  SRTSOCKET sock;    /* An attempt under way, or SRT_INVALID_SOCK. */
  int64_t next_us;   /* When to try again. */
  int64_t pause_us;  /* The pause after the next failure. */
  int latency_ms;    /* Asked for: as we were told, or more since the round trip is known. */
  char because[160]; /* Why it last failed: told once per change. */
};

/* How much a link loses, over its life. */
struct loss {
  uint64_t packets, lost; /* When the present window began. */
  int windows;            /* Lossy ones in a row. */
  bool queued;            /* A queue in the network was seen in this window: it loses by itself. */
};

struct conn {
  bool used;
  bool link;
  bool sends, receives;     /* What we do with media on it. */
  bool heartbeat;           /* The other side is a relay. */
  int name;                 /* Number of the node or link name. */
  char path[PATH_SIZE];
  char stream_id[STREAM_ID_SIZE];
  char address[64];
  unsigned interface; /* Links that name a device: its index when it was dialled. */
  int latency_ms;
  bool longer;        /* Links: to be dialled anew beside itself, with more latency. */
  struct loss loss;
  int64_t max_kbps;
  SRTSOCKET sock;           /* SRT_INVALID_SOCK when down. */
  struct dial dial;
  int64_t up_us, sent_us;
  int64_t heard_us;         /* When something last came off the network, in attended time; and how many packets have. */
  uint64_t arrivals;
  int64_t cut_us, cut_until_us; /* Links: a drill, as if the cable were out; 0 = none. */
  uint64_t acks;            /* Acknowledgements seen, and when that number last grew (or nothing waited for one), in attended time. */
  int64_t acked_us;
  bool heard_any;           /* Something has come on this socket: silence means something. */
  bool silent;
  /* The send queue, looked at once per turn. */
  uint32_t queue_turn;
  int64_t queue_us;         /* Unacknowledged time beyond the round trip, or what the oldest packet here has waited. */
  int64_t sent_queue_us;    /* The former alone. */
  struct waiting waiting;   /* Video that waits here. */
  int64_t over_us;          /* Since when it is too long, in attended time: a starved process finds queues that are its own; 0 = it is not. */
  struct meter meter;       /* Peers: what is taken from it. */
  bool crowded;             /* Video has been dropped and the queue is still not short; since when. */
  int64_t crowded_us;
  uint64_t gates[STREAMS_MAX / 64]; /* Video streams that wait for an IDR. */
  double full;              /* How much of the time it was full, as an average over about a second. */
  int64_t narrow_us;        /* When its way last took less than was sent, by our word or the other side's. */
  int64_t told_us;          /* When the other side was last told ours. */
  int64_t base_rtt_us;      /* The distance: the shortest round trip of late; 0 = not yet known. */
  int64_t least_rtt_us;     /* Of the present look, which began then. */
  int64_t look_us;
  double rtt_ms;
  int queue_ms;             /* msSndBuf as libsrt reports it. */
  /* Counters of our own. */
  uint64_t media_in, media_out, video_dropped, audio_dropped, forged, malformed, ups;
  struct tally live, gone;  /* Of this socket; of all before it. */
  uint64_t rate_sent, rate_received;
  int64_t rate_us;
  double mbps_send, mbps_recv;
};

struct retiring {
  SRTSOCKET sock; /* SRT_INVALID_SOCK = free. */
  int conn;       /* -1: its record is gone, what still comes is dropped. */
  bool beats;     /* We sent on it, to a relay. */
  int64_t until_us;
};

struct conns {
  struct conn at[CONNS_MAX];
  int high;                              /* Records live below this index. */
  int16_t subs[NAMES_MAX][PATHS_MAX];    /* By node name: indices + 1 of its sub connections. */
  int16_t link[NAMES_MAX];               /* By link name: index + 1. */
  struct retiring retiring[RETIRING_MAX];
  struct pool pool;
  int32_t pace[NAMES_MAX];               /* By node or link name: what video to it may take, in kbit/s; 0 = all. */
  struct idmap by_sock;                  /* Socket to index, or CONNS_MAX + index for one that retires. */
};

void conns_init(struct conns *conns);

/* The record of a peer's stream id (`sub`: it receives), made when there is none. NULL when the table, or the node's PATHS_MAX, is full of live ones. */
struct conn *conns_peer(struct conns *conns, int name, const char *stream_id, const char *path, bool sub);
/* A new record for a link that has none. NULL when the table is full. */
struct conn *conns_new_link(struct conns *conns, int name, const char *stream_id, const char *path);
struct conn *conns_link(struct conns *conns, int name);
void conns_free(struct conns *conns, struct conn *conn);
/* Lets go of what waits in front of it. */
void conns_forget(struct conns *conns, struct conn *conn);
static inline int conns_index(const struct conns *conns, const struct conn *conn) { return (int)(conn - conns->at); }

/*
 * When the way of the connection was last narrow, also by the word of any other link on the same path, or of any other connection of the same peer
 * on it; 0 = never. For a look after that, a longer round trip says nothing about the distance.
 */
int64_t conns_narrow(const struct conns *conns, const struct conn *conn);
#define LOOK_US 10000000LL

/* Takes the socket's statistics into `live`, and round trip and queue with them. */
void conn_measure(struct conns *conns, struct conn *conn, int64_t now_us);

/* How many packets libsrt has received on the socket, also those that wait for their time, and how many acknowledgements. */
void conn_signs(struct conn *conn, int64_t now_us, uint64_t *arrivals, uint64_t *acks);

/* Closes the live counters of a socket that goes: they move to `gone`. */
void conn_settle(struct conn *conn);

#endif
