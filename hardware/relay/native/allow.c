/* Keys are wiped when an entry goes. The lock is held for look-ups and copies only, never over a call into libsrt. */
#include "allow.h"

#include <string.h>

void allow_init(struct allow *allow) {
  memset(allow, 0, sizeof *allow);
  pthread_mutex_init(&allow->lock, NULL);
}

static struct allowed *find(struct allow *allow, const char *node) {
  for (int i = 0; i < ALLOWED_MAX; i++)
    if (allow->at[i].used && strcmp(allow->at[i].node, node) == 0) return &allow->at[i];
  return NULL;
}

bool allow_set(struct allow *allow, const struct allowed *wanted) {
  pthread_mutex_lock(&allow->lock);
  struct allowed *entry = find(allow, wanted->node);
  for (int i = 0; entry == NULL && i < ALLOWED_MAX; i++)
    if (!allow->at[i].used) entry = &allow->at[i];
  if (entry != NULL) {
    *entry = *wanted;
    entry->used = true;
  }
  pthread_mutex_unlock(&allow->lock);
  return entry != NULL;
}

bool allow_remove(struct allow *allow, const char *node) {
  pthread_mutex_lock(&allow->lock);
  struct allowed *entry = find(allow, node);
  if (entry != NULL) explicit_bzero(entry, sizeof *entry);
  pthread_mutex_unlock(&allow->lock);
  return entry != NULL;
}

bool allow_get(struct allow *allow, const char *node, struct allowed *copy) {
  pthread_mutex_lock(&allow->lock);
  struct allowed *entry = find(allow, node);
  if (entry != NULL) *copy = *entry;
  pthread_mutex_unlock(&allow->lock);
  return entry != NULL;
}

void allow_knock(struct allow *allow, const char *stream_id, const char *address, const char *because) {
  pthread_mutex_lock(&allow->lock);
  if (because != NULL) allow->refused++;
  if (allow->knocks < KNOCKS) {
    struct knock *knock = &allow->knock[allow->knocks++];
    memset(knock, 0, sizeof *knock);
    for (size_t i = 0; i < STREAM_ID_SIZE - 1 && stream_id[i] != '\0'; i++)
      knock->stream_id[i] = stream_id[i] > 0x20 && stream_id[i] < 0x7f ? stream_id[i] : '?';
    strncpy(knock->address, address, sizeof knock->address - 1);
    if (because != NULL) strncpy(knock->because, because, sizeof knock->because - 1);
  }
  pthread_mutex_unlock(&allow->lock);
  atomic_store(&allow->news, true);
}

bool allow_take(struct allow *allow, struct knock *knock) {
  if (!atomic_load(&allow->news)) return false;
  pthread_mutex_lock(&allow->lock);
  bool any = allow->knocks > 0;
  if (any) {
    *knock = allow->knock[0];
    memmove(allow->knock, allow->knock + 1, sizeof *knock * (size_t)--allow->knocks);
  }
  if (allow->knocks == 0) atomic_store(&allow->news, false);
  pthread_mutex_unlock(&allow->lock);
  return any;
}
