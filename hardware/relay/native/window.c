/* A ring of the last WINDOW_SIZE packets. Settling walks it once in order, so frames are judged exactly although packets may come mixed. */
#include "window.h"

#include <string.h>
#include "clock.h"

#define SLOT(seq) ((seq) & (WINDOW_SIZE - 1))
#define PAUSE 45000 /* Half a second of a picture's clock. */

static void begin(struct window *w, uint16_t seq, uint32_t time, uint8_t flags) {
  memset(w->flags, 0, sizeof w->flags);
  w->running = true;
  w->probing = false;
  w->open = w->damaged = w->known = w->torn = w->open_key = false;
  w->gap = w->step = 0;
  w->head = 0x10000u + seq; /* Room below for stragglers of the first packets. */
  w->settled = w->head;
  for (int i = 0; i < WINDOW_MARKS; i++) w->mark[i] = w->head;
  w->flags[SLOT(w->head)] = flags | WINDOW_HAVE;
  w->time[SLOT(w->head)] = time;
}

static enum window_answer odd(struct window *w, uint16_t seq, uint32_t time, uint8_t flags, int64_t now) {
  uint16_t step = (uint16_t)(seq - w->probe);
  bool follows = w->probing && step >= 1 && step <= 16;
  w->probing = true;
  w->probe = seq;
  /* Stragglers of the old sequence on a slower path must not throw us back to it. */
  if (!follows || now - w->restarted_at < 500 * MS) return WINDOW_ODD;
  w->restarts++;
  w->restarted_at = now;
  begin(w, seq, time, flags);
  return WINDOW_AGAIN;
}

/* What it means is known when the next packet is. */
static void judge_missing(struct window *w) {
  w->gap++;
  w->torn = true;
}

static void close_frame(struct window *w) {
  w->frames++;
  if (w->damaged) w->damaged_frames++;
  else if (w->open_key) w->keyframes++;
  if (w->known && !w->torn) w->step = w->open_time - w->last_time;
  w->last_time = w->open_time;
  w->known = true;
  w->open = w->damaged = w->torn = w->open_key = false;
}

/* Frames that vanished whole between the last frame and one that begins at `time`: as the time stamps say, but at least one packet each. */
static uint32_t vanished(const struct window *w, uint32_t time) {
  if (!w->known || w->step == 0) return 1;
  uint32_t steps = (time - w->last_time + w->step / 2) / w->step;
  return steps < 2 ? 1 : steps - 1 > w->gap ? w->gap : steps - 1;
}

/*
 * Packets are missing before the one at hand. A picture that goes on with an IDR after half a second of its own time was most likely not sent
 * here meanwhile (its site did not have the floor); whether it was wanted all the while, only our owner knows: it is counted apart.
 */
static void judge_gap(struct window *w, uint32_t time, uint8_t flags) {
  uint32_t since = time - (w->open ? w->open_time : w->last_time);
  if ((flags & WINDOW_KEY) && (w->open || w->known) && (int32_t)since >= PAUSE) {
    w->paused += w->gap;
    w->paused_frames += vanished(w, time); /* The one that was cut among them. */
    w->open = w->damaged = w->open_key = false;
    w->known = false; /* The next step would be the pause. */
    w->gap = 0;
    return;
  }
  w->lost += w->gap;
  if (w->open) w->damaged = true;
}

static void judge_video(struct window *w, uint32_t seq) {
  uint8_t flags = w->flags[SLOT(seq)];
  uint32_t time = w->time[SLOT(seq)];
  if (w->gap > 0) judge_gap(w, time, flags);
  if (w->open && time != w->open_time) {
    close_frame(w);
  } else if (!w->open && w->gap > 0 && (flags & WINDOW_START)) {
    w->damaged_frames += vanished(w, time);
  }
  if (!w->open) {
    w->open = true;
    w->open_time = time;
    w->damaged = w->gap > 0 && !(flags & WINDOW_START);
  }
  if (flags & WINDOW_KEY) w->open_key = true;
  w->gap = 0;
  if (flags & WINDOW_MARKER) close_frame(w);
}

static void judge_audio(struct window *w, bool have) {
  w->frames++;
  if (have) return;
  w->lost++;
  w->damaged_frames++;
}

static void settle(struct window *w, uint32_t upto) {
  for (; (int32_t)(upto - w->settled) > 0; w->settled++) {
    bool have = (int32_t)(w->head - w->settled) >= 0 && (w->flags[SLOT(w->settled)] & WINDOW_HAVE);
    if (!w->video) judge_audio(w, have);
    else if (have) judge_video(w, w->settled);
    else judge_missing(w);
  }
}

enum window_answer window_admit(struct window *w, uint16_t seq, uint32_t time, uint8_t flags, int64_t now) {
  if (!w->running) {
    begin(w, seq, time, flags);
    return WINDOW_NEW;
  }
  int16_t ahead = (int16_t)(seq - (uint16_t)w->head);
  uint32_t full = w->head + (uint32_t)(int32_t)ahead;
  if (ahead > 0 && ahead <= WINDOW_JUMP) {
    settle(w, full + 1 - WINDOW_SIZE); /* What leaves the ring is judged now, before its time. */
    uint32_t clear = ahead < WINDOW_SIZE ? (uint32_t)ahead : WINDOW_SIZE;
    for (uint32_t i = 0; i < clear; i++) w->flags[SLOT(full - i)] = 0;
    w->head = full;
  } else if (ahead <= 0 && ahead > -WINDOW_SIZE) {
    if (w->flags[SLOT(full)] & WINDOW_HAVE) {
      if (w->time[SLOT(full)] == time) return WINDOW_COPY;
      return odd(w, seq, time, flags, now); /* The same number at another time is no copy. */
    }
    if ((int32_t)(full - w->settled) < 0) w->late++;
  } else {
    return odd(w, seq, time, flags, now);
  }
  w->probing = false;
  w->flags[SLOT(full)] = flags | WINDOW_HAVE;
  w->time[SLOT(full)] = time;
  return WINDOW_NEW;
}

void window_restart(struct window *w) {
  if (!w->running) return;
  settle(w, w->head + 1);
  w->running = false;
  w->restarts++;
}

void window_mark(struct window *w) {
  if (!w->running) return;
  settle(w, w->mark[0]);
  memmove(w->mark, w->mark + 1, sizeof w->mark[0] * (WINDOW_MARKS - 1));
  w->mark[WINDOW_MARKS - 1] = w->head + 1;
}
