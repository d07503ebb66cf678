/** Time as a test wants it. */
import type { Clock } from '../../protocol/clock.ts';
import { systemClock } from '../../protocol/node/clock.ts';

/** A clock whose time the test moves; its timers are real. With `still`, nothing else moves it: a slow machine changes no outcome. */
export function movableClock(still = false): Clock & { advance(ms: number): void } {
  const system = systemClock();
  const [now, mono] = [system.now(), system.mono()];
  const real = still ? { ...system, now: () => now, mono: () => mono } : system;
  let ahead = 0;
  return {
    ...real,
    now: () => real.now() + ahead,
    mono: () => real.mono() + ahead,
    advance: (ms) => {
      ahead += ms;
    },
  };
}
