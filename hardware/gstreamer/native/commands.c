/* The command table, and how a command reads its fields. */
#include <math.h>
#include <string.h>

#include "worker.h"

static void do_ping(const Json *request G_GNUC_UNUSED, Reply *reply G_GNUC_UNUSED) {}

static const struct {
  const char *name;
  Command *run;
} table[] = {
    {"ping", do_ping},
    {"start", do_start},
    {"stop", do_stop},
    {"set", do_set},
    {"get", do_get},
    {"switch", do_switch},
    {"keyframe", do_keyframe},
    {"watchdog", do_watchdog},
    {"judge", do_judge},
    {"cell", do_cell},
    {"shut", do_shut},
    {"levels", do_levels},
    {"probe", do_probe},
    {"stats", do_stats},
    {"stamp", do_stamp},
    {"read-stamp", do_read_stamp},
    {"stamps", do_stamps},
    {"capture-time", do_capture_time},
    {"rtp-time", do_rtp_time},
    {"loudness", do_loudness},
    {"hush", do_hush},
    {"declick", do_declick},
    {"await-format", do_await_format},
    {"newest", do_newest},
    {"punctual", do_punctual},
    {"thin", do_thin},
    {"pictures", do_pictures},
    {"drop-until-keyframe", do_drop_until_keyframe},
    {"shield", do_shield},
    {"rtp-guard", do_rtp_guard},
    {"loop", do_loop},
    {"elements", do_elements},
    {"crash", do_crash},
};

void command_run(const Json *request, Reply *reply) {
  const char *verb = need_text(request, reply, "do");
  if (!verb) return;
  for (guint i = 0; i < G_N_ELEMENTS(table); i++)
    if (strcmp(table[i].name, verb) == 0) return table[i].run(request, reply);
  refuse(reply, "command.unknown", "do: there is no command \"%s\"", verb);
}

void refuse(Reply *reply, const char *error, const char *detail, ...) {
  if (reply->error) return;
  va_list args;
  va_start(args, detail);
  reply->error = error;
  reply->detail = g_strdup_vprintf(detail, args);
  va_end(args);
}

const char *need_text(const Json *request, Reply *reply, const char *key) {
  const Json *field = json_get(request, key);
  if (field && field->type == JSON_TEXT) return field->text;
  refuse(reply, "field.invalid", "%s: must be a text", key);
  return NULL;
}

bool need_number(const Json *request, Reply *reply, const char *key, double *value) {
  const Json *field = json_get(request, key);
  if (field && field->type == JSON_NUMBER) {
    *value = field->number;
    return true;
  }
  refuse(reply, "field.invalid", "%s: must be a number", key);
  return false;
}

const char *text_or(const Json *request, const char *key, const char *otherwise) {
  const Json *field = json_get(request, key);
  return field && field->type == JSON_TEXT ? field->text : otherwise;
}

double number_or(const Json *request, const char *key, double otherwise) {
  const Json *field = json_get(request, key);
  return field && field->type == JSON_NUMBER ? field->number : otherwise;
}

bool flag_or(const Json *request, const char *key, bool otherwise) {
  const Json *field = json_get(request, key);
  return field && field->type == JSON_BOOL ? field->number != 0 : otherwise;
}

GstElement *need_element(const Json *request, Reply *reply, const char *key) {
  const char *name = need_text(request, reply, key);
  if (!name) return NULL;
  GstElement *pipeline = pipeline_get();
  if (!pipeline) {
    refuse(reply, "pipeline.none", "no pipeline is running");
    return NULL;
  }
  GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  gst_object_unref(pipeline);
  if (!element) refuse(reply, "element.unknown", "%s: the pipeline has no element \"%s\"", key, name);
  return element;
}

GstPad *pad_of(GstElement *element, const char *name, Reply *reply) {
  GstPad *pad = gst_element_get_static_pad(element, name);
  if (!pad) refuse(reply, "pad.unknown", "pad: \"%s\" has no pad \"%s\" now", GST_OBJECT_NAME(element), name);
  return pad;
}

GstPad *need_pad(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "pad");
  GstElement *element = name ? need_element(request, reply, "element") : NULL;
  if (!element) return NULL;
  GstPad *pad = pad_of(element, name, reply);
  gst_object_unref(element);
  return pad;
}

/* elements {names:[…]} → which of them this machine has. Loads their plugins, so a plugin that cannot load counts as missing. */
void do_elements(const Json *request, Reply *reply) {
  const Json *names = json_get(request, "names");
  if (!names || names->type != JSON_ARRAY) return refuse(reply, "field.invalid", "names: must be a list of element names");
  GString *present = g_string_new(NULL), *missing = g_string_new(NULL);
  for (const Json *name = names->child; name; name = name->next) {
    if (name->type != JSON_TEXT) continue;
    GstElementFactory *factory = gst_element_factory_find(name->text);
    GstPluginFeature *loaded = factory ? gst_plugin_feature_load(GST_PLUGIN_FEATURE(factory)) : NULL;
    GString *list = loaded ? present : missing;
    if (list->len) g_string_append_c(list, ',');
    json_text(list, name->text);
    g_clear_object(&loaded);
    g_clear_object(&factory);
  }
  put_key(reply->fields, "present");
  g_string_append_printf(reply->fields, "[%s]", present->str);
  put_key(reply->fields, "missing");
  g_string_append_printf(reply->fields, "[%s]", missing->str);
  g_string_free(present, TRUE);
  g_string_free(missing, TRUE);
}
