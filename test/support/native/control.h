/* Commands as JSON lines; each gets one answer. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include "json.h"
#include "out.h"
#include "port.h"
#include "way.h"

struct link {
  struct port port[2];
  struct way way[2]; /* way[0] ("up") leads from port[0] to port[1], way[1] ("down") back. */
  struct json json;
  struct out out;
  bool quit;
};

void control_ready(struct link *link);
void control_take(struct link *link, char *line, size_t size);
void control_too_long(struct link *link);

#endif
