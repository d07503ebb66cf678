/* JSON for one line at a time. Strings must be valid UTF-8 without NUL; nesting is bounded; nothing here reads past `end`. */
#include "json.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 32

typedef struct {
  const char *at, *end;
  const char *why;
} Reader;

static Json *value(Reader *r, int depth);

static void blank(Reader *r) {
  while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at) r->at++;
}

static bool take(Reader *r, char c) {
  blank(r);
  if (r->at < r->end && *r->at == c) {
    r->at++;
    return true;
  }
  return false;
}

static Json *fresh(JsonType type) {
  Json *json = g_new0(Json, 1);
  json->type = type;
  return json;
}

static bool hex4(Reader *r, gunichar *out) {
  if (r->end - r->at < 4) return false;
  *out = 0;
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value(*r->at++);
    if (digit < 0) return false;
    *out = *out << 4 | (gunichar)digit;
  }
  return true;
}

static bool escape(Reader *r, GString *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (r->at >= r->end) return false;
  char c = *r->at++;
  const char *known = c ? strchr(from, c) : NULL;
  if (known) {
    g_string_append_c(out, to[known - from]);
    return true;
  }
  gunichar high, low;
  if (c != 'u' || !hex4(r, &high) || high == 0) return false;
  if (high >= 0xdc00 && high < 0xe000) return false;
  if (high >= 0xd800 && high < 0xdc00) {
    if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u') return false;
    r->at += 2;
    if (!hex4(r, &low) || low < 0xdc00 || low >= 0xe000) return false;
    high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  }
  g_string_append_unichar(out, high);
  return true;
}

/* After the opening quote. */
static char *text(Reader *r) {
  GString *out = g_string_new(NULL);
  while (r->at < r->end) {
    char c = *r->at++;
    if (c == '"') return g_string_free(out, FALSE);
    if ((unsigned char)c < 0x20) break;
    if (c != '\\') g_string_append_c(out, c);
    else if (!escape(r, out)) break;
  }
  r->why = "a string is not closed or holds a bad escape";
  g_string_free(out, TRUE);
  return NULL;
}

static Json *number(Reader *r) {
  char copy[64];
  gsize n = 0;
  while (r->at < r->end && n < sizeof copy - 1 && *r->at && strchr("+-.0123456789eE", *r->at)) copy[n++] = *r->at++;
  copy[n] = 0;
  char *stop = NULL;
  double parsed = g_ascii_strtod(copy, &stop);
  if (n == 0 || *stop || !isfinite(parsed)) {
    r->why = "a value is not JSON";
    return NULL;
  }
  Json *json = fresh(JSON_NUMBER);
  json->number = parsed;
  return json;
}

static Json *members(Reader *r, int depth, JsonType type, char close) {
  Json *json = fresh(type), **tail = &json->child;
  if (take(r, close)) return json;
  do {
    char *key = NULL;
    if (type == JSON_OBJECT) {
      if (!take(r, '"') || !(key = text(r)) || !take(r, ':')) {
        g_free(key);
        if (!r->why) r->why = "an object needs \"key\": value";
        break;
      }
    }
    Json *item = value(r, depth + 1);
    if (!item) {
      g_free(key);
      break;
    }
    item->key = key;
    *tail = item;
    tail = &item->next;
    if (take(r, close)) return json;
  } while (take(r, ','));
  if (!r->why) r->why = "a list or object is not closed";
  json_free(json);
  return NULL;
}

static bool word(Reader *r, const char *word) {
  gsize n = strlen(word);
  if ((gsize)(r->end - r->at) < n || memcmp(r->at, word, n) != 0) return false;
  r->at += n;
  return true;
}

static Json *value(Reader *r, int depth) {
  if (depth > MAX_DEPTH) {
    r->why = "nested deeper than 32";
    return NULL;
  }
  if (take(r, '{')) return members(r, depth, JSON_OBJECT, '}');
  if (take(r, '[')) return members(r, depth, JSON_ARRAY, ']');
  if (take(r, '"')) {
    char *parsed = text(r);
    if (!parsed) return NULL;
    Json *json = fresh(JSON_TEXT);
    json->text = parsed;
    return json;
  }
  if (word(r, "null")) return fresh(JSON_NULL);
  bool yes = word(r, "true");
  if (yes || word(r, "false")) {
    Json *json = fresh(JSON_BOOL);
    json->number = yes;
    return json;
  }
  return number(r);
}

Json *json_parse(const char *from, gsize length, const char **why) {
  Reader r = {from, from + length, NULL};
  Json *json = NULL;
  if (!g_utf8_validate(from, (gssize)length, NULL)) r.why = "not UTF-8";
  else json = value(&r, 0);
  blank(&r);
  if (json && r.at != r.end) {
    json_free(json);
    json = NULL;
    r.why = "text after the value";
  }
  if (!json) *why = r.why ? r.why : "not JSON";
  return json;
}

void json_free(Json *json) {
  while (json) {
    Json *next = json->next;
    json_free(json->child);
    g_free(json->text);
    g_free(json->key);
    g_free(json);
    json = next;
  }
}

const Json *json_get(const Json *object, const char *key) {
  if (!object || object->type != JSON_OBJECT) return NULL;
  for (const Json *member = object->child; member; member = member->next)
    if (strcmp(member->key, key) == 0) return member;
  return NULL;
}

void json_text(GString *out, const char *value) {
  if (!value) {
    g_string_append(out, "null");
    return;
  }
  char *valid = g_utf8_validate(value, -1, NULL) ? NULL : g_utf8_make_valid(value, -1);
  g_string_append_c(out, '"');
  for (const char *p = valid ? valid : value; *p; p++) {
    if (*p == '"' || *p == '\\') g_string_append_c(out, '\\'), g_string_append_c(out, *p);
    else if (*p == '\n') g_string_append(out, "\\n");
    else if ((unsigned char)*p < 0x20) g_string_append_printf(out, "\\u%04x", (unsigned char)*p);
    else g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
  g_free(valid);
}

void json_number(GString *out, double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  if (!isfinite(value)) g_string_append(out, "null");
  else if (value == floor(value) && fabs(value) < 9e15) g_string_append_printf(out, "%" G_GINT64_FORMAT, (gint64)value);
  else g_string_append(out, g_ascii_formatd(digits, sizeof digits, "%.12g", value));
}

void put_key(GString *out, const char *key) { g_string_append_printf(out, ",\"%s\":", key); }

void put_text(GString *out, const char *key, const char *value) {
  put_key(out, key);
  json_text(out, value);
}

void put_number(GString *out, const char *key, double value) {
  put_key(out, key);
  json_number(out, value);
}

void put_int(GString *out, const char *key, gint64 value) { g_string_append_printf(out, ",\"%s\":%" G_GINT64_FORMAT, key, value); }

void put_bool(GString *out, const char *key, bool value) { g_string_append_printf(out, ",\"%s\":%s", key, value ? "true" : "false"); }
