/* Who may connect, with which key. Written by the main thread, read by libsrt's receiving thread in the listen callback: guarded by a mutex. */
#ifndef ALLOW_H
#define ALLOW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "bounds.h"
#include "streamid.h"

/* One call that was let in as far as the key check, or refused before it. */
struct knock {
  char stream_id[STREAM_ID_SIZE]; /* As it came, with everything but visible ASCII replaced. */
  char address[64];
  char because[96];               /* Empty: its key is being checked by libsrt. */
};

#define KNOCKS 64

struct allowed {
  bool used, pub, sub;
  char node[NAME_SIZE];
  char key[KEY_SIZE];
  int64_t max_kbps;    /* Pace of what we send to it; 0 = no limit. */
  int64_t max_in_kbps; /* What is taken from it, per connection; 0 = no limit. */
};

struct allow {
  pthread_mutex_t lock;
  struct allowed at[ALLOWED_MAX];
  struct knock knock[KNOCKS];
  int knocks;
  uint64_t refused;          /* All of them, also those that found no room in the ring. */
  atomic_bool news;          /* Something is in the ring: saves the lock in every turn. */
};

void allow_init(struct allow *allow);

/* Lets a node in; replaces what was set before. False when the table is full. */
bool allow_set(struct allow *allow, const struct allowed *wanted);
/* False when it was not there. */
bool allow_remove(struct allow *allow, const char *node);
/* Copies the entry of `node`. False when there is none. */
bool allow_get(struct allow *allow, const char *node, struct allowed *copy);

/* Puts a knock into the ring; `because` NULL when it was let in. Any thread. */
void allow_knock(struct allow *allow, const char *stream_id, const char *address, const char *because);
/* Takes the oldest knock out. False when there is none. */
bool allow_take(struct allow *allow, struct knock *knock);

#endif
