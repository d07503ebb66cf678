/* Everything the worker says goes through one bounded queue and one writing thread: media never waits for stdout. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
  OUT_REPLY, /* never dropped; main_wait_room keeps their number bounded */
  OUT_EVENT, /* dropped, oldest first, only when thousands wait */
  OUT_BULK,  /* levels and pictures: dropped, oldest first, as soon as the reader is behind */
} OutClass;

void out_start(void);
/* Takes `line` (without newline). Never blocks. */
void out_send(GString *line, OutClass class);
/* Blocks the caller while the reader is so far behind that replies pile up. Main thread only. */
void out_wait_room(void);
/* Waits until all is written, or `ms` have passed. */
void out_flush(guint ms);
void out_dropped(guint64 *events, guint64 *bulk);

/* {"event":"name","at":ms — the sender closes it. */
GString *event_new(const char *name);
void event_send(GString *event);
void event_send_bulk(GString *event);
