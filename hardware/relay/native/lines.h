/* Lines from standard input, at most 1 MiB each. A longer one is reported once and skipped to its end. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include "bounds.h"

struct lines {
  char bytes[LINE_MAX_BYTES + 1];
  size_t begin, end;
  bool skipping; /* Inside a line that was too long. */
};

enum lines_answer { LINES_ONE, LINES_NONE, LINES_TOO_LONG };

/* Reads what is there. False at the end of input. */
bool lines_fill(struct lines *lines, int fd);

/* The next whole line without its newline; valid until lines_fill(). */
enum lines_answer lines_next(struct lines *lines, char **line, size_t *size);

#endif
