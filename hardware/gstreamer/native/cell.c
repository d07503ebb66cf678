/* cell {name,into,launch,ownTime?,reflexes?}: a source of its own life inside the running pipeline. Its elements are made from `launch`, the last one
 * (named NAME-last) is linked to `into`. What fails in it ends it and nothing else: GStreamer's error would end the pipeline, so it is kept
 * from it and becomes the event `cell`. shut {name} ends it on purpose. Opening again, and when, is the owner's decision.
 * `ownTime`: its time begins when it is opened, which what is not live (a file) needs.
 * Cameras may block whoever opens or closes them (a driver, a TCP connection), so that happens on the cell's own thread. */
#include <string.h>

#include "worker.h"

#define CELL "diemcau-cell"

typedef struct {
  Reflex base;
  GstElement *pipeline;
  GstPad *into;
  GThread *thread;
  GMutex lock; /* of what follows; never held while GStreamer is called */
  GCond changed;
  GstElement *bin;            /* NULL: shut */
  bool own_time, begin, failed, end, quit; /* the work of the thread; failed: it has been told, later troubles are not */
} Cell;

static void tell(const Cell *self, const char *state, const char *element, const char *because) {
  GString *event = event_new("cell");
  put_text(event, "name", self->base.name);
  put_text(event, "state", state);
  put_text(event, "element", element);
  put_text(event, "because", because);
  event_send(event);
}

/* On any thread: the cell is ended by its own. */
static void fail(Cell *self, const char *element, const char *because) {
  g_mutex_lock(&self->lock);
  bool first = self->bin && !self->failed && !self->end && !self->quit;
  self->failed = self->end = true;
  g_cond_broadcast(&self->changed);
  g_mutex_unlock(&self->lock);
  if (first) tell(self, "failed", element, because);
}

bool cell_takes(GstMessage *message) {
  GstObject *at = GST_MESSAGE_SRC(message) ? gst_object_ref(GST_MESSAGE_SRC(message)) : NULL;
  Cell *cell = NULL;
  while (at && !cell) {
    cell = g_object_get_data(G_OBJECT(at), CELL);
    GstObject *parent = gst_object_get_parent(at);
    gst_object_unref(at);
    at = parent;
  }
  gst_clear_object(&at);
  if (!cell) return false;
  GError *error = NULL;
  gst_message_parse_error(message, &error, NULL);
  fail(cell, GST_MESSAGE_SRC_NAME(message), error->message);
  g_error_free(error);
  return true;
}

/* EOS must not reach what the other sources share. */
static GstPadProbeReturn ended(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data) {
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
  fail(data, "", "its stream has ended");
  return GST_PAD_PROBE_DROP;
}

/* The watchdog need not wait for a picture that will not come. */
static void tell_watchdog(const Cell *self) {
  gst_pad_send_event(self->into, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty(CELL_ENDED)));
}

/* To close may take its time (a camera is told goodbye), in which a last picture may still come: so it is told before and after. */
static void close_bin(Cell *self, GstElement *bin) {
  tell_watchdog(self);
  gst_element_set_locked_state(bin, TRUE);
  gst_element_set_state(bin, GST_STATE_NULL);
  g_object_set_data(G_OBJECT(bin), CELL, NULL);
  gst_bin_remove(GST_BIN(self->pipeline), bin);
  tell_watchdog(self);
}

/* Its base time is now; what leaves it is shifted by as much, into the time of the pipeline. */
static void shift(Cell *self, GstElement *bin) {
  GstClock *clock = gst_element_get_clock(self->pipeline);
  GstPad *out = gst_element_get_static_pad(bin, "src");
  if (clock) {
    GstClockTime now = gst_clock_get_time(clock);
    gst_element_set_base_time(bin, now);
    gst_pad_set_offset(out, (gint64)(now - gst_element_get_base_time(self->pipeline)));
    gst_object_unref(clock);
  }
  gst_object_unref(out);
}

static void open_bin(Cell *self, GstElement *bin) {
  gst_element_get_state(self->pipeline, NULL, NULL, 2 * GST_SECOND); /* Before it plays it has no time. */
  if (self->own_time) shift(self, bin);
  if (gst_element_set_state(bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) fail(self, "", "it could not be opened");
}

static gpointer live(gpointer data) {
  Cell *self = data;
  g_mutex_lock(&self->lock);
  for (;;) {
    while (!self->begin && !self->end && !self->quit) g_cond_wait(&self->changed, &self->lock);
    GstElement *bin = self->bin;
    bool ending = self->end || self->quit, leaving = self->quit;
    self->begin = false;
    g_mutex_unlock(&self->lock);
    if (bin && ending) close_bin(self, bin);
    else if (bin) open_bin(self, bin);
    g_mutex_lock(&self->lock);
    if (ending) {
      self->bin = NULL;
      self->end = self->failed = false;
    }
    if (leaving) break;
    if (bin && ending) {
      g_mutex_unlock(&self->lock);
      tell(self, "shut", "", "");
      g_mutex_lock(&self->lock);
    }
  }
  g_mutex_unlock(&self->lock);
  return NULL;
}

/* The pipeline is about to stop. */
static void retire(Reflex *base) {
  Cell *self = (Cell *)base;
  g_mutex_lock(&self->lock);
  self->quit = true;
  g_cond_broadcast(&self->changed);
  g_mutex_unlock(&self->lock);
}

static void release(Reflex *base) {
  Cell *self = (Cell *)base;
  g_thread_join(self->thread);
  gst_object_unref(self->into);
  gst_object_unref(self->pipeline);
  g_mutex_clear(&self->lock);
  g_cond_clear(&self->changed);
  g_free(self);
}

static Cell *cell_of(const char *name, GstPad *into) {
  Cell *self = (Cell *)reflex_find("cell", name);
  if (self) return self;
  self = g_new0(Cell, 1);
  self->base = (Reflex){.kind = "cell", .name = g_strdup(name), .retire = retire, .release = release};
  g_mutex_init(&self->lock);
  g_cond_init(&self->changed);
  self->pipeline = pipeline_get();
  self->into = gst_object_ref(into);
  self->thread = g_thread_new(name, live, self);
  reflex_add(&self->base);
  return self;
}

/* One bin with one source pad. Its own async changes stay its own: else the pipeline would pause with it. */
static GstElement *make(const char *name, const char *launch, Reply *reply) {
  GError *error = NULL;
  GstElement *bin = gst_parse_bin_from_description_full(launch, FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!bin) {
    refuse(reply, "launch.invalid", "launch: %s", error ? error->message : "empty");
    g_clear_error(&error);
    return NULL;
  }
  g_clear_error(&error);
  char *last_name = g_strconcat(name, "-last", NULL);
  GstElement *last = gst_bin_get_by_name(GST_BIN(bin), last_name);
  GstPad *source = last ? gst_element_get_static_pad(last, "src") : NULL;
  if (source) gst_element_add_pad(bin, gst_ghost_pad_new("src", source));
  else refuse(reply, "launch.invalid", "launch: there is no element \"%s\"", last_name);
  g_object_set(bin, "async-handling", TRUE, NULL);
  gst_clear_object(&source);
  gst_clear_object(&last);
  g_free(last_name);
  if (reply->error) gst_clear_object(&bin);
  return bin;
}

static void attach(const Json *reflexes, Reply *reply) {
  if (!reflexes || reflexes->type != JSON_ARRAY) return;
  for (const Json *one = reflexes->child; one && !reply->error; one = one->next) command_run(one, reply);
}

static void open_cell(Cell *self, GstElement *bin, const Json *request, Reply *reply) {
  GstPad *source = gst_element_get_static_pad(bin, "src");
  /* Until the thread plays it, nothing else does. */
  gst_element_set_locked_state(bin, TRUE);
  gst_bin_add(GST_BIN(self->pipeline), bin);
  gst_pad_add_probe(source, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, ended, self, NULL);
  if (gst_pad_link(source, self->into) != GST_PAD_LINK_OK) refuse(reply, "cell.busy", "into: something else is linked there");
  gst_object_unref(source);
  if (!reply->error) attach(json_get(request, "reflexes"), reply);
  if (reply->error) {
    gst_bin_remove(GST_BIN(self->pipeline), bin);
    return;
  }
  g_object_set_data(G_OBJECT(bin), CELL, self);
  gst_element_set_locked_state(bin, FALSE);
  g_mutex_lock(&self->lock);
  self->bin = bin;
  self->own_time = flag_or(request, "ownTime", false);
  self->begin = true;
  self->failed = false;
  g_cond_broadcast(&self->changed);
  g_mutex_unlock(&self->lock);
}

void do_cell(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "name"), *launch = need_text(request, reply, "launch");
  GstElement *target = name && launch ? need_element(request, reply, "into") : NULL;
  GstPad *into = target ? pad_of(target, "sink", reply) : NULL;
  gst_clear_object(&target);
  if (!into) return;
  Cell *self = cell_of(name, into);
  gst_object_unref(into);
  g_mutex_lock(&self->lock);
  bool occupied = self->bin != NULL;
  g_mutex_unlock(&self->lock);
  if (occupied) return refuse(reply, "cell.busy", "name: \"%s\" is open, or not shut yet", name);
  GstElement *bin = make(name, launch, reply);
  if (bin) open_cell(self, bin, request, reply);
}

void do_shut(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "name");
  Cell *self = name ? (Cell *)reflex_find("cell", name) : NULL;
  if (!self) return; /* It has never been open: then it is shut. */
  g_mutex_lock(&self->lock);
  self->end = self->bin != NULL;
  put_bool(reply->fields, "closing", self->end);
  g_cond_broadcast(&self->changed);
  g_mutex_unlock(&self->lock);
}
