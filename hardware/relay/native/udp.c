/* System calls are saved by sendmmsg(2); sendmmsg stops at the first failure, so the failed one is skipped and the rest go on. */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int udp_bind(int port, int *bound) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int bytes = 2 << 20; /* A whole IDR burst while this process waits for the processor; the kernel may grant less. */
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  for (int i = 0; i < (port == 0 ? 200 : 1); i++) {
    *bound = port != 0 ? port : PORT_FREE_MIN + rand() % (PORT_FREE_MAX - PORT_FREE_MIN + 1);
    struct sockaddr_in at = loopback(*bound);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
  }
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

bool udp_out_open(struct udp_out *out) {
  out->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (out->fd < 0) return false;
  int bytes = 2 << 20;
  (void)setsockopt(out->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  return true;
}

uint8_t (*udp_slots(struct udp_out *out, unsigned count))[PACKET_MAX + 8] {
  if (SLOTS - out->used < count) udp_flush(out);
  return &out->slot[out->used];
}

void udp_keep(struct udp_out *out, unsigned count) { out->used += count; }

void udp_send(struct udp_out *out, int port, const uint8_t *packet, size_t size, const uint8_t *header) {
  if (out->count == SLOTS * 4) {
    unsigned used = out->used; /* The packet at hand still lies in its slot. */
    udp_flush(out);
    out->used = used;
  }
  unsigned i = out->count++;
  size_t own = header != NULL ? RTP_HEADER : 0;
  if (header != NULL) memcpy(out->header[i], header, RTP_HEADER);
  out->to[i] = loopback(port);
  out->part[i][0] = (struct iovec){out->header[i], own};
  out->part[i][1] = (struct iovec){(uint8_t *)packet + own, size - own};
  out->message[i].msg_hdr = (struct msghdr){
    .msg_name = &out->to[i], .msg_namelen = sizeof out->to[i], .msg_iov = header != NULL ? out->part[i] : out->part[i] + 1,
    .msg_iovlen = header != NULL ? 2 : 1};
}

void udp_flush(struct udp_out *out) {
  unsigned at = 0;
  while (at < out->count) {
    int n = sendmmsg(out->fd, out->message + at, out->count - at, 0);
    if (n > 0) {
      at += (unsigned)n;
      out->sent += (unsigned)n;
    } else if (errno != EINTR) {
      at++;
      out->failed++;
    }
  }
  out->count = 0;
  out->used = 0;
}
