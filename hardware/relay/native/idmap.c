/* Open addressing with linear probing; removal closes the gap, so there are no tombstones to sweep. */
#include "idmap.h"

static uint32_t home(uint32_t key) {
  key ^= key >> 16;
  key *= 0x7feb352du;
  key ^= key >> 15;
  key *= 0x846ca68bu;
  key ^= key >> 16;
  return key & (IDMAP_SIZE - 1);
}

static uint32_t find(const struct idmap *map, uint32_t key) {
  uint32_t at = home(key);
  while (map->value[at] != 0 && map->key[at] != key) at = (at + 1) & (IDMAP_SIZE - 1);
  return at;
}

int idmap_get(const struct idmap *map, uint32_t key) {
  return map->value[find(map, key)] - 1;
}

void idmap_put(struct idmap *map, uint32_t key, int index) {
  uint32_t at = find(map, key);
  map->key[at] = key;
  map->value[at] = index + 1;
}

void idmap_remove(struct idmap *map, uint32_t key) {
  uint32_t hole = find(map, key);
  if (map->value[hole] == 0) return;
  map->value[hole] = 0;
  for (uint32_t at = (hole + 1) & (IDMAP_SIZE - 1); map->value[at] != 0; at = (at + 1) & (IDMAP_SIZE - 1)) {
    uint32_t want = home(map->key[at]);
    /* An entry may fill the hole unless its home lies behind the hole, cyclically between hole and entry. */
    if (((at - want) & (IDMAP_SIZE - 1)) < ((at - hole) & (IDMAP_SIZE - 1))) continue;
    map->key[hole] = map->key[at];
    map->value[hole] = map->value[at];
    map->value[at] = 0;
    hole = at;
  }
}
