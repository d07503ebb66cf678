/* shield {element}: what comes over the network must not end a pipeline. GStreamer's depayloaders, parsers and decoders answer some damaged
 * input with a fatal error, and one broken sender would take every other picture of the process with it. A shielded element's errors
 * become events, its flow errors are not passed upstream, and it goes on with the next buffer. A decoded picture or sound without a time is
 * dropped: a compositor (gstvideoaggregator.c, "Need timestamped buffers!") ends the stream of everybody over one. */
#include "worker.h"

#define SHIELD "diemcau-shield"
#define TELL_EVERY_NS (1000 * MS_NS)

typedef struct {
  GstPadChainFunction chain; /* the element's own */
  GMutex lock;
  guint64 errors;
  gint64 told;
} Shield;

static void tell(GstObject *element, Shield *shield, const char *message) {
  gint64 now = now_ns();
  g_mutex_lock(&shield->lock);
  guint64 errors = ++shield->errors;
  bool room = !shield->told || now - shield->told > TELL_EVERY_NS;
  if (room) shield->told = now;
  g_mutex_unlock(&shield->lock);
  if (!room) return;
  GString *event = event_new("malformed");
  put_text(event, "element", GST_OBJECT_NAME(element));
  put_text(event, "message", message);
  put_int(event, "errors", (gint64)errors);
  event_send(event);
}

bool shield_takes(GstMessage *message) {
  GstObject *from = GST_MESSAGE_SRC(message);
  Shield *shield = from ? g_object_get_data(G_OBJECT(from), SHIELD) : NULL;
  if (!shield) return false;
  GError *error = NULL;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) gst_message_parse_error(message, &error, NULL);
  else gst_message_parse_warning(message, &error, NULL);
  tell(from, shield, error->message);
  g_error_free(error);
  return true;
}

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  Shield *shield = g_object_get_data(G_OBJECT(parent), SHIELD);
  GstFlowReturn flow = shield->chain(pad, parent, buffer);
  if (flow != GST_FLOW_ERROR && flow != GST_FLOW_NOT_NEGOTIATED && flow != GST_FLOW_NOT_SUPPORTED) return flow;
  tell(parent, shield, gst_flow_get_name(flow));
  return GST_FLOW_OK;
}

static bool raw(GstPad *pad) {
  GstCaps *caps = gst_pad_get_current_caps(pad);
  bool yes = caps && g_str_has_suffix(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "/x-raw");
  gst_clear_caps(&caps);
  return yes;
}

static GstPadProbeReturn timed(GstPad *pad, GstPadProbeInfo *info, gpointer element) {
  if (GST_BUFFER_PTS_IS_VALID(GST_PAD_PROBE_INFO_BUFFER(info)) || !raw(pad)) return GST_PAD_PROBE_OK;
  tell(element, g_object_get_data(element, SHIELD), "decoded something without a time");
  return GST_PAD_PROBE_DROP;
}

static void forget(gpointer data) {
  Shield *shield = data;
  g_mutex_clear(&shield->lock);
  g_free(shield);
}

void do_shield(const Json *request, Reply *reply) {
  GstElement *element = need_element(request, reply, "element");
  GstPad *pad = element ? pad_of(element, "sink", reply) : NULL;
  if (pad && !g_object_get_data(G_OBJECT(element), SHIELD)) {
    Shield *shield = g_new0(Shield, 1);
    g_mutex_init(&shield->lock);
    shield->chain = GST_PAD_CHAINFUNC(pad);
    g_object_set_data_full(G_OBJECT(element), SHIELD, shield, forget);
    gst_pad_set_chain_function(pad, chain);
    GstPad *out = gst_element_get_static_pad(element, "src");
    if (out) gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_BUFFER, timed, element, NULL);
    gst_clear_object(&out);
  }
  gst_clear_object(&pad);
  gst_clear_object(&element);
}
