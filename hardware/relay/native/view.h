/* A switchable output: one SSRC at a time to one target, changed at a keyframe (video) or at once with one continuous sequence (audio). */
#ifndef VIEW_H
#define VIEW_H

#include "rtp.h"
#include "stream.h"

#define CHOICES_MAX (1 + BACKUPS_MAX)
#define VIEW_STRAGGLERS 512 /* After so many packets nothing older than the switch can come any more. */

/* Why a view turned to what it shows or awaits. */
enum view_because { BECAUSE_ASKED, BECAUSE_STALLED, BECAUSE_RETURNED };

struct view {
  bool used;
  bool video;
  char name[NAME_SIZE];
  struct target to;
  struct stream *shown;   /* What passes now; NULL = nothing. */
  struct stream *awaited; /* Video: what passes from its next IDR on; NULL = no change is under way. */
  uint64_t packets, switches;
  int64_t asked_us, asked_attended_us; /* When the awaited stream was asked for. */
  enum view_because because;
  int64_t passed_us;      /* The last packet that passed; 0 = none yet. */
  /* With backups: it turns by itself. */
  struct stream *choice[CHOICES_MAX]; /* The first choice, then its backups. */
  int choices;                        /* Below 2 there is no backup. */
  int64_t after_us, hold_us;
  bool wish;              /* The owner asked for the first choice while it did not deliver: no hold when it does. */
  int64_t wanted_us;      /* When the owner was last told that the awaited stream's IDR is wanted. */
  /* Audio: the one stream that the receiver hears. */
  uint32_t as;
  bool spoken;            /* Something has been sent. */
  bool fresh;             /* The next packet begins another sequence. */
  bool announce;          /* ... and another source. */
  uint32_t since;         /* Packets sent since then, up to VIEW_STRAGGLERS. */
  uint16_t first_in, seq_shift, last_seq;
  uint32_t time_shift, last_time, step;
  int64_t last_us;
};

struct views {
  int guarded; /* Views with backups. */
  struct view at[VIEWS_MAX];
};

struct view *views_find(struct views *views, const char *name);
/* A free record, or NULL when all are in use. */
struct view *views_open(struct views *views, const char *name);
/* Lets go of both streams and frees the record. */
void views_close(struct views *views, struct streams *streams, struct view *view);

/* The moment of a decision, on both clocks (relay.h). */
struct moment {
  int64_t now_us, attended_us;
};

/* Asks for `stream` (NULL = nothing). Video waits for its IDR; audio, and nothing, take effect at once. */
void view_show(struct views *views, struct streams *streams, struct view *view, struct stream *stream, enum view_because because, struct moment at);

/* Sets the choices that a view turns to by itself: the first, then its backups. All different. */
void view_choose(struct views *views, struct streams *streams, struct view *view, struct stream *const *choice, int count);

enum view_answer { VIEW_DROP, VIEW_PASS, VIEW_SWITCHED };

/* Whether a packet of `stream` passes. `joinable`: it can be joined here (H264_KEY). VIEW_SWITCHED: passes, and is the first of the new stream. */
enum view_answer view_take(struct views *views, struct streams *streams, struct view *view, struct stream *stream, bool joinable);

/* Tells the audio views of `stream` that its sequence begins anew. */
void views_restarted(struct views *views, const struct stream *stream);

/* Audio: what becomes of the header. False when the packet is older than the switch and must be dropped. */
bool view_rewrite(struct view *view, const struct rtp *rtp, int64_t now_us, struct rtp_rewrite *to);

#endif
