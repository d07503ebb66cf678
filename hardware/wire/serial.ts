/** Serial lines, by a stable path such as /dev/serial/by-id/… that is resolved anew at each opening. */
import { SerialPort } from 'serialport';
import { FaultError } from '../../protocol/fault.ts';
import type { Line, LineHandlers, Port } from './port.ts';

export interface SerialSettings {
  readonly path: string;
  readonly baud: number;
  /** Default none. */
  readonly parity?: 'none' | 'even' | 'odd';
  /** Default 1. */
  readonly stopBits?: 1 | 2;
}

/** Never with XON/XOFF: it would swallow bytes 11 and 13 of binary languages. Never touches modem lines: a pty has none. */
export function serialPort({ path, baud, parity = 'none', stopBits = 1 }: SerialSettings): Port {
  return {
    name: path,
    open: (handlers) =>
      new Promise((resolve, reject) => {
        const port = new SerialPort({ path, baudRate: baud, dataBits: 8, parity, stopBits, autoOpen: false });
        port.open((error) => {
          if (error === null) return resolve(line(port, path, handlers));
          reject(new FaultError({ code: 'unreachable', what: path, because: error.message }));
        });
      }),
  };
}

function line(port: SerialPort, path: string, { data, ended }: LineHandlers): Line {
  let over = false;
  /** `close` may come twice, or never: a dead line is often noticed only by writing to it. */
  const finish = (because: string): void => {
    if (over) return;
    over = true;
    ended(because);
    if (port.isOpen) port.close(() => {});
  };
  port.on('data', (bytes: Buffer) => {
    if (!over) data(bytes);
  });
  port.on('error', (error) => finish(error.message));
  port.on('close', (error: Error | null | undefined) => finish(error?.message ?? 'the port is closed'));
  const gone = (because: string) => new FaultError({ code: 'device.gone', device: path, command: 'write', because });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        // The library would keep it for the next opening.
        if (over || !port.isOpen) return reject(gone('the port is closed'));
        port.write(Buffer.from(bytes), (error) => {
          if (error === null || error === undefined) return resolve();
          finish(error.message);
          reject(gone(error.message));
        });
      }),
    close: () =>
      new Promise((resolve) => {
        finish('closed');
        if (!port.isOpen) return resolve();
        port.once('close', () => resolve());
      }),
  };
}
