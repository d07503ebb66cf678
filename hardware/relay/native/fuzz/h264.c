/* H.264 payloads from the network. */
#include <stdlib.h>
#include <string.h>
#include "h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size + 1);
  memcpy(copy, data, size);
  uint8_t *exact = size > 0 ? realloc(copy, size) : copy;
  unsigned flags = h264_look(exact, size);
  if ((flags & H264_KEY) && !(flags & H264_START)) abort();
  if ((flags & H264_SPS) && !(flags & H264_KEY)) abort();
  free(exact);
  return 0;
}
