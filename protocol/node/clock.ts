/** The one real Clock: CLOCK_REALTIME for display, CLOCK_MONOTONIC for measuring, named timers that can be listed. */
import type { Clock, Timer } from '../clock.ts';

export interface SystemClock extends Clock {
  /** Names of the timers that have not fired or been cancelled, for diagnosis. */
  pending(): readonly string[];
}

/**
 * A Clock over the machine's clocks. `mono()` is CLOCK_MONOTONIC (what hrtime reads on Linux), so its values compare with the `at`
 * of native programs on the same machine.
 */
export function systemClock(): SystemClock {
  const live = new Map<object, string>();
  return {
    now: () => Date.now(),
    mono: () => Number(process.hrtime.bigint()) / 1e6,
    after(ms, name, run): Timer {
      const handle = setTimeout(() => {
        live.delete(handle);
        run();
      }, ms);
      live.set(handle, name);
      return {
        cancel: () => {
          clearTimeout(handle);
          live.delete(handle);
        },
      };
    },
    every(ms, name, run): Timer {
      const handle = setInterval(run, ms);
      live.set(handle, name);
      return {
        cancel: () => {
          clearInterval(handle);
          live.delete(handle);
        },
      };
    },
    pending: () => [...live.values()],
  };
}
