/* A crash names its thread before the process dies: streaming threads carry their element's name, so the owner learns whose stream it was.
 * Only async-signal-safe calls in here. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker.h"

static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

static void on_crash(int signal_number) {
  char thread[17] = {0}, digits[4] = {0};
  prctl(PR_GET_NAME, thread);
  for (char *c = thread; *c; c++)
    if (*c <= ' ' || *c > '~') *c = '_';
  digits[0] = (char)('0' + signal_number / 10);
  digits[1] = (char)('0' + signal_number % 10);
  say("crash thread=");
  say(thread);
  say(" signal=");
  say(digits[0] == '0' ? digits + 1 : digits);
  say("\n");
  raise(signal_number); /* SA_RESETHAND: the second time it kills. */
}

void crash_install(void) {
  struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
  static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  for (guint i = 0; i < G_N_ELEMENTS(deadly); i++) sigaction(deadly[i], &action, NULL);
}

static GstPadProbeReturn fall(GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info G_GNUC_UNUSED, gpointer unused G_GNUC_UNUSED) {
  raise(SIGSEGV); /* In the streaming thread, as a broken decoder would. */
  return GST_PAD_PROBE_REMOVE;
}

/* crash {element,pad}: a drill. The next buffer there kills the process. Only with --faults. */
void do_crash(const Json *request, Reply *reply) {
  if (!faults_allowed) return refuse(reply, "faults.off", "start the worker with --faults for drills");
  GstPad *pad = need_pad(request, reply);
  if (!pad) return;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, fall, NULL, NULL);
  gst_object_unref(pad);
}
