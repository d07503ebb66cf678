/* A hash table from a 32-bit number (SSRC, SRT socket) to a small index. Fixed memory, open addressing. */
#ifndef IDMAP_H
#define IDMAP_H

#include <stdint.h>

#define IDMAP_SIZE 4096 /* A power of two, at least twice the entries that any table here may hold. */

struct idmap {
  uint32_t key[IDMAP_SIZE];
  int32_t value[IDMAP_SIZE]; /* 0 = empty, otherwise index + 1. */
};

/* The index stored for `key`, or -1. */
int idmap_get(const struct idmap *map, uint32_t key);

/* Stores or replaces. The caller keeps the number of entries at or below IDMAP_SIZE / 2. */
void idmap_put(struct idmap *map, uint32_t key, int index);

/* Removes `key` if it is there. */
void idmap_remove(struct idmap *map, uint32_t key);

#endif
