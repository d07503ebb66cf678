/* The two clocks, in microseconds: monotonic for every decision, wall only to compare with capture times. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define MS 1000LL

static inline int64_t mono_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Wall clock as an NTP-64 time stamp: seconds since 1900 in the upper half, fractions in the lower. */
static inline uint64_t wall_ntp(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return ((uint64_t)(t.tv_sec + 2208988800LL) << 32) | (((uint64_t)t.tv_nsec << 32) / 1000000000u);
}

#endif
