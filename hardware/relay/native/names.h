/* Names of nodes, links and inputs, each known by one small number while the process lives. */
#ifndef NAMES_H
#define NAMES_H

#include <stdint.h>
#include "bounds.h"

struct names {
  int count;
  char text[NAMES_MAX][NAME_SIZE];
  uint16_t slot[NAMES_MAX * 2]; /* Hash table of index + 1. */
};

/* The number of `text`, given to it now when it is new; -1 when the table is full. `text` has passed name_ok(). */
int names_intern(struct names *names, const char *text);

/* The number of `text`, or -1 when nobody has named it. */
int names_find(const struct names *names, const char *text);

#endif
