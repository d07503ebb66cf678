/* pictures {element}: what arrives at an appsink (small JPEGs) becomes events {name,data} in base64. The first to be dropped when the owner is slow. */
#include <gst/app/gstappsink.h>

#include "worker.h"

static GstFlowReturn picture(GstAppSink *sink, gpointer unused G_GNUC_UNUSED) {
  GstSample *sample = gst_app_sink_pull_sample(sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer(sample) : NULL;
  GstMapInfo map;
  if (buffer && gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    char *data = g_base64_encode(map.data, map.size);
    GString *event = event_new("picture");
    put_text(event, "name", GST_OBJECT_NAME(sink));
    put_text(event, "data", data);
    event_send_bulk(event);
    g_free(data);
    gst_buffer_unmap(buffer, &map);
  }
  if (sample) gst_sample_unref(sample);
  return GST_FLOW_OK;
}

void do_pictures(const Json *request, Reply *reply) {
  GstElement *element = need_element(request, reply, "element");
  if (!element) return;
  if (GST_IS_APP_SINK(element)) {
    GstAppSinkCallbacks callbacks = {.new_sample = picture};
    gst_app_sink_set_callbacks(GST_APP_SINK(element), &callbacks, NULL, NULL);
  } else {
    refuse(reply, "element.unfit", "element: \"%s\" is no appsink", GST_OBJECT_NAME(element));
  }
  gst_object_unref(element);
}
