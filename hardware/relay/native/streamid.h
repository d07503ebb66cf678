/* The stream id of a connection: DIRECTION/NODE[/PATH][?hb], for example pub/site-01/wan2?hb. */
#ifndef STREAMID_H
#define STREAMID_H

#include <stdbool.h>
#include <stddef.h>
#include "bounds.h"

struct stream_id {
  bool pub;             /* The caller sends to the listener; otherwise it receives. */
  bool heartbeat;       /* "?hb": the caller is a relay and understands heartbeats. */
  char node[NAME_SIZE];
  char path[PATH_SIZE]; /* Empty when there is none. */
};

/* True for 1 to 63 characters out of A-Z a-z 0-9 . _ - : the one form of every name in the relay. */
bool name_ok(const char *text, size_t size);

/* Parses `text` of `size` bytes. On failure returns what is wrong, on success NULL. */
const char *stream_id_parse(const char *text, size_t size, struct stream_id *id);

#endif
