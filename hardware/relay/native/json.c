/* Recursive descent with a depth limit. Every byte read is checked against the end; numbers never see the locale. */
#include "json.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

struct reader {
  struct json *json;
  char *at;
  char *end;
  char *begin;
};

static bool fail(struct reader *r, const char *why) {
  if (r->json->error == NULL) {
    r->json->error = why;
    r->json->error_at = (size_t)(r->at - r->begin);
  }
  return false;
}

static void blanks(struct reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n')) r->at++;
}

static int add(struct reader *r, enum json_type type) {
  if (r->json->count >= TOKENS_MAX) return -1;
  int index = r->json->count++;
  r->json->token[index] = (struct json_token){.type = type, .after = index + 1};
  return index;
}

static int hex4(const struct reader *r, const char *from) {
  if (r->end - from < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; i++) {
    char c = from[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static char *put_utf8(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
  } else if (code < 0x800) {
    *to++ = (char)(0xc0 | code >> 6);
    *to++ = (char)(0x80 | (code & 63));
  } else if (code < 0x10000) {
    *to++ = (char)(0xe0 | code >> 12);
    *to++ = (char)(0x80 | (code >> 6 & 63));
    *to++ = (char)(0x80 | (code & 63));
  } else {
    *to++ = (char)(0xf0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 63));
    *to++ = (char)(0x80 | (code >> 6 & 63));
    *to++ = (char)(0x80 | (code & 63));
  }
  return to;
}

/* `r->at` stands behind "\u". */
static bool unicode(struct reader *r, char **to) {
  int first = hex4(r, r->at);
  if (first < 0) return fail(r, "four hexadecimal digits must follow \\u");
  if (first == 0) return fail(r, "a NUL character is not allowed");
  r->at += 4;
  uint32_t code = (uint32_t)first;
  if (first >= 0xdc00 && first <= 0xdfff) return fail(r, "a low surrogate stands alone");
  if (first >= 0xd800 && first <= 0xdbff) {
    if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u') return fail(r, "a high surrogate stands alone");
    int second = hex4(r, r->at + 2);
    if (second < 0xdc00 || second > 0xdfff) return fail(r, "a high surrogate stands alone");
    r->at += 6;
    code = 0x10000 + (((uint32_t)first - 0xd800) << 10) + ((uint32_t)second - 0xdc00);
  }
  *to = put_utf8(*to, code); /* At most 4 bytes for 6 or 12 read: never overtakes the reader. */
  return true;
}

static bool escape(struct reader *r, char **to) {
  if (r->at >= r->end) return fail(r, "the string does not end");
  char c = *r->at++;
  switch (c) {
    case '"': case '\\': case '/': *(*to)++ = c; return true;
    case 'b': *(*to)++ = '\b'; return true;
    case 'f': *(*to)++ = '\f'; return true;
    case 'n': *(*to)++ = '\n'; return true;
    case 'r': *(*to)++ = '\r'; return true;
    case 't': *(*to)++ = '\t'; return true;
    case 'u': return unicode(r, to);
    default: return fail(r, "unknown escape");
  }
}

/* `r->at` stands on the opening quote. */
static bool string(struct reader *r, int *index) {
  *index = add(r, JSON_STRING);
  if (*index < 0) return fail(r, "too many values");
  char *text = ++r->at;
  char *to = text;
  for (;;) {
    if (r->at >= r->end) return fail(r, "the string does not end");
    unsigned char c = (unsigned char)*r->at;
    if (c < 0x20) return fail(r, "control character in a string");
    r->at++;
    if (c == '"') break;
    if (c != '\\') *to++ = (char)c;
    else if (!escape(r, &to)) return false;
  }
  *to = '\0'; /* The closing quote, or something already read, is overwritten. */
  r->json->token[*index].text = text;
  r->json->token[*index].size = (size_t)(to - text);
  return true;
}

static bool is_digit(const struct reader *r) { return r->at < r->end && *r->at >= '0' && *r->at <= '9'; }

static bool number(struct reader *r) {
  int index = add(r, JSON_NUMBER);
  if (index < 0) return fail(r, "too many values");
  bool negative = *r->at == '-';
  if (negative) r->at++;
  if (!is_digit(r)) return fail(r, "not a JSON value");
  double value = 0;
  if (*r->at == '0') r->at++;
  else while (is_digit(r)) value = value * 10 + (*r->at++ - '0');
  if (r->at < r->end && *r->at == '.') {
    r->at++;
    if (!is_digit(r)) return fail(r, "a digit must follow the decimal point");
    for (double scale = 0.1; is_digit(r); scale /= 10) value += (*r->at++ - '0') * scale;
  }
  if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) return fail(r, "exponents are not accepted");
  if (!isfinite(value)) return fail(r, "the number is too large");
  r->json->token[index].number = negative ? -value : value;
  return true;
}

static bool word(struct reader *r, const char *text, enum json_type type) {
  size_t size = strlen(text);
  if ((size_t)(r->end - r->at) < size || memcmp(r->at, text, size) != 0) return fail(r, "not a JSON value");
  r->at += size;
  return add(r, type) >= 0 || fail(r, "too many values");
}

static bool value(struct reader *r, int depth);

static bool list(struct reader *r, int depth, bool object) {
  char close = object ? '}' : ']';
  int index = add(r, object ? JSON_OBJECT : JSON_ARRAY);
  if (index < 0) return fail(r, "too many values");
  if (depth >= JSON_DEPTH_MAX) return fail(r, "nested too deep");
  r->at++;
  blanks(r);
  if (r->at < r->end && *r->at == close) {
    r->at++;
    return true;
  }
  for (;;) {
    blanks(r);
    if (object) {
      int key;
      if (r->at >= r->end || *r->at != '"') return fail(r, "a member name in quotes was expected");
      if (!string(r, &key)) return false;
      blanks(r);
      if (r->at >= r->end || *r->at != ':') return fail(r, "a colon was expected");
      r->at++;
    }
    if (!value(r, depth + 1)) return false;
    r->json->token[index].count++;
    blanks(r);
    if (r->at >= r->end) return fail(r, "the value does not end");
    char c = *r->at++;
    if (c == close) break;
    if (c != ',') return fail(r, "a comma was expected");
  }
  r->json->token[index].after = r->json->count;
  return true;
}

static bool value(struct reader *r, int depth) {
  blanks(r);
  if (r->at >= r->end) return fail(r, "a value was expected");
  int index;
  switch (*r->at) {
    case '{': return list(r, depth, true);
    case '[': return list(r, depth, false);
    case '"': return string(r, &index);
    case 't': return word(r, "true", JSON_TRUE);
    case 'f': return word(r, "false", JSON_FALSE);
    case 'n': return word(r, "null", JSON_NULL);
    default: return number(r);
  }
}

bool json_read(struct json *json, char *text, size_t size) {
  struct reader r = {.json = json, .at = text, .end = text + size, .begin = text};
  json->count = 0;
  json->error = NULL;
  json->error_at = 0;
  if (!value(&r, 0)) return false;
  blanks(&r);
  return r.at == r.end || fail(&r, "something follows the value");
}

int json_member(const struct json *json, int object, const char *key) {
  if (json->token[object].type != JSON_OBJECT) return -1;
  int at = object + 1;
  for (int i = 0; i < json->token[object].count; i++) {
    if (strcmp(json->token[at].text, key) == 0) return at + 1;
    at = json->token[at + 1].after;
  }
  return -1;
}
