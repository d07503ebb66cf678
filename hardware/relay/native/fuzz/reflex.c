/*
 * Views with backups: any order of packets, pauses, keyframes and owner's wishes. A view shows only what it was told to, lets go of every record,
 * and what decides never leaves a choice that delivers for one that does not.
 */
#include <stdlib.h>
#include <string.h>
#include "reflex.h"

#define STREAMS 4

static struct streams streams;
static struct views views;

static bool chosen(const struct view *view, const struct stream *s) {
  for (int i = 0; i < view->choices; i++)
    if (view->choice[i] == s) return true;
  return false;
}

static void look(struct view *view, int64_t now) {
  enum view_because because = BECAUSE_ASKED;
  const struct stream *goal = view->awaited != NULL ? view->awaited : view->shown;
  struct stream *next = reflex_look(view, now, &because);
  if (next == NULL) return;
  if (!chosen(view, next) || next == goal) abort();
  if (!delivery_flows(&next->delivery, view->after_us, now)) abort();
  if (because == BECAUSE_STALLED && delivery_flows(&goal->delivery, view->after_us, now)) abort();
  view_show(&views, &streams, view, next, because, (struct moment){now, now});
  if ((view->awaited != NULL ? view->awaited : view->shown) != next) abort();
}

static void choose(struct view *view, unsigned what, int64_t now) {
  struct stream *choice[CHOICES_MAX];
  int count = 0;
  for (unsigned i = 0; i < STREAMS; i++) {
    unsigned which = (i + what) % STREAMS;
    if (what >> (2 + i) & 1) choice[count++] = streams_open(&streams, 0x1000 * (which + 1), view->video);
  }
  view_choose(&views, &streams, view, choice, count);
  view_show(&views, &streams, view, count > 0 ? choice[0] : NULL, BECAUSE_ASKED, (struct moment){now, now});
}

static void packet(struct view *view, unsigned what, int64_t now) {
  struct stream *s = streams_find(&streams, 0x1000 * ((what & 3) + 1));
  if (s == NULL) return;
  delivery_note(&s->delivery, view->video, what & 4 ? 3600 : what * 0x1010101u, now);
  /* A packet with an SPS asks at once, between two looks (forward.c). */
  if (view->video && (what & 24) == 24 && s != view->shown && s != view->awaited) look(view, now);
  enum view_answer answer = view_take(&views, &streams, view, s, what & 8);
  if (answer == VIEW_SWITCHED && view->shown != s) abort();
  if (answer == VIEW_PASS && view->shown != s) abort();
  if (answer == VIEW_SWITCHED && view->video && !(what & 8)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  struct view *view = views_open(&views, "v");
  int64_t now = 1000000;
  view->video = data[0] & 1;
  view->after_us = delivery_floor(view->video);
  view->hold_us = 2000000;
  for (size_t i = 1; i + 1 < size; i += 2) {
    switch (data[i] & 3) {
      case 0: now += data[i + 1] * 4000; break;
      case 1: choose(view, data[i + 1], now); break;
      default: packet(view, data[i + 1], now);
    }
    look(view, now);
    if (view->awaited != NULL && !view->video) abort();
  }
  views_close(&views, &streams, view);
  for (int i = 0; i < STREAMS_MAX; i++)
    if (streams.at[i] != NULL) abort(); /* Something holds a record that nobody wants. */
  if (views.guarded != 0) abort();
  return 0;
}
