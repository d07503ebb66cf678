/* A stamp is 80 blocks of 16×16 luma: one line of a 1280 picture, four lines of a 320 one. Shared by the writer and the reader.
 * Bits, most significant first: 32 time (CLOCK_MONOTONIC in 100 µs), 16 sequence, 16 source, 16 check (CRC-16/CCITT of the other 64). */
#pragma once

#include <glib.h>
#include <gst/video/video.h>
#include <stdbool.h>

#define STAMP_BITS 80
#define STAMP_BLOCK 16

typedef struct {
  guint32 time;
  guint16 sequence, source;
} Stamp;

/* True when the picture has 8-bit luma with one byte per pixel (I420, NV12, Y42B…). */
bool stamp_fits(const GstVideoInfo *info, int x, int y, int width, int height);
/* Both work on the region x, y, width of plane 0; blocks wrap at the region's width. */
void stamp_write(GstVideoFrame *frame, int x, int y, int width, const Stamp *stamp);
bool stamp_read(GstVideoFrame *frame, int x, int y, int width, Stamp *stamp);
