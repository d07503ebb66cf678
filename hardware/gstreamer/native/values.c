/* set and get: properties of elements, and of their pads ("name.pad"), between JSON and GValue. */
#include <math.h>
#include <string.h>

#include "worker.h"

/* "name" or "name.sink_3": element ids have no dots. */
static GObject *target_of(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "element");
  if (!name) return NULL;
  const char *dot = strchr(name, '.');
  if (!dot) return (GObject *)need_element(request, reply, "element");
  GstElement *pipeline = pipeline_get();
  char *owner = g_strndup(name, (gsize)(dot - name));
  GstElement *element = pipeline ? gst_bin_get_by_name(GST_BIN(pipeline), owner) : NULL;
  GstPad *pad = element ? pad_of(element, dot + 1, reply) : NULL;
  if (!element) refuse(reply, "element.unknown", "element: the pipeline has no element \"%s\"", owner);
  g_free(owner);
  gst_clear_object(&element);
  gst_clear_object(&pipeline);
  return (GObject *)pad;
}

static GParamSpec *property_of(GObject *target, const Json *request, Reply *reply, GParamFlags need) {
  const char *name = need_text(request, reply, "property");
  GParamSpec *spec = name ? g_object_class_find_property(G_OBJECT_GET_CLASS(target), name) : NULL;
  if (name && !spec) refuse(reply, "property.unknown", "property: \"%s\" has no \"%s\"", GST_OBJECT_NAME(target), name);
  if (spec && !(spec->flags & need)) {
    refuse(reply, "property.forbidden", "property: \"%s\" cannot be %s", name, need == G_PARAM_WRITABLE ? "set" : "read");
    return NULL;
  }
  return spec;
}

/* JSON text for a property that is not a text is GStreamer's own serialisation: enum nicks, caps, structures, matrices, 64-bit numbers. */
static bool value_from(GValue *value, const Json *json, GParamSpec *spec) {
  GType type = G_PARAM_SPEC_VALUE_TYPE(spec);
  GValue given = G_VALUE_INIT;
  bool done = false;
  g_value_init(value, type);
  if (json->type == JSON_TEXT) {
    if (type != G_TYPE_STRING) return gst_value_deserialize_with_pspec(value, json->text, spec);
    g_value_set_string(value, json->text);
    return true;
  }
  if (json->type == JSON_BOOL) {
    g_value_init(&given, G_TYPE_BOOLEAN);
    g_value_set_boolean(&given, json->number != 0);
    done = type == G_TYPE_BOOLEAN && g_value_transform(&given, value);
  } else if (json->type == JSON_NUMBER && type != G_TYPE_BOOLEAN && type != G_TYPE_STRING) {
    bool whole = json->number == floor(json->number) && fabs(json->number) < 9e15;
    bool real = type == G_TYPE_DOUBLE || type == G_TYPE_FLOAT;
    g_value_init(&given, whole ? G_TYPE_INT64 : G_TYPE_DOUBLE);
    if (whole) g_value_set_int64(&given, (gint64)json->number);
    else g_value_set_double(&given, json->number);
    done = (whole || real) && g_value_type_transformable(G_VALUE_TYPE(&given), type) && g_value_transform(&given, value);
    /* A negative number must not wrap into a huge one. */
    if (done && json->number < 0 && (type == G_TYPE_UINT || type == G_TYPE_UINT64 || type == G_TYPE_ULONG)) done = false;
    if (done && whole && (type == G_TYPE_INT || type == G_TYPE_UINT)) {
      gint64 kept = type == G_TYPE_INT ? g_value_get_int(value) : (gint64)g_value_get_uint(value);
      done = kept == (gint64)json->number;
    }
  }
  if (G_IS_VALUE(&given)) g_value_unset(&given);
  return done;
}

void do_set(const Json *request, Reply *reply) {
  const Json *json = json_get(request, "value");
  if (!json) return refuse(reply, "field.invalid", "value: is missing");
  GObject *target = target_of(request, reply);
  GParamSpec *spec = target ? property_of(target, request, reply, G_PARAM_WRITABLE) : NULL;
  if (spec) {
    GValue value = G_VALUE_INIT;
    /* g_param_value_validate answers true when it had to change the value: out of range is a refusal, not a silent clamp. */
    if (!value_from(&value, json, spec) || g_param_value_validate(spec, &value))
      refuse(reply, "value.invalid", "value: does not fit property \"%s\" of type %s", spec->name, g_type_name(spec->value_type));
    else g_object_set_property(target, spec->name, &value);
    g_value_unset(&value);
  }
  g_clear_object(&target);
}

static void json_value(GString *out, const GValue *value);

static gboolean json_field(GQuark field, const GValue *value, gpointer data) {
  GString *out = data;
  if (out->str[out->len - 1] != '{') g_string_append_c(out, ',');
  json_text(out, g_quark_to_string(field));
  g_string_append_c(out, ':');
  json_value(out, value);
  return TRUE;
}

static void json_list(GString *out, const GValue *value) {
  bool array = GST_VALUE_HOLDS_ARRAY(value);
  guint n = array ? gst_value_array_get_size(value) : gst_value_list_get_size(value);
  g_string_append_c(out, '[');
  for (guint i = 0; i < n; i++) {
    if (i) g_string_append_c(out, ',');
    json_value(out, array ? gst_value_array_get_value(value, i) : gst_value_list_get_value(value, i));
  }
  g_string_append_c(out, ']');
}

static void json_whole(GString *out, gint64 whole) {
  /* Beyond 2^53 JavaScript would round it: then as a text. */
  bool exact = whole <= G_GINT64_CONSTANT(9007199254740991) && whole >= -G_GINT64_CONSTANT(9007199254740991);
  g_string_append_printf(out, exact ? "%" G_GINT64_FORMAT : "\"%" G_GINT64_FORMAT "\"", whole);
}

static void json_value(GString *out, const GValue *value) {
  GType type = G_VALUE_TYPE(value);
  GValue as = G_VALUE_INIT;
  if (type == G_TYPE_STRING) json_text(out, g_value_get_string(value));
  else if (type == G_TYPE_BOOLEAN) g_string_append(out, g_value_get_boolean(value) ? "true" : "false");
  else if (type == G_TYPE_UINT64 && g_value_get_uint64(value) > G_MAXINT64) g_string_append_printf(out, "\"%" G_GUINT64_FORMAT "\"", g_value_get_uint64(value));
  else if (type == GST_TYPE_STRUCTURE && g_value_get_boxed(value)) {
    g_string_append_c(out, '{');
    gst_structure_foreach(g_value_get_boxed(value), json_field, out);
    g_string_append_c(out, '}');
  } else if (GST_VALUE_HOLDS_ARRAY(value) || GST_VALUE_HOLDS_LIST(value)) json_list(out, value);
  else if (G_TYPE_FUNDAMENTAL(type) == G_TYPE_OBJECT) {
    GObject *object = g_value_get_object(value);
    json_text(out, object && GST_IS_OBJECT(object) ? GST_OBJECT_NAME(object) : NULL);
  } else if (type == G_TYPE_FLOAT || type == G_TYPE_DOUBLE) {
    g_value_init(&as, G_TYPE_DOUBLE);
    g_value_transform(value, &as);
    json_number(out, g_value_get_double(&as));
    g_value_unset(&as);
  } else if (G_TYPE_FUNDAMENTAL(type) != G_TYPE_ENUM && G_TYPE_FUNDAMENTAL(type) != G_TYPE_FLAGS && g_value_type_transformable(type, G_TYPE_INT64)) {
    g_value_init(&as, G_TYPE_INT64);
    g_value_transform(value, &as);
    json_whole(out, g_value_get_int64(&as));
    g_value_unset(&as);
  } else {
    /* gst_value_serialize would quote caps once more. */
    char *text = GST_VALUE_HOLDS_CAPS(value) && gst_value_get_caps(value) ? gst_caps_to_string(gst_value_get_caps(value)) : gst_value_serialize(value);
    json_text(out, text);
    g_free(text);
  }
}

void do_get(const Json *request, Reply *reply) {
  GObject *target = target_of(request, reply);
  GParamSpec *spec = target ? property_of(target, request, reply, G_PARAM_READABLE) : NULL;
  if (spec) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, spec->value_type);
    g_object_get_property(target, spec->name, &value);
    put_key(reply->fields, "value");
    json_value(reply->fields, &value);
    g_value_unset(&value);
  }
  g_clear_object(&target);
}
