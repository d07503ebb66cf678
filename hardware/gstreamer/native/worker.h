/* The worker's own small world: one process, one pipeline, JSON lines on stdin and stdout.
 * Every reflex is one C file with one or two commands, listed in commands.c. */
#pragma once

#include <gst/gst.h>
#include <stdbool.h>

#include "json.h"
#include "out.h"

/* ---- time ---- */

/* CLOCK_MONOTONIC in nanoseconds: comparable between all processes of one machine. */
gint64 now_ns(void);
#define MS_NS G_GINT64_CONSTANT(1000000)

/* ---- one request and its reply ---- */

typedef struct {
  GString *fields;   /* ,"key":value… of a good answer */
  const char *error; /* code word of a refusal, or NULL */
  char *detail;      /* human text: field and reason */
} Reply;

/* Refuses; the first refusal of a request stays. */
void refuse(Reply *reply, const char *error, const char *detail, ...) G_GNUC_PRINTF(3, 4);

/* Fields of a request. The `need` forms refuse and return NULL/false when the field is missing or of another type. */
const char *need_text(const Json *request, Reply *reply, const char *key);
bool need_number(const Json *request, Reply *reply, const char *key, double *value);
const char *text_or(const Json *request, const char *key, const char *otherwise);
double number_or(const Json *request, const char *key, double otherwise);
bool flag_or(const Json *request, const char *key, bool otherwise);

/* The running pipeline's element (or pad) that the request names; a new reference, or NULL after refusing. */
GstElement *need_element(const Json *request, Reply *reply, const char *key);
GstPad *need_pad(const Json *request, Reply *reply);
GstPad *pad_of(GstElement *element, const char *pad, Reply *reply);

/* Runs one request against the command table. */
void command_run(const Json *request, Reply *reply);

/* ---- reflexes: what runs inside the pipeline ---- */

typedef struct Reflex Reflex;
struct Reflex {
  const char *kind;                          /* the command that made it */
  char *name;                                /* under which events and stats know it */
  guint every_ms;                            /* 0: no tick */
  void (*tick)(Reflex *self, gint64 now);    /* on the ticker thread */
  bool guards;                               /* its report belongs to the guards of `stats`, not to the points */
  void (*report)(Reflex *self, GString *out, bool reset); /* one JSON object for `stats`, or NULL */
  void (*retire)(Reflex *self);              /* before the pipeline stops, or NULL */
  void (*release)(Reflex *self);             /* after the pipeline has stopped: nothing of it runs any more */
};

/* Hands a reflex to the running pipeline. With a kind and name that exist the older one is retired: it is silenced by its owner first. */
void reflex_add(Reflex *reflex);
Reflex *reflex_find(const char *kind, const char *name);
void reflex_report_all(GString *out, bool guards, bool reset);
/* Detaches all from the ticker (before the pipeline stops), then frees them (after it has stopped). */
GPtrArray *reflex_detach_all(void);
void ticker_start(void);

/* ---- the pipeline ---- */

GstElement *pipeline_get(void); /* new reference or NULL */
bool pipeline_is_running(void);
bool pipeline_finalises(void);
/* Sends EOS if asked, waits for it at most `eos_ms`, then stops. False when the pipeline hangs: the process must end. */
bool pipeline_stop(bool eos, guint eos_ms, bool *finalised);

/* ---- work for the main thread, from any thread ---- */

void main_defer(void (*work)(gpointer), gpointer data);

/* ---- reflexes that need to hear bus messages ---- */

void levels_heard(GstMessage *message);  /* on a streaming thread: must not block */
bool cell_takes(GstMessage *message);    /* an error inside a cell, which ends the cell and not the pipeline */
bool shield_takes(GstMessage *message);  /* an error or warning that a shield keeps from the pipeline */
void loop_segment_done(gpointer unused); /* on the main thread */

/* ---- what a watchdog asks ---- */

/* What is wrong with the pictures at the pad ("frozen", "black") and since when; NULL: nothing, or nobody judges them. judge.c */
const char *judge_says(GstPad *pad, gint64 *since);
/* The name of the event that a cell sends behind its last buffer. */
#define CELL_ENDED "diemcau-ended"

/* ---- pads whose format is waited for before the pipeline plays: await-format.c ---- */

bool formats_awaited(void);
bool formats_wait(guint ms); /* false: not all of them in time */

/* ---- elements compiled into the worker ---- */

void clipsrc_register(void);

/* How long ago, in ns, the buffer was captured (or should have left a live source); 0 when its timestamp does not tell. capture-time.c */
gint64 age_of(GstPad *pad, GstElement *element, GstBuffer *buffer);

/* ---- crash handler ---- */

void crash_install(void);

/* ---- commands, one per entry of the table in commands.c ---- */

typedef void Command(const Json *request, Reply *reply);
Command do_start, do_stop, do_declick, do_cell, do_shut, do_judge, do_set, do_get, do_switch, do_keyframe, do_watchdog, do_levels, do_probe, do_stats, do_stamp, do_read_stamp,
    do_stamps, do_capture_time, do_rtp_time, do_loudness, do_hush, do_await_format, do_pictures, do_drop_until_keyframe, do_newest, do_punctual, do_thin, do_shield, do_rtp_guard, do_loop, do_elements, do_crash;

extern bool faults_allowed; /* --faults: the `crash` command may be used (tests and drills) */
