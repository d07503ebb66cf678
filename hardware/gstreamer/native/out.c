/* The bounded queue in front of stdout and its writing thread. */
#include "out.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "worker.h"

#define MAX_LINE (1024 * 1024)
#define MAX_EVENTS 4096
#define MAX_BULK 128
#define MAX_BULK_BYTES (4 * 1024 * 1024)
#define MAX_REPLIES 256

typedef struct {
  GString *text;
  OutClass class;
} Line;

static GMutex lock;
static GCond arrived, written;
static GQueue queue = G_QUEUE_INIT;
static guint count[3];
static gsize bulk_bytes;
static guint64 dropped[3];
static bool writing;

static void line_free(Line *line) {
  g_string_free(line->text, TRUE);
  g_free(line);
}

static void forget(Line *line) {
  count[line->class]--;
  if (line->class == OUT_BULK) bulk_bytes -= line->text->len;
}

/* With the lock held: drops the oldest line of a class. */
static void drop_oldest(OutClass class) {
  for (GList *link = queue.head; link; link = link->next) {
    Line *line = link->data;
    if (line->class != class) continue;
    g_queue_delete_link(&queue, link);
    forget(line);
    dropped[class]++;
    line_free(line);
    return;
  }
}

static bool write_all(const char *bytes, gsize length) {
  while (length > 0) {
    gssize n = write(STDOUT_FILENO, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    length -= (gsize)n;
  }
  return true;
}

static gpointer writer(gpointer unused G_GNUC_UNUSED) {
  g_mutex_lock(&lock);
  for (;;) {
    while (queue.length == 0) {
      writing = false;
      g_cond_broadcast(&written);
      g_cond_wait(&arrived, &lock);
    }
    Line *line = g_queue_pop_head(&queue);
    forget(line);
    writing = true;
    g_cond_broadcast(&written);
    g_mutex_unlock(&lock);
    g_string_append_c(line->text, '\n');
    /* Nobody reads any more: the owner is gone, and a worker without an owner must not live on. */
    if (!write_all(line->text->str, line->text->len)) _exit(0);
    line_free(line);
    g_mutex_lock(&lock);
  }
  return NULL;
}

void out_start(void) { g_thread_unref(g_thread_new("stdout", writer, NULL)); }

void out_send(GString *text, OutClass class) {
  Line *line = g_new(Line, 1);
  line->text = text;
  line->class = class;
  g_mutex_lock(&lock);
  if (text->len >= MAX_LINE && class != OUT_REPLY) {
    dropped[class]++;
    g_mutex_unlock(&lock);
    line_free(line);
    return;
  }
  g_queue_push_tail(&queue, line);
  count[class]++;
  if (class == OUT_BULK) bulk_bytes += text->len;
  while (count[OUT_BULK] > MAX_BULK || (count[OUT_BULK] > 1 && bulk_bytes > MAX_BULK_BYTES)) drop_oldest(OUT_BULK);
  if (count[OUT_EVENT] > MAX_EVENTS) drop_oldest(OUT_EVENT);
  g_cond_signal(&arrived);
  g_mutex_unlock(&lock);
}

void out_wait_room(void) {
  g_mutex_lock(&lock);
  while (count[OUT_REPLY] >= MAX_REPLIES) g_cond_wait(&written, &lock);
  g_mutex_unlock(&lock);
}

void out_flush(guint ms) {
  gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;
  g_mutex_lock(&lock);
  while ((queue.length > 0 || writing) && g_cond_wait_until(&written, &lock, until)) continue;
  g_mutex_unlock(&lock);
}

void out_dropped(guint64 *events, guint64 *bulk) {
  g_mutex_lock(&lock);
  *events = dropped[OUT_EVENT];
  *bulk = dropped[OUT_BULK];
  g_mutex_unlock(&lock);
}

GString *event_new(const char *name) {
  GString *out = g_string_sized_new(160);
  char ms[32];
  g_ascii_formatd(ms, sizeof ms, "%.3f", (double)now_ns() / 1e6);
  g_string_printf(out, "{\"event\":\"%s\",\"at\":%s", name, ms);
  return out;
}

void event_send(GString *event) {
  g_string_append_c(event, '}');
  out_send(event, OUT_EVENT);
}

void event_send_bulk(GString *event) {
  g_string_append_c(event, '}');
  out_send(event, OUT_BULK);
}
