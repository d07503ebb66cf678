/*
 * A bad network between two interfaces, for tests: frames of any protocol pass both ways with delay, loss, a rate, or not at all.
 *   impair SEED INTERFACE INTERFACE   driven by JSON lines on standard input, ends with it
 *   impair plain INTERFACE…           switches the offloads of interfaces off; every machine that sends through an impaired link needs it
 * One loop: it sleeps until a frame comes, one is due, or a command is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "control.h"
#include "lines.h"

#define BURST 64 /* Frames taken from one interface before the others have their turn. */
#define NICE (-11)

static struct link the_link;
static struct lines lines;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int make_plain(int count, char **names) {
  for (int i = 0; i < count; i++)
    if (!port_make_plain(names[i])) {
      fprintf(stderr, "impair: offloads of %s: %s\n", names[i], strerror(errno));
      return 1;
    }
  return 0;
}

static void take_frames(struct port *port, struct way *way) {
  uint8_t bytes[FRAME_MAX];
  for (int i = 0; i < BURST; i++) {
    ssize_t size = port_read(port, bytes);
    if (size == 0) return;
    if (size < 0) way->count.unfinished++;
    else way_take(way, now_ns(), bytes, (uint32_t)size);
  }
}

static void send_due(struct way *way, struct port *to) {
  for (const struct frame *frame; (frame = waiting_first(&way->waiting)) != NULL; waiting_drop_first(&way->waiting)) {
    int64_t now = now_ns();
    if (frame->due > now) return;
    if (port_write(to, frame->bytes, frame->size)) way_left(way, frame, now);
    else way->count.send_errors++;
  }
}

/* False at the end of input. */
static bool take_commands(struct link *link) {
  bool more = lines_fill(&lines, STDIN_FILENO);
  for (;;) {
    char *line;
    size_t size;
    enum lines_answer got = lines_next(&lines, &line, &size);
    if (got == LINES_NONE) return more;
    if (got == LINES_TOO_LONG) control_too_long(link);
    else control_take(link, line, size);
  }
}

/* Until the next frame is due; NULL when none waits. */
static const struct timespec *until_due(const struct link *link, struct timespec *wait) {
  int64_t due = INT64_MAX;
  for (int i = 0; i < 2; i++) {
    const struct frame *first = waiting_first(&link->way[i].waiting);
    if (first != NULL && first->due < due) due = first->due;
  }
  if (due == INT64_MAX) return NULL;
  int64_t left = due - now_ns();
  if (left < 0) left = 0;
  *wait = (struct timespec){left / 1000000000, left % 1000000000};
  return wait;
}

static void run(struct link *link) {
  while (!link->quit) {
    struct pollfd wanted[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = link->port[0].fd, .events = POLLIN},
                              {.fd = link->port[1].fd, .events = POLLIN}};
    struct timespec wait;
    if (ppoll(wanted, 3, until_due(link, &wait), NULL) < 0 && errno != EINTR) return;
    if (wanted[0].revents != 0 && !take_commands(link)) return;
    for (int i = 0; i < 2; i++) {
      if (wanted[1 + i].revents != 0) take_frames(&link->port[i], &link->way[i]);
      send_due(&link->way[i], &link->port[1 - i]);
    }
    if (!out_flush(&link->out, STDOUT_FILENO)) return;
  }
}

int main(int count, char **words) {
  if (count >= 3 && strcmp(words[1], "plain") == 0) return make_plain(count - 2, words + 2);
  if (count != 4) {
    fputs("usage: impair SEED INTERFACE INTERFACE | impair plain INTERFACE…\n", stderr);
    return 64;
  }
  for (int i = 0; i < 2; i++) {
    if (!port_open(&the_link.port[i], words[2 + i])) {
      fprintf(stderr, "impair: %s: %s\n", words[2 + i], strerror(errno));
      return 1;
    }
    way_init(&the_link.way[i], strtoull(words[1], NULL, 0), (unsigned)i);
  }
  setpriority(PRIO_PROCESS, 0, NICE); /* Where it is not granted the link is a little less even. */
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  control_ready(&the_link);
  out_flush(&the_link.out, STDOUT_FILENO);
  run(&the_link);
  out_flush(&the_link.out, STDOUT_FILENO);
  for (int i = 0; i < 2; i++) {
    waiting_free(&the_link.way[i].waiting);
    close(the_link.port[i].fd);
  }
  return 0;
}
