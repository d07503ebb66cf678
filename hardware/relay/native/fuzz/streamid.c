/* Stream ids from the network. What is accepted must be made of allowed characters and end in NUL. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "streamid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct stream_id id;
  if (stream_id_parse((const char *)data, size, &id) != NULL) return 0;
  if (!name_ok(id.node, strnlen(id.node, NAME_SIZE))) abort();
  if (id.path[0] != '\0' && !name_ok(id.path, strnlen(id.path, PATH_SIZE))) abort();
  return 0;
}
