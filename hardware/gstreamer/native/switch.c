/* switch {selector,pad}: an input-selector shows another pad, at once. */
#include "worker.h"

void do_switch(const Json *request, Reply *reply) {
  const char *name = need_text(request, reply, "pad");
  GstElement *selector = name ? need_element(request, reply, "selector") : NULL;
  if (!selector) return;
  GstPad *pad = pad_of(selector, name, reply);
  if (!g_object_class_find_property(G_OBJECT_GET_CLASS(selector), "active-pad"))
    refuse(reply, "element.unfit", "selector: \"%s\" is no input-selector", GST_OBJECT_NAME(selector));
  else if (reflex_find("watchdog", GST_OBJECT_NAME(selector)))
    refuse(reply, "switch.watched", "selector: \"%s\" is switched by its watchdog; give the watchdog another order of sources", GST_OBJECT_NAME(selector));
  else if (pad) g_object_set(selector, "active-pad", pad, NULL);
  gst_clear_object(&pad);
  gst_object_unref(selector);
}
