/* Views with backups, once per turn: turns them as reflex.c decides, and tells their owners what they need and what has happened. */
#include "clock.h"
#include "relay.h"

#define WANTED (300 * MS) /* A request for an IDR can be lost like anything else. */

void event_switched(struct relay *r, const struct view *view) {
  static const char *const because[] = {[BECAUSE_ASKED] = "asked", [BECAUSE_STALLED] = "stalled", [BECAUSE_RETURNED] = "returned"};
  event_open(r, "switched");
  out_text(&r->out, "view", view->name);
  out_int(&r->out, "ssrc", view->shown->ssrc);
  out_ms(&r->out, "waitedMs", r->now - view->asked_us);
  out_text(&r->out, "because", because[view->because]);
  if (view->passed_us == 0) out_null(&r->out, "gapMs");
  else out_ms(&r->out, "gapMs", r->now - view->passed_us);
  out_done(&r->out);
}

static void want(struct relay *r, struct view *view) {
  if (view->awaited == NULL || (view->wanted_us != 0 && r->now - view->wanted_us < WANTED)) return;
  view->wanted_us = r->now;
  event_open(r, "wanted");
  out_text(&r->out, "view", view->name);
  out_int(&r->out, "ssrc", view->awaited->ssrc);
  out_done(&r->out);
}

void views_tick(struct relay *r) {
  if (r->views.guarded == 0) return;
  for (int i = 0; i < VIEWS_MAX; i++) {
    struct view *view = &r->views.at[i];
    if (!view->used || view->choices < 2) continue;
    enum view_because because;
    struct stream *next = reflex_look(view, r->attended, &because);
    if (next != NULL) view_show(&r->views, &r->streams, view, next, because, (struct moment){r->now, r->attended});
    want(r, view);
  }
}
