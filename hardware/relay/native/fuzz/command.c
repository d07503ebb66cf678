/* Command lines: JSON reader and command table. Nothing is done with them. */
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "streamid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct json json;
  static struct command command;
  struct command_error error;
  char *line = malloc(size + 1);
  memcpy(line, data, size);
  line[size] = '\n';
  memset(&error, 0, sizeof error);
  if (command_parse(&command, &json, line, size, &error)) {
    if (command.name != NULL && !name_ok(command.name, strlen(command.name))) abort();
    if (command.to_count > TARGETS_MAX || command.from_count > TARGETS_MAX || command.backup_count > BACKUPS_MAX) abort();
    if (command.device != NULL && strlen(command.device) >= DEVICE_SIZE) abort();
    if (command.after_ms < 0 || command.hold_ms < 0 || command.cut_ms < 0 || command.max_in_kbps < 0) abort();
    if (command.what == DO_CUT && (command.name == NULL || command.cut_ms == 0)) abort();
  } else if (error.code == NULL || memchr(error.detail, 0, sizeof error.detail) == NULL) {
    abort();
  }
  free(line);
  return 0;
}
