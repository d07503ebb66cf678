/* levels {element}: what a `level` element measures becomes events {element, rms, peak} in dB per channel; -100 means silence. */
#include <math.h>

#include "worker.h"

#define WANTED "diemcau-levels"
#define SILENCE_DB (-100.0)

G_GNUC_BEGIN_IGNORE_DEPRECATIONS /* GValueArray is what the level element speaks. */

static void put_levels(GString *event, const char *key, const GstStructure *said) {
  const GValue *value = gst_structure_get_value(said, key);
  const GValueArray *channels = value ? g_value_get_boxed(value) : NULL;
  put_key(event, key);
  g_string_append_c(event, '[');
  for (guint i = 0; channels && i < channels->n_values; i++) {
    double db = g_value_get_double(&channels->values[i]);
    if (i) g_string_append_c(event, ',');
    json_number(event, db > SILENCE_DB ? round(db * 10) / 10 : SILENCE_DB);
  }
  g_string_append_c(event, ']');
}

G_GNUC_END_IGNORE_DEPRECATIONS

void levels_heard(GstMessage *message) {
  GstObject *from = GST_MESSAGE_SRC(message);
  if (!from || !g_object_get_data(G_OBJECT(from), WANTED)) return;
  const GstStructure *said = gst_message_get_structure(message);
  GString *event = event_new("level");
  put_text(event, "element", GST_OBJECT_NAME(from));
  put_levels(event, "rms", said);
  put_levels(event, "peak", said);
  event_send_bulk(event);
}

void do_levels(const Json *request, Reply *reply) {
  GstElement *element = need_element(request, reply, "element");
  if (!element) return;
  if (!g_object_class_find_property(G_OBJECT_GET_CLASS(element), "post-messages"))
    refuse(reply, "element.unfit", "element: \"%s\" is no level element", GST_OBJECT_NAME(element));
  else g_object_set_data(G_OBJECT(element), WANTED, element);
  gst_object_unref(element);
}
