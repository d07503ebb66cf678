/* Parses what a stranger on the network sends first: every byte is checked, nothing is copied before its length is known. */
#include "streamid.h"

#include <string.h>

static bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool name_ok(const char *text, size_t size) {
  if (size == 0 || size >= NAME_SIZE) return false;
  for (size_t i = 0; i < size; i++)
    if (!name_char(text[i])) return false;
  return true;
}

const char *stream_id_parse(const char *text, size_t size, struct stream_id *id) {
  memset(id, 0, sizeof *id);
  if (size < 4) return "no stream id of the form pub/NODE or sub/NODE";
  if (memcmp(text, "pub/", 4) == 0) id->pub = true;
  else if (memcmp(text, "sub/", 4) != 0) return "the direction is neither pub nor sub";
  const char *node = text + 4;
  const char *end = text + size;
  const char *query = memchr(node, '?', (size_t)(end - node));
  if (query != NULL) {
    if (end - query != 3 || memcmp(query, "?hb", 3) != 0) return "unknown option behind the question mark";
    id->heartbeat = true;
    end = query;
  }
  const char *slash = memchr(node, '/', (size_t)(end - node));
  const char *node_end = slash != NULL ? slash : end;
  if (!name_ok(node, (size_t)(node_end - node))) return "the node name is empty, too long or has a forbidden character";
  memcpy(id->node, node, (size_t)(node_end - node));
  if (slash == NULL) return NULL;
  size_t path = (size_t)(end - slash - 1);
  if (path >= PATH_SIZE || !name_ok(slash + 1, path)) return "the path name is empty, too long or has a forbidden character";
  memcpy(id->path, slash + 1, path);
  return NULL;
}
