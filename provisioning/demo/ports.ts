/** Free TCP ports of loopback: for the demo's servers, and for tests. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** True when nobody listens on this TCP port of loopback. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const given = new Set<number>();

/**
 * A free port from 10000 to 31999: ephemeral sockets start at 32768 and could take a higher one before its user does. No process gets the same one
 * twice: whoever asked first may not yet listen.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}
