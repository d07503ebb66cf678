/*
 * How much is taken from one source: a flood must not become everybody's. A bucket of one second; each packet costs its bytes and what handling
 * it costs, so that small ones are bounded too. The last quarter is for audio alone. Pure.
 */
#ifndef METER_H
#define METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METER_PACKET 100 /* Bytes that a packet costs beyond its own. */

struct meter {
  int64_t kbps;     /* 0: no limit. */
  int64_t spent;    /* Bytes of the bucket in use. */
  int64_t at_us;    /* When that was so. */
  int64_t over_us;  /* When a packet was last refused; 0 = never. */
  uint64_t dropped; /* Packets refused. */
};

enum meter_answer { METER_TAKE, METER_DROP, METER_FLOOD }; /* METER_FLOOD: drop, and it is the first in METER_CALM: worth an event. */

#define METER_CALM 10000000 /* Microseconds without a refusal after which another flood is a new one. */

enum meter_answer meter_take(struct meter *meter, size_t size, bool video, int64_t now_us);

#endif
