/* One table row per member of each command: its type decides what is accepted and where the value goes. Unknown members are errors. */
#include "command.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "streamid.h"

enum type { NAME, HOST, DEVICE, KEY, STREAM_ID, PORT, LATENCY, SSRC, SSRC_OR_NULL, KIND, FROM, TO_ONE, TO_MANY, BACKUPS, NOT, RANGE_MS, KBPS, KBPS_IN };

struct field {
  const char *key;
  enum type type;
  bool required;
  size_t at;
};

#define AT(member) offsetof(struct command, member)

static const struct field listen_fields[] = {
  {"host", HOST, true, AT(host)}, {"port", PORT, true, AT(port)}, {"latencyMs", LATENCY, true, AT(latency_ms)}, {0}};
static const struct field allow_fields[] = {
  {"node", NAME, true, AT(name)}, {"key", KEY, true, AT(key)}, {"pub", NOT, false, AT(no_pub)}, {"sub", NOT, false, AT(no_sub)},
  {"maxKbps", KBPS, false, AT(max_kbps)}, {"maxInKbps", KBPS_IN, false, AT(max_in_kbps)}, {0}};
static const struct field node_fields[] = {{"node", NAME, true, AT(name)}, {0}};
static const struct field connect_fields[] = {
  {"link", NAME, true, AT(name)}, {"host", HOST, true, AT(host)}, {"port", PORT, true, AT(port)}, {"streamId", STREAM_ID, true, AT(stream_id)},
  {"key", KEY, true, AT(key)}, {"latencyMs", LATENCY, true, AT(latency_ms)}, {"bind", HOST, false, AT(bind)}, {"device", DEVICE, false, AT(device)},
  {"heartbeat", NOT, false, AT(no_heartbeat)}, {"maxKbps", KBPS, false, AT(max_kbps)}, {0}};
static const struct field link_fields[] = {{"link", NAME, true, AT(name)}, {0}};
static const struct field cut_fields[] = {{"link", NAME, true, AT(name)}, {"ms", RANGE_MS, true, AT(cut_ms)}, {0}};
static const struct field input_fields[] = {{"name", NAME, true, AT(name)}, {"port", PORT, false, AT(port)}, {0}};
static const struct field name_fields[] = {{"name", NAME, true, AT(name)}, {0}};
static const struct field route_fields[] = {
  {"ssrc", SSRC, true, AT(ssrc)}, {"kind", KIND, true, AT(audio)}, {"from", FROM, false, AT(from)}, {"to", TO_MANY, true, AT(to)}, {0}};
static const struct field ssrc_fields[] = {{"ssrc", SSRC, true, AT(ssrc)}, {0}};
static const struct field view_fields[] = {
  {"view", NAME, true, AT(name)}, {"to", TO_ONE, true, AT(to)}, {"ssrc", SSRC_OR_NULL, true, AT(ssrc)}, {"kind", KIND, false, AT(audio)},
  {"as", SSRC, false, AT(as)}, {"backups", BACKUPS, false, AT(backup)}, {"afterMs", RANGE_MS, false, AT(after_ms)},
  {"holdMs", RANGE_MS, false, AT(hold_ms)}, {0}};
static const struct field view_name_fields[] = {{"view", NAME, true, AT(name)}, {0}};
static const struct field tune_fields[] = {
  {"turnMs", RANGE_MS, false, AT(turn_ms)}, {"silentMs", RANGE_MS, false, AT(silent_ms)}, {"redialMs", RANGE_MS, false, AT(redial_ms)},
  {"heartbeatMs", RANGE_MS, false, AT(heartbeat_ms)}, {"videoStallMs", RANGE_MS, false, AT(video_stall_ms)},
  {"audioStallMs", RANGE_MS, false, AT(audio_stall_ms)}, {"queueMs", RANGE_MS, false, AT(queue_ms)},
  {"queueHoldMs", RANGE_MS, false, AT(queue_hold_ms)}, {"levelsMs", RANGE_MS, false, AT(levels_ms)},
  {"videoWaitMs", RANGE_MS, false, AT(video_wait_ms)}, {0}};
static const struct field pace_fields[] = {{"name", NAME, true, AT(name)}, {"kbps", KBPS, true, AT(max_kbps)}, {0}};
static const struct field no_fields[] = {{0}};

static const struct {
  const char *name;
  enum command_do what;
  const struct field *fields;
} commands[] = {
  {"ping", DO_PING, no_fields}, {"quit", DO_QUIT, no_fields}, {"stats", DO_STATS, no_fields}, {"queues", DO_QUEUES, no_fields}, {"pace", DO_PACE, pace_fields}, {"tune", DO_TUNE, tune_fields},
  {"listen", DO_LISTEN, listen_fields}, {"allow", DO_ALLOW, allow_fields}, {"deny", DO_DENY, node_fields},
  {"connect", DO_CONNECT, connect_fields}, {"disconnect", DO_DISCONNECT, link_fields}, {"cut", DO_CUT, cut_fields},
  {"input", DO_INPUT, input_fields}, {"close-input", DO_CLOSE_INPUT, name_fields},
  {"route", DO_ROUTE, route_fields}, {"unroute", DO_UNROUTE, ssrc_fields},
  {"view", DO_VIEW, view_fields}, {"unview", DO_UNVIEW, view_name_fields},
};

static bool refuse(struct command_error *error, const char *code, const char *key, const char *why) {
  error->code = code;
  snprintf(error->detail, sizeof error->detail, "%.60s: %s", key, why);
  return false;
}

static bool integer(const struct json_token *t, int64_t min, int64_t max, int64_t *value) {
  if (t->type != JSON_NUMBER || t->number < (double)min || t->number > (double)max) return false;
  *value = (int64_t)t->number;
  return (double)*value == t->number;
}

static const char *name_of(const struct json_token *t) {
  return t->type == JSON_STRING && name_ok(t->text, t->size) ? t->text : NULL;
}

static bool target(const struct json *json, int index, struct wanted_target *to) {
  const struct json_token *t = &json->token[index];
  if (t->type != JSON_OBJECT || t->count != 1) return false;
  const char *key = json->token[index + 1].text;
  const struct json_token *value = &json->token[index + 2];
  int64_t port = 0;
  if (strcmp(key, "udp") == 0) {
    if (!integer(value, 1, 65535, &port)) return false;
    *to = (struct wanted_target){TARGET_UDP, NULL, (int)port};
    return true;
  }
  bool peer = strcmp(key, "peer") == 0;
  if (!peer && strcmp(key, "link") != 0) return false;
  *to = (struct wanted_target){peer ? TARGET_PEER : TARGET_LINK, name_of(value), 0};
  return to->name != NULL;
}

static bool targets(const struct json *json, int index, struct command *c) {
  const struct json_token *t = &json->token[index];
  if (t->type != JSON_ARRAY || t->count > TARGETS_MAX) return false;
  for (int at = index + 1; at < t->after; at = json->token[at].after)
    if (!target(json, at, &c->to[c->to_count++])) return false;
  return true;
}

static bool from(const struct json *json, int index, struct command *c) {
  const struct json_token *t = &json->token[index];
  if (t->type != JSON_ARRAY || t->count > TARGETS_MAX) return false;
  c->from_count = 0;
  for (int at = index + 1; at < t->after; at++)
    if ((c->from[c->from_count++] = name_of(&json->token[at])) == NULL) return false;
  return true;
}

static bool backups(const struct json *json, int index, struct command *c) {
  const struct json_token *t = &json->token[index];
  if (t->type != JSON_ARRAY || t->count > BACKUPS_MAX) return false;
  for (int at = index + 1; at < t->after; at++) {
    int64_t ssrc;
    if (!integer(&json->token[at], 0, UINT32_MAX, &ssrc)) return false;
    c->backup[c->backup_count++] = (uint32_t)ssrc;
  }
  return true;
}

static bool visible(const struct json_token *t, size_t min, size_t max) {
  if (t->type != JSON_STRING || t->size < min || t->size > max) return false;
  for (size_t i = 0; i < t->size; i++)
    if (t->text[i] < 0x21 || t->text[i] > 0x7e) return false;
  return true;
}

/* Takes the value at `index` for `field`. Returns what was expected when it does not fit. */
static const char *take(struct command *c, const struct json *json, int index, const struct field *field) {
  const struct json_token *t = &json->token[index];
  void *to = (char *)c + field->at;
  switch (field->type) {
    case NAME: return (*(const char **)to = name_of(t)) != NULL ? NULL : "1 to 63 characters of A-Z a-z 0-9 . _ - expected";
    case HOST: *(const char **)to = t->text; return visible(t, 1, HOST_SIZE - 1) ? NULL : "a numeric address expected";
    case DEVICE: *(const char **)to = t->text; return visible(t, 1, DEVICE_SIZE - 1) ? NULL : "the name of a network interface expected";
    case KEY: *(const char **)to = t->text; return visible(t, 10, KEY_SIZE - 1) ? NULL : "10 to 79 visible ASCII characters expected";
    case STREAM_ID: *(const char **)to = t->text; return visible(t, 1, STREAM_ID_SIZE - 4) ? NULL : "1 to 156 visible ASCII characters expected";
    case PORT: return integer(t, 0, 65535, to) ? NULL : "a port from 0 to 65535 expected";
    case LATENCY: return integer(t, 0, 10000, to) ? NULL : "0 to 10000 milliseconds expected";
    case SSRC_OR_NULL:
      if (t->type == JSON_NULL) return NULL;
      c->has_ssrc = true;
      return integer(t, 0, UINT32_MAX, to) ? NULL : "a 32-bit number or null expected";
    case SSRC: return integer(t, 0, UINT32_MAX, to) ? NULL : "a 32-bit number expected";
    case KIND:
      if (t->type != JSON_STRING) return "\"video\" or \"audio\" expected";
      *(bool *)to = strcmp(t->text, "audio") == 0;
      return *(bool *)to || strcmp(t->text, "video") == 0 ? NULL : "\"video\" or \"audio\" expected";
    case FROM: return from(json, index, c) ? NULL : "a list of at most 128 names expected";
    case TO_ONE: return target(json, index, &c->to[c->to_count++]) ? NULL : "one of {\"peer\":NODE}, {\"link\":NAME}, {\"udp\":PORT} expected";
    case TO_MANY: return targets(json, index, c) ? NULL : "a list of at most 128 of {\"peer\":NODE}, {\"link\":NAME}, {\"udp\":PORT} expected";
    case BACKUPS: return backups(json, index, c) ? NULL : "a list of at most 3 SSRCs expected";
    case NOT: *(bool *)to = t->type == JSON_FALSE; return t->type == JSON_FALSE || t->type == JSON_TRUE ? NULL : "true or false expected";
    case RANGE_MS: return integer(t, 1, 60000, to) ? NULL : "1 to 60000 milliseconds expected";
    case KBPS_IN: c->has_max_in = true; return integer(t, 0, 10000000, to) ? NULL : "0 (no limit) to 10000000 kbit/s expected";
    case KBPS: return integer(t, 0, 10000000, to) ? NULL : "0 (no limit) to 10000000 kbit/s expected";
  }
  return "not understood";
}

static bool members(struct command *c, const struct json *json, const struct field *fields, struct command_error *error) {
  for (const struct field *f = fields; f->key != NULL; f++)
    if (f->required && json_member(json, 0, f->key) < 0) return refuse(error, "input.missing", f->key, "this member is required");
  for (int at = 1; at < json->token[0].after; at = json->token[at + 1].after) {
    const char *key = json->token[at].text;
    if (strcmp(key, "id") == 0 || strcmp(key, "do") == 0) continue;
    const struct field *f = fields;
    while (f->key != NULL && strcmp(f->key, key) != 0) f++;
    if (f->key == NULL) return refuse(error, "input.unknown", key, "this command has no such member");
    if (json_member(json, 0, key) != at + 1) return refuse(error, "input.invalid", key, "given twice");
    const char *why = take(c, json, at + 1, f);
    if (why != NULL) return refuse(error, "input.invalid", key, why);
  }
  return true;
}

bool command_parse(struct command *c, struct json *json, char *line, size_t size, struct command_error *error) {
  memset(c, 0, sizeof *c);
  c->from_count = -1;
  if (!json_read(json, line, size)) {
    error->code = "input.not-json";
    snprintf(error->detail, sizeof error->detail, "%s at byte %zu", json->error, json->error_at);
    return false;
  }
  int id = json_member(json, 0, "id");
  int what = json_member(json, 0, "do");
  c->has_id = id >= 0 && integer(&json->token[id], 0, 1ll << 53, &c->id);
  if (id >= 0 && !c->has_id && json->token[id].type != JSON_NULL) return refuse(error, "input.invalid", "id", "a whole number from 0 expected");
  if (what < 0 || json->token[what].type != JSON_STRING) return refuse(error, "input.missing", "do", "the name of a command is required");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(json->token[what].text, commands[i].name) != 0) continue;
    c->what = commands[i].what;
    return members(c, json, commands[i].fields, error);
  }
  return refuse(error, "command.unknown", json->token[what].text, "no such command");
}
