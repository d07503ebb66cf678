/* A binary heap. Frames are copied: rates here are those of a room's uplink, not of a backbone. */
#include "waiting.h"

#include <stdlib.h>
#include <string.h>

static bool before(const struct frame *a, const struct frame *b) {
  return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void swap(struct frame *a, struct frame *b) {
  struct frame c = *a;
  *a = *b;
  *b = c;
}

bool waiting_put(struct waiting *w, int64_t due, const uint8_t *bytes, uint32_t size, bool ip) {
  if (w->count == WAITING_MAX) return false;
  if (w->count == w->room) {
    size_t room = w->room ? 2 * w->room : 64;
    struct frame *heap = realloc(w->heap, room * sizeof *heap);
    if (heap == NULL) return false;
    w->heap = heap;
    w->room = room;
  }
  uint8_t *copy = malloc(size);
  if (copy == NULL) return false;
  memcpy(copy, bytes, size);
  size_t at = w->count++;
  w->heap[at] = (struct frame){due, w->order++, copy, size, ip};
  for (; at > 0 && before(&w->heap[at], &w->heap[(at - 1) / 2]); at = (at - 1) / 2) swap(&w->heap[at], &w->heap[(at - 1) / 2]);
  return true;
}

const struct frame *waiting_first(const struct waiting *w) {
  return w->count > 0 ? &w->heap[0] : NULL;
}

void waiting_drop_first(struct waiting *w) {
  if (w->count == 0) return;
  free(w->heap[0].bytes);
  w->heap[0] = w->heap[--w->count];
  for (size_t at = 0;;) {
    size_t least = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < w->count; child++)
      if (before(&w->heap[child], &w->heap[least])) least = child;
    if (least == at) return;
    swap(&w->heap[at], &w->heap[least]);
    at = least;
  }
}

size_t waiting_clear(struct waiting *w) {
  size_t ip = 0;
  for (size_t i = 0; i < w->count; i++) {
    ip += w->heap[i].ip;
    free(w->heap[i].bytes);
  }
  w->count = 0;
  return ip;
}

void waiting_free(struct waiting *w) {
  waiting_clear(w);
  free(w->heap);
  *w = (struct waiting){0};
}
