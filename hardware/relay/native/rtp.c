/* Reads RTP from anybody: each length is checked before it is used. */
#include "rtp.h"

#include <string.h>

static uint16_t be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

static void put16(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v) {
  put16(p, (uint16_t)(v >> 16));
  put16(p + 2, (uint16_t)v);
}

static void take_element(struct rtp *rtp, unsigned id, const uint8_t *data, size_t size) {
  if (id == RTP_NTP64_ID && size == 8) {
    rtp->has_ntp = true;
    rtp->ntp = (uint64_t)be32(data) << 32 | be32(data + 4);
  } else if (id == RTP_LEVEL_ID && size >= 1) { /* RFC 6464 §3: one byte; a second one is padding where elements have two bytes of header. */
    rtp->has_level = true;
    rtp->level = data[0] & 127;
  }
}

/* RFC 8285 §4.2: one byte of header per element, id 0 = padding, id 15 = stop. */
static void one_byte(struct rtp *rtp, const uint8_t *p, const uint8_t *end) {
  while (p < end) {
    unsigned id = p[0] >> 4;
    size_t size = (size_t)(p[0] & 15) + 1;
    p++;
    if (id == 0) continue;
    if (id == 15 || (size_t)(end - p) < size) return;
    take_element(rtp, id, p, size);
    p += size;
  }
}

/* RFC 8285 §4.3: two bytes of header per element, id 0 = padding. */
static void two_byte(struct rtp *rtp, const uint8_t *p, const uint8_t *end) {
  while (p < end) {
    unsigned id = *p++;
    if (id == 0) continue;
    if (p >= end) return;
    size_t size = *p++;
    if ((size_t)(end - p) < size) return;
    take_element(rtp, id, p, size);
    p += size;
  }
}

bool rtp_parse(const uint8_t *bytes, size_t size, struct rtp *rtp) {
  if (size < RTP_HEADER || bytes[0] >> 6 != 2) return false;
  if (bytes[1] >= 192 && bytes[1] <= 223) return false; /* RTCP, RFC 5761 §4. */
  rtp->marker = bytes[1] >> 7;
  rtp->type = bytes[1] & 127;
  rtp->seq = be16(bytes + 2);
  rtp->time = be32(bytes + 4);
  rtp->ssrc = be32(bytes + 8);
  rtp->has_ntp = false;
  rtp->ntp = 0;
  rtp->has_level = false;
  rtp->level = 127;
  size_t at = RTP_HEADER + 4u * (bytes[0] & 15);
  if (at > size) return false;
  if (bytes[0] & 0x10) {
    if (size - at < 4) return false;
    unsigned profile = be16(bytes + at);
    size_t words = be16(bytes + at + 2);
    at += 4;
    if ((size - at) / 4 < words) return false;
    const uint8_t *end = bytes + at + words * 4;
    if (profile == 0xbede) one_byte(rtp, bytes + at, end);
    else if ((profile & 0xfff0) == 0x1000) two_byte(rtp, bytes + at, end);
    at += words * 4;
  }
  if (bytes[0] & 0x20) {
    uint8_t padding = bytes[size - 1];
    if (padding == 0 || padding > size - at) return false;
    size -= padding;
  }
  rtp->payload = bytes + at;
  rtp->payload_size = size - at;
  return true;
}

void rtp_rewrite(uint8_t header[RTP_HEADER], const uint8_t *packet, const struct rtp_rewrite *to) {
  memcpy(header, packet, RTP_HEADER);
  header[1] = (uint8_t)((packet[1] & 127) | (to->marker ? 128 : 0));
  put16(header + 2, to->seq);
  put32(header + 4, to->time);
  put32(header + 8, to->ssrc);
}
