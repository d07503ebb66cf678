/* Every threshold, in microseconds unless named otherwise; the "tune" command changes them. */
#ifndef TUNE_H
#define TUNE_H

#include <stdint.h>

struct tune {
  int64_t turn;        /* Period of the loop while packets flow: the most that a packet waits here. */
  int64_t silent;      /* No word from a peer for so long, in attended time: event "silent". */
  int64_t redial;      /* No word on a link for so long: a second connection is tried beside it. */
  int64_t heartbeat;   /* A sender with nothing to send says so this often. */
  int64_t video_stall; /* Event "stalled". */
  int64_t audio_stall;
  int64_t queue;       /* Unacknowledged time in a send buffer, beyond the round trip, at which video is dropped. */
  int64_t queue_hold;  /* ... when it has lasted for so long. */
  int64_t hold;        /* Unacknowledged time beyond the round trip at which video waits. */
  int64_t levels;      /* Event "levels" this often; 0 = never. */
};

#endif
