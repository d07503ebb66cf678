/* `set {way,…}` changes the settings that it names, `stats` tells counters, `clear` zeroes them, `ping`, `quit`. */
#include "control.h"

#include <stdio.h>
#include <string.h>

static const char *const way_names[] = {"up", "down"};

void control_ready(struct link *link) {
  out_line(&link->out);
  out_text(&link->out, "event", "ready");
  out_text(&link->out, "program", "impair");
  out_int(&link->out, "version", 1);
  out_done(&link->out);
}

static void answer(struct link *link, double id, const char *error, const char *detail) {
  out_line(&link->out);
  if (id < 0) out_null(&link->out, "id");
  else out_int(&link->out, "id", (int64_t)id);
  out_bool(&link->out, "ok", error == NULL);
  if (error == NULL) return;
  out_text(&link->out, "error", error);
  out_text(&link->out, "detail", detail);
}

static void refuse(struct link *link, double id, const char *detail) {
  answer(link, id, "input.invalid", detail);
  out_done(&link->out);
}

enum kind { PERCENT, MILLISECONDS, LENGTH, RATE, TRUTH };

struct member {
  const char *key;
  enum kind kind;
  size_t offset; /* In struct settings. */
};

static const struct member members[] = {
    {"delayMs", MILLISECONDS, offsetof(struct settings, delay)},
    {"jitterMs", MILLISECONDS, offsetof(struct settings, jitter)},
    {"reorder", TRUTH, offsetof(struct settings, reorder)},
    {"lossPercent", PERCENT, offsetof(struct settings, loss)},
    {"burstLossPercent", PERCENT, offsetof(struct settings, burst_loss)},
    {"burstLength", LENGTH, offsetof(struct settings, burst_length)},
    {"kbps", RATE, offsetof(struct settings, kbps)},
    {"queueMs", MILLISECONDS, offsetof(struct settings, queue)},
    {"duplicatePercent", PERCENT, offsetof(struct settings, duplicate)},
    {"cut", TRUTH, offsetof(struct settings, cut)},
};

/* False when the value does not fit its kind. */
static bool store(struct settings *settings, const struct member *member, const struct json_token *value) {
  void *at = (char *)settings + member->offset;
  if (member->kind == TRUTH) {
    *(bool *)at = value->type == JSON_TRUE;
    return value->type == JSON_TRUE || value->type == JSON_FALSE;
  }
  double number = value->number;
  if (value->type != JSON_NUMBER || !(number >= 0)) return false;
  switch (member->kind) {
    case PERCENT: *(double *)at = number / 100; return number <= 100;
    case MILLISECONDS: if (number > 60000) return false; *(int64_t *)at = (int64_t)(number * (double)NS_PER_MS); return true;
    case LENGTH: *(double *)at = number; return number >= 1 && number <= 1e6;
    case RATE: *(double *)at = number; return number == 0 || (number >= 0.001 && number <= 1e7);
    case TRUTH: break;
  }
  return false;
}

static void set(struct link *link, double id) {
  struct settings next[2] = {link->way[0].settings, link->way[1].settings};
  const struct json *json = &link->json;
  int named = json_member(json, 0, "way");
  bool both = named >= 0 && json->token[named].type == JSON_STRING && strcmp(json->token[named].text, "both") == 0;
  bool meant[2] = {both, both};
  for (int i = 0; i < 2 && named >= 0 && json->token[named].type == JSON_STRING; i++)
    if (strcmp(json->token[named].text, way_names[i]) == 0) meant[i] = true;
  if (!meant[0] && !meant[1]) {
    refuse(link, id, "way: must be up, down or both");
    return;
  }
  int known = 3; /* id, do, way */
  for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
    int at = json_member(json, 0, members[m].key);
    if (at < 0) continue;
    known++;
    for (int i = 0; i < 2; i++) {
      if (!meant[i] || store(&next[i], &members[m], &json->token[at])) continue;
      char detail[80];
      snprintf(detail, sizeof detail, "%s: out of range or of the wrong type", members[m].key);
      refuse(link, id, detail);
      return;
    }
  }
  if (json->token[0].count != known) {
    refuse(link, id, "there is a member that this program does not know");
    return;
  }
  for (int i = 0; i < 2; i++) {
    if (!meant[i]) continue;
    link->way[i].settings = next[i];
    way_changed(&link->way[i]);
  }
  answer(link, id, NULL, NULL);
  out_done(&link->out);
}

static void tell_way(struct out *out, const struct way *way, const struct port *from) {
  const struct counters *c = &way->count;
  const struct { const char *key; uint64_t value; } counts[] = {
      {"frames", c->frames}, {"bytes", c->bytes}, {"passed", c->passed}, {"passedBytes", c->passed_bytes}, {"lost", c->lost},
      {"burstLost", c->burst_lost}, {"bursts", c->bursts}, {"queueDropped", c->queue_dropped}, {"cutDropped", c->cut_dropped},
      {"duplicated", c->duplicated}, {"other", c->other}, {"unfinished", c->unfinished}, {"sendErrors", c->send_errors},
      {"missed", from->missed}, {"waiting", way->waiting.count}, {"fate", c->fate},
  };
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) out_int(out, counts[i].key, (int64_t)counts[i].value);
  out_ms(out, "maxLateMs", c->max_late / 1000);
  out_ms(out, "maxGapMs", c->max_gap / 1000);
  out_ms(out, "spanMs", (c->last_left - c->first_left) / 1000);
}

static void stats(struct link *link, double id) {
  answer(link, id, NULL, NULL);
  for (int i = 0; i < 2; i++) {
    port_count_missed(&link->port[i]);
    out_open(&link->out, way_names[i], '{');
    tell_way(&link->out, &link->way[i], &link->port[i]);
    out_close(&link->out, '}');
  }
  out_done(&link->out);
}

static void clear(struct link *link, double id) {
  for (int i = 0; i < 2; i++) {
    port_count_missed(&link->port[i]);
    link->port[i].missed = 0;
    way_clear(&link->way[i]);
  }
  answer(link, id, NULL, NULL);
  out_done(&link->out);
}

void control_take(struct link *link, char *line, size_t size) {
  struct json *json = &link->json;
  if (!json_read(json, line, size) || json->token[0].type != JSON_OBJECT) {
    refuse(link, -1, "not a JSON object");
    return;
  }
  int id_at = json_member(json, 0, "id"), what = json_member(json, 0, "do");
  double id = id_at >= 0 && json->token[id_at].type == JSON_NUMBER ? json->token[id_at].number : -1;
  const char *act = what >= 0 && json->token[what].type == JSON_STRING ? json->token[what].text : "";
  if (!(id >= 0 && id < 9e15)) refuse(link, -1, "id: must be a number, not negative");
  else if (strcmp(act, "set") == 0) set(link, id);
  else if (strcmp(act, "stats") == 0) stats(link, id);
  else if (strcmp(act, "clear") == 0) clear(link, id);
  else if (strcmp(act, "ping") == 0 || strcmp(act, "quit") == 0) {
    link->quit = act[0] == 'q';
    answer(link, id, NULL, NULL);
    out_done(&link->out);
  } else refuse(link, id, "do: must be set, stats, clear, ping or quit");
}

void control_too_long(struct link *link) {
  refuse(link, -1, "line too long");
}
