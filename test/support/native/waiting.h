/* Frames under way: a heap by due time, first come first out among equals. */
#ifndef WAITING_H
#define WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAITING_MAX 32768 /* Frames; beyond that the way drops, as a full router does. */

struct frame {
  int64_t due; /* CLOCK_MONOTONIC, ns. */
  uint64_t order;
  uint8_t *bytes;
  uint32_t size;
  bool ip;
};

struct waiting {
  struct frame *heap;
  size_t count, room;
  uint64_t order;
};

/* Takes a copy of the frame. False when it is full or memory has run out. */
bool waiting_put(struct waiting *waiting, int64_t due, const uint8_t *bytes, uint32_t size, bool ip);
/* The frame that is due first; NULL when there is none. */
const struct frame *waiting_first(const struct waiting *waiting);
void waiting_drop_first(struct waiting *waiting);
/* Forgets all; returns how many of them were IP. */
size_t waiting_clear(struct waiting *waiting);
void waiting_free(struct waiting *waiting);

#endif
