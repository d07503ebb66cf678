/* The reflexes of the running pipeline, and the one thread that gives them time. */
#include <string.h>

#include "worker.h"

static GMutex lock;
static GCond changed;
static GPtrArray *reflexes; /* of Reflex */

static void release(gpointer data) {
  Reflex *reflex = data;
  char *name = reflex->name;
  reflex->release(reflex);
  g_free(name);
}

static GPtrArray *empty(void) { return g_ptr_array_new_with_free_func(release); }

void reflex_add(Reflex *reflex) {
  g_mutex_lock(&lock);
  g_ptr_array_add(reflexes, reflex);
  g_cond_broadcast(&changed);
  g_mutex_unlock(&lock);
}

/* The newest of that name: an older one has been silenced by the command that replaced it. */
Reflex *reflex_find(const char *kind, const char *name) {
  Reflex *found = NULL;
  g_mutex_lock(&lock);
  for (guint i = 0; i < reflexes->len; i++) {
    Reflex *one = reflexes->pdata[i];
    if (strcmp(one->kind, kind) == 0 && strcmp(one->name, name) == 0) found = one;
  }
  g_mutex_unlock(&lock);
  return found;
}

GPtrArray *reflex_detach_all(void) {
  g_mutex_lock(&lock);
  GPtrArray *all = reflexes;
  reflexes = empty();
  g_mutex_unlock(&lock);
  for (guint i = 0; i < all->len; i++) {
    Reflex *one = all->pdata[i];
    if (one->retire) one->retire(one);
  }
  return all;
}

void reflex_report_all(GString *out, bool guards, bool reset) {
  bool first = true;
  g_mutex_lock(&lock);
  for (guint i = 0; i < reflexes->len; i++) {
    Reflex *one = reflexes->pdata[i];
    if (!one->report || one->guards != guards) continue;
    if (!first) g_string_append_c(out, ',');
    first = false;
    one->report(one, out, reset);
  }
  g_mutex_unlock(&lock);
}

/* Sleeps as long as the most impatient reflex allows; without one it does not wake at all. */
static gpointer ticker(gpointer unused G_GNUC_UNUSED) {
  g_mutex_lock(&lock);
  for (;;) {
    guint every = 0;
    gint64 now = now_ns();
    for (guint i = 0; i < reflexes->len; i++) {
      Reflex *one = reflexes->pdata[i];
      if (!one->every_ms || !one->tick) continue;
      one->tick(one, now);
      every = every ? MIN(every, one->every_ms) : one->every_ms;
    }
    if (every) g_cond_wait_until(&changed, &lock, g_get_monotonic_time() + every * 1000);
    else g_cond_wait(&changed, &lock);
  }
  return NULL;
}

void ticker_start(void) {
  reflexes = empty();
  g_thread_unref(g_thread_new("ticker", ticker, NULL));
}
