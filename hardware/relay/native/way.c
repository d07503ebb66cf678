/* The way out of a link: a local address, a network interface, both or neither. Either may be missing today and back tomorrow with another number. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "relay.h"

unsigned way_interface(const struct dial *dial) { return dial->device[0] == '\0' ? 0 : if_nametoindex(dial->device); }

/* Says what the way lacks, as far as the system knows it before anything is sent. */
static bool passable(const struct dial *dial, char *because, size_t size) {
  struct sockaddr_storage from = dial->from;
  struct ifreq request = {0};
  int fd = socket(dial->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  because[0] = '\0';
  if (fd < 0) {
    snprintf(because, size, "no socket: %s", strerror(errno));
    return false;
  }
  if (dial->device[0] != '\0') {
    memcpy(request.ifr_name, dial->device, sizeof request.ifr_name);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) snprintf(because, size, "interface %s is missing", dial->device);
    else if (!(request.ifr_flags & IFF_UP)) snprintf(because, size, "interface %s is switched off", dial->device);
    else if (!(request.ifr_flags & IFF_RUNNING)) snprintf(because, size, "interface %s has no carrier", dial->device);
  }
  if (because[0] == '\0' && from.ss_family != 0 && bind(fd, (struct sockaddr *)&from, address_size(&from)) != 0) {
    char text[64];
    address_text((struct sockaddr *)&from, text, sizeof text);
    *strrchr(text, ':') = '\0'; /* Its port says nothing. */
    snprintf(because, size, "address %s is not ours: %s", text, strerror(errno));
  }
  close(fd);
  return because[0] == '\0';
}

static bool same_way(const struct shared_port *port, const struct sockaddr_storage *local, const struct dial *dial, unsigned interface) {
  struct sockaddr_storage plain = port->local;
  if (plain.ss_family == AF_INET) ((struct sockaddr_in *)&plain)->sin_port = 0;
  else ((struct sockaddr_in6 *)&plain)->sin6_port = 0;
  return memcmp(&plain, local, sizeof plain) == 0 && strcmp(port->device, dial->device) == 0 && port->interface == interface;
}

/* Sockets bound to different interfaces may get the same number from the system, but libsrt takes equal numbers for one port. */
static bool unique(const struct relay *r, const struct sockaddr_storage *local) {
  for (size_t i = 0; i < sizeof r->shared / sizeof *r->shared; i++)
    if (r->shared[i].local.ss_family != 0 && address_port(&r->shared[i].local) == address_port(local)) return false;
  return address_port(local) != r->listen_port;
}

static void forget(struct shared_port *port) {
  port->local.ss_family = 0;
  srt_close(port->anchor);
}

/*
 * Makes the port. libsrt forgets a port a second or two after its last socket, and would open one of the same number anew by itself, without the
 * interface: a socket that is never connected holds it.
 */
static bool anchor(struct shared_port *port, struct sockaddr_storage *at, const char *device) {
  port->anchor = socket_new(0, 0);
  if (port->anchor == SRT_INVALID_SOCK) return false;
  if (socket_bind(port->anchor, at, device)) return true;
  int why = errno;
  srt_close(port->anchor);
  errno = why;
  return false;
}

/* All links that go the same way share a UDP port: libsrt makes two threads per port. */
bool way_bind(struct relay *r, SRTSOCKET sock, const struct dial *dial, char *because, size_t size) {
  if (!passable(dial, because, size)) return false;
  struct sockaddr_storage local = dial->from;
  if (local.ss_family == 0) local.ss_family = dial->to.ss_family;
  unsigned interface = dial->interface;
  struct shared_port *place = NULL;
  for (size_t i = 0; i < sizeof r->shared / sizeof *r->shared; i++) {
    struct shared_port *s = &r->shared[i];
    if (s->local.ss_family != 0 && strcmp(s->device, dial->device) == 0 && s->interface != interface) forget(s); /* That interface is gone. */
    if (s->local.ss_family == 0) {
      if (place == NULL) place = s;
    } else if (same_way(s, &local, dial, interface)) {
      if (srt_bind(sock, (struct sockaddr *)&s->local, (int)address_size(&s->local)) == 0) return true;
      forget(s);
      place = s;
    }
  }
  if (place == NULL) { /* Addresses of the past fill the table: links that still use one keep it open. */
    place = &r->shared[r->shared_turn++ % (sizeof r->shared / sizeof *r->shared)];
    forget(place);
  }
  struct sockaddr_storage at = local;
  if (!anchor(place, &at, dial->device)) {
    snprintf(because, size, "%s%s%s", dial->device, dial->device[0] != '\0' ? ": " : "", strerror(errno));
    return false;
  }
  bool alone = unique(r, &at);
  place->local = at;
  place->interface = interface;
  memcpy(place->device, dial->device, DEVICE_SIZE);
  if (alone && srt_bind(sock, (struct sockaddr *)&at, (int)address_size(&at)) == 0) return true;
  forget(place);
  snprintf(because, size, "port %d was taken", address_port(&at)); /* The next attempt gets another. */
  return false;
}
