/* The RTP header (RFC 3550 §5.1), its header extension (RFC 8285) with capture time and loudness in it. */
#ifndef RTP_H
#define RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER 12
#define RTP_NTP64_ID 1 /* Extension id of urn:ietf:params:rtp-hdrext:ntp-64 in this product. */
#define RTP_LEVEL_ID 2 /* The same of urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464). */

struct rtp {
  uint32_t ssrc;
  uint32_t time;
  uint16_t seq;
  uint8_t type;
  bool marker;
  bool has_ntp;
  bool has_level;
  uint8_t level;          /* Loudness in dB below overload, 127 = digital silence, when has_level. */
  uint64_t ntp;           /* Capture time as NTP-64, when has_ntp. */
  const uint8_t *payload; /* Behind header, CSRCs and extension; padding taken off. */
  size_t payload_size;
};

/* False when the bytes are not an RTP packet (too short, wrong version, RTCP, lengths that do not fit). */
bool rtp_parse(const uint8_t *bytes, size_t size, struct rtp *rtp);

/* The fields that an audio view changes; everything else of the packet stays as it is. */
struct rtp_rewrite {
  uint32_t ssrc;
  uint32_t time;
  uint16_t seq;
  bool marker;
};

/* Writes the first 12 bytes of `packet`, changed as asked, into `header`. */
void rtp_rewrite(uint8_t header[RTP_HEADER], const uint8_t *packet, const struct rtp_rewrite *to);

#endif
