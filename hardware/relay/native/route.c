/* Turns the names and ports of "route" and "view" into targets and streams. */
#include "clock.h"
#include "relay.h"

#include <stdio.h>
#include <string.h>

static bool resolve(struct relay *r, const struct wanted_target *want, struct target *to, struct command_error *error) {
  int where = want->kind == TARGET_UDP ? want->port : names_intern(&r->names, want->name);
  if (where < 0) return fail(error, "exhausted", "no room for another name");
  *to = (struct target){want->kind, where};
  return true;
}

static struct stream *open_stream(struct relay *r, uint32_t ssrc, bool video, struct command_error *error) {
  struct stream *stream = streams_open(&r->streams, ssrc, video);
  if (stream == NULL) fail(error, "exhausted", "no room for another SSRC");
  else if (stream->video != video) fail(error, "conflict", "SSRC %u is %s", ssrc, stream->video ? "video" : "audio");
  else return stream;
  return NULL;
}

bool route_set(struct relay *r, const struct command *c, struct command_error *error) {
  struct target target[TARGETS_MAX];
  struct name_set from;
  memset(&from, 0, sizeof from);
  for (int i = 0; i < c->to_count; i++)
    if (!resolve(r, &c->to[i], &target[i], error)) return false;
  for (int i = 0; i < c->from_count; i++) {
    int name = names_intern(&r->names, c->from[i]);
    if (name < 0) return fail(error, "exhausted", "no room for another name");
    name_set_add(&from, name);
  }
  struct stream *stream = open_stream(r, (uint32_t)c->ssrc, !c->audio, error);
  if (stream == NULL) return false;
  stream->routed = true;
  stream->from_anyone = c->from_count < 0;
  if (memcmp(&stream->from, &from, sizeof from) != 0) memset(&stream->told, 0, sizeof stream->told);
  stream->from = from;
  stream->target_count = c->to_count;
  memcpy(stream->target, target, sizeof *target * (size_t)c->to_count);
  return true;
}

bool route_remove(struct relay *r, uint32_t ssrc) {
  struct stream *stream = streams_find(&r->streams, ssrc);
  if (stream == NULL || !stream->routed) return false;
  int index = streams_index(&r->streams, stream);
  stream->routed = false;
  stream->from_anyone = true;
  stream->target_count = 0;
  for (int i = 0; i < r->conns.high; i++) r->conns.at[i].gates[index >> 6] &= ~(1ull << (index & 63));
  streams_release(&r->streams, stream);
  return true;
}

static void release(struct relay *r, struct stream *const *choice, int count) {
  for (int i = 0; i < count; i++) streams_release(&r->streams, choice[i]);
}

static bool open_choices(struct relay *r, const struct command *c, struct stream **choice, int *count, struct command_error *error) {
  if (!c->has_ssrc && c->backup_count > 0) return fail(error, "input.invalid", "backups: of nothing there is no backup");
  int wanted = c->has_ssrc ? 1 + c->backup_count : 0;
  for (*count = 0; *count < wanted; ++*count) {
    uint32_t ssrc = *count == 0 ? (uint32_t)c->ssrc : c->backup[*count - 1];
    struct stream *stream = open_stream(r, ssrc, !c->audio, error);
    bool twice = false;
    for (int i = 0; stream != NULL && i < *count; i++) twice = twice || choice[i] == stream;
    if (twice) fail(error, "input.invalid", "backups: SSRC %u is given twice", ssrc);
    if (stream == NULL || twice) {
      release(r, choice, *count);
      return false;
    }
    choice[*count] = stream;
  }
  return true;
}

/* What was shown by itself stays when it is a choice still and the first is the same, or does not deliver. */
static void choose(struct relay *r, struct view *view, struct stream *const *choice, int count) {
  bool same = count >= 2 && view->choices >= 2 && view->choice[0] == choice[0];
  view_choose(&r->views, &r->streams, view, choice, count);
  for (int i = 0; same && i < count; i++) {
    if (view->shown != choice[i]) continue;
    bool chosen = view->awaited == NULL;
    for (int k = 0; k < count; k++) chosen = chosen || view->awaited == choice[k];
    if (!chosen) view_show(&r->views, &r->streams, view, view->shown, view->because, (struct moment){r->now, r->attended});
    return;
  }
  view->wish = count > 0 && reflex_stays(view, r->attended);
  if (view->wish) return;
  view_show(&r->views, &r->streams, view, count > 0 ? choice[0] : NULL, BECAUSE_ASKED, (struct moment){r->now, r->attended});
}

bool route_view(struct relay *r, const struct command *c, struct command_error *error) {
  struct target to;
  struct view *view = views_find(&r->views, c->name);
  if (!resolve(r, &c->to[0], &to, error)) return false;
  if (c->audio && c->as == 0) return fail(error, "input.missing", "as: an audio view needs the SSRC that its receiver hears");
  if (view != NULL && view->video == c->audio) return fail(error, "conflict", "view %.60s is %s", c->name, view->video ? "video" : "audio");
  struct stream *choice[CHOICES_MAX];
  int count = 0;
  if (!open_choices(r, c, choice, &count, error)) return false;
  if (view == NULL && (view = views_open(&r->views, c->name)) == NULL) {
    release(r, choice, count);
    return fail(error, "exhausted", "no room for another view");
  }
  view->video = !c->audio;
  view->to = to;
  if (view->as != (uint32_t)c->as) view->spoken = false;
  view->as = (uint32_t)c->as;
  view->after_us = c->after_ms != 0 ? c->after_ms * MS : delivery_floor(view->video);
  view->hold_us = (c->hold_ms != 0 ? c->hold_ms : 2000) * MS;
  choose(r, view, choice, count);
  return true;
}
