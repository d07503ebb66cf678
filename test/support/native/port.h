/* An interface as a stream of frames, and its offloads. */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FRAME_MAX 2048

struct port {
  int fd;
  uint64_t missed; /* Frames that the kernel had no room for. */
};

/* Takes frames of every protocol from `name` and can send there. False with errno set. */
bool port_open(struct port *port, const char *name);
/* The next frame; 0 when none is there, -1 for one that must not be forwarded: too large, or its sender left the checksum to hardware. */
ssize_t port_read(struct port *port, uint8_t bytes[FRAME_MAX]);
bool port_write(struct port *port, const uint8_t *bytes, uint32_t size);
/* Asks the kernel what it has missed since it was asked last, and adds it. */
void port_count_missed(struct port *port);
/* Switches off what makes a virtual interface send frames larger than its MTU or without checksums. False with errno set. */
bool port_make_plain(const char *name);

#endif
