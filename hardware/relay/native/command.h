/* A command line as a checked value. Parsing touches nothing but the line; doing is handle.c's work. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include "json.h"
#include "stream.h"

enum command_do {
  DO_PING, DO_QUIT, DO_STATS, DO_QUEUES, DO_PACE, DO_TUNE, DO_LISTEN, DO_ALLOW, DO_DENY, DO_CONNECT, DO_DISCONNECT,
  DO_CUT, DO_INPUT, DO_CLOSE_INPUT, DO_ROUTE, DO_UNROUTE, DO_VIEW, DO_UNVIEW,
};

struct wanted_target {
  enum target_kind kind;
  const char *name;
  int port;
};

struct command {
  enum command_do what;
  bool has_id;
  int64_t id;
  const char *name; /* The link, node, input or view that the command is about. */
  const char *host, *bind, *device, *key, *stream_id;
  int64_t port, latency_ms, ssrc, as;
  bool has_ssrc; /* False: null, "show nothing". */
  bool audio;
  bool no_heartbeat, no_pub, no_sub;
  int64_t max_kbps, max_in_kbps;
  bool has_max_in;
  int from_count; /* -1: anybody. */
  const char *from[TARGETS_MAX];
  int to_count;
  struct wanted_target to[TARGETS_MAX];
  int backup_count;
  uint32_t backup[BACKUPS_MAX];
  int64_t after_ms, hold_ms, cut_ms; /* 0: the default. */
  int64_t turn_ms, silent_ms, redial_ms, heartbeat_ms, video_stall_ms, audio_stall_ms, queue_ms, queue_hold_ms, levels_ms, video_wait_ms; /* 0: as it is. */
};

struct command_error {
  const char *code;
  char detail[200];
};

/* Parses one line (changed in place; `json` is scratch). On failure fills `error`; `id` is set whenever it could be read. */
bool command_parse(struct command *command, struct json *json, char *line, size_t size, struct command_error *error);

#endif
