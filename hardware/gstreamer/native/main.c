/* Life of the worker: a thread reads stdin, the main thread does what is asked, a thread writes stdout.
 * The end of stdin is the end of the worker, whatever the pipeline is doing: reading never depends on the thread that may hang. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "worker.h"

#define MAX_LINE (1024 * 1024)
#define FINALISE_MS 1000
#define LEAKS_MS 900 /* only in the build with sanitizers; owners wait 1 s */

typedef struct {
  GString *line;             /* a request, or */
  void (*work)(gpointer);    /* work deferred by another thread, or */
  gpointer data;
  const char *complaint;     /* a request that could not be read; or none of all: leave */
} Task;

bool faults_allowed = false;

static GAsyncQueue *tasks;
static int terminate[2]; /* pipe written by the SIGTERM handler */

gint64 now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (gint64)t.tv_sec * 1000000000 + t.tv_nsec;
}

void main_defer(void (*work)(gpointer), gpointer data) {
  Task *task = g_new0(Task, 1);
  task->work = work;
  task->data = data;
  g_async_queue_push(tasks, task);
}

/* Ends the process without unwinding: destructors of a hung pipeline would hang too. */
static G_GNUC_NORETURN void leave(void) {
  out_flush(50);
  _exit(0);
}

/* On the main thread, when a recording deserves its last second. */
static void finalise_and_leave(void) {
  bool finalised;
  pipeline_stop(true, FINALISE_MS - 200, &finalised);
  leave();
}

/* On the reading thread: stdin has ended, or SIGTERM came. */
static void end_of_input(void) {
#ifdef __SANITIZE_ADDRESS__
  /* Owners say `quit` and close stdin in one breath: looking for leaks takes longer than this thread takes to see the end. */
  g_usleep(LEAKS_MS * 1000);
#endif
  if (!pipeline_finalises()) leave();
  g_async_queue_push(tasks, g_new0(Task, 1));
  g_usleep(FINALISE_MS * 1000);
  leave();
}

#ifdef __SANITIZE_ADDRESS__
/* leave() unwinds nothing, so nothing would ever look for leaks: the build of the tests does, when the owner asked it to go and the pipeline
 * lets go of everything. Ends the process when something is lost. */
static void tell_leaks(void) {
  bool finalised;
  if (!pipeline_stop(false, 0, &finalised)) return;
  out_flush(50);
  __lsan_do_leak_check();
}
#endif

static void push_line(GString *line, bool too_long) {
  Task *task = g_new0(Task, 1);
  task->line = line;
  if (too_long) task->complaint = "a line is longer than 1 MiB";
  g_async_queue_push(tasks, task);
}

static gpointer reader(gpointer unused G_GNUC_UNUSED) {
  static char chunk[65536];
  GString *line = g_string_new(NULL);
  bool too_long = false;
  struct pollfd from[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = terminate[0], .events = POLLIN}};
  for (;;) {
    if (poll(from, 2, -1) < 0 && errno == EINTR) continue;
    if (from[1].revents) break;
    gssize n = read(STDIN_FILENO, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) break;
    for (char *at = chunk, *end = chunk + n; at < end;) {
      char *stop = memchr(at, '\n', (gsize)(end - at));
      gsize part = (gsize)((stop ? stop : end) - at);
      if (line->len + part > MAX_LINE) too_long = true;
      if (!too_long) g_string_append_len(line, at, (gssize)part);
      at += part + 1;
      if (!stop) break;
      push_line(line, too_long);
      line = g_string_new(NULL);
      too_long = false;
    }
  }
  end_of_input();
  return NULL;
}

static void answer(const Json *request, const Json *id, bool *quit) {
  Reply reply = {.fields = g_string_new(NULL)};
  const char *verb = text_or(request, "do", NULL);
  *quit = verb && strcmp(verb, "quit") == 0;
  if (!*quit) command_run(request, &reply);
  else if (!id) return g_string_free(reply.fields, TRUE), (void)0; /* A farewell expects no answer. */
  GString *out = g_string_new("{\"id\":");
  if (id && id->type == JSON_NUMBER) json_number(out, id->number);
  else g_string_append(out, "null");
  put_bool(out, "ok", !reply.error);
  if (reply.error) {
    put_text(out, "error", reply.error);
    put_text(out, "detail", reply.detail);
  }
  g_string_append_len(out, reply.fields->str, (gssize)reply.fields->len);
  g_string_append_c(out, '}');
  out_send(out, OUT_REPLY);
  g_string_free(reply.fields, TRUE);
  g_free(reply.detail);
}

/* True when the request was `quit`. */
static bool handle(GString *line, const char *complaint) {
  const char *why = complaint;
  bool quit = false;
  Json *request = complaint ? NULL : json_parse(line->str, line->len, &why);
  if (request && request->type != JSON_OBJECT) {
    json_free(request);
    request = NULL;
    why = "a request must be an object";
  }
  if (request) {
    answer(request, json_get(request, "id"), &quit);
  } else {
    GString *out = g_string_new("{\"id\":null,\"ok\":false,\"error\":\"request.invalid\"");
    put_text(out, "detail", why);
    g_string_append_c(out, '}');
    out_send(out, OUT_REPLY);
  }
  json_free(request);
  return quit;
}

static void on_term(int signal G_GNUC_UNUSED) {
  if (write(terminate[1], "", 1) < 0) _exit(0);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--faults") == 0) faults_allowed = true;
    /* Before there are threads, which inherit it. A courtesy of the system: without the right to it all works, only less evenly. */
    if (strncmp(argv[i], "--nice=", 7) == 0) (void)setpriority(PRIO_PROCESS, 0, atoi(argv[i] + 7));
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole group; the owner decides, and its end is ours. */
  if (pipe(terminate) != 0) return 71;
  signal(SIGTERM, on_term);
  crash_install();
  prctl(PR_SET_NAME, "worker");

  if (!g_getenv("GST_DEBUG")) gst_debug_set_active(FALSE);
  gst_init(NULL, NULL);
  clipsrc_register();

  tasks = g_async_queue_new();
  out_start();
  ticker_start();
  GString *ready = event_new("ready");
  put_text(ready, "program", "worker");
  put_int(ready, "version", 1);
  put_int(ready, "pid", getpid());
  event_send(ready);
  g_thread_unref(g_thread_new("stdin", reader, NULL));

  for (;;) {
    out_wait_room();
    Task *task = g_async_queue_pop(tasks);
    bool quit = !task->line && !task->work;
    if (task->work) task->work(task->data);
    if (task->line) {
      if (task->complaint || task->line->len > 0) quit = handle(task->line, task->complaint);
      g_string_free(task->line, TRUE);
    }
    g_free(task);
    if (!quit) continue;
    if (pipeline_finalises()) finalise_and_leave();
#ifdef __SANITIZE_ADDRESS__
    tell_leaks();
#endif
    leave();
  }
}
