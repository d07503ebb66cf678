/* One buffer; what is left of an unfinished line moves to its front before the next read. */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool lines_fill(struct lines *lines, int fd) {
  if (lines->begin > 0) {
    memmove(lines->bytes, lines->bytes + lines->begin, lines->end - lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
  }
  ssize_t n = read(fd, lines->bytes + lines->end, sizeof lines->bytes - lines->end);
  if (n > 0) lines->end += (size_t)n;
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

enum lines_answer lines_next(struct lines *lines, char **line, size_t *size) {
  for (;;) {
    char *from = lines->bytes + lines->begin;
    char *newline = memchr(from, '\n', lines->end - lines->begin);
    if (newline == NULL) {
      if (lines->end - lines->begin < sizeof lines->bytes) return LINES_NONE;
      bool first = !lines->skipping;
      lines->skipping = true;
      lines->begin = lines->end = 0;
      return first ? LINES_TOO_LONG : LINES_NONE;
    }
    lines->begin = (size_t)(newline + 1 - lines->bytes);
    if (lines->skipping) {
      lines->skipping = false;
      continue;
    }
    *line = from;
    *size = (size_t)(newline - from);
    return LINES_ONE;
  }
}
