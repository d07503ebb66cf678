/* When frames arrive and how old they are. Times of arrival, not of capture: the relay never re-times. */
#ifndef FRAME_H
#define FRAME_H

#include "rtp.h"
#include "stream.h"

/* Takes note of a new packet: gap since the last frame began, rhythm, age by the capture time it carries. */
void frame_arrived(struct stream *stream, const struct rtp *rtp, int64_t now_us, int64_t attended_us);

#endif
