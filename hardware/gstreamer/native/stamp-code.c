/* Bits of a stamp to blocks of luma and back. */
#include "stamp.h"

#include <string.h>

#define DARK 40
#define BRIGHT 215
#define MARGIN 4 /* pixels at a block's edge that coding may blur into the neighbour */

static guint16 crc(guint64 bits) {
  guint16 sum = 0xffff;
  for (int i = 63; i >= 0; i--) {
    bool high = (sum >> 15) ^ ((bits >> i) & 1);
    sum = (guint16)(sum << 1);
    if (high) sum ^= 0x1021;
  }
  return sum;
}

static int rows(int width) {
  int per_row = width / STAMP_BLOCK;
  return per_row ? (STAMP_BITS + per_row - 1) / per_row : 0;
}

bool stamp_fits(const GstVideoInfo *info, int x, int y, int width, int height) {
  const GstVideoFormatInfo *format = info->finfo;
  bool luma = format && (GST_VIDEO_FORMAT_INFO_IS_YUV(format) || GST_VIDEO_FORMAT_INFO_IS_GRAY(format)) && GST_VIDEO_FORMAT_INFO_DEPTH(format, 0) == 8 &&
              GST_VIDEO_FORMAT_INFO_PSTRIDE(format, 0) == 1 && GST_VIDEO_FORMAT_INFO_PLANE(format, 0) == 0;
  bool inside = x >= 0 && y >= 0 && x + width <= GST_VIDEO_INFO_WIDTH(info) && y + height <= GST_VIDEO_INFO_HEIGHT(info);
  return luma && inside && rows(width) > 0 && rows(width) * STAMP_BLOCK <= height;
}

static guint8 *block(GstVideoFrame *frame, int x, int y, int width, int i) {
  int per_row = width / STAMP_BLOCK;
  guint8 *luma = GST_VIDEO_FRAME_PLANE_DATA(frame, 0);
  return luma + (gsize)(y + i / per_row * STAMP_BLOCK) * (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0) + x + i % per_row * STAMP_BLOCK;
}

void stamp_write(GstVideoFrame *frame, int x, int y, int width, const Stamp *stamp) {
  guint64 bits = (guint64)stamp->time << 32 | (guint64)stamp->sequence << 16 | stamp->source;
  guint16 check = crc(bits);
  for (int i = 0; i < STAMP_BITS; i++) {
    bool bit = i < 64 ? (bits >> (63 - i)) & 1 : (check >> (79 - i)) & 1;
    guint8 *at = block(frame, x, y, width, i);
    for (int line = 0; line < STAMP_BLOCK; line++) memset(at + line * GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0), bit ? BRIGHT : DARK, STAMP_BLOCK);
  }
}

bool stamp_read(GstVideoFrame *frame, int x, int y, int width, Stamp *stamp) {
  guint64 bits = 0;
  guint16 check = 0;
  for (int i = 0; i < STAMP_BITS; i++) {
    guint8 *at = block(frame, x, y, width, i);
    guint sum = 0;
    for (int line = MARGIN; line < STAMP_BLOCK - MARGIN; line++)
      for (int column = MARGIN; column < STAMP_BLOCK - MARGIN; column++) sum += at[line * GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0) + column];
    bool bit = sum > 128 * (STAMP_BLOCK - 2 * MARGIN) * (STAMP_BLOCK - 2 * MARGIN);
    if (i < 64) bits = bits << 1 | bit;
    else check = (guint16)(check << 1 | bit);
  }
  *stamp = (Stamp){.time = (guint32)(bits >> 32), .sequence = (guint16)(bits >> 16), .source = (guint16)bits};
  return crc(bits) == check;
}
