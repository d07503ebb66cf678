/** Orders for simulators as lines on a socket of the file system, each answered with a line: `{"ok":true,…}`, or `{"ok":false}` and why not. */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** @returns what takes the orders away again. */
export async function takeOrders(path: string, obey: (line: string) => object | Promise<object>): Promise<() => void> {
  const server = createServer((peer) => {
    peer.on('error', () => peer.destroy());
    const say = (answer: object): void => void peer.write(`${JSON.stringify(answer)}\n`);
    createInterface({ input: peer }).on('line', (line) => {
      // Also what throws at once is an answer.
      Promise.resolve(line)
        .then(obey)
        .then((done) => say({ ok: true, ...done }))
        .catch((error: Error) => say({ ok: false, because: error.message }));
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return () => {
    server.close();
    rmSync(path, { force: true });
  };
}
