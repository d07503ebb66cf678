/* The age compares the sender's wall clock with ours: on one machine it is exact, between machines as good as their clocks. */
#include "frame.h"

#include "clock.h"

static void note_age(struct stream *stream, uint64_t ntp) {
  int64_t age = (int64_t)(wall_ntp() - ntp) / 4295; /* 2^32 units per second: 4294.967 per microsecond. */
  stream->age_us = age;
  if (!stream->has_age || age > stream->max_age_us) stream->max_age_us = age;
  if (!stream->has_age || age < stream->min_age_us) stream->min_age_us = age;
  stream->has_age = true;
}

void frame_arrived(struct stream *stream, const struct rtp *rtp, int64_t now, int64_t attended) {
  uint32_t step = 0;
  if (stream->last_frame_us == 0 || stream->anew || (int32_t)(rtp->time - stream->frame_time) > 0 || now - stream->last_frame_us > 2000 * MS) {
    int64_t gap = stream->last_frame_us == 0 ? 0 : now - stream->last_frame_us;
    if (gap > stream->max_frame_gap_us) stream->max_frame_gap_us = gap;
    if (stream->last_frame_us != 0 && !stream->anew && (int32_t)(rtp->time - stream->frame_time) > 0) step = rtp->time - stream->frame_time;
    stream->last_frame_us = now;
    stream->frame_time = rtp->time;
    stream->anew = false;
    if (rtp->has_ntp) note_age(stream, rtp->ntp);
  }
  stream->last_us = now;
  delivery_note(&stream->delivery, stream->video, step, attended);
}
