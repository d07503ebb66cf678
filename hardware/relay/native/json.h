/* A strict JSON reader into a fixed array of tokens. Strings are unescaped in place and end in NUL. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include "bounds.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_token {
  enum json_type type;
  int after;   /* Index of the first token behind this value and everything in it. */
  int count;   /* Elements of an array, members of an object. */
  char *text;  /* JSON_STRING: the characters. */
  size_t size; /* JSON_STRING: their number (a NUL inside is refused). */
  double number;
};

struct json {
  struct json_token token[TOKENS_MAX];
  int count;
  const char *error; /* What was wrong, when json_read returned false. */
  size_t error_at;   /* Byte offset of it. */
};

/* Reads one JSON value that fills `text` entirely; `text` is changed and must outlive the tokens. Token 0 is the value. */
bool json_read(struct json *json, char *text, size_t size);

/* The token of member `key` in the object at `object`, or -1. */
int json_member(const struct json *json, int object, const char *key);

#endif
