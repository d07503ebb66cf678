/* AF_PACKET and SIOCETHTOOL, so that neither ethtool nor netem is needed. */
#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (8 << 20)

bool port_open(struct port *port, const char *name) {
  *port = (struct port){.fd = -1};
  unsigned index = if_nametoindex(name);
  if (index == 0) return false;
  /* Protocol 0 until it is bound: nothing of other interfaces gets in before. */
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  int one = 1, room = RECEIVE_BUFFER;
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
  struct packet_mreq promiscuous = {.mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC};
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof one) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) < 0 ||
      bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    int why = errno;
    close(fd);
    errno = why;
    return false;
  }
  port->fd = fd;
  return true;
}

ssize_t port_read(struct port *port, uint8_t bytes[FRAME_MAX]) {
  struct iovec part = {bytes, FRAME_MAX};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
  } control;
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t size = recvmsg(port->fd, &message, MSG_TRUNC);
  if (size <= 0) return 0; /* Nothing there, or the interface is down for now. */
  if (size > FRAME_MAX) return -1;
  for (struct cmsghdr *part_of = CMSG_FIRSTHDR(&message); part_of != NULL; part_of = CMSG_NXTHDR(&message, part_of)) {
    if (part_of->cmsg_level != SOL_PACKET || part_of->cmsg_type != PACKET_AUXDATA) continue;
    struct tpacket_auxdata facts;
    memcpy(&facts, CMSG_DATA(part_of), sizeof facts);
    if (facts.tp_status & TP_STATUS_CSUMNOTREADY) return -1;
  }
  return size;
}

bool port_write(struct port *port, const uint8_t *bytes, uint32_t size) {
  return send(port->fd, bytes, size, 0) == (ssize_t)size;
}

void port_count_missed(struct port *port) {
  struct tpacket_stats stats; /* Reading it clears it. */
  socklen_t size = sizeof stats;
  if (getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) port->missed += stats.tp_drops;
}

bool port_make_plain(const char *name) {
  static const uint32_t off[] = {ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool done = true;
  int why = 0;
  for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
    struct ethtool_value value = {.cmd = off[i], .data = 0};
    struct ifreq request = {.ifr_data = (void *)&value};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    /* EOPNOTSUPP: this interface cannot do it, so it is off. */
    if (ioctl(fd, SIOCETHTOOL, &request) == 0 || errno == EOPNOTSUPP) continue;
    why = errno;
    done = false;
  }
  close(fd);
  errno = why;
  return done;
}
