/* The rhythm is taken from time stamps, not from arrivals: what was late comes in bursts, and 40 ms packets must not look like a stall. */
#include "delivery.h"

#include "clock.h"

#define INTERVAL_MAX (500 * MS) /* A stream that claims a slower rhythm than this is not believed. */

int64_t delivery_floor(bool video) { return video ? 250 * MS : 90 * MS; }

void delivery_note(struct delivery *d, bool video, uint32_t step, int64_t now) {
  int64_t interval = video ? (int64_t)step * 100 / 9 : (int64_t)step * 125 / 6; /* 90 and 48 kHz. */
  if (step > 0 && interval <= INTERVAL_MAX) d->interval_us = d->interval_us == 0 ? interval : d->interval_us + (interval - d->interval_us) / 8;
  if (d->last_us == 0 || now - d->last_us > delivery_limit(d, delivery_floor(video))) {
    d->before_us = d->last_us;
    d->since_us = now;
  }
  d->last_us = now;
}

int64_t delivery_limit(const struct delivery *d, int64_t floor) {
  int64_t own = d->interval_us * 5 / 2;
  return own > floor ? own : floor;
}

bool delivery_flows(const struct delivery *d, int64_t floor, int64_t now) { return d->last_us != 0 && now - d->last_us <= delivery_limit(d, floor); }
