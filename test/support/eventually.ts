/** Waits for a condition instead of sleeping. The condition says why it is not yet true; that reason is the error. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Polls `reason` every `everyMs` until it returns undefined.
 * @throws Error with the last reason when `withinMs` has passed (a guard against hanging, not a limit on speed).
 */
export async function eventually(
  reason: () => string | undefined | Promise<string | undefined>,
  { withinMs = 20_000, everyMs = 20 }: { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    const why = await reason();
    if (why === undefined) return;
    if (performance.now() > end) throw new Error(`still not so after ${withinMs} ms: ${why}`);
    await pause(everyMs);
  }
}
