/*
 * Video that waits its turn in front of a connection, so that what lies in the network ahead of a voice stays short. A fixed pool for all
 * connections, a list for each; nothing is allocated. The packets are whole and unchanged.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>
#include "bounds.h"

struct held {
  int16_t next;    /* Index + 1 of the one behind it; 0 = none. Also links the free ones. */
  uint16_t size;
  int16_t stream;  /* Index of its stream. */
  int64_t since_us;
  uint8_t packet[PACKET_MAX];
};

struct waiting {
  int16_t first, last; /* Index + 1; 0 = none. */
  double tokens;       /* Bytes that may leave now, where a pace is set. */
  int64_t filled_us;
};

struct pool {
  struct held at[HELD_MAX];
  int16_t free;  /* Index + 1. */
  int16_t taken; /* Places that have ever been used: the others cost no memory. */
};

void pool_init(struct pool *pool);

/* False when there is no room. */
bool pool_add(struct pool *pool, struct waiting *waiting, int stream, const uint8_t *packet, uint16_t size, int64_t now_us);

/* The oldest one, or NULL; pool_drop takes it away. */
struct held *pool_first(struct pool *pool, const struct waiting *waiting);
void pool_drop(struct pool *pool, struct waiting *waiting);

/* Whether a packet may leave at this pace now (kbit/s; 0 = any), and that one of `size` has. */
bool pace_allows(struct waiting *waiting, int64_t kbps, int64_t now_us);
void pace_spend(struct waiting *waiting, int64_t kbps, uint16_t size);

#endif
