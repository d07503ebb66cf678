/* JSON in and out: a bounded parser into a small tree, and writers that append to a GString. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT } JsonType;

typedef struct Json Json;
struct Json {
  JsonType type;
  double number; /* also 0 or 1 of a bool */
  char *text;    /* of JSON_TEXT */
  char *key;     /* when it is a member of an object */
  Json *child;   /* first member or item */
  Json *next;
};

/* NULL when the text is not one JSON value; `why` then says so in plain words. Depth is limited to 32. */
Json *json_parse(const char *text, gsize length, const char **why);
void json_free(Json *json);
const Json *json_get(const Json *object, const char *key);

/* Writers of `,"key":value` (the object was opened with a first field by its maker). */
void put_text(GString *out, const char *key, const char *value);
void put_number(GString *out, const char *key, double value);
void put_int(GString *out, const char *key, gint64 value);
void put_bool(GString *out, const char *key, bool value);
void put_key(GString *out, const char *key);

/* Writers of bare values. */
void json_text(GString *out, const char *value);
void json_number(GString *out, double value);
