/* Builds each line at the tail of the queue; half a line is never written. */
#include "out.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESERVE 65536 /* Room made in front of a new line whenever less than this is left behind the queue. */

static void put(struct out *out, const char *text, size_t size) {
  if (out->overflow) return;
  if (OUT_BYTES - out->end < size) {
    out->overflow = true;
    return;
  }
  memcpy(out->bytes + out->end, text, size);
  out->end += size;
}

__attribute__((format(printf, 2, 3))) static void print(struct out *out, const char *format, ...) {
  char text[64];
  va_list args;
  va_start(args, format);
  int size = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (size > 0) put(out, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

static void quoted(struct out *out, const char *text) {
  put(out, "\"", 1);
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\') print(out, "\\%c", *c);
    else if (*c < 0x20 || *c >= 0x7f) print(out, "\\u%04x", *c); /* Our own texts are ASCII; what is not came from outside. */
    else put(out, (const char *)c, 1);
  }
  put(out, "\"", 1);
}

static void key_of(struct out *out, const char *key) {
  if (out->comma) put(out, ",", 1);
  out->comma = true;
  if (key == NULL) return;
  put(out, "\"", 1);
  put(out, key, strlen(key));
  put(out, "\":", 2);
}

void out_line(struct out *out) {
  if (out->begin > 0 && OUT_BYTES - out->end < RESERVE) {
    memmove(out->bytes, out->bytes + out->begin, out->end - out->begin);
    out->end -= out->begin;
    out->begin = 0;
  }
  out->line = out->end;
  out->overflow = false;
  out->comma = false;
  put(out, "{", 1);
}

void out_done(struct out *out) {
  put(out, "}\n", 2);
  if (!out->overflow) return;
  out->end = out->line;
  out->dropped++;
}

void out_text(struct out *out, const char *key, const char *text) {
  key_of(out, key);
  if (text == NULL) put(out, "null", 4);
  else quoted(out, text);
}

void out_int(struct out *out, const char *key, int64_t value) {
  key_of(out, key);
  print(out, "%lld", (long long)value);
}

void out_ms(struct out *out, const char *key, int64_t us) {
  key_of(out, key);
  print(out, "%s%lld.%03lld", us < 0 ? "-" : "", (long long)(us < 0 ? -us : us) / 1000, (long long)(us < 0 ? -us : us) % 1000);
}

void out_real(struct out *out, const char *key, double value) {
  key_of(out, key);
  if (isfinite(value)) print(out, "%.3f", value);
  else put(out, "null", 4);
}

void out_bool(struct out *out, const char *key, bool value) {
  key_of(out, key);
  put(out, value ? "true" : "false", value ? 4 : 5);
}

void out_null(struct out *out, const char *key) {
  key_of(out, key);
  put(out, "null", 4);
}

void out_open(struct out *out, const char *key, char bracket) {
  key_of(out, key);
  put(out, &bracket, 1);
  out->comma = false;
}

void out_close(struct out *out, char bracket) {
  put(out, &bracket, 1);
  out->comma = true;
}

bool out_flush(struct out *out, int fd) {
  while (out->begin < out->end) {
    ssize_t n = write(fd, out->bytes + out->begin, out->end - out->begin);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    out->begin += (size_t)n;
  }
  out->begin = out->end = 0;
  return true;
}
