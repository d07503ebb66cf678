/*
 * One record per stream that has a route or a view; SSRCs that nobody asked for get no record, so strangers cannot fill the table.
 * A stream is the upper 28 bits of an SSRC. The lower 4 are its incarnation: a sender counts them up when its sequence starts anew.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include "idmap.h"
#include "bounds.h"
#include "delivery.h"
#include "window.h"

enum target_kind { TARGET_PEER, TARGET_LINK, TARGET_UDP };

struct target {
  enum target_kind kind;
  int where; /* Number of a name, or a UDP port on 127.0.0.1. */
};

struct name_set {
  uint64_t bits[NAMES_MAX / 64];
};

static inline bool name_set_has(const struct name_set *set, int name) { return set->bits[name >> 6] >> (name & 63) & 1; }
static inline void name_set_add(struct name_set *set, int name) { set->bits[name >> 6] |= 1ull << (name & 63); }

struct stream {
  uint32_t ssrc;        /* Incarnation 0. */
  int incarnation;      /* The one that is received; -1 = nothing yet. */
  bool video;
  bool routed;          /* A route exists; without views and route the record goes. */
  bool from_anyone;
  bool stalled;
  bool await_key;       /* The next IDR is worth an event. */
  struct name_set from; /* Who may send it. */
  struct name_set told; /* Whose forgery has been reported. */
  int target_count;
  struct target target[TARGETS_MAX];
  int views;                          /* Views that show or await it. */
  uint64_t view_bits[VIEWS_MAX / 64];
  struct window window;
  uint64_t packets, bytes, copies, odd, forged;
  struct delivery delivery;
  int64_t last_us;       /* Last packet that was new; 0 = none yet. */
  int64_t last_frame_us; /* Last packet that began a frame. */
  int64_t max_frame_gap_us, max_age_us, min_age_us, age_us; /* Extremes since the last stats. */
  uint32_t frame_time;   /* RTP time of that frame. */
  bool has_age;
  bool anew;             /* Its times begin anew: the next packet begins a frame, whatever it says. */
  unsigned measured;     /* Packets since the last "levels" that said how loud they are, ... */
  double power;          /* ... and the sum of their power, 1 = overload. */
};

struct streams {
  struct idmap map;
  struct stream *at[STREAMS_MAX];
  int high; /* Records live below this index. */
};

/* The record of the stream that `ssrc` is an incarnation of, or NULL. */
struct stream *streams_find(const struct streams *streams, uint32_t ssrc);

/* The record of that stream, made when there is none; NULL when the table is full. */
struct stream *streams_open(struct streams *streams, uint32_t ssrc, bool video);

/* Frees the record when neither route nor view wants it. */
void streams_release(struct streams *streams, struct stream *stream);

/* The index of a record: its bit in a connection's gates. */
int streams_index(const struct streams *streams, const struct stream *stream);

#endif
