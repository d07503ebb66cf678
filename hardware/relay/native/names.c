/* FNV-1a, linear probing; names are never removed: there are as many as nodes in the plan. */
#include "names.h"

#include <string.h>

static unsigned place(const struct names *names, const char *text) {
  uint32_t hash = 2166136261u;
  for (const char *c = text; *c != '\0'; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  unsigned at = hash % (NAMES_MAX * 2);
  while (names->slot[at] != 0 && strcmp(names->text[names->slot[at] - 1], text) != 0) at = (at + 1) % (NAMES_MAX * 2);
  return at;
}

int names_find(const struct names *names, const char *text) {
  return names->slot[place(names, text)] - 1;
}

int names_intern(struct names *names, const char *text) {
  unsigned at = place(names, text);
  if (names->slot[at] != 0) return names->slot[at] - 1;
  if (names->count == NAMES_MAX) return -1;
  strncpy(names->text[names->count], text, NAME_SIZE - 1);
  names->slot[at] = (uint16_t)++names->count;
  return names->count - 1;
}
