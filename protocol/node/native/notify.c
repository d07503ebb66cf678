/*
 * Lines from standard input to systemd: each line is one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3): a path, or an
 * abstract name behind '@'). Node has no AF_UNIX datagrams. A process of its own, for the life of its owner, and not `systemd-notify` for
 * each message: that would start a program every few seconds just when the machine has no time to start one, and systemd drops what comes
 * from a process that has ended before it looked. The end of standard input is its end; so is a socket that cannot be used, and the owner
 * starts another.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static int fail(const char *what) {
  fprintf(stderr, "notify: %s: %s\n", what, strerror(errno));
  return 1;
}

int main(void) {
  const char *name = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t size = name == NULL ? 0 : strlen(name);
  if (size < 2 || (name[0] != '/' && name[0] != '@') || size >= sizeof to.sun_path) {
    fprintf(stderr, "notify: NOTIFY_SOCKET must be a path or an abstract name of 2 to %zu bytes\n", sizeof to.sun_path - 1);
    return 64;
  }
  memcpy(to.sun_path, name, size);
  if (name[0] == '@') to.sun_path[0] = '\0'; /* Abstract: the length says where the name ends. */
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (name[0] == '/' ? 1 : 0));
  int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (out < 0) return fail("socket");

  static char buffer[LINE_MAX_BYTES];
  size_t held = 0;
  for (;;) {
    ssize_t got = read(STDIN_FILENO, buffer + held, sizeof buffer - held);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 ? 0 : fail("read");
    held += (size_t)got;
    for (char *end; (end = memchr(buffer, '\n', held)) != NULL;) {
      size_t line = (size_t)(end - buffer) + 1; /* With its line feed, which sd_notify allows. */
      ssize_t sent;
      do sent = sendto(out, buffer, line, MSG_NOSIGNAL, (struct sockaddr *)&to, length);
      while (sent < 0 && errno == EINTR);
      if (sent < 0) return fail("send");
      held -= line;
      memmove(buffer, end + 1, held);
    }
    if (held == sizeof buffer) held = 0; /* Nobody says so much in one line. */
  }
}
