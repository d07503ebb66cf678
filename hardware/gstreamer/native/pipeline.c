/* The one pipeline of this process: parse, start, listen to its bus, stop within a bound.
 * Bus messages are handled where they are posted (streaming threads), so nothing here waits for the main thread. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "worker.h"

#define NULL_MS 1000
#define FORMAT_MS 1500 /* Other commands wait meanwhile, and give up after 2 s. */
#define WARNINGS_PER_SECOND 10

static GMutex lock;
static GCond changed;
static GstElement *pipeline;
static bool finalise, eos_seen, failed_seen;
static char *first_error;
static gint64 warnings_since;
static guint warnings, warnings_dropped;

GstElement *pipeline_get(void) {
  g_mutex_lock(&lock);
  GstElement *have = pipeline ? gst_object_ref(pipeline) : NULL;
  g_mutex_unlock(&lock);
  return have;
}

bool pipeline_is_running(void) {
  g_mutex_lock(&lock);
  bool running = pipeline != NULL;
  g_mutex_unlock(&lock);
  return running;
}

bool pipeline_finalises(void) {
  g_mutex_lock(&lock);
  bool yes = pipeline && finalise && !failed_seen;
  g_mutex_unlock(&lock);
  return yes;
}

/* ---- bus ---- */

static GString *event_of(const char *name, GstMessage *message) {
  GString *event = event_new(name);
  put_text(event, "element", GST_MESSAGE_SRC(message) ? GST_MESSAGE_SRC_NAME(message) : "");
  return event;
}

static void heard_error(GstMessage *message) {
  if (shield_takes(message) || cell_takes(message)) return;
  GError *error = NULL;
  char *debug = NULL;
  gst_message_parse_error(message, &error, &debug);
  GString *event = event_of("error", message);
  put_text(event, "message", error->message);
  put_text(event, "debug", debug);
  put_text(event, "state", "failed");
  g_mutex_lock(&lock);
  if (!first_error) first_error = g_strdup_printf("%s: %s (%s)", GST_MESSAGE_SRC_NAME(message), error->message, debug ? debug : "");
  failed_seen = true;
  g_cond_broadcast(&changed);
  g_mutex_unlock(&lock);
  event_send(event);
  g_error_free(error);
  g_free(debug);
}

/* A damaged stream can warn thousands of times a second; ten a second tell enough, the rest is counted. */
static bool warning_has_room(guint *suppressed) {
  gint64 now = now_ns();
  g_mutex_lock(&lock);
  if (now - warnings_since > 1000 * MS_NS) {
    warnings_since = now;
    warnings = 0;
  }
  bool room = warnings++ < WARNINGS_PER_SECOND;
  *suppressed = warnings_dropped;
  warnings_dropped = room ? 0 : warnings_dropped + 1;
  g_mutex_unlock(&lock);
  return room;
}

static void heard_warning(GstMessage *message) {
  if (shield_takes(message)) return;
  guint suppressed;
  if (!warning_has_room(&suppressed)) return;
  GError *error = NULL;
  char *debug = NULL;
  gst_message_parse_warning(message, &error, &debug);
  GString *event = event_of("warning", message);
  put_text(event, "message", error->message);
  put_text(event, "debug", debug);
  put_int(event, "suppressed", suppressed);
  event_send(event);
  g_error_free(error);
  g_free(debug);
}

/* Messages of elements (a segment was closed, a udpsrc timed out…) go to the owner as GStreamer writes them. */
static void heard_element(GstMessage *message) {
  const GstStructure *said = gst_message_get_structure(message);
  guint suppressed;
  if (!said) return;
  if (gst_structure_has_name(said, "level")) return levels_heard(message);
  if (!warning_has_room(&suppressed)) return;
  GString *event = event_of("message", message);
  char *text = gst_structure_to_string(said);
  put_text(event, "name", gst_structure_get_name(said));
  put_text(event, "fields", text);
  event_send(event);
  g_free(text);
}

static void heard_state(GstMessage *message) {
  GstState now;
  gst_message_parse_state_changed(message, NULL, &now, NULL);
  if (!GST_IS_PIPELINE(GST_MESSAGE_SRC(message)) || now != GST_STATE_PLAYING) return;
  GString *event = event_new("state");
  put_text(event, "state", "playing");
  event_send(event);
}

static void heard_eos(void) {
  g_mutex_lock(&lock);
  eos_seen = true;
  g_cond_broadcast(&changed);
  g_mutex_unlock(&lock);
  event_send(event_new("eos"));
}

static void recalculate_latency(gpointer of) {
  gst_bin_recalculate_latency(GST_BIN(of));
  gst_object_unref(of);
}

static GstBusSyncReply heard(GstBus *bus G_GNUC_UNUSED, GstMessage *message, gpointer of) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR: heard_error(message); break;
    case GST_MESSAGE_WARNING: heard_warning(message); break;
    case GST_MESSAGE_EOS: heard_eos(); break;
    case GST_MESSAGE_STATE_CHANGED: heard_state(message); break;
    case GST_MESSAGE_ELEMENT: heard_element(message); break;
    case GST_MESSAGE_SEGMENT_DONE: main_defer(loop_segment_done, NULL); break;
    case GST_MESSAGE_LATENCY: main_defer(recalculate_latency, gst_object_ref(of)); break;
    default: break;
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

/* ---- stop ---- */

typedef struct {
  GstElement *pipeline;
  bool done;
} Stopping;

static gpointer stopper(gpointer data) {
  Stopping *stopping = data;
  gst_element_set_state(stopping->pipeline, GST_STATE_NULL);
  g_mutex_lock(&lock);
  stopping->done = true;
  g_cond_broadcast(&changed);
  g_mutex_unlock(&lock);
  return NULL;
}

static gpointer eos_sender(gpointer pipeline_ref) {
  gst_element_send_event(pipeline_ref, gst_event_new_eos());
  gst_object_unref(pipeline_ref);
  return NULL;
}

/* EOS in a thread of its own: with an input-selector in a live pipeline sending it was seen to deadlock. */
static bool wait_for_eos(GstElement *of, guint ms) {
  gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;
  g_thread_unref(g_thread_new("eos", eos_sender, gst_object_ref(of)));
  g_mutex_lock(&lock);
  while (!eos_seen && !failed_seen && g_cond_wait_until(&changed, &lock, until)) continue;
  bool seen = eos_seen;
  g_mutex_unlock(&lock);
  return seen;
}

bool pipeline_stop(bool eos, guint eos_ms, bool *finalised) {
  GstElement *of = pipeline_get();
  *finalised = false;
  if (!of) return true;
  if (eos) *finalised = wait_for_eos(of, eos_ms);
  GPtrArray *reflexes = reflex_detach_all();

  Stopping *stopping = g_new0(Stopping, 1);
  stopping->pipeline = of;
  gint64 until = g_get_monotonic_time() + NULL_MS * 1000;
  GThread *thread = g_thread_new("stopper", stopper, stopping);
  g_mutex_lock(&lock);
  while (!stopping->done && g_cond_wait_until(&changed, &lock, until)) continue;
  bool done = stopping->done;
  g_mutex_unlock(&lock);
  if (!done) return false; /* Everything it holds is abandoned with the process. */

  g_thread_join(thread);
  g_free(stopping);
  g_mutex_lock(&lock);
  gst_clear_object(&pipeline);
  g_clear_pointer(&first_error, g_free);
  g_mutex_unlock(&lock);
  g_ptr_array_unref(reflexes);
  gst_object_unref(of);
  return true;
}

void do_stop(const Json *request, Reply *reply) {
  bool finalised;
  if (!pipeline_stop(flag_or(request, "eos", false), 900, &finalised)) {
    fputs("the pipeline did not stop within 1 s; the worker ends\n", stderr);
    _exit(75);
  }
  put_bool(reply->fields, "finalised", finalised);
}

/* ---- start ---- */

static GstElement *parse(const char *launch, Reply *reply) {
  GError *error = NULL;
  GstParseContext *context = gst_parse_context_new();
  GstElement *parsed = gst_parse_launch_full(launch, context, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  /* The list alone does not tell: it names an element with a wrong property too. */
  bool absent = g_error_matches(error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT);
  char **missing = absent ? gst_parse_context_get_missing_elements(context) : NULL;
  if (missing) {
    char *list = g_strjoinv(", ", missing);
    refuse(reply, "element.missing", "this machine has no GStreamer element: %s", list);
    put_text(reply->fields, "missing", list);
    g_free(list);
  } else if (error || !parsed) {
    refuse(reply, "launch.invalid", "launch: %s", error ? error->message : "empty");
  }
  g_strfreev(missing);
  gst_parse_context_free(context);
  g_clear_error(&error);
  if (reply->error) {
    gst_clear_object(&parsed);
    return NULL;
  }
  if (GST_IS_PIPELINE(parsed)) return parsed;
  GstElement *around = gst_pipeline_new(NULL);
  gst_bin_add(GST_BIN(around), parsed);
  return around;
}

/* The reflexes a pipeline is started with are in place before its first buffer. */
static void attach(const Json *reflexes, Reply *reply) {
  int i = 0;
  if (!reflexes || reflexes->type != JSON_ARRAY) return;
  for (const Json *one = reflexes->child; one && !reply->error; one = one->next, i++) {
    Reply inner = {.fields = reply->fields};
    command_run(one, &inner);
    if (inner.error) refuse(reply, inner.error, "reflexes/%d: %s", i, inner.detail);
    g_free(inner.detail);
  }
}

static void play(GstElement *fresh, Reply *reply) {
  bool ready = !formats_awaited() || (gst_element_set_state(fresh, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE && formats_wait(FORMAT_MS));
  if (ready && gst_element_set_state(fresh, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) return;
  g_mutex_lock(&lock);
  const char *otherwise = ready ? "the pipeline refused to play" : "an awaited pad did not learn its format";
  refuse(reply, "start.failed", "%s", first_error ? first_error : otherwise);
  g_mutex_unlock(&lock);
}

void do_start(const Json *request, Reply *reply) {
  const char *launch = need_text(request, reply, "launch");
  if (!launch) return;
  if (pipeline_is_running()) return refuse(reply, "pipeline.running", "stop the running pipeline first");
  GstElement *fresh = parse(launch, reply);
  if (!fresh) return;
  gst_object_ref_sink(fresh);

  /* The monotonic clock for all: running times of different workers compare, and no sound card becomes the master of the picture. */
  GstClock *clock = gst_system_clock_obtain();
  gst_pipeline_use_clock(GST_PIPELINE(fresh), clock);
  gst_object_unref(clock);
  GstBus *bus = gst_element_get_bus(fresh);
  gst_bus_set_sync_handler(bus, heard, fresh, NULL);
  gst_object_unref(bus);

  g_mutex_lock(&lock);
  pipeline = fresh;
  finalise = flag_or(request, "finalise", false);
  eos_seen = failed_seen = false;
  g_mutex_unlock(&lock);

  attach(json_get(request, "reflexes"), reply);
  if (!reply->error) play(fresh, reply);
  bool finalised;
  if (reply->error && !pipeline_stop(false, 0, &finalised)) _exit(75);
}
