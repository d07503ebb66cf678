/*
 * Whether a stream is being delivered, in attended time (relay.h): the time in which this process looked. A process that was starved itself has
 * not seen a stream go missing.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

struct delivery {
  int64_t last_us;     /* The last packet; 0 = none yet. */
  int64_t since_us;    /* When the present run of packets began. */
  int64_t before_us;   /* The last packet of the run before it; 0 = there was none. */
  int64_t interval_us; /* The usual time between frames (audio: packets), by their own time stamps; 0 = not known. */
  int64_t once_us;     /* The longest pause lately after which it went on by itself, ... */
  int64_t pause_us;    /* ... and the longest that has come at least twice. Both fade. */
};

/* A packet has come. `step`: its RTP time minus that of the frame before, 0 within a frame and after a pause. */
void delivery_note(struct delivery *d, bool video, uint32_t step, int64_t attended_us);

/* Its sender has begun anew: what the one before did is no habit of this one. */
void delivery_forget(struct delivery *d);

/* The silence that is more than the stream's own rhythm: `floor_us`, or two and a half intervals if that is longer. */
int64_t delivery_limit(const struct delivery *d, int64_t floor_us);

/* The silence after which it is given up where it is shown: the same, or a quarter more than it pauses again and again, at most 100 ms above that. */
int64_t delivery_patience(const struct delivery *d, int64_t floor_us);

/* Whether packets come, as far as `floor_us` can tell. */
bool delivery_flows(const struct delivery *d, int64_t floor_us, int64_t attended_us);

/* The silence after which a view turns to a backup, unless its owner says otherwise. */
int64_t delivery_floor(bool video);

#endif
