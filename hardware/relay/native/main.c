/*
 * The relay: RTP between SRT peers and loopback UDP, driven by JSON lines on standard input.
 * One loop. While packets flow it turns once per tune.turn and takes everything that has come, instead of waking up for each packet;
 * without packets it sleeps in epoll. libsrt's own readiness is asked for without waiting: its waiting call polls every 10 ms by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "relay.h"

#define ACTIVE (200 * MS)    /* Packets flowed so recently: turn on the grid. */
#define IDLE_MS 50           /* Otherwise look at libsrt this often. */
#define LATE (150 * MS)      /* A turn that comes so much later than due is worth counting. */
#define SLACK (16 * MS)      /* A turn may be late by so much and still count as attended. */
#define STREAM_TICK (20 * MS)
#define MEASURE_TICK (500 * MS)
#define NICE (-11)

static struct relay relay;
static volatile sig_atomic_t stop;

static void on_signal(int number) {
  (void)number;
  stop = 1;
}

static void quiet_libsrt(void *opaque, int level, const char *file, int line, const char *area, const char *message) {
  (void)opaque, (void)level, (void)file, (void)line, (void)area, (void)message; /* Its log repeats per packet what stats count. */
}

static bool open_all(struct relay *r) {
  memset(&r->allow, 0, sizeof r->allow);
  r->tune = (struct tune){.turn = 4 * MS, .silent = 350 * MS, .redial = 300 * MS, .heartbeat = 100 * MS, .video_stall = 500 * MS,
                          .audio_stall = 300 * MS, .queue = 200 * MS, .queue_hold = 60 * MS, .hold = 60 * MS};
  r->now = mono_us();
  r->event_us = r->now;
  r->attended = r->now;
  r->event_tokens = 20;
  r->listener = SRT_INVALID_SOCK;
  allow_init(&r->allow);
  conns_init(&r->conns);
  srt_startup();
  srt_setloghandler(NULL, quiet_libsrt);
  r->eid = srt_epoll_create();
  r->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (r->eid < 0 || r->epoll < 0 || !udp_out_open(&r->udp)) return false;
  srt_epoll_set(r->eid, SRT_EPOLL_ENABLE_EMPTY);
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 0};
  return epoll_ctl(r->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0;
}

/* False at the end of input. */
static bool take_lines(struct relay *r) {
  bool more = lines_fill(&r->lines, STDIN_FILENO);
  for (;;) {
    char *line;
    size_t size;
    enum lines_answer answer = lines_next(&r->lines, &line, &size);
    if (answer == LINES_NONE) return more;
    if (answer == LINES_TOO_LONG) handle_too_long(r);
    else handle(r, line, size);
  }
}

/* Takes what an input holds, a batch per system call; at most 8 batches, so that one flood cannot hold up the rest. */
static void take_input(struct relay *r, struct input *input) {
  struct mmsghdr message[BATCH];
  struct iovec part[BATCH];
  for (int round = 0; round < 8 && input->used; round++) {
    uint8_t(*slot)[PACKET_MAX + 8] = udp_slots(&r->udp, BATCH);
    for (int i = 0; i < BATCH; i++) {
      part[i] = (struct iovec){slot[i], sizeof slot[i]};
      message[i].msg_hdr = (struct msghdr){.msg_iov = &part[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(input->fd, message, BATCH, 0, NULL);
    if (count <= 0) return;
    udp_keep(&r->udp, (unsigned)count);
    for (int i = 0; i < count; i++) {
      input->packets++;
      input->bytes += message[i].msg_len;
      if (message[i].msg_len > PACKET_MAX) input->oversized++;
      else forward(r, input->name, NULL, slot[i], message[i].msg_len);
    }
    if (count < BATCH) return;
  }
}

static void tick(struct relay *r) {
  static int64_t streams, pulses, measures;
  queues_tick(r);
  views_tick(r);
  levels_tick(r);
  if (r->now - streams >= STREAM_TICK) {
    streams = r->now;
    forward_tick(r);
  }
  if (r->now - pulses >= PULSE_TICK) {
    pulses = r->now;
    listener_knocks(r);
    pulse_retiring(r);
    bool measure = r->now - measures >= MEASURE_TICK;
    if (measure) measures = r->now;
    for (int i = 0; i < r->conns.high; i++) {
      struct conn *conn = &r->conns.at[i];
      if (!conn->used) continue;
      if (measure) conn_measure(&r->conns, conn, r->now);
      if (measure && conn->link) latency_look(r, conn);
      pulse_tick(r, conn);
      if (conn->link) link_tick(r, conn);
    }
  }
}

/* Waits for work. While packets flow: until the next turn is due, whatever comes meanwhile. */
static int wait_for_work(struct relay *r, struct epoll_event *events, int max) {
  bool backlog = r->out.begin < r->out.end;
  if (r->now - r->active_us > ACTIVE) return epoll_wait(r->epoll, events, max, backlog ? 5 : IDLE_MS);
  int64_t due = r->now + r->tune.turn;
  struct timespec at = {.tv_sec = due / 1000000, .tv_nsec = due % 1000000 * 1000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
  return epoll_wait(r->epoll, events, max, 0);
}

static bool turn(struct relay *r) {
  struct epoll_event events[64];
  int64_t before = r->now;
  int64_t due = (r->now - r->active_us > ACTIVE ? IDLE_MS * MS : r->tune.turn) + SLACK;
  int count = wait_for_work(r, events, 64);
  r->now = mono_us();
  r->turn++;
  r->attended += r->now - before < due ? r->now - before : due;
  if (r->now - before > LATE + IDLE_MS * MS) r->stalls++;
  for (int i = 0; i < count; i++) {
    uint32_t which = events[i].data.u32;
    if (which == 0) {
      if (!take_lines(r)) return false;
    } else if (r->inputs.at[which - 1].used) {
      take_input(r, &r->inputs.at[which - 1]);
    }
  }
  receive(r);
  tick(r);
  udp_flush(&r->udp);
  return out_flush(&r->out, STDOUT_FILENO) && !r->quit && !stop;
}

/* Tells every peer that we go, so that it need not find out by silence. */
static void close_all(struct relay *r) {
  for (int i = 0; i < r->conns.high; i++) {
    struct conn *conn = &r->conns.at[i];
    if (!conn->used) continue;
    socket_close(r, conn->dial.sock);
    socket_close(r, conn->sock);
  }
  if (r->listener != SRT_INVALID_SOCK) srt_close(r->listener);
}

int main(void) {
  struct relay *r = &relay;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, on_signal);
  if (!isatty(STDIN_FILENO)) signal(SIGINT, SIG_IGN); /* Ctrl-C at a terminal reaches the whole group; our owner decides then. */
  else signal(SIGINT, on_signal);
  /*
   * Before libsrt's threads, which inherit it. They measure the peer's clock by when its packets are looked at: on a busy machine that is too
   * late, and the delay of every later packet grows by it. A courtesy of the system; without the right to it all works, only less evenly.
   */
  (void)setpriority(PRIO_PROCESS, 0, NICE);
  srand((unsigned)mono_us() ^ (unsigned)getpid());
  if (!open_all(r)) {
    fprintf(stderr, "relay: cannot start: %s\n", strerror(errno));
    return 1;
  }
  out_line(&r->out);
  out_text(&r->out, "event", "ready");
  out_text(&r->out, "program", "relay");
  out_int(&r->out, "version", 1);
  out_done(&r->out);
  out_flush(&r->out, STDOUT_FILENO);
  while (turn(r)) continue;
  out_flush(&r->out, STDOUT_FILENO);
  close_all(r);
  _exit(0); /* libsrt's own clean-up waits up to a second for its threads; nothing of it outlives the process. */
}
