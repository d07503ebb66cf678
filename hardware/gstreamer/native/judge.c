/* judge {element,pad,frozen,black,frozenMs?,blackMs?,mean?,variance?}: whether the raw pictures at a pad are worth showing. A camera that
 * repeats one picture, or sends black, delivers buffers like a healthy one. The verdict is kept at the pad, where the watchdog asks for it.
 * Asked again for the same pad it begins anew, with the new limits.
 *
 * Frozen: every fourth row of luma is compared with that of the picture before. A sensor's noise survives every encoder in some of so many
 * points, so two pictures of a camera are never the same to the last bit for long; a repeater's are. A picture that differs alone, between
 * same ones, and nowhere strongly, is an encoder that has coded the same picture once more (IDR) and no movement; a digit of a clock is strong.
 * A frozen source is believed again only when several pictures in a row differ.
 * Black: the mean of luma near 16, the black of video, and a variance so small that there is no noise either: a dark room has some. */
#include <gst/video/video.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

#define JUDGE "diemcau-judge"
#define ROWS 4            /* every fourth row is looked at */
#define COLUMNS 8         /* of these, for black, every eighth point */
#define STRONG 24         /* what coding the same picture again changes no point by */
#define MOVES 3           /* pictures in a row that differ, until a frozen source is believed again */
#define COMPARED_LEAST 5  /* fewer pictures than that prove nothing, however long they took */
#define BLACK_EVERY_NS (100 * MS_NS)

typedef struct {
  GMutex lock;
  char *name;
  bool frozen_counts, black_counts;
  gint64 frozen_after, black_after;
  double mean, variance;
  guint8 *rows; /* of the picture before */
  gsize size;
  guint same, moves; /* pictures in a row that were the same, or differed */
  gint64 same_since, black_since, black_looked;
  bool frozen, black;
  _Atomic int verdict; /* 0 fit, 1 frozen, 2 black */
  _Atomic gint64 since;
} Judge;

static const char *const WORDS[] = {"fit", "frozen", "black"};

const char *judge_says(GstPad *pad, gint64 *since) {
  Judge *self = g_object_get_data(G_OBJECT(pad), JUDGE);
  int verdict = self ? atomic_load(&self->verdict) : 0;
  if (!verdict) return NULL;
  *since = atomic_load(&self->since);
  return WORDS[verdict];
}

static bool strong(const guint8 *now, const guint8 *before, gsize n) {
  int most = 0;
  for (gsize i = 0; i < n; i++) most = MAX(most, abs(now[i] - before[i]));
  return most >= STRONG;
}

/* Keeps the rows for next time. A healthy picture differs within its first row, so the comparison costs nothing but for still ones. */
static void compare(Judge *self, const GstVideoFrame *frame, gint64 now) {
  gsize width = (gsize)GST_VIDEO_FRAME_WIDTH(frame), rows = (gsize)(GST_VIDEO_FRAME_HEIGHT(frame) + ROWS - 1) / ROWS;
  gsize stride = (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0) * ROWS;
  const guint8 *luma = GST_VIDEO_FRAME_PLANE_DATA(frame, 0);
  bool known = self->size == width * rows, differs = !known, strongly = !known;
  if (!known) {
    self->rows = g_realloc(self->rows, width * rows);
    self->size = width * rows;
  }
  for (gsize y = 0; y < rows && !differs; y++) differs = memcmp(luma + y * stride, self->rows + y * width, width) != 0;
  /* Only a first difference after same ones needs the closer look. */
  if (known && differs && !self->moves)
    for (gsize y = 0; y < rows && !strongly; y++) strongly = strong(luma + y * stride, self->rows + y * width, width);
  if (differs)
    for (gsize y = 0; y < rows; y++) memcpy(self->rows + y * width, luma + y * stride, width);
  self->moves = differs ? self->moves + 1 : 0;
  bool moved = self->frozen ? self->moves >= MOVES : strongly || self->moves >= 2;
  if (moved) {
    self->same = 0;
    self->same_since = now;
    self->frozen = false;
  } else if (++self->same >= COMPARED_LEAST && now - self->same_since >= self->frozen_after) {
    self->frozen = true;
  }
}

static bool is_black(const Judge *self, const GstVideoFrame *frame) {
  gsize width = (gsize)GST_VIDEO_FRAME_WIDTH(frame), height = (gsize)GST_VIDEO_FRAME_HEIGHT(frame);
  gsize stride = (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);
  const guint8 *luma = GST_VIDEO_FRAME_PLANE_DATA(frame, 0);
  guint64 n = 0, sum = 0, squares = 0;
  for (gsize y = 0; y < height; y += ROWS)
    for (gsize x = 0; x < width; x += COLUMNS) {
      guint64 value = luma[y * stride + x];
      sum += value;
      squares += value * value;
      n++;
    }
  if (!n) return false;
  double mean = (double)sum / (double)n;
  return mean <= self->mean && (double)squares / (double)n - mean * mean <= self->variance;
}

static void look_for_black(Judge *self, const GstVideoFrame *frame, gint64 now) {
  if (now - self->black_looked < BLACK_EVERY_NS) return;
  self->black_looked = now;
  if (!is_black(self, frame)) self->black_since = 0;
  else if (!self->black_since) self->black_since = now;
  self->black = self->black_since && now - self->black_since >= self->black_after;
}

static void conclude(Judge *self) {
  /* Black stands still too, and is what people see. */
  bool black = self->black || (self->frozen && self->black_since);
  int verdict = black ? 2 : self->frozen ? 1 : 0;
  if (verdict == atomic_load(&self->verdict)) return;
  atomic_store(&self->since, black ? self->black_since : self->same_since);
  atomic_store(&self->verdict, verdict);
  GString *event = event_new("judged");
  put_text(event, "name", self->name);
  put_text(event, "verdict", WORDS[verdict]);
  event_send(event);
}

static GstPadProbeReturn passed(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Judge *self = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstVideoInfo format;
  GstVideoFrame frame;
  /* What videorate repeats to fill up the rate is no picture of the source's: it marks those as gaps. */
  if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) return GST_PAD_PROBE_OK;
  GstCaps *caps = gst_pad_get_current_caps(pad);
  bool raw = caps && gst_video_info_from_caps(&format, caps) && GST_VIDEO_INFO_COMP_DEPTH(&format, 0) == 8;
  gst_clear_caps(&caps);
  if (!raw || !gst_video_frame_map(&frame, &format, buffer, GST_MAP_READ | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) return GST_PAD_PROBE_OK;
  gint64 now = now_ns();
  g_mutex_lock(&self->lock);
  if (self->frozen_counts) compare(self, &frame, now);
  if (self->black_counts) look_for_black(self, &frame, now);
  conclude(self);
  g_mutex_unlock(&self->lock);
  gst_video_frame_unmap(&frame);
  return GST_PAD_PROBE_OK;
}

static void forget(gpointer data) {
  Judge *self = data;
  g_mutex_clear(&self->lock);
  g_free(self->rows);
  g_free(self->name);
  g_free(self);
}

static Judge *judge_of(GstPad *pad) {
  Judge *self = g_object_get_data(G_OBJECT(pad), JUDGE);
  if (self) return self;
  self = g_new0(Judge, 1);
  g_mutex_init(&self->lock);
  self->name = g_strdup(GST_PAD_NAME(pad));
  g_object_set_data_full(G_OBJECT(pad), JUDGE, self, forget);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, passed, self, NULL);
  return self;
}

void do_judge(const Json *request, Reply *reply) {
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  Judge *self = judge_of(pad);
  g_mutex_lock(&self->lock);
  self->frozen_counts = flag_or(request, "frozen", true);
  self->black_counts = flag_or(request, "black", true);
  self->frozen_after = (gint64)(number_or(request, "frozenMs", 1200) * (double)MS_NS);
  self->black_after = (gint64)(number_or(request, "blackMs", 1000) * (double)MS_NS);
  self->mean = number_or(request, "mean", 20);
  self->variance = number_or(request, "variance", 1);
  self->size = 0;
  self->same = self->moves = 0;
  self->same_since = now_ns();
  self->black_since = 0;
  self->frozen = self->black = false;
  atomic_store(&self->verdict, 0);
  g_mutex_unlock(&self->lock);
  gst_object_unref(pad);
}
