/*
 * NAL types by RFC 6184 §5.2. A switch may happen at an SPS (encoders repeat it in front of each IDR) or at the first piece of an IDR slice.
 * A PPS alone is no such place: whoever joins there has no SPS.
 */
#include "h264.h"

enum { SLICE_IDR = 5, SPS = 7, STAP_A = 24, FU_A = 28, FU_B = 29 };

static unsigned nal(uint8_t header) {
  unsigned type = header & 31;
  return H264_START | (type == SLICE_IDR || type == SPS ? H264_KEY : 0) | (type == SPS ? H264_SPS : 0);
}

static unsigned aggregate(const uint8_t *p, size_t size) {
  unsigned flags = H264_START;
  size_t at = 1;
  unsigned count = 0;
  while (size - at >= 3) {
    size_t length = (size_t)p[at] << 8 | p[at + 1];
    at += 2;
    if (length == 0 || length > size - at) break;
    flags |= nal(p[at]) & (H264_KEY | H264_SPS);
    at += length;
    count++;
  }
  return count == 0 ? 0 : flags;
}

unsigned h264_look(const uint8_t *p, size_t size) {
  if (size == 0) return 0;
  unsigned type = p[0] & 31;
  if (type >= 1 && type < STAP_A) return nal(p[0]);
  if (type == STAP_A) return aggregate(p, size);
  if ((type == FU_A || type == FU_B) && size >= 2 && p[1] & 0x80) return nal((uint8_t)((p[0] & 0xe0) | (p[1] & 31)));
  return 0;
}
