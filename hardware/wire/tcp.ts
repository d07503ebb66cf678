/** TCP connections to devices and to serial servers. */
import { connect, type Socket } from 'node:net';
import type { Clock } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Line, LineHandlers, Port } from './port.ts';

/** Devices of a room connect within milliseconds; a longer try would only find one late that has come back meanwhile. */
const OPEN_MS = 1000;
/** A peer that lost power says nothing: the system asks after so long. */
const KEEPALIVE_MS = 5000;

export function tcpPort(host: string, port: number, clock: Clock): Port {
  const name = `${host}:${port}`;
  return {
    name,
    open: (handlers) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS });
        const fail = (because: string): void => {
          limit.cancel();
          socket.destroy();
          reject(new FaultError({ code: 'unreachable', what: name, because }));
        };
        const limit = clock.after(OPEN_MS, `${name} is opened`, () => fail(`no connection within ${OPEN_MS} ms`));
        const refused = (error: Error): void => fail(error.message);
        socket.once('error', refused);
        socket.once('connect', () => {
          limit.cancel();
          socket.off('error', refused);
          resolve(line(socket, name, handlers));
        });
      }),
  };
}

function line(socket: Socket, name: string, { data, ended }: LineHandlers): Line {
  let over = false;
  const finish = (because: string): void => {
    if (over) return;
    over = true;
    socket.destroy();
    ended(because);
  };
  socket.on('data', (bytes) => {
    if (!over) data(bytes);
  });
  socket.on('error', (error) => finish(error.message));
  socket.on('close', () => finish('the other side closed'));
  const gone = (because: string) => new FaultError({ code: 'device.gone', device: name, command: 'write', because });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (over) return reject(gone('the connection is closed'));
        socket.write(bytes, (error) => (error === null || error === undefined ? resolve() : reject(gone(error.message))));
      }),
    close: async () => finish('closed'),
  };
}
