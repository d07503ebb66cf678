/* Loopback UDP: named inputs that the media workers send RTP to, and one socket that sends to their ports. */
#ifndef UDP_H
#define UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "bounds.h"
#include "rtp.h"

struct input {
  bool used;
  int fd, port;
  int name; /* Number of its name: a source like a node or a link. */
  uint64_t packets, bytes, oversized;
};

struct inputs {
  struct input at[INPUTS_MAX];
};

/* Binds 127.0.0.1:`port` (0: a free one below the ephemeral range). Returns the socket and sets `bound`, or -1 with errno. */
int udp_bind(int port, int *bound);

/* Packets wait here and leave together; what they point to stays untouched until udp_flush(). */
struct udp_out {
  int fd;
  unsigned count, used; /* Messages queued; packet slots in use. */
  uint64_t sent, failed;
  uint8_t slot[SLOTS][PACKET_MAX + 8]; /* Room to notice a packet that is too long. */
  uint8_t header[SLOTS * 4][RTP_HEADER];
  struct sockaddr_in to[SLOTS * 4];
  struct iovec part[SLOTS * 4][2];
  struct mmsghdr message[SLOTS * 4];
};

bool udp_out_open(struct udp_out *out);
/* Room for `count` packets in a row, at most SLOTS; flushes when that needs older ones to leave. */
uint8_t (*udp_slots(struct udp_out *out, unsigned count))[PACKET_MAX + 8];
/* Keeps the first `count` slots of the last udp_slots() until the flush; the rest are free again. */
void udp_keep(struct udp_out *out, unsigned count);
/* Queues `packet`, which lies in a slot, for 127.0.0.1:`port`; with `header` in place of its first 12 bytes unless that is NULL. */
void udp_send(struct udp_out *out, int port, const uint8_t *packet, size_t size, const uint8_t *header);
void udp_flush(struct udp_out *out);

#endif
