/** Joins a browser's preview socket to the hub's. A browser that reads slowly slows the hub's socket down; one that stops is cut off. */
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../protocol/clock.ts';

/** Unsent bytes above which the hub is asked to wait, and below which it may go on. */
const highBytes = 512 * 1024;
const lowBytes = 128 * 1024;
/** A browser that takes nothing for so long is gone. */
const stuckMs = 10_000;
/** "Try again later" (RFC 6455 §7.4.1, IANA registry). */
const tryAgain = 1013;

export interface Joined {
  /** Ends both sockets. */
  close(because: string): void;
}

/** Everything from `hub` to `browser`; from the browser only that it closed: it has nothing to say to a hub. */
export function join(browser: WebSocket, hub: WebSocket, clock: Clock, onEnd: (because: string) => void): Joined {
  let stuck: Timer | null = null;
  let over = false;

  const end = (because: string): void => {
    if (over) return;
    over = true;
    stuck?.cancel();
    browser.close(tryAgain, because.slice(0, 100));
    // A close frame may never be answered by a browser that is stuck or gone.
    clock.after(1_000, 'preview close', () => browser.terminate());
    hub.terminate();
    onEnd(because);
  };

  const relieve = (): void => {
    if (stuck === null || browser.bufferedAmount > lowBytes) return;
    stuck.cancel();
    stuck = null;
    hub.resume();
  };

  hub.on('message', (data, isBinary) => {
    if (over) return;
    browser.send(data as Buffer, { binary: isBinary, compress: false }, relieve);
    if (stuck !== null || browser.bufferedAmount <= highBytes) return;
    hub.pause();
    stuck = clock.after(stuckMs, 'preview stuck', () => end('the browser takes nothing'));
  });
  hub.on('close', () => end('the hub closed the preview'));
  hub.on('error', (error) => end(`the hub: ${error.message}`));
  browser.on('close', () => end('the browser closed'));
  browser.on('error', (error) => end(`the browser: ${error.message}`));
  return { close: end };
}
