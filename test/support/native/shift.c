/*
 * A machine whose wall clock is wrong, for tests: preloaded into a process and its children. SHIFT_FILE holds eight bytes, the nanoseconds
 * that their clock is ahead (host order, signed); whoever writes it makes the clock of all of them jump at once. Monotonic clocks go on, as in a
 * kernel. A file that is missing or short ends the process: a test must not run with a right clock by mistake.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

static const volatile int64_t *ahead;
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
  real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  const char *name = getenv("SHIFT_FILE");
  struct stat is;
  int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (real_clock == NULL || file < 0 || fstat(file, &is) != 0 || is.st_size < (off_t)sizeof *ahead) _exit(99);
  void *page = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) _exit(99);
  close(file);
  ahead = page;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  /* Libraries that start before us ask, too. */
  if (real_clock == NULL) real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real_clock(clock, at);
  if (result != 0 || ahead == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  int64_t ns = at->tv_sec * NS + at->tv_nsec + *ahead;
  at->tv_sec = ns / NS;
  at->tv_nsec = ns % NS;
  return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int result = clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return result;
}

time_t time(time_t *at) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return (time_t)-1;
  if (at != NULL) *at = now.tv_sec;
  return now.tv_sec;
}
