/*
 * Three rules. What is on its way (awaited, else shown) is left when it has been missed for longer than its rhythm allows while another choice
 * delivers: to the first that does. What comes before the shown one in the list of choices and has delivered steadily for the hold is returned to.
 * When all are missed together, the way they share has stopped: nothing is changed, and whichever comes back first has no advantage by that.
 */
#include "reflex.h"

static bool flows(const struct view *view, const struct stream *s, int64_t now) { return delivery_flows(&s->delivery, view->after_us, now); }

/* Its place among the choices; behind all of them for what is none (any more). */
static int rank(const struct view *view, const struct stream *s) {
  int i = 0;
  while (i < view->choices && view->choice[i] != s) i++;
  return i;
}

/* Missed since its last packet, or since it was asked for. */
static int64_t missed_since(const struct view *view, const struct stream *s) {
  int64_t last = s->delivery.last_us;
  return last > view->asked_attended_us ? last : view->asked_attended_us;
}

/* `other` paused together with `goal` and is only back first: then it has to be ahead by as much as would be missed. */
static bool merely_first(const struct view *view, const struct stream *goal, const struct stream *other, int64_t now) {
  const struct delivery *d = &other->delivery;
  int64_t limit = delivery_limit(&goal->delivery, view->after_us);
  bool together = d->since_us > goal->delivery.last_us && d->before_us != 0 && d->before_us >= goal->delivery.last_us - limit;
  return together && now - d->since_us < limit;
}

static struct stream *instead(const struct view *view, const struct stream *goal, int64_t now) {
  for (int i = 0; i < view->choices; i++) {
    struct stream *s = view->choice[i];
    if (s != goal && flows(view, s, now) && !merely_first(view, goal, s, now)) return s;
  }
  return NULL;
}

struct stream *reflex_look(const struct view *view, int64_t now, enum view_because *because) {
  const struct stream *goal = view->awaited != NULL ? view->awaited : view->shown;
  if (view->choices < 2 || goal == NULL) return NULL;
  int64_t limit = delivery_limit(&goal->delivery, view->after_us);
  if (now - missed_since(view, goal) > delivery_patience(&goal->delivery, view->after_us)) {
    *because = BECAUSE_STALLED;
    return instead(view, goal, now);
  }
  /* A video view that waits for another's IDR while the one it shows is well again: no need any more. */
  if (view->awaited != NULL && view->shown != NULL && view->because == BECAUSE_STALLED && rank(view, view->shown) < rank(view, goal) &&
      flows(view, view->shown, now) && now - view->shown->delivery.since_us >= limit) {
    *because = BECAUSE_RETURNED;
    return view->shown;
  }
  if (view->awaited != NULL) return NULL;
  for (int i = 0; i < rank(view, goal); i++) {
    struct stream *better = view->choice[i];
    bool wish = i == 0 && view->wish;
    if (!flows(view, better, now) || (!wish && now - better->delivery.since_us < view->hold_us)) continue;
    *because = wish ? BECAUSE_ASKED : BECAUSE_RETURNED;
    return better;
  }
  return NULL;
}

bool reflex_stays(const struct view *view, int64_t now) {
  return view->choices >= 2 && view->shown != NULL && rank(view, view->shown) < view->choices && flows(view, view->shown, now) && !flows(view, view->choice[0], now);
}
