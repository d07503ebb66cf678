/*
 * The rhythm is taken from time stamps, not from arrivals: what was late comes in bursts, and 40 ms packets must not look like a stall. Pauses that
 * end by themselves are remembered: where the sender is starved (seen: a mixer on a busy hub, 105 to 170 ms) a fixed limit would turn to the backup
 * and back again for as long as the machine is busy.
 */
#include "delivery.h"

#include "clock.h"

#define INTERVAL_MAX (500 * MS) /* A stream that claims a slower rhythm than this is not believed. */
#define LENIENCE_MAX (150 * MS)  /* So much more than its rhythm allows is the most that a hesitant stream is granted. */
#define FORGET_US (60000 * MS)   /* A pause counts less and less, and for nothing after about this long. */

int64_t delivery_floor(bool video) { return video ? 250 * MS : 90 * MS; }

static int64_t rhythm_limit(const struct delivery *d, int64_t floor) {
  int64_t own = d->interval_us * 5 / 2;
  return own > floor ? own : floor;
}

void delivery_note(struct delivery *d, bool video, uint32_t step, int64_t now) {
  int64_t interval = video ? (int64_t)step * 100 / 9 : (int64_t)step * 125 / 6; /* 90 and 48 kHz. */
  if (step > 0 && interval <= INTERVAL_MAX) d->interval_us = d->interval_us == 0 ? interval : d->interval_us + (interval - d->interval_us) / 8;
  int64_t floor = delivery_floor(video);
  int64_t gap = d->last_us == 0 ? 0 : now - d->last_us;
  bool again = d->last_us == 0 || gap > delivery_limit(d, floor);
  if (d->pause_us > 0) d->pause_us -= gap >= FORGET_US ? d->pause_us : d->pause_us * gap / FORGET_US;
  /* Longer ones were an outage. */
  if (gap > d->pause_us && gap <= rhythm_limit(d, floor) + LENIENCE_MAX) d->pause_us = gap;
  if (again) {
    d->before_us = d->last_us;
    d->since_us = now;
  }
  d->last_us = now;
}

int64_t delivery_limit(const struct delivery *d, int64_t floor) {
  int64_t limit = rhythm_limit(d, floor);
  int64_t hesitant = d->pause_us * 5 / 4;
  if (hesitant <= limit) return limit;
  return hesitant < limit + LENIENCE_MAX ? hesitant : limit + LENIENCE_MAX;
}

bool delivery_flows(const struct delivery *d, int64_t floor, int64_t now) { return d->last_us != 0 && now - d->last_us <= delivery_limit(d, floor); }
