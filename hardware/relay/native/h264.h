/* What an H.264 RTP payload (RFC 6184) starts, as far as a switch and a queue need to know. Nothing is decoded. */
#ifndef H264_H
#define H264_H

#include <stddef.h>
#include <stdint.h>

enum {
  H264_KEY = 1,   /* An IDR access unit can be joined here: an SPS, or the first piece of an IDR slice. */
  H264_START = 2, /* A NAL unit begins in this packet (not the middle of a fragment). */
  H264_SPS = 4,   /* It holds an SPS: whoever begins with this packet has all that a decoder needs. */
};

/* The flags of a payload; 0 for what is not understood. */
unsigned h264_look(const uint8_t *payload, size_t size);

#endif
