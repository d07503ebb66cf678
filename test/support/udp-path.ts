/** A network path on loopback between a caller and a UDP port: can be cut, delayed and narrowed while packets flow. */
import { createSocket, type Socket } from 'node:dgram';
import type { Test } from 'tap';

export interface UdpPath {
  /** Where to call. */
  readonly port: number;
  /** Nothing passes while it is set. */
  cut: boolean;
  /** Each way. */
  delayMs: number;
  /** Of what comes back to the caller; null = no limit. Beyond `queueMs` of waiting packets are lost, as in a router. */
  kbps: number | null;
  queueMs: number;
}

export async function udpPath(t: Test, to: number): Promise<UdpPath> {
  const front = createSocket('udp4');
  const backs = new Map<string, Socket>();
  let over = false;
  t.teardown(() => {
    over = true; // packets that are still under way
    front.close();
    for (const back of backs.values()) back.close();
  });
  let freeAt = 0;
  const path = { port: 0, cut: false, delayMs: 0, kbps: null as number | null, queueMs: 200 };
  const later = (ms: number, send: () => void): void => {
    if (path.cut) return;
    if (ms <= 0) send();
    else
      setTimeout(() => {
        if (!path.cut && !over) send();
      }, ms).unref();
  };
  const narrow = (bytes: number): number | null => {
    if (path.kbps === null) return 0;
    const now = performance.now();
    const start = Math.max(now, freeAt);
    if (start - now > path.queueMs) return null;
    freeAt = start + (bytes * 8) / path.kbps;
    return freeAt - now;
  };
  const quietly = (): void => undefined; // a socket that closes at teardown
  front.on('message', (bytes, caller) => {
    const key = `${caller.address}:${caller.port}`;
    let back = backs.get(key);
    if (!back) {
      back = createSocket('udp4');
      back.on('error', quietly);
      back.on('message', (answer) => {
        const wait = narrow(answer.length + 28);
        if (wait !== null) later(wait + path.delayMs, () => front.send(answer, caller.port, caller.address, quietly));
      });
      backs.set(key, back);
    }
    const through = back;
    later(path.delayMs, () => through.send(bytes, to, '127.0.0.1', quietly));
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  path.port = front.address().port;
  return path;
}
