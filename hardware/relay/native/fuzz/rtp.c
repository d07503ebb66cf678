/* RTP packets from the network, cut out of the input one after the other, through parser and window as the relay does it. */
#include <stdlib.h>
#include <string.h>
#include "h264.h"
#include "rtp.h"
#include "window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct window w;
  memset(&w, 0, sizeof w);
  w.video = size > 0 && (data[0] & 1);
  uint64_t now = 1000000000;
  while (size >= 2) {
    size_t length = data[0];
    now += (uint64_t)data[1] * 1000;
    data += 2;
    size -= 2;
    if (length > size) length = size;
    struct rtp rtp;
    uint8_t *copy = malloc(length + 1); /* Of its own size, so that a read beyond it is seen. */
    memcpy(copy, data, length);
    if (rtp_parse(copy, length, &rtp)) {
      if (rtp.payload < copy + RTP_HEADER || rtp.payload + rtp.payload_size > copy + length) abort();
      unsigned flags = h264_look(rtp.payload, rtp.payload_size);
      window_admit(&w, rtp.seq, rtp.time, (rtp.marker ? WINDOW_MARKER : 0) | (flags & H264_START ? WINDOW_START : 0), (int64_t)now);
      struct rtp_rewrite to = {1, 2, 3, true};
      uint8_t header[RTP_HEADER];
      rtp_rewrite(header, copy, &to);
    }
    window_mark(&w);
    free(copy);
    data += length;
    size -= length;
  }
  if (w.damaged_frames > w.frames + w.lost) abort(); /* Nothing can be damaged that neither came nor is missing. */
  return 0;
}
