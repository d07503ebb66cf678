/* Does what a command asks and answers it. Every line gets exactly one reply. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "clock.h"
#include "relay.h"

bool fail(struct command_error *error, const char *code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  error->code = code;
  vsnprintf(error->detail, sizeof error->detail, format, args);
  va_end(args);
  return false;
}

static struct input *find_input(struct relay *r, const char *name) {
  int number = names_find(&r->names, name);
  for (int i = 0; number >= 0 && i < INPUTS_MAX; i++)
    if (r->inputs.at[i].used && r->inputs.at[i].name == number) return &r->inputs.at[i];
  return NULL;
}

static bool input_open(struct relay *r, const struct command *c, int *port, struct command_error *error) {
  struct input *input = find_input(r, c->name);
  if (input != NULL) {
    *port = input->port;
    return c->port == 0 || c->port == input->port || fail(error, "conflict", "input %s has port %d", c->name, input->port);
  }
  int free = 0;
  while (free < INPUTS_MAX && r->inputs.at[free].used) free++;
  int name = names_intern(&r->names, c->name);
  if (free == INPUTS_MAX || name < 0) return fail(error, "exhausted", "no room for another input");
  int fd = udp_bind((int)c->port, port);
  if (fd < 0) return fail(error, "port.unavailable", "port %d: %s", (int)c->port, strerror(errno));
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)free + 1};
  if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    close(fd);
    return fail(error, "exhausted", "%s", strerror(errno));
  }
  r->inputs.at[free] = (struct input){.used = true, .fd = fd, .port = *port, .name = name};
  return true;
}

static bool input_close(struct relay *r, const char *name, struct command_error *error) {
  struct input *input = find_input(r, name);
  if (input == NULL) return fail(error, "not-found", "no input %s", name);
  close(input->fd); /* Leaves the epoll set with it. */
  input->used = false;
  return true;
}

static bool let_in(struct relay *r, const struct command *c, struct command_error *error) {
  struct allowed wanted = {.pub = !c->no_pub, .sub = !c->no_sub, .max_kbps = c->max_kbps, .max_in_kbps = c->has_max_in ? c->max_in_kbps : IN_KBPS};
  snprintf(wanted.node, sizeof wanted.node, "%s", c->name);
  snprintf(wanted.key, sizeof wanted.key, "%s", c->key);
  bool done = allow_set(&r->allow, &wanted);
  explicit_bzero(wanted.key, sizeof wanted.key);
  if (!done) return fail(error, "exhausted", "no room for another node");
  for (int i = 0; i < r->conns.high; i++) {
    struct conn *conn = &r->conns.at[i];
    if (conn->used && !conn->link && strcmp(r->names.text[conn->name], c->name) == 0) conn->meter.kbps = wanted.max_in_kbps;
  }
  return true;
}

static bool deny(struct relay *r, const char *node, struct command_error *error) {
  if (!allow_remove(&r->allow, node)) return fail(error, "not-found", "node %s was not allowed", node);
  for (int i = 0; i < r->conns.high; i++) {
    struct conn *conn = &r->conns.at[i];
    if (!conn->used || conn->link || strcmp(r->names.text[conn->name], node) != 0) continue;
    conn_down(r, conn, "denied");
    conns_free(&r->conns, conn);
  }
  return true;
}

static void set(int64_t *value, int64_t ms) {
  if (ms != 0) *value = ms * MS;
}

static void tune(struct relay *r, const struct command *c) {
  set(&r->tune.turn, c->turn_ms);
  set(&r->tune.silent, c->silent_ms);
  set(&r->tune.redial, c->redial_ms);
  set(&r->tune.heartbeat, c->heartbeat_ms);
  set(&r->tune.video_stall, c->video_stall_ms);
  set(&r->tune.audio_stall, c->audio_stall_ms);
  set(&r->tune.queue, c->queue_ms);
  set(&r->tune.queue_hold, c->queue_hold_ms);
  set(&r->tune.hold, c->video_wait_ms);
  set(&r->tune.levels, c->levels_ms);
}

static bool disconnect(struct relay *r, const char *link, struct command_error *error) {
  int name = names_find(&r->names, link);
  struct conn *conn = name < 0 ? NULL : conns_link(&r->conns, name);
  if (conn == NULL) return fail(error, "not-found", "no link %s", link);
  link_close(r, conn);
  return true;
}

static bool cut(struct relay *r, const struct command *c, struct command_error *error) {
  int name = names_find(&r->names, c->name);
  struct conn *conn = name < 0 ? NULL : conns_link(&r->conns, name);
  if (conn == NULL) return fail(error, "not-found", "no link %s", c->name);
  link_cut(r, conn, c->cut_ms);
  return true;
}

/* A name that nobody has yet keeps its pace until somebody does. */
static bool pace(struct relay *r, const struct command *c, struct command_error *error) {
  int name = names_intern(&r->names, c->name);
  if (name < 0) return fail(error, "exhausted", "no room for another name");
  r->conns.pace[name] = (int32_t)c->max_kbps;
  return true;
}

static bool unview(struct relay *r, const char *name, struct command_error *error) {
  struct view *view = views_find(&r->views, name);
  if (view == NULL) return fail(error, "not-found", "no view %s", name);
  views_close(&r->views, &r->streams, view);
  return true;
}

/* True when done; `port` is set by the commands that answer with one. */
static bool perform(struct relay *r, const struct command *c, int *port, struct command_error *error) {
  switch (c->what) {
    case DO_PING:
    case DO_STATS: return true;
    case DO_QUEUES: queues_look(r); return true;
    case DO_QUIT: r->quit = true; return true;
    case DO_TUNE: tune(r, c); return true;
    case DO_LISTEN:
      if (!listener_open(r, c, error)) return false;
      *port = r->listen_port;
      return true;
    case DO_ALLOW: return let_in(r, c, error);
    case DO_DENY: return deny(r, c->name, error);
    case DO_CONNECT: return link_open(r, c, error);
    case DO_DISCONNECT: return disconnect(r, c->name, error);
    case DO_PACE: return pace(r, c, error);
    case DO_CUT: return cut(r, c, error);
    case DO_INPUT: return input_open(r, c, port, error);
    case DO_CLOSE_INPUT: return input_close(r, c->name, error);
    case DO_ROUTE: return route_set(r, c, error);
    case DO_UNROUTE: return route_remove(r, (uint32_t)c->ssrc) || fail(error, "not-found", "no route for SSRC %u", (uint32_t)c->ssrc);
    case DO_VIEW: return route_view(r, c, error);
    case DO_UNVIEW: return unview(r, c->name, error);
  }
  return false;
}

static void reply(struct relay *r, bool has_id, int64_t id, const struct command_error *error) {
  out_line(&r->out);
  if (has_id) out_int(&r->out, "id", id);
  else out_null(&r->out, "id");
  out_bool(&r->out, "ok", error == NULL);
  if (error == NULL) return;
  out_text(&r->out, "error", error->code);
  out_text(&r->out, "detail", error->detail);
}

void handle(struct relay *r, char *line, size_t size) {
  struct command *c = &r->command;
  struct command_error error = {.code = "internal"};
  int port = 0;
  bool done = command_parse(c, &r->json, line, size, &error) && perform(r, c, &port, &error);
  reply(r, c->has_id, c->id, done ? NULL : &error);
  if (done && port != 0) out_int(&r->out, "port", port);
  if (done && c->what == DO_STATS) stats_write(r);
  if (done && c->what == DO_QUEUES) queues_write(r);
  out_done(&r->out);
}

void handle_too_long(struct relay *r) {
  struct command_error error;
  fail(&error, "input.too-large", "a line may have %d bytes", LINE_MAX_BYTES);
  reply(r, false, 0, &error);
  out_done(&r->out);
}
