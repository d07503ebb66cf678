/* The pool of packets that wait, and the pace of those that leave. */
#include "pace.h"

#include <string.h>

#define OVERHEAD 44          /* IP, UDP and SRT around each packet. */
#define BURST_US 20000.0     /* So much time of the pace may leave at once, and never less than two packets. */

void pool_init(struct pool *pool) { pool->free = pool->taken = 0; }

static int16_t place(struct pool *pool) {
  int16_t number = pool->free;
  if (number == 0) return pool->taken < HELD_MAX ? ++pool->taken : 0;
  pool->free = pool->at[number - 1].next;
  return number;
}

bool pool_add(struct pool *pool, struct waiting *waiting, int stream, const uint8_t *packet, uint16_t size, int64_t now_us) {
  int16_t number = size > PACKET_MAX ? 0 : place(pool);
  if (number == 0) return false;
  struct held *held = &pool->at[number - 1];
  held->next = 0;
  held->size = size;
  held->stream = (int16_t)stream;
  held->since_us = now_us;
  memcpy(held->packet, packet, size);
  if (waiting->last != 0) pool->at[waiting->last - 1].next = number;
  else waiting->first = number;
  waiting->last = number;
  return true;
}

struct held *pool_first(struct pool *pool, const struct waiting *waiting) { return waiting->first == 0 ? NULL : &pool->at[waiting->first - 1]; }

void pool_drop(struct pool *pool, struct waiting *waiting) {
  int16_t number = waiting->first;
  if (number == 0) return;
  struct held *held = &pool->at[number - 1];
  waiting->first = held->next;
  if (waiting->first == 0) waiting->last = 0;
  held->next = pool->free;
  pool->free = number;
}

static double burst(int64_t kbps) {
  double bytes = (double)kbps * BURST_US / 8000;
  return bytes > 2.0 * (PACKET_MAX + OVERHEAD) ? bytes : 2.0 * (PACKET_MAX + OVERHEAD);
}

bool pace_allows(struct waiting *waiting, int64_t kbps, int64_t now_us) {
  if (kbps <= 0) return true;
  double most = burst(kbps);
  if (waiting->filled_us == 0) waiting->tokens = most;
  else waiting->tokens += (double)(now_us - waiting->filled_us) * (double)kbps / 8000;
  if (waiting->tokens > most) waiting->tokens = most;
  waiting->filled_us = now_us;
  return waiting->tokens > 0;
}

void pace_spend(struct waiting *waiting, int64_t kbps, uint16_t size) {
  if (kbps > 0) waiting->tokens -= size + OVERHEAD;
}
