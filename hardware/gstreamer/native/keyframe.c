/* keyframe {element}: asks the encoder at or above `element` for an IDR with its next frame. Not for "all headers": rtph264pay would send the
 * parameter sets, which every IDR of ours carries already, as an access unit of their own, and a muxer at the other end fails on it. */
#include <gst/video/video.h>

#include "worker.h"

void do_keyframe(const Json *request, Reply *reply) {
  static guint count;
  GstElement *element = need_element(request, reply, "element");
  if (!element) return;
  GstEvent *event = gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, FALSE, ++count);
  GstPad *src = gst_element_get_static_pad(element, "src"), *sink = src ? NULL : gst_element_get_static_pad(element, "sink");
  bool taken = false;
  if (src) taken = gst_pad_send_event(src, event);
  else if (sink) taken = gst_pad_push_event(sink, event);
  else gst_event_unref(event);
  if (!taken) refuse(reply, "keyframe.unheard", "element: nothing at or above \"%s\" took the request", GST_OBJECT_NAME(element));
  gst_clear_object(&src);
  gst_clear_object(&sink);
  gst_object_unref(element);
}
