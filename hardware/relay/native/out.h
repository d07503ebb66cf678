/* Lines to standard output: a JSON writer and a bounded queue in front of a reader that may be slow. Never blocks. */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "bounds.h"

struct out {
  char bytes[OUT_BYTES];
  size_t begin, end;  /* What is not written yet. */
  size_t line;        /* Where the line under construction begins. */
  bool overflow;      /* The line under construction did not fit. */
  bool comma;         /* The next member or element needs a comma in front. */
  uint64_t dropped;   /* Lines that did not fit. */
};

void out_line(struct out *out);            /* Opens a line: "{". */
void out_done(struct out *out);            /* Closes it: "}\n"; a line that did not fit is dropped whole and counted. */
void out_text(struct out *out, const char *key, const char *text); /* NULL is written as null. */
void out_int(struct out *out, const char *key, int64_t value);
void out_ms(struct out *out, const char *key, int64_t us); /* Microseconds, written as milliseconds with 3 decimals. */
void out_real(struct out *out, const char *key, double value);
void out_bool(struct out *out, const char *key, bool value);
void out_null(struct out *out, const char *key);
void out_open(struct out *out, const char *key, char bracket); /* '[' or '{'; `key` is NULL for an element. */
void out_close(struct out *out, char bracket);                 /* ']' or '}'. */

/* Writes what the reader takes. False when the reader is gone. */
bool out_flush(struct out *out, int fd);

#endif
