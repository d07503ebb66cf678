/* Which views want a stream is kept as bits in the stream, so that a packet costs nothing where nobody looks. */
#include "view.h"

#include <string.h>

static int index_of(const struct views *views, const struct view *view) { return (int)(view - views->at); }

static void attach(const struct views *views, struct view *view, struct stream *stream) {
  if (stream == NULL) return;
  int i = index_of(views, view);
  if (stream->view_bits[i >> 6] >> (i & 63) & 1) return;
  stream->view_bits[i >> 6] |= 1ull << (i & 63);
  stream->views++;
}

static void detach(const struct views *views, struct streams *streams, struct view *view, struct stream *stream) {
  if (stream == NULL || stream == view->shown || stream == view->awaited) return;
  for (int i = 0; i < view->choices; i++)
    if (stream == view->choice[i]) return;
  int i = index_of(views, view);
  if (!(stream->view_bits[i >> 6] >> (i & 63) & 1)) return;
  stream->view_bits[i >> 6] &= ~(1ull << (i & 63));
  stream->views--;
  streams_release(streams, stream);
}

struct view *views_find(struct views *views, const char *name) {
  for (int i = 0; i < VIEWS_MAX; i++)
    if (views->at[i].used && strcmp(views->at[i].name, name) == 0) return &views->at[i];
  return NULL;
}

struct view *views_open(struct views *views, const char *name) {
  for (int i = 0; i < VIEWS_MAX; i++) {
    struct view *view = &views->at[i];
    if (view->used) continue;
    memset(view, 0, sizeof *view);
    view->used = true;
    strncpy(view->name, name, NAME_SIZE - 1);
    return view;
  }
  return NULL;
}

static void replace(struct views *views, struct streams *streams, struct view *view, struct stream *shown, struct stream *awaited) {
  struct stream *old_shown = view->shown;
  struct stream *old_awaited = view->awaited;
  view->shown = shown;
  view->awaited = awaited;
  attach(views, view, shown);
  attach(views, view, awaited);
  detach(views, streams, view, old_shown);
  if (old_awaited != old_shown) detach(views, streams, view, old_awaited);
}

void view_choose(struct views *views, struct streams *streams, struct view *view, struct stream *const *choice, int count) {
  struct stream *old[CHOICES_MAX];
  int olds = view->choices;
  memcpy(old, view->choice, sizeof old);
  views->guarded += (count >= 2) - (olds >= 2);
  view->choices = count;
  for (int i = 0; i < count; i++) {
    view->choice[i] = choice[i];
    attach(views, view, choice[i]);
  }
  for (int i = 0; i < olds; i++) detach(views, streams, view, old[i]);
}

void views_close(struct views *views, struct streams *streams, struct view *view) {
  view_choose(views, streams, view, NULL, 0);
  replace(views, streams, view, NULL, NULL);
  view->used = false;
}

static void asked(struct view *view, enum view_because because, struct moment at) {
  view->asked_us = at.now_us;
  view->asked_attended_us = at.attended_us;
  view->because = because;
  view->wanted_us = 0;
  if (because != BECAUSE_STALLED) view->wish = false;
}

void view_show(struct views *views, struct streams *streams, struct view *view, struct stream *stream, enum view_because because, struct moment at) {
  if (stream == view->shown) {
    replace(views, streams, view, stream, NULL);
    return;
  }
  if (view->video && stream != NULL) {
    if (stream != view->awaited) {
      stream->await_key = true;
      asked(view, because, at);
    }
    replace(views, streams, view, view->shown, stream);
    return;
  }
  replace(views, streams, view, stream, NULL);
  view->fresh = view->announce = true;
  asked(view, because, at);
}

enum view_answer view_take(struct views *views, struct streams *streams, struct view *view, struct stream *stream, bool joinable) {
  if (stream == view->awaited && joinable) {
    replace(views, streams, view, stream, NULL);
    view->switches++;
    return VIEW_SWITCHED;
  }
  if (stream != view->shown) return VIEW_DROP;
  if (view->video || !view->announce) return VIEW_PASS;
  view->announce = false;
  view->switches++;
  return VIEW_SWITCHED;
}

void views_restarted(struct views *views, const struct stream *stream) {
  for (int i = 0; i < VIEWS_MAX; i++)
    if (views->at[i].used && views->at[i].shown == stream) views->at[i].fresh = true;
}

bool view_rewrite(struct view *view, const struct rtp *rtp, int64_t now, struct rtp_rewrite *to) {
  bool first = view->fresh;
  if (first) {
    view->fresh = false;
    view->first_in = rtp->seq;
    view->since = 0;
    if (!view->spoken) {
      view->seq_shift = 0;
      view->time_shift = 0;
    } else {
      /* The pause as the receiver lives it, in whole packets of the usual length: its clock recovery sees one steady source. */
      uint32_t step = view->step != 0 ? view->step : 960;
      uint64_t gone = (uint64_t)(now - view->last_us) * 48 / 1000;
      uint32_t steps = (uint32_t)((gone + step / 2) / step);
      view->seq_shift = (uint16_t)(view->last_seq + 1 - rtp->seq);
      view->time_shift = view->last_time + (steps > 0 ? steps : 1) * step - rtp->time;
    }
  } else if (view->since < VIEW_STRAGGLERS) {
    if ((int16_t)(rtp->seq - view->first_in) < 0) return false;
    view->since++;
  }
  to->ssrc = view->as;
  to->seq = (uint16_t)(rtp->seq + view->seq_shift);
  to->time = rtp->time + view->time_shift;
  to->marker = first || rtp->marker;
  if (!view->spoken || (int16_t)(to->seq - view->last_seq) > 0) {
    uint32_t step = to->time - view->last_time;
    if (view->spoken && !first && (uint16_t)(view->last_seq + 1) == to->seq && step > 0 && step <= 5760) view->step = step;
    view->last_seq = to->seq;
    view->last_time = to->time;
    view->last_us = now;
  }
  view->spoken = true;
  return true;
}
