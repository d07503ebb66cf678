/* Records are allocated when a command asks for an SSRC, never by a packet. */
#include "stream.h"

#include <stdlib.h>

struct stream *streams_find(const struct streams *streams, uint32_t ssrc) {
  int index = idmap_get(&streams->map, ssrc >> 4);
  return index < 0 ? NULL : streams->at[index];
}

struct stream *streams_open(struct streams *streams, uint32_t ssrc, bool video) {
  struct stream *stream = streams_find(streams, ssrc);
  if (stream != NULL) return stream;
  int index = 0;
  while (index < streams->high && streams->at[index] != NULL) index++;
  if (index == STREAMS_MAX) return NULL;
  stream = calloc(1, sizeof *stream);
  if (stream == NULL) return NULL;
  stream->ssrc = ssrc & ~15u;
  stream->incarnation = -1;
  stream->video = video;
  stream->window.video = video;
  stream->from_anyone = true;
  stream->await_key = true;
  stream->stalled = true; /* Nothing has flowed yet: the first packet is worth an event. */
  if (index == streams->high) streams->high++;
  streams->at[index] = stream;
  idmap_put(&streams->map, ssrc >> 4, index);
  return stream;
}

void streams_release(struct streams *streams, struct stream *stream) {
  if (stream->routed || stream->views > 0) return;
  int index = streams_index(streams, stream);
  idmap_remove(&streams->map, stream->ssrc >> 4);
  streams->at[index] = NULL;
  free(stream);
}

int streams_index(const struct streams *streams, const struct stream *stream) {
  return idmap_get(&streams->map, stream->ssrc >> 4);
}
