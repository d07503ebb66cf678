/*
 * The sequence numbers of one SSRC: which have come (so that copies over other paths are dropped), and, once nothing can come any more
 * (the settling time), which are lost and which frames that damaged.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_SIZE 1024    /* Packets remembered; a power of two. 6 s of a 1.5 Mbit/s picture. */
#define WINDOW_JUMP 8192    /* A step forward up to this is loss; anything farther is a sender that started again. */
#define WINDOW_MARKS 5      /* Settling time in calls of window_mark(). */

enum window_answer {
  WINDOW_NEW,  /* First time: pass it on. */
  WINDOW_COPY, /* Has come before: drop it. */
  WINDOW_ODD,  /* Does not fit the sequence: drop it, perhaps the sender started again. */
  WINDOW_AGAIN /* The sender did start again: pass it on, all counting of gaps begins anew. */
};

enum { WINDOW_HAVE = 1, WINDOW_MARKER = 2, WINDOW_START = 4, WINDOW_KEY = 8 };

struct window {
  bool video;       /* Frames end with a marker; otherwise each packet is one. Set before the first packet. */
  bool running;
  uint32_t head;    /* Highest sequence number, extended to 32 bits. */
  uint32_t settled; /* Everything below has been judged. */
  uint32_t mark[WINDOW_MARKS]; /* What was just above the head, a settling time ago and since. */
  uint32_t time[WINDOW_SIZE];
  uint8_t flags[WINDOW_SIZE];
  /* Restart probation: two packets of a new sequence, one soon after the other. */
  bool probing;
  uint16_t probe;
  int64_t restarted_at;
  /* The frame being judged. */
  bool open, damaged, known, torn; /* torn: something was missing since the last frame ended. */
  uint32_t gap; /* Packets missing directly before the next one. */
  uint32_t open_time, last_time, step;
  /* Results, ever growing. */
  uint64_t lost, late, frames, damaged_frames, keyframes, restarts;
  uint64_t paused, paused_frames; /* Missing packets and frames between a picture's end and its return with an IDR, half a second or more later. */
  bool open_key;
};

/* Judges one packet. `flags` are WINDOW_MARKER, WINDOW_START and WINDOW_KEY as they apply. */
enum window_answer window_admit(struct window *w, uint16_t seq, uint32_t time, uint8_t flags, int64_t now_us);

/* Forgets the sequence, not the counters: the next packet is the first of a new one. */
void window_restart(struct window *w);

/* Settles what was the head WINDOW_MARKS calls ago. Call it every 20 ms. */
void window_mark(struct window *w);

#endif
