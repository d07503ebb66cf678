/* One direction of a link: what it does to frames, and what it has done. No sockets, no clock. */
#ifndef WAY_H
#define WAY_H

#include "dice.h"
#include "waiting.h"

#define NS_PER_MS 1000000LL

struct settings {
  int64_t delay, jitter;  /* ns; jitter is added, even between 0 and itself. */
  bool reorder;           /* Jitter may let a frame overtake another. */
  double loss;            /* Share of frames lost, each for itself. */
  double burst_loss;      /* Share of frames lost in bursts (Gilbert's model). */
  double burst_length;    /* Mean length of such a burst, frames. */
  double kbps;            /* 0: no limit. */
  int64_t queue;          /* ns that a frame may wait for the rate; a frame that would wait longer is lost. */
  double duplicate;       /* Share of frames that come twice. */
  bool cut;               /* Nothing passes, what is under way included. */
};

/* Of IP frames; they only grow until they are cleared. */
struct counters {
  uint64_t frames, bytes;          /* That came to the link. */
  uint64_t passed, passed_bytes;   /* That left it, duplicates included. */
  uint64_t lost;                   /* By chance. */
  uint64_t burst_lost, bursts;     /* In bursts, and how many of those began. */
  uint64_t queue_dropped, cut_dropped, duplicated;
  uint64_t other;                  /* Frames that are not IP (ARP): delayed and cut like all, never lost by chance. */
  uint64_t unfinished;             /* Larger than a frame or without checksum: an offload of the sender is on, figures are wrong. */
  uint64_t send_errors;
  uint32_t fate;                   /* A fingerprint (FNV-1a) of what chance decided for each IP frame, in order. */
  int64_t max_late;                /* ns that a frame left later than due: how starved the machine was. */
  int64_t max_gap;                 /* ns between two IP frames that left. */
  int64_t first_left, last_left;   /* When IP frames left; 0 before the first. */
};

struct way {
  struct settings settings;
  struct counters count;
  struct dice lost, burst, jitter, twin;
  bool in_burst;
  int64_t rate_free; /* When the rate has sent all that was accepted, ns. */
  int64_t last_due;  /* Keeps order. */
  struct waiting waiting;
};

/* `number` tells the two ways of a link apart. */
void way_init(struct way *way, uint64_t seed, unsigned number);
/* Counters begin anew; chance does not. */
void way_clear(struct way *way);
/* Settings changed: a cut drops what is under way. */
void way_changed(struct way *way);
/* A frame has come at `now` (ns). */
void way_take(struct way *way, int64_t now, const uint8_t *bytes, uint32_t size);
/* The frame has left at `now`. */
void way_left(struct way *way, const struct frame *frame, int64_t now);

#endif
