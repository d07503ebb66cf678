/* In the order of a real link: lost or not, then the queue in front of the rate, then the delay of the distance. */
#include "way.h"

#define ETHERNET_HEADER 14

static bool is_ip(const uint8_t *bytes, uint32_t size) {
  if (size < ETHERNET_HEADER) return false;
  unsigned type = (unsigned)bytes[12] << 8 | bytes[13];
  return type == 0x0800 || type == 0x86dd;
}

void way_init(struct way *way, uint64_t seed, unsigned number) {
  *way = (struct way){.settings = {.burst_length = 1, .queue = 200 * NS_PER_MS}};
  way_clear(way);
  way->lost = dice_of(seed, 8 * number + 1);
  way->burst = dice_of(seed, 8 * number + 2);
  way->jitter = dice_of(seed, 8 * number + 3);
  way->twin = dice_of(seed, 8 * number + 4);
}

void way_clear(struct way *way) {
  way->count = (struct counters){.fate = 2166136261u};
}

void way_changed(struct way *way) {
  if (way->settings.cut) {
    way->count.cut_dropped += waiting_clear(&way->waiting);
    way->rate_free = 0;
  }
  if (way->settings.burst_loss <= 0) way->in_burst = false;
}

/*
 * Gilbert: in a burst every frame is lost. Leaving it with probability 1/L makes bursts L long on average; entering it with p/(L(1-p)) makes the
 * share of time in bursts p. A burst can begin right behind another, which is one longer burst to a receiver: one frame passes in between.
 */
static bool burst_takes(struct way *way) {
  const struct settings *s = &way->settings;
  if (s->burst_loss <= 0) return false;
  if (s->burst_loss >= 1) return true;
  if (way->in_burst) way->in_burst = !dice_hits(&way->burst, 1 / s->burst_length);
  else if (dice_hits(&way->burst, s->burst_loss / (s->burst_length * (1 - s->burst_loss)))) {
    way->in_burst = true;
    way->count.bursts++;
  }
  return way->in_burst;
}

static bool lost_by_chance(struct way *way) {
  bool in_burst = burst_takes(way);
  bool alone = dice_hits(&way->lost, way->settings.loss);
  if (in_burst) way->count.burst_lost++;
  else if (alone) way->count.lost++;
  way->count.fate = (way->count.fate ^ (uint32_t)(in_burst ? 2 : alone)) * 16777619u;
  return in_burst || alone;
}

void way_take(struct way *way, int64_t now, const uint8_t *bytes, uint32_t size) {
  const struct settings *s = &way->settings;
  bool ip = is_ip(bytes, size);
  if (ip) {
    way->count.frames++;
    way->count.bytes += size;
  } else way->count.other++;
  if (s->cut) {
    way->count.cut_dropped += ip;
    return;
  }
  if (ip && lost_by_chance(way)) return;
  int64_t from = now;
  if (s->kbps > 0) {
    if (way->rate_free > from) from = way->rate_free;
    if (from - now > s->queue) {
      way->count.queue_dropped += ip;
      return;
    }
    from += (int64_t)((double)size * 8 * 1e6 / s->kbps);
    way->rate_free = from;
  }
  int64_t due = from + s->delay + (int64_t)((double)s->jitter * dice_real(&way->jitter));
  if (!s->reorder) {
    if (way->waiting.count > 0 && due < way->last_due) due = way->last_due;
    way->last_due = due;
  }
  int copies = ip && dice_hits(&way->twin, s->duplicate) ? 2 : 1;
  for (int i = 0; i < copies; i++)
    if (!waiting_put(&way->waiting, due, bytes, size, ip)) way->count.queue_dropped += ip;
    else if (i == 1) way->count.duplicated++;
}

void way_left(struct way *way, const struct frame *frame, int64_t now) {
  if (now - frame->due > way->count.max_late) way->count.max_late = now - frame->due;
  if (!frame->ip) return;
  way->count.passed++;
  way->count.passed_bytes += frame->size;
  if (way->count.last_left == 0) way->count.first_left = way->count.last_left = now;
  if (now - way->count.last_left > way->count.max_gap) way->count.max_gap = now - way->count.last_left;
  way->count.last_left = now;
}
