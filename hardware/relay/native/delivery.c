/*
 * The rhythm is taken from time stamps, not from arrivals: what was late comes in bursts, and 40 ms packets must not look like a stall. Pauses that
 * end by themselves are remembered: where the sender is starved (seen: a mixer on a busy hub, 105 to 170 ms) a fixed limit would turn to the backup
 * and back again for as long as the machine is busy. One pause is an accident, and costs later failovers nothing; two within a minute are a habit.
 */
#include "delivery.h"

#include "clock.h"

#define INTERVAL_MAX (500 * MS) /* A stream that claims a slower rhythm than this is not believed. */
#define LENIENCE_MAX (100 * MS) /* So much more than its rhythm allows is the most that a hesitant stream is granted. */
#define FADE (60000 * MS)       /* A pause has faded to a third after so long. */

int64_t delivery_floor(bool video) { return video ? 250 * MS : 90 * MS; }

static int64_t faded(int64_t pause, int64_t gap) { return gap >= FADE ? 0 : pause - pause * gap / FADE; }

/* `gap` is over: it went on by itself. Longer ones were an outage. */
static void remember(struct delivery *d, int64_t gap, int64_t limit) {
  d->once_us = faded(d->once_us, gap);
  d->pause_us = faded(d->pause_us, gap);
  if (gap > limit + LENIENCE_MAX) return;
  int64_t twice = gap < d->once_us ? gap : d->once_us;
  if (twice > d->pause_us) d->pause_us = twice;
  if (gap > d->once_us) d->once_us = gap;
}

void delivery_note(struct delivery *d, bool video, uint32_t step, int64_t now) {
  int64_t interval = video ? (int64_t)step * 100 / 9 : (int64_t)step * 125 / 6; /* 90 and 48 kHz. */
  if (step > 0 && interval <= INTERVAL_MAX) d->interval_us = d->interval_us == 0 ? interval : d->interval_us + (interval - d->interval_us) / 8;
  int64_t limit = delivery_limit(d, delivery_floor(video));
  if (d->last_us == 0 || now - d->last_us > limit) {
    d->before_us = d->last_us;
    d->since_us = now;
  }
  if (d->last_us != 0) remember(d, now - d->last_us, limit);
  d->last_us = now;
}

void delivery_forget(struct delivery *d) { d->once_us = d->pause_us = 0; }

int64_t delivery_limit(const struct delivery *d, int64_t floor) {
  int64_t own = d->interval_us * 5 / 2;
  return own > floor ? own : floor;
}

int64_t delivery_patience(const struct delivery *d, int64_t floor) {
  int64_t limit = delivery_limit(d, floor);
  int64_t hesitant = d->pause_us * 5 / 4;
  if (hesitant <= limit) return limit;
  return hesitant < limit + LENIENCE_MAX ? hesitant : limit + LENIENCE_MAX;
}

bool delivery_flows(const struct delivery *d, int64_t floor, int64_t now) { return d->last_us != 0 && now - d->last_us <= delivery_limit(d, floor); }
