/** Calls into a machine's network from the test's own: HTTP by a socket file, whole TCP ports for programs that know nothing else. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { packageRoot } from '../../protocol/node/root.ts';
import type { Space } from './netspace.ts';

export interface Tunnel {
  /** The process that holds the door open inside. */
  readonly pid: number;
  readonly socket: string;
  /** Sends a request. @throws Error when the answer is no success, or nobody answers. */
  call<T>(method: string, path: string, options?: { readonly body?: unknown; readonly token?: string }): Promise<T>;
  /** A port of 127.0.0.1 in the test's own network that leads there: for browsers. */
  publish(): Promise<number>;
  close(): void;
}

/** Opens a door to `host:port` as seen from inside `space`; `socket` is the path of the file to make. */
export async function openTunnel(space: Space, socket: string, port: number, host = '127.0.0.1'): Promise<Tunnel> {
  const program = join(packageRoot(), 'test', 'fixtures', 'tunnel.mjs');
  const child = space.spawn(process.execPath, [program, socket, host, String(port)], { input: 'pipe' });
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) throw new Error('the tunnel did not start');
  await Promise.race([
    once(stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the tunnel ended with ${code}`);
    }),
  ]);
  const doors: Server[] = [];
  return {
    pid,
    socket,
    async call<T>(method: string, path: string, { body, token }: { readonly body?: unknown; readonly token?: string } = {}): Promise<T> {
      const headers = {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const asked = request({ socketPath: socket, path, method, headers, agent: false });
      asked.end(body === undefined ? undefined : JSON.stringify(body));
      const [answer] = await once(asked, 'response');
      const said = await text(answer);
      if (answer.statusCode >= 300) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${said}`);
      return (said === '' ? null : JSON.parse(said)) as T;
    },
    async publish() {
      const door = createServer((caller) => {
        const called = connect(socket);
        caller.pipe(called).pipe(caller);
        caller.on('error', () => called.destroy());
        called.on('error', () => caller.destroy());
      });
      doors.push(door);
      door.listen(0, '127.0.0.1');
      await once(door, 'listening');
      return (door.address() as { readonly port: number }).port;
    },
    close() {
      for (const door of doors) door.close();
      child.stdin?.end();
    },
  };
}
