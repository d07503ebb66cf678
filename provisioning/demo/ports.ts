/** Free ports for the demo's servers. */
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

/** A free port from 10000 to 31999: ephemeral sockets start at 32768 and could take a higher one before its user does. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    if (await isFree(port)) return port;
  }
}
